/** The four gateways to ask about a name: its shard by the index the client knows, or its bootstrap shard. */
import { seededRandom, shuffled } from "../../base/random.ts";
import { type Directory, gatewaysOfShard, shardOf } from "../../directory/directory.ts";
import type { ShardHintLookup } from "../../directory/shardHintLookup.ts";
import { namehash } from "../../naming/namehash.ts";
import type { GatewayTarget } from "./gatewayAnswer.ts";

/** Names whose index is remembered; the one learned first is forgotten. */
const INDICES_MAX = 100_000;

export interface ShardTargets {
  /** The index learned for the name directly under the TLD; `null` means the bootstrap shard. */
  readonly indexOf: (registered: string) => number | null;
  /** The index learned, or else those that hints tell, the likeliest first; none where nobody knows. */
  readonly guessesOf: (registered: string) => readonly number[];
  /** Takes an index that was proven, or voted for; `null` where the name is not registered. */
  readonly learn: (registered: string, index: number | null) => void;
  readonly isIsolated: (registered: string) => boolean;
  /** The gateways of a name with that index, in the order this client asks them for this name. */
  readonly targetsOf: (registered: string, index: number | null) => readonly GatewayTarget[];
}

export interface ShardTargetsOptions {
  readonly directory: () => Directory;
  /** Hints at the indices of names never met. */
  readonly hintsOf: ShardHintLookup;
  /** Spreads load: each client asks a name's four in an order of its own. */
  readonly seed: string;
}

export function createShardTargets({ directory, hintsOf, seed }: ShardTargetsOptions): ShardTargets {
  /** By name. `null`, where it is not registered, is kept against a hint alone: without one nothing is to be gained by it. */
  const learned = new Map<string, number | null>();
  return {
    indexOf: (registered) => learned.get(registered) ?? null,
    guessesOf(registered) {
      const known = learned.get(registered);
      if (known !== undefined) return known === null ? [] : [known];
      return hintsOf(namehash(registered));
    },
    learn(registered, index) {
      learned.delete(registered);
      if (index === null && hintsOf(namehash(registered), 1).length === 0) return;
      const oldest = learned.size >= INDICES_MAX ? learned.keys().next().value : undefined;
      if (oldest !== undefined) learned.delete(oldest);
      learned.set(registered, index);
    },
    isIsolated: (registered) => directory().isolated.has(namehash(registered)),
    targetsOf(registered, index) {
      const current = directory();
      const targets: GatewayTarget[] = [];
      for (const gateway of gatewaysOfShard(current, shardOf(current, namehash(registered), index))) {
        if (gateway === undefined) continue;
        const { httpUrl, id, signer, zone } = gateway;
        targets.push({ endpoint: httpUrl, gatewayId: id, signer, zone });
      }
      return shuffled(seededRandom(seed, registered), targets);
    },
  };
}
