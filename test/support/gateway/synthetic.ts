/** Replicas of the benchmark's made-up chain. */
import { createSyntheticChain, DIRECTORY, REGISTRY, TLD_NODE } from "../../../scripts/bench/gateway/syntheticChain.ts";
import type { Clock } from "../../../src/base/clock.ts";
import type { Log } from "../../../src/base/log.ts";
import { createLogDecoder } from "../../../src/replica/decode.ts";
import { Replica } from "../../../src/replica/replica.ts";
import type { ReplicaOptions } from "../../../src/replica/replicaOptions.ts";
import { ProviderPool } from "../../../src/replica/source/providerPool.ts";
import { Store } from "../../../src/replica/store/store.ts";

export { DIRECTORY, REGISTRY };

export function openSynthetic(
  path: string,
  nameCount: number,
  clock: Clock,
  log: Log,
  options: Partial<ReplicaOptions> = {},
): Replica {
  return new Replica({
    store: new Store(path, { chainId: 31337, registry: REGISTRY, directory: DIRECTORY, startBlock: 0 }),
    pool: new ProviderPool({ sources: [createSyntheticChain(nameCount, 10)], clock, log }),
    decode: createLogDecoder({ registry: REGISTRY, directory: DIRECTORY }),
    contracts: { registry: REGISTRY, directory: DIRECTORY, tldNode: TLD_NODE },
    codeHash: `0x${"00".repeat(32)}`,
    startBlock: 0,
    clock,
    log,
    rangeBlocksMax: 3,
    ...options,
  });
}
