/**
 * The monitor's journal: one observation a line, only ever appended to. A crash can tear the last line; it is cut off when the
 * journal is opened again and left out when it is read.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Observation } from "../../availability/observation.ts";
import { OUTCOMES } from "../../availability/outcome.ts";
import { BaseError } from "../../base/errors.ts";

const observation = z.object({
  atMs: z.number(),
  round: z.int().nonnegative(),
  name: z.string().min(1),
  path: z.string().min(1),
  outcome: z.enum(OUTCOMES),
  latencyMs: z.number().nonnegative(),
  vantage: z.string().optional(),
  evidence: z.string().optional(),
  detail: z.string().optional(),
  void: z.string().optional(),
});

export class MalformedJournalError extends BaseError {
  override readonly name = "Compare.MalformedJournalError";
  constructor(path: string, line: number, reason: string) {
    super("COMPARE_MALFORMED_JOURNAL", `${path}:${line} is no observation: ${reason}.`);
  }
}

const CURRENT = "observations.jsonl";
/** A journal is put aside at this size, in bytes. */
export const ROTATE_BYTES = 64 * 1024 * 1024;

export interface Journal {
  append(observation: Observation): void;
  /** The number of the next round: one above the highest in the journal. */
  readonly nextRound: number;
}

/** Opens the journal in `folder`, or begins one. */
export function openJournal(folder: string, rotateBytes = ROTATE_BYTES): Journal {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, CURRENT);
  mendTornLine(path);
  const rounds = readJournals([folder]).map((one) => one.round);
  const nextRound = rounds.reduce((highest, round) => Math.max(highest, round), -1) + 1;
  return {
    nextRound,
    append(one) {
      if (existsSync(path) && statSync(path).size > rotateBytes) renameSync(path, join(folder, nextName(folder)));
      appendFileSync(path, `${JSON.stringify(one)}\n`);
    },
  };
}

function nextName(folder: string): string {
  const numbers = readdirSync(folder).map((file) => Number(/^observations-(\d+)\.jsonl$/.exec(file)?.[1] ?? 0));
  return `observations-${String(Math.max(0, ...numbers) + 1).padStart(6, "0")}.jsonl`;
}

function mendTornLine(path: string): void {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(path, end);
}

/**
 * Every observation of journals, from files or folders of them, in order of time. A torn last line is left out; anything else
 * that is no observation throws `MalformedJournalError`.
 */
export function readJournals(sources: readonly string[]): Observation[] {
  const files = sources.flatMap((source) =>
    existsSync(source) && statSync(source).isDirectory()
      ? readdirSync(source)
          .filter((file) => /^observations(-\d+)?\.jsonl$/.test(file))
          .map((file) => join(source, file))
      : [source],
  );
  return files.flatMap(readFile).sort((left, right) => left.atMs - right.atMs);
}

function readFile(path: string): Observation[] {
  const text = readFileSync(path, "utf8");
  const lines = text.split("\n");
  // What follows the last line feed was never finished.
  lines.pop();
  return lines.map((line, index) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw new MalformedJournalError(path, index + 1, error instanceof Error ? error.message : "not JSON");
    }
    const result = observation.safeParse(value);
    if (!result.success) {
      const issue = result.error.issues[0];
      throw new MalformedJournalError(path, index + 1, `${issue?.path.join(".")}: ${issue?.message}`);
    }
    return result.data as Observation;
  });
}
