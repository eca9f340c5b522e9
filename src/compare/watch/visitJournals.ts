/**
 * Journals of one vantage point or of several, told in order of time and without a repetition, in memory that depends on how
 * many files there are and not on how long they are.
 */
import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { BaseError, messageOf } from "../../base/errors.ts";
import { asHeader, isTornHeader, parseLine, UnreadableJournalError } from "./journalFile.ts";
import {
  asDisagreement,
  asSample,
  CONTRADICTED,
  type DisagreementEntry,
  type JournalHeader,
  type Sample,
} from "./sample.ts";

/**
 * Is told every entry with the header it stands under. Rounds are those of all runs: each run's come after a number of its own, so that
 * two runs' rounds are never taken for one.
 */
export interface JournalVisitor {
  readonly sample: (sample: Sample, header: JournalHeader) => void;
  readonly disagreement: (entry: DisagreementEntry, header: JournalHeader) => void;
}

export interface JournalSums {
  readonly headers: readonly JournalHeader[];
  /** Lines that are no entry: a torn last one, or damage. */
  readonly unreadable: number;
  /** Samples that another file had already told. */
  readonly repeated: number;
}

const CHUNK_BYTES = 1_048_576;
/** What is read of every file at once, to see when it begins. */
const FIRST_BYTES = 65_536;
/** A longer line is no entry. */
const LINE_BYTES_MAX = 1_048_576;
/** Within a file samples are out of order by a probe's length, since a round is written when it has ended. */
const DISORDER_MS = 60_000;
const NEWLINE = 10;
/** More rounds than a run has. */
const RUN_ROUNDS = 2 ** 32;

interface Entry {
  readonly at: number;
  readonly header: JournalHeader;
  readonly sample?: Sample;
  readonly disagreement?: DisagreementEntry;
}

interface JournalSource {
  readonly path: string;
  offset: number;
  /** The begin of a line whose end has not been read. */
  rest: Buffer;
  isLineTooLong: boolean;
  header: JournalHeader | undefined;
  /** The newest time that was read. */
  newestMs: number;
  isDone: boolean;
}

interface Merge {
  readonly headers: JournalHeader[];
  pending: Entry[];
  unreadable: number;
  /** Numbers of the runs, by `runOf`. */
  readonly runs: Map<string, number>;
}

/** A run is one start of the watch; what came before there were names for them goes by when it began. */
function runOf({ run, vantage, startedAt, settingsDigest }: JournalHeader): string {
  return JSON.stringify([vantage, run ?? `${startedAt} ${settingsDigest}`]);
}

/** Version 1 did not tell apart who was lied to from who saw through it. */
function modern(sample: Sample, { version }: JournalHeader): Sample {
  const isCaught = version === 1 && sample.outcome === "wrong" && sample.detail !== CONTRADICTED;
  return isCaught ? { ...sample, accepted: false } : sample;
}

/** Reads files through, each once however it is named. */
export function visitJournals(paths: readonly string[], visitor: JournalVisitor): JournalSums {
  const merge: Merge = { headers: [], pending: [], unreadable: 0, runs: new Map() };
  const real = new Set(paths.map((path) => within(path, () => realpathSync(path))));
  const sources = [...real].map((path): JournalSource => {
    const begin = { offset: 0, rest: Buffer.alloc(0), isLineTooLong: false, header: undefined };
    return { path, ...begin, newestMs: Number.NEGATIVE_INFINITY, isDone: false };
  });
  for (const source of sources) readOn(merge, source, FIRST_BYTES);
  const told = { atMs: Number.NaN, keys: new Set<string>() };
  let repeated = 0;
  for (;;) {
    const open = sources.filter(({ isDone }) => !isDone);
    const slowest = open.reduce<JournalSource | undefined>(
      (least, source) => (least === undefined || source.newestMs < least.newestMs ? source : least),
      undefined,
    );
    const safeMs = slowest === undefined ? Number.POSITIVE_INFINITY : slowest.newestMs - DISORDER_MS;
    merge.pending.sort((left, right) => left.at - right.at);
    const end = merge.pending.findIndex(({ at }) => at > safeMs);
    for (const entry of merge.pending.splice(0, end === -1 ? merge.pending.length : end)) {
      if (isRepeated(told, entry)) repeated += 1;
      else if (entry.sample !== undefined) visitor.sample(entry.sample, entry.header);
      else visitor.disagreement(entry.disagreement!, entry.header);
    }
    if (slowest === undefined) return { headers: merge.headers, unreadable: merge.unreadable, repeated };
    readOn(merge, slowest, CHUNK_BYTES);
  }
}

/** Whether a copy of the same entry was told, at the same instant. */
function isRepeated(told: { atMs: number; readonly keys: Set<string> }, entry: Entry): boolean {
  if (told.atMs !== entry.at) told.keys.clear();
  told.atMs = entry.at;
  const { round, name, type } = (entry.sample ?? entry.disagreement)!;
  const what = entry.sample?.path ?? `${entry.disagreement?.kind} ${entry.disagreement?.state}`;
  // The round tells the run too.
  const key = JSON.stringify([round, name, type, what]);
  if (told.keys.has(key)) return true;
  told.keys.add(key);
  return false;
}

function within<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw error instanceof BaseError ? error : new UnreadableJournalError(path, messageOf(error));
  }
}

/** Takes the next piece of a file apart. */
function readOn(merge: Merge, source: JournalSource, bytesMax: number): void {
  const piece = within(source.path, () => {
    const file = openSync(source.path, "r");
    try {
      const buffer = Buffer.allocUnsafe(bytesMax);
      return buffer.subarray(0, readSync(file, buffer, 0, bytesMax, source.offset));
    } finally {
      closeSync(file);
    }
  });
  source.offset += piece.length;
  source.isDone = piece.length === 0;
  const bytes = source.rest.length === 0 ? piece : Buffer.concat([source.rest, piece]);
  const end = source.isDone ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1;
  source.rest = Buffer.from(bytes.subarray(end));
  const lines = bytes.toString("utf8", 0, end).split("\n");
  if (source.isLineTooLong && lines.length > 1) {
    // What is left of a line that was given up.
    lines.shift();
    source.isLineTooLong = false;
  }
  for (const line of lines) takeLine(merge, source, line.endsWith("\r") ? line.slice(0, -1) : line);
  if (source.rest.length <= LINE_BYTES_MAX) return;
  if (!source.isLineTooLong) merge.unreadable += 1;
  source.isLineTooLong = true;
  source.rest = Buffer.alloc(0);
}

function takeLine(merge: Merge, source: JournalSource, line: string): void {
  if (line === "") return;
  const value = parseLine(line);
  const header = value && asHeader(value, source.path);
  if (header !== undefined) {
    merge.headers.push(header);
    source.header = header;
    return;
  }
  if (source.header === undefined) {
    // A crash can tear the very first line; anything else was never a journal.
    if (value !== undefined || !isTornHeader(line)) {
      throw new UnreadableJournalError(source.path, "its first line is no header");
    }
    merge.unreadable += 1;
    return;
  }
  const entry = entryOf(value, source.header, merge.runs);
  if (entry === undefined) {
    merge.unreadable += 1;
    return;
  }
  source.newestMs = Math.max(source.newestMs, entry.at);
  merge.pending.push(entry);
}

/** A line as an entry of the run that its header began; `undefined` where it is none. */
function entryOf(
  value: Record<string, unknown> | undefined,
  header: JournalHeader,
  runs: Map<string, number>,
): Entry | undefined {
  const run = runOf(header);
  const number = runs.get(run) ?? runs.size;
  runs.set(run, number);
  const placed = <Value extends { readonly round: number }>(told: Value): Value => ({
    ...told,
    round: number * RUN_ROUNDS + told.round,
  });
  const sample = value && asSample(value);
  if (sample !== undefined) return { at: sample.at, header, sample: placed(modern(sample, header)) };
  const disagreement = value && asDisagreement(value);
  return disagreement && { at: disagreement.at, header, disagreement: placed(disagreement) };
}
