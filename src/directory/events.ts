/** The directory's events, and what each changes. Everything in the contract follows from them alone. */
import { fromHex, type Hex } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import { ORDINARY_SLOT_COUNT, type VirtualGatewayId, virtualGatewayIdOf } from "../sharding/shard.ts";
import type { Directory, DirectoryGateway, FormerSlotHolder } from "./directory.ts";

interface Event<Name extends string, Arguments> {
  readonly eventName: Name;
  readonly args: Arguments & { readonly version: bigint };
}

/** A decoded event of the GatewayDirectory contract, named and shaped as in its ABI. */
export type DirectoryEvent =
  | Event<
      "GatewayRegistered",
      Pick<DirectoryGateway, "id" | "zone" | "operator" | "signer" | "httpUrl" | "dnsEndpoint">
    >
  | Event<"GatewayUpdated", Pick<DirectoryGateway, "id" | "signer" | "httpUrl" | "dnsEndpoint">>
  | Event<"GatewayOperatorChanged", Pick<DirectoryGateway, "id" | "operator">>
  | Event<"GatewayRetired", Pick<DirectoryGateway, "id">>
  | Event<"ZoneSeeded", { readonly zone: number; readonly words: readonly bigint[] }>
  | Event<"GatewayJoined", { readonly id: number; readonly zone: number; readonly slotSet: readonly bigint[] }>
  | Event<"GatewayLeft", { readonly id: number; readonly zone: number; readonly successors: Hex }>
  | Event<"ReservedSlotAssigned", { readonly zone: number; readonly reservedSlot: number; readonly id: number }>
  | Event<"NameIsolated", { readonly node: Hex; readonly index: number }>
  | Event<"NameReleased", { readonly node: Hex }>;

const IDS_PER_WORD = 16;

/**
 * The directory after an event of a block at `atSeconds`.
 *
 * @param atSeconds The block's timestamp, from which former holders of moved slots serve on.
 */
export function applyDirectoryEvent(directory: Directory, event: DirectoryEvent, atSeconds: number): Directory {
  const { version } = event.args;
  switch (event.eventName) {
    case "GatewayRegistered": {
      const { id, zone, operator, signer, httpUrl, dnsEndpoint } = event.args;
      return { ...withGateway(directory, { id, zone, operator, signer, httpUrl, dnsEndpoint, active: true }), version };
    }
    case "GatewayUpdated": {
      const { id, signer, httpUrl, dnsEndpoint } = event.args;
      return { ...withGateway(directory, { ...entry(directory, id), signer, httpUrl, dnsEndpoint }), version };
    }
    case "GatewayOperatorChanged": {
      const { id, operator } = event.args;
      return { ...withGateway(directory, { ...entry(directory, id), operator }), version };
    }
    case "GatewayRetired":
      return {
        ...withGateway(directory, { ...entry(directory, event.args.id), active: false }),
        version,
      };
    case "NameIsolated": {
      const isolated = new Map(directory.isolated).set(event.args.node, event.args.index);
      return { ...directory, isolated, version };
    }
    case "NameReleased": {
      const isolated = new Map(directory.isolated);
      isolated.delete(event.args.node);
      return { ...directory, isolated, version };
    }
    default:
      return { ...directory, ...withMoves(directory, movesOf(directory, event), atSeconds), version };
  }
}

type SlotEvent = Extract<
  DirectoryEvent,
  { eventName: "ZoneSeeded" | "GatewayJoined" | "GatewayLeft" | "ReservedSlotAssigned" }
>;

function entry(directory: Directory, id: number): DirectoryGateway {
  const gateway = directory.gateways.get(id);
  assert(gateway !== undefined, `the directory changed gateway ${id}, which it never listed`);
  return gateway;
}

function withGateway(directory: Directory, gateway: DirectoryGateway): Directory {
  return { ...directory, gateways: new Map(directory.gateways).set(gateway.id, gateway) };
}

/** Which virtual gateways an event gives to whom. */
function movesOf(directory: Directory, event: SlotEvent): [VirtualGatewayId, number][] {
  const { zone } = event.args;
  const moves: [VirtualGatewayId, number][] = [];
  switch (event.eventName) {
    case "ZoneSeeded":
      event.args.words.forEach((word, index) => {
        for (let lane = 0; lane < IDS_PER_WORD; lane += 1) {
          const id = Number((word >> BigInt(lane * 16)) & 0xffffn);
          moves.push([virtualGatewayIdOf(zone, index * IDS_PER_WORD + lane), id]);
        }
      });
      return moves;
    case "GatewayJoined":
      for (let slot = 0; slot < ORDINARY_SLOT_COUNT; slot += 1) {
        const word = event.args.slotSet[slot >> 8] ?? 0n;
        if ((word >> BigInt(slot & 255)) & 1n) moves.push([virtualGatewayIdOf(zone, slot), event.args.id]);
      }
      return moves;
    case "GatewayLeft": {
      // The last holder of a zone leaves its slots to nobody, with no successors to name.
      const successors = fromHex(event.args.successors);
      for (let slot = 0; slot < ORDINARY_SLOT_COUNT; slot += 1) {
        const id = virtualGatewayIdOf(zone, slot);
        if (directory.table[id] !== event.args.id) continue;
        const at = moves.length * 2;
        moves.push([id, ((successors[at] ?? 0) << 8) | (successors[at + 1] ?? 0)]);
      }
      return moves;
    }
    case "ReservedSlotAssigned":
      return [[virtualGatewayIdOf(zone, ORDINARY_SLOT_COUNT + event.args.reservedSlot), event.args.id]];
  }
}

function withMoves(
  directory: Directory,
  moves: readonly (readonly [VirtualGatewayId, number])[],
  atSeconds: number,
): Pick<Directory, "table" | "former"> {
  const table = directory.table.slice();
  const former = new Map<VirtualGatewayId, FormerSlotHolder>(directory.former);
  for (const [id, to] of moves) {
    const from = table[id] ?? 0;
    if (from === to) continue;
    table[id] = to;
    if (from !== 0) former.set(id, { gatewayId: from, movedAt: atSeconds });
  }
  return { table, former };
}
