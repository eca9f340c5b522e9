/** The four gateways to ask about a name: its shard by the index the client knows, or its bootstrap shard. */
import { seededRandom, shuffled } from "../../base/random.ts";
import { type Directory, gatewaysOfShard, shardOf } from "../../directory/directory.ts";
import { namehash } from "../../naming/namehash.ts";
import type { GatewayTarget } from "./gatewayAnswer.ts";

/** Names whose index is remembered; the one learned first is forgotten. */
const INDICES_MAX = 100_000;

export interface ShardTargets {
  /** The index learned for the name directly under the TLD; `null` means the bootstrap shard. */
  readonly indexOf: (registered: string) => number | null;
  readonly learn: (registered: string, index: number | null) => void;
  readonly isIsolated: (registered: string) => boolean;
  /** The gateways of a name with that index, in the order this client asks them for this name. */
  readonly targetsOf: (registered: string, index: number | null) => readonly GatewayTarget[];
}

/** `seed` spreads load: each client asks a name's four in an order of its own. */
export function createShardTargets(directory: () => Directory, seed: string): ShardTargets {
  const learned = new Map<string, number>();
  return {
    indexOf: (registered) => learned.get(registered) ?? null,
    learn(registered, index) {
      learned.delete(registered);
      if (index === null) return;
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
