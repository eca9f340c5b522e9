/** One line of a journal: an observation with its time of day, and what makes it comparable with others. */
import type { Observation } from "../../availability/observation.ts";
import { OUTCOMES, type Outcome } from "../../availability/outcome.ts";

export interface Sample {
  /** When the probe began, in milliseconds since 1970. */
  readonly at: number;
  readonly round: number;
  readonly name: string;
  /** `dns`, `chain`, `gateways`, `combined`, or `dns@HOST:PORT` for one server. */
  readonly path: string;
  readonly outcome: Outcome;
  readonly latencyMs: number;
  readonly evidence?: string;
  readonly detail?: string;
  readonly void?: string;
  /** The zone's SOA serial as this server told it. */
  readonly serial?: number;
  /** The block the answer was read at. */
  readonly block?: string;
  /** How many resource records the answer held. */
  readonly records?: number;
}

/** What a source said that told of no such record. */
export const NOTHING = "nothing";

/** Disagreement as the journal keeps it. */
export interface DisagreementEntry {
  readonly at: number;
  readonly round: number;
  readonly name: string;
  /** `answer`: two sources told different data; `serial`: two servers have different versions of the zone. */
  readonly kind: "answer" | "serial";
  /** Whether it was raised, or is over. */
  readonly state: "raised" | "cleared";
  readonly sides: readonly { readonly source: string; readonly said: string }[];
}

/** First line of every journal file. */
export interface JournalHeader {
  readonly format: "holdfast-compare";
  readonly version: 1;
  readonly vantage: string;
  readonly startedAt: string;
  /** The settings, and a digest of them together with the names. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly settingsDigest: string;
}

const isText = (value: unknown) => value === undefined || typeof value === "string";
const isCount = (value: unknown) => value === undefined || typeof value === "number";

/** A line of a journal as a sample; `undefined` where it is none. */
export function asSample(value: Record<string, unknown>): Sample | undefined {
  const { at, round, name, path, outcome, latencyMs } = value;
  const isSample =
    Number.isFinite(at) &&
    Number.isInteger(round) &&
    typeof name === "string" &&
    typeof path === "string" &&
    OUTCOMES.includes(outcome as Outcome) &&
    Number.isFinite(latencyMs) &&
    [value.evidence, value.detail, value.void, value.block].every(isText) &&
    [value.serial, value.records].every(isCount);
  return isSample ? (value as unknown as Sample) : undefined;
}

export function asDisagreement(value: Record<string, unknown>): DisagreementEntry | undefined {
  const { at, round, name, kind, state, sides } = value;
  const isEntry =
    Number.isFinite(at) &&
    Number.isInteger(round) &&
    typeof name === "string" &&
    (kind === "answer" || kind === "serial") &&
    (state === "raised" || state === "cleared") &&
    Array.isArray(sides) &&
    sides.every((side) => typeof side?.source === "string" && typeof side?.said === "string");
  return isEntry ? (value as unknown as DisagreementEntry) : undefined;
}

/** A sample as the statistics take it: time counted from `startMs`. */
export function observationOf(sample: Sample, startMs: number, vantage: string): Observation {
  const { round, name, path, outcome, latencyMs, evidence, detail } = sample;
  return {
    atMs: sample.at - startMs,
    round,
    name,
    path,
    outcome,
    latencyMs,
    vantage,
    ...(evidence === undefined ? {} : { evidence }),
    ...(detail === undefined ? {} : { detail }),
    ...(sample.void === undefined ? {} : { void: sample.void }),
  };
}
