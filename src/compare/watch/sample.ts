/** One line of a journal: an observation with its time of day, and what makes it comparable with others. */
import { hash } from "node:crypto";
import type { Observation } from "../../availability/observation.ts";
import { PROBE_OUTCOMES, type ProbeOutcome } from "../../availability/outcome.ts";

export interface Sample {
  /** When the probe began, in milliseconds since 1970. */
  readonly at: number;
  readonly round: number;
  readonly name: string;
  /** The record asked for, such as `AAAA` or `text:url`; journals of version 1 do not tell. */
  readonly type?: string;
  /** `dns`, `chain`, `gateways`, `combined`, or `dns@HOST:PORT` for one server. */
  readonly path: string;
  readonly outcome: ProbeOutcome;
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
  /** `answerHash` of what was told, where anything was; two samples that were told the same have the same. */
  readonly answer?: string;
  /** `false` where the client saw by itself that the answer was wrong; only for `wrong`. */
  readonly accepted?: false;
}

/** What a source said that told of no such record. */
export const NOTHING = "nothing";
/** Detail of a sample that told something else than the newest verified answer; the client itself had no objection. */
export const CONTRADICTED = "not what the chain says";

/**
 * The hash by which a sample stands for what it was told: the first 16 bytes of the SHA-256 of the answer's text, in hexadecimal.
 *
 * @param text `TYPE RDATA, RDATA`, the data in presentation form and in order of its characters; `nothing` for absence; the
 * value in hexadecimal for records that DNS does not know.
 *
 * @example
 * ```ts
 * answerHash("A 192.0.2.1, 192.0.2.2"); // "091bbf02d3793647faf0be4110621698"
 * ```
 */
export const answerHash = (text: string): string => hash("sha256", text, "hex").slice(0, 32);

/**
 * - `answer`: two sources told different data;
 * - `serial`: two servers have different versions of the zone;
 * - `rejected`: somebody told what verification did not take: a lie, or what is too old;
 * - `vantage`: vantage points were told different data; found when journals are merged.
 */
export const DISAGREEMENTS = ["answer", "serial", "rejected", "vantage"] as const;

/** Disagreement as the journal keeps it. */
export interface DisagreementEntry {
  readonly at: number;
  readonly round: number;
  readonly name: string;
  readonly type?: string;
  readonly kind: (typeof DISAGREEMENTS)[number];
  /** Whether it was raised, or is over. */
  readonly state: "raised" | "cleared";
  readonly sides: readonly { readonly source: string; readonly said: string }[];
}

/** First line of every journal file. */
export interface JournalHeader {
  readonly format: "holdfast-compare";
  readonly version: 1 | 2;
  readonly vantage: string;
  /** Of one start of the watch, unlike any other's; rounds are counted within it. Journals of version 1 have none. */
  readonly run?: string;
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
    PROBE_OUTCOMES.includes(outcome as ProbeOutcome) &&
    Number.isFinite(latencyMs) &&
    [value.evidence, value.detail, value.void, value.block, value.type, value.answer].every(isText) &&
    (value.accepted === undefined || value.accepted === false) &&
    [value.serial, value.records].every(isCount);
  return isSample ? (value as unknown as Sample) : undefined;
}

export function asDisagreement(value: Record<string, unknown>): DisagreementEntry | undefined {
  const { at, round, name, type, kind, state, sides } = value;
  const isEntry =
    Number.isFinite(at) &&
    Number.isInteger(round) &&
    typeof name === "string" &&
    isText(type) &&
    DISAGREEMENTS.includes(kind as DisagreementEntry["kind"]) &&
    (state === "raised" || state === "cleared") &&
    Array.isArray(sides) &&
    sides.every((side) => typeof side?.source === "string" && typeof side?.said === "string");
  return isEntry ? (value as unknown as DisagreementEntry) : undefined;
}

/** What was watched: the name, and which record where that is not its address. Two records of a name fail apart. */
export function subjectOf({ name, type }: Pick<Sample, "name" | "type">): string {
  return type === undefined || type === "A" ? name : `${name} ${type}`;
}

/** A sample as the statistics take it: time counted from `startMs`. */
export function observationOf(sample: Sample, startMs: number, vantage: string): Observation {
  const { round, path, outcome, latencyMs, evidence, detail, accepted } = sample;
  return {
    atMs: sample.at - startMs,
    round,
    name: subjectOf(sample),
    path,
    outcome,
    latencyMs,
    vantage,
    ...(evidence === undefined ? {} : { evidence }),
    ...(detail === undefined ? {} : { detail }),
    ...(accepted === undefined ? {} : { accepted }),
    ...(sample.void === undefined ? {} : { void: sample.void }),
  };
}
