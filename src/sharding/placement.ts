/**
 * Placement: which gateway holds which slot. Per zone a table slot -> gateway id; 0 means nobody. A placement is a value:
 * changes are planned first (`plan.ts`), can be shown to a person, and are applied afterwards.
 */
import { BaseError } from "../base/errors.ts";
import { seededRandom, shuffled } from "../base/random.ts";
import { quotasOf, requireEveryoneHolds } from "./quota.ts";
import {
  ORDINARY_SLOT_COUNT,
  SLOT_COUNT,
  type Slots,
  type VirtualGatewayId,
  virtualGatewaysOf,
  ZONE_COUNT,
  ZoneOutOfRangeError,
} from "./shard.ts";

/** The largest gateway id a slot table can hold (uint16); ids start at 1, for 0 means nobody. */
export const GATEWAY_ID_MAX = 0xffff;

/** What a gateway holds: slots that names reach by the polynomial, or the isolation range. */
export type GatewayRole = "ordinary" | "isolation";

export interface PlacedGateway {
  readonly id: number;
  /** 0 to 3. */
  readonly zone: number;
  /** Relative capacity, 1 if left out. 0 while it is being drained. */
  readonly weight?: number;
  /**
   * "isolation" for a gateway that holds slots of the isolation range and no others. A zone without such a gateway spreads
   * its isolation range over the ordinary ones, so that an isolated name is served at any time.
   */
  readonly role?: GatewayRole;
}

/** A holder that moved out and serves on until its answers have left the caches. */
export interface FormerHolder {
  readonly gatewayId: number;
  /** In seconds since 1970; it serves while now is before this. */
  readonly untilSeconds: number;
}

export interface Placement {
  readonly gateways: readonly PlacedGateway[];
  /** Gateway id by virtual gateway id: 4 x 544 entries. */
  readonly table: Uint16Array;
  /** Former holders by virtual gateway id. */
  readonly former: ReadonlyMap<VirtualGatewayId, readonly FormerHolder[]>;
}

/** A part of a zone's table that is filled evenly by one kind of gateway. */
export interface Section {
  readonly role: GatewayRole;
  readonly first: VirtualGatewayId;
  readonly slotCount: number;
}

/** The ordinary and the reserved part of a zone's table. */
export function sectionsOf(zone: number): readonly [Section, Section] {
  if (!Number.isInteger(zone) || zone < 0 || zone >= ZONE_COUNT) throw new ZoneOutOfRangeError(zone);
  const first = zone * SLOT_COUNT;
  return [
    { role: "ordinary", first, slotCount: ORDINARY_SLOT_COUNT },
    { role: "isolation", first: first + ORDINARY_SLOT_COUNT, slotCount: SLOT_COUNT - ORDINARY_SLOT_COUNT },
  ];
}

/** The gateways that hold a section: those of its role, or, for want of dedicated ones, the zone's ordinary gateways. */
export function holdersOfSection(gateways: readonly PlacedGateway[], zone: number, role: GatewayRole): PlacedGateway[] {
  const own = gateways.filter((gateway) => gateway.zone === zone && (gateway.role ?? "ordinary") === role);
  const able = own.some((gateway) => (gateway.weight ?? 1) > 0);
  if (able || role === "ordinary") return own;
  return gateways.filter((gateway) => gateway.zone === zone && (gateway.role ?? "ordinary") === "ordinary");
}

/**
 * The first placement of a fleet: every gateway gets its quota of slots, drawn at random from `seed` and never by a
 * pattern, so that the names of two slots of one gateway have nothing in common. The same seed gives the same tables.
 *
 * Throws `DuplicateGatewayError`, `GatewayIdOutOfRangeError`, `ZoneOutOfRangeError`, `EmptyZoneError`,
 * `WeightOutOfRangeError`, `TooManyGatewaysError`.
 *
 * @example
 * ```ts
 * const gateways = [0, 1, 2, 3].flatMap((zone) => [1, 2].map((n) => ({ id: 10 * zone + n, zone })));
 * const placement = placeGateways({ gateways, seed: 7 });
 * gatewaysOf(placement, slotsOf(512)); // four gateway ids, one from each zone
 * ```
 */
export function placeGateways(options: placeGateways.Options): Placement {
  const { gateways, seed } = options;
  checkGateways(gateways);
  const table = new Uint16Array(ZONE_COUNT * SLOT_COUNT);
  for (let zone = 0; zone < ZONE_COUNT; zone += 1) {
    if (holdersOfSection(gateways, zone, "ordinary").length === 0) throw new EmptyZoneError(zone);
    for (const section of sectionsOf(zone)) {
      const holders = holdersOfSection(gateways, zone, section.role);
      const random = seededRandom(seed, `placement/${zone}/${section.role}`);
      const shares = shuffled(
        random,
        holders.map((gateway) => ({ gatewayId: gateway.id, weight: gateway.weight ?? 1, heldCount: 0 })),
      );
      const quotas = quotasOf(shares, section.slotCount);
      if (section.role === "ordinary") requireEveryoneHolds(quotas, shares, section.slotCount);
      const ids: number[] = [];
      for (const [id, count] of quotas) for (let n = 0; n < count; n += 1) ids.push(id);
      table.set(shuffled(random, ids), section.first);
    }
  }
  return { gateways: [...gateways], table, former: new Map() };
}

export declare namespace placeGateways {
  interface Options {
    readonly gateways: readonly PlacedGateway[];
    readonly seed: number | string;
  }
}

/** The four gateways that hold these slots, in the order of the zones; 0 where nobody holds one. */
export function gatewaysOf(placement: Pick<Placement, "table">, slots: Slots): [number, number, number, number] {
  const [a, b, c, d] = virtualGatewaysOf(slots);
  const { table } = placement;
  return [table[a] ?? 0, table[b] ?? 0, table[c] ?? 0, table[d] ?? 0];
}

/**
 * Everyone who answers for a virtual gateway at a time: its holder first, then former holders that still serve. A gateway
 * accepts a name when it is among these; a client asks the first.
 */
export function serversOf(placement: Placement, id: VirtualGatewayId, atSeconds: number): number[] {
  const former = placement.former.get(id) ?? [];
  const serving = former.filter((holder) => atSeconds < holder.untilSeconds).map((holder) => holder.gatewayId);
  return [placement.table[id] ?? 0, ...serving].filter((gatewayId) => gatewayId !== 0);
}

/** How many ordinary slots each gateway holds. */
export function slotCounts(placement: Pick<Placement, "table">): Map<number, number> {
  const counts = new Map<number, number>();
  placement.table.forEach((gatewayId, id) => {
    if (id % SLOT_COUNT < ORDINARY_SLOT_COUNT) counts.set(gatewayId, (counts.get(gatewayId) ?? 0) + 1);
  });
  return counts;
}

/** Entries of a slot table in one storage word. */
export const SLOTS_PER_WORD = 16;

/** A zone's table as the directory stores it: 34 words of 16 ids; slot `s` is bits `16 (s mod 16)` up of word `s / 16`. */
export function tableWords(table: Uint16Array, zone: number): bigint[] {
  const words: bigint[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot += SLOTS_PER_WORD) {
    let word = 0n;
    for (let lane = SLOTS_PER_WORD - 1; lane >= 0; lane -= 1) {
      word = (word << 16n) | BigInt(table[zone * SLOT_COUNT + slot + lane] ?? 0);
    }
    words.push(word);
  }
  return words;
}

/** The tables of the four zones from their words: the inverse of `tableWords`. */
export function tableFromWords(zones: readonly (readonly bigint[])[]): Uint16Array {
  const table = new Uint16Array(ZONE_COUNT * SLOT_COUNT);
  zones.forEach((words, zone) => {
    words.forEach((word, position) => {
      for (let lane = 0; lane < SLOTS_PER_WORD; lane += 1) {
        const slot = position * SLOTS_PER_WORD + lane;
        table[zone * SLOT_COUNT + slot] = Number((word >> BigInt(16 * lane)) & 0xffffn);
      }
    });
  });
  return table;
}

/** Checks ids, zones and uniqueness. */
export function checkGateways(gateways: readonly PlacedGateway[]): void {
  const seen = new Set<number>();
  for (const { id, zone } of gateways) {
    if (!Number.isInteger(id) || id < 1 || id > GATEWAY_ID_MAX) throw new GatewayIdOutOfRangeError(id);
    if (!Number.isInteger(zone) || zone < 0 || zone >= ZONE_COUNT) throw new ZoneOutOfRangeError(zone);
    if (seen.has(id)) throw new DuplicateGatewayError(id);
    seen.add(id);
  }
}

export class GatewayIdOutOfRangeError extends BaseError {
  override readonly name = "Sharding.GatewayIdOutOfRangeError";
  constructor(id: number) {
    super(
      "SHARDING_GATEWAY_ID_OUT_OF_RANGE",
      `${id} is no gateway id; ids are 1 to ${GATEWAY_ID_MAX}, 0 means nobody.`,
    );
  }
}

export class DuplicateGatewayError extends BaseError {
  override readonly name = "Sharding.DuplicateGatewayError";
  constructor(id: number) {
    super("SHARDING_DUPLICATE_GATEWAY", `Gateway ${id} is listed twice; a gateway is in one zone.`);
  }
}

export class EmptyZoneError extends BaseError {
  override readonly name = "Sharding.EmptyZoneError";
  constructor(zone: number) {
    super("SHARDING_EMPTY_ZONE", `Zone ${zone} has no gateway.`, {
      metaMessages: ["Every name has one gateway in each zone, so each zone needs at least one."],
    });
  }
}
