/**
 * Light clients: whoever can tell by itself which headers are the chain's, such as Helios or Lodestar's prover, which follow the
 * sync committees of the beacon chain. With one, neither RPC providers nor gateway operators need be believed about a header.
 */
import type { BlockReference } from "../protocol/answer.ts";
import { blockTag, parseRpcBlock } from "./paths/rpcBlock.ts";

/** Tells headers that it has verified. A rejection counts as an outage of the light client, never as a header. */
export interface LightClient {
  /** The newest header it vouches for. */
  latest(signal: AbortSignal): Promise<BlockReference>;
  /** The header of that number; `undefined` where it cannot vouch for one. */
  at(blockNumber: bigint, signal: AbortSignal): Promise<BlockReference | undefined>;
}

/** What light clients offer to programs (EIP-1193). */
export interface VerifyingProvider {
  request(call: { readonly method: string; readonly params: readonly unknown[] }): Promise<unknown>;
}

/**
 * The light client behind a provider that verifies what it tells. Do not hand in a provider that does not: its word would count
 * as proof.
 *
 * @example
 * ```ts
 * import { createHeliosProvider } from "@a16z/helios";
 * const helios = await createHeliosProvider({ executionRpc, consensusRpc, network: "mainnet" }, "ethereum");
 * await helios.waitSynced();
 * const client = createNodeNameClient({ deployment, paths, trust: { lightClient: lightClientOf(helios) } });
 * ```
 */
export function lightClientOf(provider: VerifyingProvider): LightClient {
  const block = (tag: string) => provider.request({ method: "eth_getBlockByNumber", params: [tag, false] });
  return {
    latest: async () => parseRpcBlock(await block("latest")),
    async at(blockNumber) {
      const told = await block(blockTag(blockNumber));
      return told === null || told === undefined ? undefined : parseRpcBlock(told);
    },
  };
}
