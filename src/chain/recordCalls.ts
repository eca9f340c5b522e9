/** The registry's calls that write one record, as calldata; an empty value deletes the record. */
import { encodeFunctionData, type Hex, type PublicClient } from "viem";
import { parentOf } from "../naming/name.ts";
import { type Node, namehash } from "../naming/namehash.ts";
import { registryAbi } from "./abis/registry.ts";
import { reverseRegistrarAbi } from "./abis/reverseRegistrar.ts";
import type { Deployment } from "./deployment.ts";

const abi = registryAbi;

export const recordCalls = {
  /** An address in its chain's binary form (ENSIP-9). */
  addr: (node: Node, coinType: bigint, value: Hex) =>
    encodeFunctionData({ abi, functionName: "setAddr", args: [node, coinType, value] }),
  /** A text record (ENSIP-5). */
  text: (node: Node, key: string, value: string) =>
    encodeFunctionData({ abi, functionName: "setText", args: [node, key, value] }),
  /** Arbitrary bytes under a key (ENSIP-24). */
  data: (node: Node, key: string, value: Hex) =>
    encodeFunctionData({ abi, functionName: "setData", args: [node, key, value] }),
  /** A content hash in multicodec form (ENSIP-7). */
  contenthash: (node: Node, value: Hex) =>
    encodeFunctionData({ abi, functionName: "setContenthash", args: [node, value] }),
  /** RRsets as whole resource records in wire form (ENSIP-6). */
  dns: (node: Node, records: Hex) => encodeFunctionData({ abi, functionName: "setDNSRecords", args: [node, records] }),
  /** The sender's primary name (ENSIP-3), at the reverse registrar. */
  primaryName: (name: string) =>
    encodeFunctionData({ abi: reverseRegistrarAbi, functionName: "setName", args: [name] }),
} as const;

/**
 * The closest live name at or above `name`, under whose node the chain keeps DNS records of `name`; `undefined` where none is
 * live.
 */
export async function closestLiveName(
  client: PublicClient,
  deployment: Deployment,
  name: string,
): Promise<string | undefined> {
  for (let at = name; at !== deployment.tld && at !== ""; at = parentOf(at)) {
    const isLive = await client.readContract({
      address: deployment.contracts.registry,
      abi,
      functionName: "isLive",
      args: [namehash(at)],
    });
    if (isLive) return at;
  }
  return undefined;
}
