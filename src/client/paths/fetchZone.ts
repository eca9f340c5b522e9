/** Which RRsets a name was ever given, by the registry's events. Nobody vouches for it: it is a claim, to be held against state. */
import { decodeAbiParameters } from "viem";
import { fromHex, type Hex, isHex } from "../../base/bytes.ts";
import { decodeDnsName } from "../../naming/dnsName.ts";
import { namehash } from "../../naming/namehash.ts";
import type { ZoneKey } from "../../proof/zone.ts";
import { askSeveral, type Target } from "../askSeveral.ts";
import { callRpc, RpcError } from "../rpc.ts";
import type { Run } from "../run.ts";
import { failedReply, type PathReply } from "./pathReply.ts";

/** `DNSRecordChanged(bytes32,bytes,uint16,bytes)`. */
export const DNS_RECORD_CHANGED = "0x52a608b3303a48862d07a73d82fa221318c0027fbbcfb1b2329bface3f19ff2b";
const DATA = [{ type: "bytes" }, { type: "uint16" }, { type: "bytes" }] as const;
/** Far more changes than a name's RRsets see. */
const LOGS_MAX = 20_000;

function keyOf(log: unknown): ZoneKey {
  const data = typeof log === "object" && log !== null && "data" in log ? log.data : undefined;
  if (!isHex(data)) throw new RpcError("wrong", "an event out of form");
  try {
    const [name, rrtype] = decodeAbiParameters(DATA, data);
    return { owner: decodeDnsName(fromHex(name)), rrtype };
  } catch {
    throw new RpcError("wrong", "an event out of form");
  }
}

/** The RRsets, each once, from the first provider that tells. Never throws. */
export async function fetchZone(
  run: Run,
  rpcUrls: readonly string[],
  registry: Hex,
  holder: string,
): Promise<readonly ZoneKey[] | PathReply> {
  const filter = { address: registry, topics: [DNS_RECORD_CHANGED, namehash(holder)], fromBlock: "earliest" };
  const told = await askSeveral<Target, readonly ZoneKey[], readonly ZoneKey[]>(run, {
    path: "chain",
    targets: rpcUrls.map((endpoint) => ({ endpoint })),
    async ask(target, signal) {
      try {
        const [logs] = await callRpc(run, target.endpoint, [{ method: "eth_getLogs", params: [filter] }], signal);
        if (!Array.isArray(logs) || logs.length > LOGS_MAX) throw new RpcError("wrong", "no list of events");
        const keys = new Map(logs.map(keyOf).map((key) => [`${key.rrtype} ${key.owner}`, key]));
        return { outcome: "answered", value: [...keys.values()], reason: `${logs.length} changes of RRsets` };
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        return { outcome: error.outcome, reason: error.shortMessage };
      }
    },
    judge: ([keys]) => (keys === undefined ? { missing: 1 } : { done: keys }),
  });
  if (told.result !== undefined) return told.result;
  const { failure, reason } = told;
  return failedReply("chain", failure === "answered" || failure === "absent" ? "unreachable" : failure, reason);
}
