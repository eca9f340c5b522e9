/** What a replica is made of, and the pace at which it follows. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Contracts, DecodeLog } from "./draft.ts";
import type { ProviderPool } from "./source/providerPool.ts";
import type { Store } from "./store/store.ts";

export interface ReplicaOptions {
  readonly store: Store;
  readonly pool: ProviderPool;
  readonly decode: DecodeLog;
  readonly contracts: Contracts;
  /** keccak256 of the registry's code, which its account must show. */
  readonly codeHash: `0x${string}`;
  /** The first block that can hold an event. */
  readonly startBlock: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The deepest reorganisation that is undone, in blocks. */
  readonly reorgBlocksMax?: number;
  /** Blocks below the providers' head that are read: 0 follows the head. */
  readonly confirmationCount?: number;
  /** How many old blocks' logs are asked for at once. */
  readonly rangeBlocksMax?: number;
  /** Time between looks at the head, in milliseconds. */
  readonly pollMs?: number;
  /** Leaves the slots in the store: memory holds a hash for every few dozen of them. */
  readonly isPartition?: boolean;
}
