/** Reads journals back, of one vantage point or of several. */
import { createReadStream, realpathSync } from "node:fs";
import { createInterface } from "node:readline";
import { BaseError, messageOf } from "../../base/errors.ts";
import { vantageDisagreements } from "./acrossVantages.ts";
import { asHeader, isTornHeader, parseLine, UnreadableJournalError } from "./journalFile.ts";
import {
  asDisagreement,
  asSample,
  CONTRADICTED,
  type DisagreementEntry,
  type JournalHeader,
  type Sample,
} from "./sample.ts";

export { UnreadableJournalError };

export interface JournalContent {
  readonly headers: readonly JournalHeader[];
  /** In order of time. Rounds are counted anew over all journals, so that two runs' rounds are never taken for one. */
  readonly samples: readonly (Sample & { readonly vantage: string })[];
  /** Those that journals tell of, and those between vantage points. */
  readonly disagreements: readonly (DisagreementEntry & { readonly vantage: string })[];
  /** Lines that are no entry: a torn last one, or damage. */
  readonly unreadable: number;
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

type Placed<Entry> = Entry & { readonly vantage: string; readonly run: string };

/** What several files say, each thing once however often it is given. */
class Merge {
  readonly headers: JournalHeader[] = [];
  readonly samples: Placed<Sample>[] = [];
  readonly disagreements: Placed<DisagreementEntry>[] = [];
  unreadable = 0;
  /** Rounds seen of each run, name and path: one round asks a path for one name, once. */
  readonly #seen = new Map<string, Set<number>>();

  async read(path: string): Promise<void> {
    let header: JournalHeader | undefined;
    const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of lines) {
      const value = line === "" ? undefined : parseLine(line);
      const found = value && asHeader(value, path);
      if (found !== undefined) {
        header = found;
        this.headers.push(found);
      } else if (header !== undefined) this.#take(value, header);
      // A crash just when the file was begun leaves nothing else.
      else if (value === undefined && isTornHeader(line)) this.unreadable += 1;
      else throw new UnreadableJournalError(path, "its first line is no header");
    }
  }

  #take(value: Record<string, unknown> | undefined, header: JournalHeader): void {
    const place = { vantage: header.vantage, run: runOf(header) };
    const sample = value && asSample(value);
    const entry = value && asDisagreement(value);
    if (sample !== undefined) {
      if (this.#isNew(place.run, sample, sample.path)) this.samples.push({ ...modern(sample, header), ...place });
    } else if (entry !== undefined) {
      if (this.#isNew(place.run, entry, `${entry.kind} ${entry.state}`))
        this.disagreements.push({ ...entry, ...place });
    } else this.unreadable += 1;
  }

  #isNew(run: string, { name, type, round }: Pick<Sample, "name" | "type" | "round">, what: string): boolean {
    const key = JSON.stringify([run, name, type, what]);
    const rounds = this.#seen.get(key) ?? new Set();
    this.#seen.set(key, rounds);
    if (rounds.has(round)) return false;
    rounds.add(round);
    return true;
  }
}

/** Gives every round of every run a number of its own, in the order given. */
function createRoundNumbers(): (run: string, round: number) => number {
  const runs = new Map<string, Map<number, number>>();
  let next = 0;
  return (run, round) => {
    const rounds = runs.get(run) ?? new Map<number, number>();
    runs.set(run, rounds);
    const known = rounds.get(round);
    if (known !== undefined) return known;
    rounds.set(round, next);
    next += 1;
    return next - 1;
  };
}

/**
 * All entries of some files in order of time, each once even where a file is given twice, by two names or as a copy.
 * Where several vantage points watched a name, what they were told is compared.
 */
export async function readJournals(paths: readonly string[]): Promise<JournalContent> {
  const merge = new Merge();
  for (const path of paths) {
    try {
      await merge.read(realpathSync(path));
    } catch (error) {
      if (error instanceof BaseError) throw error;
      throw new UnreadableJournalError(path, messageOf(error));
    }
  }
  const { headers, samples, disagreements, unreadable } = merge;
  const inTime = (left: { readonly at: number }, right: { readonly at: number }) => left.at - right.at;
  const numberOf = createRoundNumbers();
  const numbered = <Entry extends Placed<{ readonly round: number }>>({ run, ...entry }: Entry) => ({
    ...entry,
    round: numberOf(run, entry.round),
  });
  const merged = samples.sort(inTime).map(numbered);
  const told = disagreements.sort(inTime).map(numbered);
  const between = vantageDisagreements(headers, merged);
  return { headers, samples: merged, disagreements: [...told, ...between].sort(inTime), unreadable };
}
