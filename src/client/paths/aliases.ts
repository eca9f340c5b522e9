/**
 * Follows CNAME records below the TLD, as a recursive resolver would: the alias is asked for together with the record, so an
 * owner without alias costs nothing extra. An alias that leads out of the TLD is itself the answer.
 */
import { TYPE } from "../../dns/codes.ts";
import { lowerName, readName } from "../../dns/name.ts";
import { encodeDnsName } from "../../naming/dnsName.ts";
import type { RecordResult } from "../../protocol/answer.ts";
import type { RecordKey } from "../../protocol/record.ts";
import { decodeRRset, encodeRRset, MalformedRRsetError } from "../../protocol/rrset.ts";
import type { Run } from "../run.ts";
import { askAll, failedReply, type NameQuery, type Path, type PathReply } from "./pathReply.ts";

/** Links followed before the chain counts as a loop. */
const ALIASES_MAX = 8;

function isAliasable(record: RecordKey): record is Extract<RecordKey, { kind: "dns" }> {
  return record.kind === "dns" && record.rrtype !== TYPE.CNAME;
}

/** The target of a CNAME RRset's value. */
function targetOf(value: `0x${string}`): string | undefined {
  const [rdata] = decodeRRset(value).rdatas;
  const read = rdata === undefined ? "empty" : readName(rdata, 0, "refused");
  return typeof read === "string" ? undefined : lowerName(read.name);
}

/** The same set under the owner that was asked for. */
function renamed(value: `0x${string}`, owner: string, ttlSecondsMax: number): `0x${string}` {
  const rrset = decodeRRset(value);
  const read = readName(encodeDnsName(owner), 0, "refused");
  const name = typeof read === "string" ? owner : read.name;
  return encodeRRset({ ...rrset, name, ttlSeconds: Math.min(rrset.ttlSeconds, ttlSecondsMax) });
}

/** A path whose DNS records follow aliases below `tld`. */
export function withAliases(path: Path, tld: string): Path {
  const askMany: Path["askMany"] = async (run, queries) => {
    const replies = await askAll(path, run, queries.map(withAliasRecords));
    return await Promise.all(queries.map(({ records }, index) => finish(path, tld, run, records, replies[index])));
  };
  return { ...path, ask: async (run, name, records) => (await askMany(run, [{ name, records }]))[0]!, askMany };
}

/** The owners whose aliases are asked for along with some records. */
function aliasableOwners(records: readonly RecordKey[]): readonly string[] {
  return [...new Set(records.filter(isAliasable).map((record) => record.owner))];
}

function withAliasRecords({ name, records }: NameQuery): NameQuery {
  const aliases = aliasableOwners(records).map((owner): RecordKey => ({ kind: "dns", owner, rrtype: TYPE.CNAME }));
  return { name, records: [...records, ...aliases] };
}

/** The reply to what was asked for, out of one that also tells the aliases. */
async function finish(
  path: Path,
  tld: string,
  run: Run,
  records: readonly RecordKey[],
  reply: PathReply | undefined,
): Promise<PathReply> {
  if (reply === undefined) return failedReply(path.name, "wrong", "a name is left out of the answer");
  if (reply.results === null) return reply;
  const owners = aliasableOwners(records);
  const results: RecordResult[] = [];
  for (const [index, record] of records.entries()) {
    const own = reply.results[index];
    if (own === undefined) return failedReply(path.name, "wrong", "a record is left out of the answer");
    const alias = isAliasable(record) ? reply.results[records.length + owners.indexOf(record.owner)] : undefined;
    if (own.value !== null || alias === undefined || alias.value === null || !isAliasable(record)) {
      results.push(own);
      continue;
    }
    const followed = await follow(path, tld, run, record, alias);
    if ("path" in followed) return followed;
    results.push(followed);
  }
  return { ...reply, results };
}

/** The record at the end of a chain of aliases that starts with `first`. */
async function follow(
  path: Path,
  tld: string,
  run: Run,
  record: Extract<RecordKey, { kind: "dns" }>,
  first: RecordResult,
): Promise<RecordResult | PathReply> {
  const seen = new Set([record.owner]);
  let alias = first;
  let ttlSeconds = first.ttlSeconds;
  try {
    for (let link = 0; link < ALIASES_MAX && alias.value !== null; link += 1) {
      const target = targetOf(alias.value);
      if (target === undefined || seen.has(target)) break;
      if (!target.endsWith(`.${tld}`)) {
        return { record, value: renamed(alias.value, record.owner, ttlSeconds), ttlSeconds };
      }
      seen.add(target);
      const asked: readonly RecordKey[] = [
        { kind: "dns", owner: target, rrtype: record.rrtype },
        { kind: "dns", owner: target, rrtype: TYPE.CNAME },
      ];
      const reply = await path.ask(run, target, asked);
      if (reply.results === null) return reply;
      const [own, next] = reply.results;
      if (own === undefined || next === undefined) break;
      ttlSeconds = Math.min(ttlSeconds, own.value === null ? next.ttlSeconds : own.ttlSeconds);
      if (own.value !== null) return { record, value: renamed(own.value, record.owner, ttlSeconds), ttlSeconds };
      if (next.value === null) return { record, value: null, ttlSeconds };
      alias = next;
    }
  } catch (error) {
    if (!(error instanceof MalformedRRsetError)) throw error;
    return failedReply(path.name, "wrong", error.shortMessage);
  }
  return failedReply(path.name, "refused", `the aliases of ${record.owner} lead in circles`);
}
