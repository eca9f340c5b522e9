/** Reads records by having RPC providers run a name's own resolver (ENSIP-10), off-chain lookups and all. */
import { BaseError } from "../../base/errors.ts";
import { namehash } from "../../naming/namehash.ts";
import { type ForeignName, NEGATIVE_TTL_SECONDS, TTL_SECONDS_DEFAULT } from "../../proof/readName.ts";
import type { RecordResult } from "../../protocol/answer.ts";
import { isStored, type StoredRecordKey } from "../../protocol/record.ts";
import { decodeRRset } from "../../protocol/rrset.ts";
import type { BlockGuard } from "../guard.ts";
import type { Run } from "../run.ts";
import { type CallOutcome, type ContractCall, callAgreed } from "./agreedCalls.ts";
import type { ForeignQuestion, ReadForeign } from "./foreignNames.ts";
import { type LookupOptions, settleLookups } from "./offchainLookup.ts";
import { failedReply, type PathReply } from "./pathReply.ts";
import { callOfRecord, extendedCall, isYes, SUPPORTS_EXTENDED, unwrapped, valueOfResult } from "./resolverProfiles.ts";

export interface ForeignResolverOptions extends LookupOptions {
  readonly guard: BlockGuard;
}

type ResolverRecord = StoredRecordKey;

/** `UnsupportedResolverProfile(bytes4)`: the resolver does not know this kind of record (ENSIP-23). */
const UNSUPPORTED_PROFILE = "0x7b1c461b";

const isSettled = (outcome: CallOutcome | PathReply): outcome is CallOutcome => "data" in outcome;

/** The two ways to ask for a record: plainly, and by ENSIP-10. Which one counts is known when the resolver has said so. */
function callsOf(foreign: ForeignName, record: ResolverRecord): readonly [ContractCall, ContractCall] {
  const to = foreign.resolver;
  const plain = callOfRecord(namehash(record.kind === "dns" ? foreign.holder : foreign.name), record);
  const name = record.kind === "dns" ? record.owner : foreign.name;
  return [
    { to, data: plain },
    { to, data: extendedCall(name, callOfRecord(namehash(name), record)) },
  ];
}

/** The value that a call's outcome tells; a path's reply where it tells none. Throws `MalformedResultError`. */
function resultOf(
  foreign: ForeignName,
  record: ResolverRecord,
  isExtended: boolean,
  outcome: CallOutcome,
): RecordResult | PathReply {
  const absent: RecordResult = { record, value: null, ttlSeconds: NEGATIVE_TTL_SECONDS };
  if (outcome.isReverted) {
    // A contract without such a function reverts with nothing.
    const isUnknown = outcome.data === "0x" || outcome.data.startsWith(UNSUPPORTED_PROFILE);
    return isUnknown
      ? absent
      : failedReply("chain", "refused", `its resolver reverts with ${outcome.data.slice(0, 74)}`);
  }
  const value = valueOfResult(record, isExtended ? unwrapped(record, outcome.data) : outcome.data);
  if (value === null) return absent;
  const ttlSeconds = record.kind === "dns" ? decodeRRset(value).ttlSeconds : foreign.ttlSeconds || TTL_SECONDS_DEFAULT;
  return { record, value, ttlSeconds };
}

/** Asks the resolver for records; the results are in the order of `records`. */
async function callResolver(
  run: Run,
  options: ForeignResolverOptions,
  { foreign, block }: ForeignQuestion,
  records: readonly ResolverRecord[],
): Promise<readonly (RecordResult | PathReply)[] | PathReply> {
  const calls = records.map((record) => callsOf(foreign, record));
  const support: ContractCall = { to: foreign.resolver, data: SUPPORTS_EXTENDED };
  const told = await callAgreed(run, options, block, [support, ...calls.flat()]);
  if ("path" in told) return told;
  const isExtended = told[0] !== undefined && !told[0].isReverted && isYes(told[0].data);
  return await Promise.all(
    records.map(async (record, index) => {
      // ENSIP-10: only a resolver that says so answers for the names below its own; RRsets are its zone's in any case.
      const isBelow = foreign.holder !== foreign.name && record.kind !== "dns";
      if (isBelow && !isExtended) return { record, value: null, ttlSeconds: NEGATIVE_TTL_SECONDS };
      const outcome = told[1 + 2 * index + (isExtended ? 1 : 0)];
      if (outcome === undefined) return failedReply("chain", "wrong", "a call is left out of the reply");
      const settled = await settleLookups(run, options, block, foreign.resolver, outcome);
      return isSettled(settled) ? resultOf(foreign, record, isExtended, settled) : settled;
    }),
  );
}

async function runResolver(run: Run, options: ForeignResolverOptions, question: ForeignQuestion): Promise<PathReply> {
  const { foreign, records } = question;
  if (records.some((record) => record.kind === "dns" && record.owner !== foreign.name)) {
    return failedReply("chain", "refused", "records of several names are to be asked for one name at a time");
  }
  if (records.some(({ kind }) => kind === "authority")) {
    return failedReply("chain", "refused", "who signs for a name is to be asked by itself");
  }
  const asked = records.filter(isStored);
  const told = await callResolver(run, options, question, asked);
  if ("path" in told) return told;
  const results: RecordResult[] = [];
  let next = 0;
  for (const record of records) {
    if (record.kind === "registration") {
      results.push({ record, value: foreign.registration, ttlSeconds: TTL_SECONDS_DEFAULT });
      continue;
    }
    const result = told[next];
    next += 1;
    if (result === undefined) return failedReply("chain", "wrong", "a call is left out of the reply");
    if ("path" in result) return result;
    results.push(result);
  }
  return replyOf(options, question, results);
}

function replyOf(
  options: ForeignResolverOptions,
  { foreign, block, evidence }: ForeignQuestion,
  results: readonly RecordResult[],
): PathReply {
  const isStale = options.guard.isStale(block);
  return {
    path: "chain",
    outcome: isStale ? "stale" : "answered",
    results,
    evidence: options.quorum >= 2 && evidence !== "none" ? "agreement" : "none",
    block,
    status: foreign.status,
    reason: `${options.quorum} providers ran ${foreign.resolver} at block ${block.number}`,
  };
}

/** Reads by running resolvers; what they return that is out of form is `wrong`. */
export function createForeignResolver(options: ForeignResolverOptions): ReadForeign {
  return async (run, question) => {
    try {
      return await runResolver(run, options, question);
    } catch (error) {
      if (!(error instanceof BaseError)) throw error;
      return failedReply("chain", "wrong", error.shortMessage);
    }
  };
}
