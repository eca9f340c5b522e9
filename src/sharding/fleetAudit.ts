/** The audit of a fleet: overlap, balance and machines in common over every registered name. */
import { type Census, overlapCensus, type PairBeyond, pairsBeyond } from "./audit.ts";
import { isIsolated } from "./isolation.ts";
import type { Placement } from "./placement.ts";
import {
  fillSlots,
  guaranteedOverlapMax,
  ORDINARY_SLOT_COUNT,
  SLOT_COUNT,
  slotsOf,
  virtualGatewayIdOf,
  ZONE_COUNT,
} from "./shard.ts";

export interface FleetAudit {
  readonly nameCount: number;
  /** Indices in the isolation range; they are not part of what follows. */
  readonly isolatedIndices: readonly number[];
  /** What the scheme promises for indices up to the largest one. */
  readonly guaranteedOverlapMax: number;
  /** Pairs by virtual gateways shared. */
  readonly virtual: Census;
  /** Pairs by physical gateways shared; a virtual gateway nobody holds is shared with nobody. */
  readonly physical: Census | null;
  /** Pairs of indices beyond the guarantee, at most `pairLimit` of them. */
  readonly pairsBeyond: readonly { readonly left: number; readonly right: number; readonly shared: number }[];
  readonly pairsBeyondCount: number;
  /** Names on the least and the most loaded slot of each zone. */
  readonly slotLoads: readonly { readonly min: number; readonly max: number }[];
  /** Names by gateway id. */
  readonly gatewayLoads: ReadonlyMap<number, number>;
  /** Slots, by virtual gateway id, that nobody holds. */
  readonly unheldSlots: readonly number[];
}

/**
 * Audits the names with these shard indices. It finds index collisions (two names on one index share all four), slots that carry
 * more names than others, slots nobody holds, and how often two names meet on the same machines.
 *
 * @example
 * ```ts
 * const audit = auditFleet({ indices: Uint32Array.from({ length: 1000 }, (_, n) => n), placement });
 * audit.guaranteedOverlapMax; // 1
 * audit.pairsBeyondCount; // 0
 * ```
 */
export function auditFleet(options: auditFleet.Options): FleetAudit {
  const { placement, pairLimit = 100 } = options;
  const isolatedIndices: number[] = [];
  const ordinary = options.indices.filter((index) => {
    if (isIsolated(index)) isolatedIndices.push(index);
    return !isIsolated(index);
  });
  const columns = columnsOf(ordinary);
  const sizes = columns.map(() => ORDINARY_SLOT_COUNT);
  const overlapMax = guaranteedOverlapMax(ordinary.reduce((max, index) => Math.max(max, index + 1), 0));
  const virtual = overlapCensus(columns, sizes);
  const pairsBeyondCount = virtual.pairCounts.slice(overlapMax + 1).reduce((sum, count) => sum + count, 0);
  const pairs = pairsBeyondCount === 0 ? [] : pairsBeyond(columns, sizes, overlapMax, pairLimit);
  return {
    nameCount: options.indices.length,
    isolatedIndices,
    guaranteedOverlapMax: overlapMax,
    virtual,
    pairsBeyond: pairs.map((pair) => namedPair(pair, ordinary)),
    pairsBeyondCount,
    slotLoads: columns.map(loadsOf),
    ...physicalOf(columns, placement),
  };
}

export declare namespace auditFleet {
  interface Options {
    readonly indices: Uint32Array;
    /** Without one, the physical part is left out. */
    readonly placement?: Pick<Placement, "table">;
    /** How many pairs beyond the guarantee are named; 100 if left out. */
    readonly pairLimit?: number;
  }
}

function namedPair(pair: PairBeyond, indices: Uint32Array) {
  return { left: indices[pair.left]!, right: indices[pair.right]!, shared: pair.shared };
}

/** The slots of indices, a column per zone. Consecutive runs are filled at once. */
export function columnsOf(indices: Uint32Array): Uint16Array[] {
  const columns = Array.from({ length: ZONE_COUNT }, () => new Uint16Array(indices.length));
  const prefix = indices.every((index, position) => index === position);
  const filled = prefix ? fillSlots(0, indices.length) : undefined;
  for (let name = 0; name < indices.length; name += 1) {
    const slots = filled ? filled.subarray(name * ZONE_COUNT, name * ZONE_COUNT + ZONE_COUNT) : slotsOf(indices[name]!);
    for (let zone = 0; zone < ZONE_COUNT; zone += 1) columns[zone]![name] = slots[zone]!;
  }
  return columns;
}

function loadsOf(column: Uint16Array): { min: number; max: number } {
  const counts = new Uint32Array(ORDINARY_SLOT_COUNT);
  for (const slot of column) counts[slot]! += 1;
  return {
    min: counts.reduce((least, count) => Math.min(least, count)),
    max: counts.reduce((most, count) => Math.max(most, count)),
  };
}

function physicalOf(
  columns: readonly Uint16Array[],
  placement: Pick<Placement, "table"> | undefined,
): Pick<FleetAudit, "physical" | "gatewayLoads" | "unheldSlots"> {
  if (!placement) return { physical: null, gatewayLoads: new Map(), unheldSlots: [] };
  const gatewayLoads = new Map<number, number>();
  const unheldSlots: number[] = [];
  const sizes: number[] = [];
  const machines = columns.map((column, zone) => {
    // Gateways of a zone are numbered densely, and slots nobody holds are given numbers of their own.
    const numbers = new Map<number, number>();
    const numberOf = Array.from({ length: SLOT_COUNT }, (_, slot) => {
      const id = virtualGatewayIdOf(zone, slot);
      const gatewayId = placement.table[id] ?? 0;
      if (gatewayId === 0) unheldSlots.push(id);
      const key = gatewayId === 0 ? -1 - slot : gatewayId;
      if (!numbers.has(key)) numbers.set(key, numbers.size);
      return numbers.get(key)!;
    });
    sizes.push(numbers.size);
    const counts = new Uint32Array(numbers.size);
    const machine = column.map((slot) => numberOf[slot]!);
    for (const number of machine) counts[number]! += 1;
    for (const [key, number] of numbers) {
      if (key > 0) gatewayLoads.set(key, (gatewayLoads.get(key) ?? 0) + counts[number]!);
    }
    return machine;
  });
  return { physical: overlapCensus(machines, sizes), gatewayLoads, unheldSlots };
}
