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

/** Some records of one name. */
export interface NameQuery {
  readonly name: string;
  readonly records: readonly RecordKey[];
}

/** A path: asks for some records of one name, and never throws. */
export interface Path {
  readonly name: PathName;
  /** Whether its answers are checked rather than believed. */
  readonly verified: boolean;
  /** Whether it can tell this kind of record of this name at all. */
  readonly supports: (record: RecordKey, name: string) => boolean;
  readonly ask: (run: Run, name: string, records: readonly RecordKey[]) => Promise<PathReply>;
  /** Several names in the round trips of one, where the path can; the replies are in the order of the queries. */
  readonly askMany?: (run: Run, queries: readonly NameQuery[]) => Promise<readonly PathReply[]>;
}

/** Asks a path for several names: together where it can, otherwise all at once. */
export async function askAll(path: Path, run: Run, queries: readonly NameQuery[]): Promise<readonly PathReply[]> {
  if (path.askMany !== undefined && queries.length > 1) return await path.askMany(run, queries);
  return await Promise.all(queries.map(({ name, records }) => path.ask(run, name, records)));
}

export function failedReply(
  path: PathName,
  outcome: Exclude<Outcome, "absent" | "answered">,
  reason: string,
): PathReply {
  return { path, outcome, results: null, evidence: "none", block: null, status: null, reason };
}
