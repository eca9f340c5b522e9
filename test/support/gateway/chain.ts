/** Replicas of the contracts on an in-process chain, and ways to get between the two. */
import { keccak256 } from "viem";
import type { Hex } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { createLogDecoder } from "../../../src/replica/decode.ts";
import { Replica } from "../../../src/replica/replica.ts";
import type { ReplicaOptions } from "../../../src/replica/replicaOptions.ts";
import type { ChainSource } from "../../../src/replica/source/chainSource.ts";
import { ProviderPool, type ProviderPoolOptions } from "../../../src/replica/source/providerPool.ts";
import type { Fetch } from "../../../src/replica/source/rpc.ts";
import { createRpcSource } from "../../../src/replica/source/rpcSource.ts";
import { Store } from "../../../src/replica/store/store.ts";
import { deployHoldfast, type Holdfast, TLD } from "../../contracts/support/holdfast.ts";

type Provider = Holdfast["connection"]["provider"];

/** `fetch` that hands JSON-RPC calls to an in-process chain. */
export function fetchFrom(provider: Provider): Fetch {
  return async (_url, init) => {
    const { id, method, params } = JSON.parse(String(init.body));
    try {
      const result = await provider.request({ method, params });
      return Response.json({ jsonrpc: "2.0", id, result });
    } catch (error) {
      const { code = -32000, message } = error as { code?: number; message: string };
      return Response.json({ jsonrpc: "2.0", id, error: { code, message } });
    }
  };
}

export async function deployWithDirectory() {
  const holdfast = await deployHoldfast();
  const { viem, manager, registry, connection } = holdfast;
  const directory = await viem.deployContract("GatewayDirectory", [manager.address, registry.address]);
  const { provider } = connection;
  const publicClient = await viem.getPublicClient();
  const codeHashOf = async (address: Hex) => keccak256((await publicClient.getCode({ address })) ?? "0x");
  const codeHash = await codeHashOf(registry.address);
  const reverseCodeHash = await codeHashOf(holdfast.reverse.address);
  const source = createRpcSource({ url: "http://rpc.example", clock: systemClock, fetch: fetchFrom(provider) });
  // One by one: a run of blocks mined at once is made up by the development chain, without parents and states.
  const mine = async (count: number) => {
    for (let index = 0; index < count; index += 1) await connection.networkHelpers.mine(1);
  };
  const head = async () => Number(await publicClient.getBlockNumber());
  /** Mines until the head is a checkpoint. */
  const mineToCheckpoint = async () => {
    const missing = (8 - ((await head()) % 8)) % 8;
    if (missing > 0) await mine(missing);
  };
  return { ...holdfast, directory, provider, source, codeHash, reverseCodeHash, mine, head, mineToCheckpoint };
}

export type Chain = Awaited<ReturnType<typeof deployWithDirectory>>;

export interface ReplicaWishes {
  readonly path?: string;
  readonly sources?: readonly ChainSource[];
  readonly pool?: Partial<ProviderPoolOptions>;
  readonly options?: Partial<ReplicaOptions>;
}

/** A replica of the chain's contracts, with its store in memory unless a path is given. */
export function replicaOf(chain: Chain, wishes: ReplicaWishes = {}): { replica: Replica; pool: ProviderPool } {
  const registry = chain.registry.address as Hex;
  const directory = chain.directory.address as Hex;
  const pool = new ProviderPool({
    sources: wishes.sources ?? [chain.source],
    clock: systemClock,
    log: silentLog,
    ...wishes.pool,
  });
  const replica = new Replica({
    store: new Store(wishes.path ?? ":memory:", { chainId: 31337, registry, directory, startBlock: 0 }),
    pool,
    decode: createLogDecoder({ registry, directory }),
    contracts: { registry, directory, tldNode: namehash(TLD) },
    codeHash: chain.codeHash,
    startBlock: 0,
    clock: systemClock,
    log: silentLog,
    ...wishes.options,
  });
  return { replica, pool };
}
