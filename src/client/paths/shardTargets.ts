/** The four gateways to ask about a name: its shard by the index the client knows, or its bootstrap shard. */
import type { Hex } from "../../base/bytes.ts";
import { seededRandom, shuffled } from "../../base/random.ts";
import { namehash } from "../../naming/namehash.ts";
import { bootstrapSlotsOf, type Slots, slotsOf } from "../../sharding/shard.ts";
import type { GatewayTarget } from "./gatewayAnswer.ts";

/** One gateway as the directory lists it. */
export interface GatewayListing {
  readonly id: number;
  readonly operator: Hex;
  readonly signer: Hex;
  readonly zone: number;
  /** Where it answers over HTTP, without a trailing slash. */
  readonly httpUrl: string;
}

/** What the client needs of a directory snapshot. */
export interface DirectoryView {
  /** The gateway behind a slot of a zone; `undefined` for nobody's. */
  readonly gatewayAt: (zone: number, slot: number) => GatewayListing | undefined;
  readonly gatewayOf: (id: number) => GatewayListing | undefined;
  /** The reserved index a name is isolated to, by its node. */
  readonly isolatedIndexOf: (node: Hex) => number | undefined;
}

/** Names whose index is remembered; the one learned first is forgotten. */
const INDICES_MAX = 100_000;

export interface ShardTargets {
  /** The index in use for the registered name: isolated, learned, or `undefined` for the bootstrap shard. */
  readonly indexOf: (registered: string) => number | undefined;
  readonly learn: (registered: string, index: number | null) => void;
  /** The gateways of an index, in the order this client asks them for this name. */
  readonly targetsOf: (registered: string, index: number | undefined) => readonly GatewayTarget[];
}

/** `seed` spreads load: each client asks a name's four in an order of its own. */
export function createShardTargets(view: () => DirectoryView, seed: string): ShardTargets {
  const learned = new Map<string, number>();
  return {
    indexOf: (registered) => view().isolatedIndexOf(namehash(registered)) ?? learned.get(registered),
    learn(registered, index) {
      learned.delete(registered);
      if (index === null) return;
      const oldest = learned.size >= INDICES_MAX ? learned.keys().next().value : undefined;
      if (oldest !== undefined) learned.delete(oldest);
      learned.set(registered, index);
    },
    targetsOf(registered, index) {
      const directory = view();
      const slots: Slots = index === undefined ? bootstrapSlotsOf(namehash(registered)) : slotsOf(index);
      const targets: GatewayTarget[] = [];
      for (const [zone, slot] of slots.entries()) {
        const gateway = directory.gatewayAt(zone, slot);
        if (gateway === undefined) continue;
        targets.push({ endpoint: gateway.httpUrl, gatewayId: gateway.id, signer: gateway.signer, zone });
      }
      return shuffled(seededRandom(seed, registered), targets);
    },
  };
}
