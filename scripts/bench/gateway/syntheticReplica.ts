/** A replica of the made-up chain. */
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { createLogDecoder } from "../../../src/replica/decode.ts";
import { Replica } from "../../../src/replica/replica.ts";
import { ProviderPool } from "../../../src/replica/source/providerPool.ts";
import { Store } from "../../../src/replica/store/store.ts";
import { createSyntheticChain, DIRECTORY, REGISTRY, TLD_NODE } from "./syntheticChain.ts";

/** Opens a replica, with what its store holds. */
export function openReplica(path: string, nameCount: number, isPartition = false): Replica {
  return new Replica({
    store: new Store(path, { chainId: 31337, registry: REGISTRY, directory: DIRECTORY, startBlock: 0 }),
    pool: new ProviderPool({ sources: [createSyntheticChain(nameCount)], clock: systemClock, log: silentLog }),
    decode: createLogDecoder({ registry: REGISTRY, directory: DIRECTORY }),
    contracts: { registry: REGISTRY, directory: DIRECTORY, tldNode: TLD_NODE },
    codeHash: `0x${"00".repeat(32)}`,
    startBlock: 0,
    clock: systemClock,
    log: silentLog,
    rangeBlocksMax: 200,
    isPartition,
  });
}
