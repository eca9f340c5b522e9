/** What one path tells about some records of one name. */
import type { Outcome, PathName } from "../../availability/outcome.ts";
import type { ForeignName } from "../../proof/readName.ts";
import type { BlockReference, NameStatus, RecordResult } from "../../protocol/answer.ts";
import type { RecordKey } from "../../protocol/record.ts";
import type { EvidenceLevel } from "../resolution.ts";
import type { Run } from "../run.ts";

export interface PathReply {
  readonly path: PathName;
  /** `answered` where results are told, even if all say that the record is absent; otherwise how the path failed. */
  readonly outcome: Exclude<Outcome, "absent">;
  /** One for each record asked, in order; `null` where the path failed. */
  readonly results: readonly RecordResult[] | null;
  readonly evidence: EvidenceLevel;
  readonly block: BlockReference | null;
  readonly status: NameStatus | null;
  readonly reason: string;
  /** Where the name turned out to keep its records in another contract than the registry, what is known of it. */
  readonly foreign?: ForeignName;
}

/** A path: asks for some records of one name, and never throws. */
export interface Path {
  readonly name: PathName;
  /** Whether its answers are checked rather than believed. */
  readonly verified: boolean;
  /** Whether it can tell this kind of record at all. */
  readonly supports: (record: RecordKey) => boolean;
  readonly ask: (run: Run, name: string, records: readonly RecordKey[]) => Promise<PathReply>;
}

export function failedReply(
  path: PathName,
  outcome: Exclude<Outcome, "absent" | "answered">,
  reason: string,
): PathReply {
  return { path, outcome, results: null, evidence: "none", block: null, status: null, reason };
}
