/** The file under a journal: whether it is one at all, where a crash tore it, and who may write it. */
import { fstatSync, readSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { BaseError, messageOf } from "../../base/errors.ts";
import type { JournalHeader } from "./sample.ts";

/** Versions of the format that can be read; the last one is written. */
const VERSIONS: readonly unknown[] = [1, 2];
/** How every header begins, and so what is left of one that a crash tore. */
const HEADER_START = '{"format":"holdfast-compare"';
const HEADER_BYTES_MAX = 65_536;
const CHUNK_BYTES = 65_536;
const NEWLINE = 10;

export class UnreadableJournalError extends BaseError {
  override readonly name = "Compare.UnreadableJournalError";
  constructor(path: string, reason: string) {
    super("COMPARE_UNREADABLE_JOURNAL", `The journal ${path} cannot be read: ${reason}.`);
  }
}

export class JournalInUseError extends BaseError {
  override readonly name = "Compare.JournalInUseError";
  constructor(path: string, cause: unknown) {
    super("COMPARE_JOURNAL_IN_USE", `The journal ${path} cannot be had for this watch alone: ${messageOf(cause)}.`, {
      cause,
      metaMessages: ["Name another with --journal, or end the watch that writes it."],
    });
  }
}

/** A line as an object; `undefined` where it is none. */
export function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A line as a header; `undefined` where it is another. Throws where the header is of a version that nobody here can read. */
export function asHeader(value: Record<string, unknown>, path: string): JournalHeader | undefined {
  if (value.format !== "holdfast-compare") return undefined;
  if (!VERSIONS.includes(value.version)) {
    throw new UnreadableJournalError(path, `its version is ${String(value.version)}, not ${VERSIONS.join(" or ")}`);
  }
  return value as unknown as JournalHeader;
}

/** Whether a text without its end can be what a crash left of a header. */
export function isTornHeader(text: string): boolean {
  return text !== "" && (text.startsWith(HEADER_START) || HEADER_START.startsWith(text));
}

/** Throws where the file is something else than a journal, so that nobody's list of names is cut and written over. */
export function expectJournal(file: number, path: string): void {
  const head = Buffer.alloc(Math.min(fstatSync(file).size, HEADER_BYTES_MAX));
  readSync(file, head, 0, head.length, 0);
  const end = head.indexOf(NEWLINE);
  const first = head.subarray(0, end === -1 ? head.length : end).toString("utf8");
  const value = end === -1 ? undefined : parseLine(first);
  const isJournal = value === undefined ? end === -1 && isTornHeader(first) : asHeader(value, path) !== undefined;
  if (head.length > 0 && !isJournal) throw new UnreadableJournalError(path, "its first line is no header");
}

/** Chunks of a file from its end to its begin. */
function* chunksBackward(file: number): Generator<{ readonly chunk: Buffer; readonly at: number }> {
  for (let end = fstatSync(file).size; end > 0; end -= CHUNK_BYTES) {
    const at = Math.max(0, end - CHUNK_BYTES);
    const chunk = Buffer.alloc(end - at);
    readSync(file, chunk, 0, chunk.length, at);
    yield { chunk, at };
  }
}

/** Where the last whole line ends, in bytes from the begin. */
export function wholeBytes(file: number): number {
  for (const { chunk, at } of chunksBackward(file)) {
    const last = chunk.lastIndexOf(NEWLINE);
    if (last !== -1) return at + last + 1;
  }
  return 0;
}

/** The largest round near the end; samples of one round may be out of order, never far. -1 where there is none. */
export function lastRoundOf(file: number): number {
  for (const { chunk } of chunksBackward(file)) {
    // Chunks of headers alone, from many starts without a sample, are passed over.
    const rounds = [...chunk.toString("latin1").matchAll(/"round":(\d+),/g)].map((match) => Number(match[1]));
    if (rounds.length > 0) return Math.max(...rounds);
  }
  return -1;
}

/**
 * Keeps a second writer out; returns what lets the next one in. The lock is the operating system's and goes with the process,
 * however that ends: a file with a process id would keep the next start out after a crash.
 */
export function lockJournal(path: string): () => void {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(`${path}.lock`);
    lock.exec("PRAGMA journal_mode=OFF; BEGIN EXCLUSIVE");
    const held = lock;
    return () => held.close();
  } catch (error) {
    lock?.close();
    throw new JournalInUseError(path, error);
  }
}
