/** What a client asks of a gateway: some records of one name, and the kind of evidence it can check. */
import type { RecordKey } from "./record.ts";

/** Evidence a client asks for: the gateway's own signature, or a state proof with header attestations. */
export type EvidenceKind = "signature" | "proof";

/** At most this many records in one query. */
export const QUERY_RECORDS_MAX = 64;

export interface Query {
  /** A normalised name, at any depth below the TLD. */
  readonly name: string;
  readonly records: readonly RecordKey[];
  readonly evidence: EvidenceKind;
  /** Answers read at blocks below this one are of no use to the client (its rollback guard). */
  readonly blockNumberMin?: bigint;
}
