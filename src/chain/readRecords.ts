/** Reads DNS records straight from the registry: the truth that probes are judged by. */
import { createPublicClient, http, parseAbi } from "viem";
import type { Hex } from "../base/bytes.ts";
import { toHex } from "../base/bytes.ts";
import { encodeDnsName } from "../naming/dnsName.ts";
import { registeredNameOf } from "../naming/name.ts";
import { namehash } from "../naming/namehash.ts";
import type { Deployment } from "./deployment.ts";

export interface DnsRecordQuery {
  /** Owner name below the TLD. */
  readonly owner: string;
  readonly type: number;
}

/** Of the two overloads the one that takes the owner name itself; viem cannot choose between them. */
const READ_ABI = parseAbi(["function dnsRecord(bytes32 node, bytes ownerName, uint16 resource) view returns (bytes)"]);
const WORD_ABI = parseAbi(["function nameWord(bytes32 node) view returns (uint256)"]);
/** How many reads are under way at once. */
const PARALLEL_MAX = 32;

/**
 * The RRsets of owners in wire form, `null` where there is none, in the order asked for. Reads the name directly under the
 * TLD; a subname with a registration of its own keeps its records itself. Throws viem's errors where the provider fails.
 */
export async function readDnsRecords(
  rpcUrl: string,
  deployment: Deployment,
  queries: readonly DnsRecordQuery[],
): Promise<readonly (Hex | null)[]> {
  const client = createPublicClient({ transport: http(rpcUrl, { timeout: 30_000 }) });
  const read = async ({ owner, type }: DnsRecordQuery): Promise<Hex | null> => {
    const name = registeredNameOf(owner, deployment.tld) ?? owner;
    const value = await client.readContract({
      abi: READ_ABI,
      address: deployment.contracts.registry,
      functionName: "dnsRecord",
      args: [namehash(name), toHex(encodeDnsName(owner)), type],
    });
    return value === "0x" ? null : value;
  };
  const values: (Hex | null)[] = [];
  for (let start = 0; start < queries.length; start += PARALLEL_MAX) {
    values.push(...(await Promise.all(queries.slice(start, start + PARALLEL_MAX).map(read))));
  }
  return values;
}

/** The shard indices of names directly under the TLD, in the order asked for: the highest 32 bits of a leased name's word. */
export async function readShardIndices(
  rpcUrl: string,
  deployment: Deployment,
  names: readonly string[],
): Promise<readonly number[]> {
  const client = createPublicClient({ transport: http(rpcUrl, { timeout: 30_000 }) });
  const read = async (name: string): Promise<number> => {
    const address = deployment.contracts.registry;
    const args = [namehash(name)] as const;
    return Number((await client.readContract({ abi: WORD_ABI, address, functionName: "nameWord", args })) >> 224n);
  };
  const indices: number[] = [];
  for (let start = 0; start < names.length; start += PARALLEL_MAX) {
    indices.push(...(await Promise.all(names.slice(start, start + PARALLEL_MAX).map(read))));
  }
  return indices;
}
