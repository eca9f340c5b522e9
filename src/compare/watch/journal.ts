/**
 * The journal: JSON Lines, only ever appended to. A crash can at worst tear the last line, which the next start cuts off; a
 * file that has grown full is set aside as `FILE.1`, `FILE.2`, … and never touched again.
 */
import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { BaseError, messageOf } from "../../base/errors.ts";
import { expectJournal, lastRoundOf, lockJournal, wholeBytes } from "./journalFile.ts";
import type { JournalHeader } from "./sample.ts";

export interface JournalOptions {
  readonly path: string;
  /** A file longer than this is set aside before the next lines, in bytes. */
  readonly bytesMax: number;
  readonly header: JournalHeader;
}

export interface Journal {
  /** Appends a line for each entry, all in one write: a round costs one call of the system, and is in the file as a whole. */
  append(...entries: readonly object[]): void;
  /** Asks the system to put on the disk what was appended. */
  sync(): void;
  close(): void;
  /** Round number of the last sample before this start; -1 where there is none. */
  readonly lastRound: number;
  /** Bytes of a torn last line that were cut off. */
  readonly tornBytes: number;
}

export class JournalWriteError extends BaseError {
  override readonly name = "Compare.JournalWriteError";
  constructor(path: string, cause: unknown) {
    super("COMPARE_JOURNAL_WRITE", `The journal ${path} cannot be written: ${messageOf(cause)}.`, {
      cause,
      metaMessages: ["What was measured up to there is in it; a watch that is started again goes on after it."],
    });
  }
}

/** The files of a journal that were set aside, oldest first. */
export function rotatedFiles(path: string): string[] {
  const prefix = `${basename(path)}.`;
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.startsWith(prefix) && /^[1-9]\d*$/.test(file.slice(prefix.length)))
    .sort((left, right) => Number(left.slice(prefix.length)) - Number(right.slice(prefix.length)))
    .map((file) => join(folder, file));
}

/** Every file of a journal, oldest first. */
export function journalFiles(path: string): string[] {
  return [...rotatedFiles(path), ...(existsSync(path) ? [path] : [])];
}

/** Cuts off what follows the last newline; returns how many bytes that was. */
function mend(file: number): number {
  const torn = fstatSync(file).size - wholeBytes(file);
  if (torn > 0) ftruncateSync(file, fstatSync(file).size - torn);
  return torn;
}

/** The last round of a journal, whatever was set aside included. */
function lastRoundIn(files: readonly string[]): number {
  return files.reduce((last, path) => {
    const file = openSync(path, "r");
    try {
      return Math.max(last, lastRoundOf(file));
    } finally {
      closeSync(file);
    }
  }, -1);
}

/** Opens or continues a journal. Throws where the file is none, or where another watch writes it. */
export function openJournal(options: JournalOptions): Journal {
  const { path } = options;
  mkdirSync(dirname(path), { recursive: true });
  const release = lockJournal(path);
  try {
    const file = openSync(path, "a+");
    try {
      expectJournal(file, path);
      return journalIn(file, options, release);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  } catch (error) {
    release();
    throw error;
  }
}

function journalIn(first: number, { path, bytesMax, header }: JournalOptions, release: () => void): Journal {
  let file: number | undefined = first;
  const tornBytes = mend(first);
  const lastRound = lastRoundIn(journalFiles(path));
  let sizeBytes = fstatSync(first).size;
  let isSyncing = false;
  /** Once a line could not be written whole, none may follow it: they would run into one another. */
  let failure: JournalWriteError | undefined;
  const fail = (error: unknown) => {
    failure ??= new JournalWriteError(path, error);
    return failure;
  };
  const write = (entries: readonly object[]) => {
    const bytes = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    for (let done = 0; done < bytes.length; ) done += writeSync(file!, bytes, done);
    sizeBytes += bytes.length;
  };
  const shut = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const rotate = () => {
    shut();
    const last = rotatedFiles(path).at(-1)?.split(".").at(-1) ?? "0";
    renameSync(path, `${path}.${Number(last) + 1}`);
    file = openSync(path, "a+");
    sizeBytes = 0;
    write([header]);
  };
  try {
    // Every start leaves a header, so that a reader sees where the settings changed.
    write([header]);
  } catch (error) {
    throw fail(error);
  }
  return {
    lastRound,
    tornBytes,
    append(...entries) {
      if (failure !== undefined) throw failure;
      try {
        if (sizeBytes >= bytesMax) rotate();
        write(entries);
      } catch (error) {
        throw fail(error);
      }
    },
    sync() {
      if (isSyncing || file === undefined) return;
      isSyncing = true;
      const synced = file;
      fdatasync(synced, (error) => {
        isSyncing = false;
        // Set aside or closed meanwhile, its descriptor says nothing of the disk.
        if (error && synced === file) fail(error);
      });
    },
    close() {
      shut();
      release();
    },
  };
}
