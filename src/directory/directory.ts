/**
 * The directory of gateways as a value: who they are, which slot is whose, which names are isolated. It is what the
 * GatewayDirectory contract says at one block, whether built from its events, read from it, or taken from a snapshot.
 */
import type { Hex } from "../base/bytes.ts";
import type { Node } from "../naming/namehash.ts";
import {
  bootstrapSlotsOf,
  SLOT_COUNT,
  type Slots,
  slotsOf,
  type VirtualGatewayId,
  virtualGatewaysOf,
  ZONE_COUNT,
} from "../sharding/shard.ts";

/** One gateway's entry. */
export interface DirectoryGateway {
  /** From 1 up; never used twice. */
  readonly id: number;
  readonly operator: Hex;
  /** The key that signs its answers and attestations. */
  readonly signer: Hex;
  /** 0 to 3. */
  readonly zone: number;
  /** False once retired. */
  readonly active: boolean;
  /** Without a trailing slash. */
  readonly httpUrl: string;
  /** `host:port`. */
  readonly dnsEndpoint: string;
}

/** Who held a slot before, and since when it no longer does. */
export interface FormerSlotHolder {
  readonly gatewayId: number;
  /** Seconds since 1970. */
  readonly movedAt: number;
}

/** The directory at one block. */
export interface Directory {
  /** Moves up by one with every change. */
  readonly version: bigint;
  readonly gateways: ReadonlyMap<number, DirectoryGateway>;
  /** Gateway id by virtual gateway id, 0 for nobody: 4 x 544 entries. */
  readonly table: Uint16Array;
  readonly former: ReadonlyMap<VirtualGatewayId, FormerSlotHolder>;
  /** Reserved index by node, of names moved away from an attack. */
  readonly isolated: ReadonlyMap<Node, number>;
}

/** How long a moved slot's previous holder serves on, in seconds: one TTL. */
export const HANDOVER_SECONDS = 300;

/** The directory before its first event. */
export const EMPTY_DIRECTORY: Directory = {
  version: 0n,
  gateways: new Map(),
  table: new Uint16Array(ZONE_COUNT * SLOT_COUNT),
  former: new Map(),
  isolated: new Map(),
};

/**
 * A name's shard: its isolation override, else the index of its registration, else its bootstrap shard.
 *
 * @param node The node of the name directly under the TLD; its subnames have the same shard.
 * @param shardIndex The index of its registration; `null` where it is not registered.
 * @example
 * ```ts
 * shardOf(directory, namehash("shop.hold"), 512); // [0, 1, 2, 4]
 * ```
 */
export function shardOf(directory: Pick<Directory, "isolated">, node: Node, shardIndex: number | null): Slots {
  const index = directory.isolated.get(node) ?? shardIndex;
  return index === null ? bootstrapSlotsOf(node) : slotsOf(index);
}

/** The gateways of a shard by zone; `undefined` where a slot is nobody's. */
export function gatewaysOfShard(
  directory: Pick<Directory, "gateways" | "table">,
  slots: Slots,
): readonly (DirectoryGateway | undefined)[] {
  return virtualGatewaysOf(slots).map((id) => directory.gateways.get(directory.table[id] ?? 0));
}

/** Whether a gateway answers for a shard: it holds one of its slots, or did until less than `HANDOVER_SECONDS` ago. */
export function isServing(
  directory: Pick<Directory, "table" | "former">,
  gatewayId: number,
  slots: Slots,
  nowSeconds: number,
): boolean {
  return virtualGatewaysOf(slots).some((id) => {
    if (directory.table[id] === gatewayId) return true;
    const former = directory.former.get(id);
    return former?.gatewayId === gatewayId && nowSeconds < former.movedAt + HANDOVER_SECONDS;
  });
}
