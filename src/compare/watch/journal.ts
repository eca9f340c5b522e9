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
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { JournalHeader } from "./sample.ts";

export interface JournalOptions {
  readonly path: string;
  /** A file longer than this is set aside before the next line, in bytes. */
  readonly bytesMax: number;
  readonly header: JournalHeader;
}

export interface Journal {
  append(entry: object): void;
  /** Asks the system to put on the disk what was appended. */
  sync(): void;
  close(): void;
  /** Round number of the last sample before this start; -1 where there is none. */
  readonly lastRound: number;
  /** Bytes of a torn last line that were cut off. */
  readonly tornBytes: number;
}

const TAIL_BYTES = 65_536;
const NEWLINE = 10;

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

function readTail(file: number): Buffer {
  const { size } = fstatSync(file);
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  readSync(file, tail, 0, tail.length, size - tail.length);
  return tail;
}

/** Cuts off what follows the last newline; returns how many bytes that was. */
function mend(file: number): number {
  const { size } = fstatSync(file);
  const tail = readTail(file);
  if (size === 0 || tail.at(-1) === NEWLINE) return 0;
  const torn = tail.length - (tail.lastIndexOf(NEWLINE) + 1);
  ftruncateSync(file, size - torn);
  return torn;
}

/** The largest round among the last whole lines; samples of one round may be out of order, never far. */
function lastRoundOf(path: string): number {
  if (!existsSync(path)) return -1;
  const file = openSync(path, "r");
  try {
    let last = -1;
    for (const line of readTail(file).toString("utf8").split("\n")) {
      const round = /"round":(\d+)/.exec(line)?.[1];
      if (round !== undefined) last = Math.max(last, Number(round));
    }
    return last;
  } finally {
    closeSync(file);
  }
}

/** Opens or continues a journal. */
export function openJournal(options: JournalOptions): Journal {
  const { path, bytesMax } = options;
  mkdirSync(dirname(path), { recursive: true });
  let file = openSync(path, "a+");
  const tornBytes = mend(file);
  const lastRound = journalFiles(path).reduce((last, one) => Math.max(last, lastRoundOf(one)), -1);
  let sizeBytes = fstatSync(file).size;
  let isSyncing = false;
  const write = (entry: object) => {
    const bytes = Buffer.from(`${JSON.stringify(entry)}\n`);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    sizeBytes += bytes.length;
  };
  const rotate = () => {
    closeSync(file);
    const last = rotatedFiles(path).at(-1)?.split(".").at(-1) ?? "0";
    renameSync(path, `${path}.${Number(last) + 1}`);
    file = openSync(path, "a+");
    sizeBytes = 0;
    write(options.header);
  };
  // Every start leaves a header, so that a reader sees where the settings changed.
  write(options.header);
  return {
    lastRound,
    tornBytes,
    append(entry) {
      if (sizeBytes >= bytesMax) rotate();
      write(entry);
    },
    sync() {
      if (isSyncing) return;
      isSyncing = true;
      fdatasync(file, () => {
        isSyncing = false;
      });
    },
    close: () => closeSync(file),
  };
}
