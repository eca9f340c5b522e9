/**
 * Names that keep their records in another contract, by gateways' signatures. A proof shows which contract that is by itself; where
 * answers are only signed, who signs for the name is asked along with its records, which the registry tells of such names alone.
 */
import { labelsOf, parentOf } from "../../naming/name.ts";
import { namehash } from "../../naming/namehash.ts";
import type { ForeignName } from "../../proof/readName.ts";
import type { NameStatus, RecordResult } from "../../protocol/answer.ts";
import { decodeAuthority } from "../../protocol/offchainAuthority.ts";
import { QUERY_RECORDS_MAX } from "../../protocol/query.ts";
import { isStored, type RecordKey } from "../../protocol/record.ts";

/** Nobody's account: what is of interest is the rest of the record. */
const ALONG: readonly RecordKey[] = [{ kind: "authority", account: `0x${"00".repeat(20)}` }, { kind: "registration" }];

/** The records to ask for, so that the answer tells whether the name keeps them elsewhere. */
export function withAuthority(records: readonly RecordKey[]): readonly RecordKey[] {
  const isOfInterest = records.some(isStored) && records.length + ALONG.length <= QUERY_RECORDS_MAX;
  return isOfInterest ? [...records, ...ALONG] : records;
}

/** What the answer to `withAuthority` says: the results asked for, or which contract has them. Throws `MalformedAuthorityError`. */
export function apartFromAuthority(
  name: string,
  records: readonly RecordKey[],
  results: readonly RecordResult[],
  status: NameStatus,
): { readonly results: readonly RecordResult[]; readonly foreign?: ForeignName } {
  const [authority, registration] = results.slice(records.length);
  const own = results.slice(0, records.length);
  if (typeof authority?.value !== "string") return { results: own };
  const { node, resolver, owner, epoch } = decodeAuthority(authority.value);
  let holder = name;
  while (labelsOf(holder).length > 1 && namehash(holder) !== node) holder = parentOf(holder);
  const word = { owner, epoch };
  const foreign = { name, holder, resolver, word, registration: registration?.value ?? null, ttlSeconds: 0, status };
  return { results: own, foreign };
}
