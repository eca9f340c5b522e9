/** What the name client answers: one shape for every path, policy and record. */
import type { Outcome, PathName } from "../availability/outcome.ts";
import type { Hex } from "../base/bytes.ts";
import type { BlockReference, NameStatus } from "../protocol/answer.ts";
import type { RecordKey } from "../protocol/record.ts";

/**
 * Why an answer may be believed:
 * - `proof`: a state proof from a trusted header;
 * - `signature`: two of the name's four gateways signed the same;
 * - `owner`: the name's owner signed it, and the chain said which key that is;
 * - `agreement`: RPC providers, as many as the quorum, said that a contract other than the registry answers so at one block;
 * - `none`: somebody said so.
 */
export type EvidenceLevel = "proof" | "signature" | "owner" | "agreement" | "none";

/** One try: who was asked, when, for how long, and what came of it. */
export interface Attempt {
  readonly path: PathName;
  /** The endpoint: a URL, or `udp://host:port`. */
  readonly endpoint: string;
  /** Milliseconds from the start of the resolution. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly outcome: Outcome | "abandoned";
  /** Whether it was started before an earlier try had ended. */
  readonly hedge: boolean;
  /** Why it was accepted or not, in a sentence. */
  readonly reason: string;
  /** The block it told of, where that is why it was not: one from the future, or long overtaken. */
  readonly block?: BlockReference;
}

/** One record's answer, or why there is none. */
export interface Resolution {
  readonly name: string;
  readonly record: RecordKey;
  readonly outcome: Outcome;
  /**
   * The record's bytes where `outcome` is `answered` or `stale`; otherwise `null`. A `dns` record's is an RRset in wire form
   * under the asked owner name, whatever path it came by.
   */
  readonly value: Hex | null;
  /** The path it came by; `null` where none answered. */
  readonly path: PathName | null;
  readonly evidence: EvidenceLevel;
  /** The block it was read at; `null` off chain and on the DNS path. */
  readonly block: BlockReference | null;
  /** The name's standing at that block, where the path tells. */
  readonly status: NameStatus | null;
  /** Age of what the answer rests on, in seconds: of the block, or of the time in a cache. */
  readonly ageSeconds: number;
  /** How long the value may be kept from now on, in seconds. */
  readonly ttlSeconds: number;
  /** Whether it was served from the cache, and how: `fresh`, or `stale` because nobody could be reached. */
  readonly cached: false | "fresh" | "stale";
  /** From the start of the call to its answer. */
  readonly durationMs: number;
  readonly trace: readonly Attempt[];
  /** Where `cross-check` found two paths that tell different things. */
  readonly disagreement?: readonly { readonly path: PathName; readonly outcome: Outcome; readonly value: Hex | null }[];
}
