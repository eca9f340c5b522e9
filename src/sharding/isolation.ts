/** Isolation: an attacked name moves to virtual gateways nobody else is on, and back when it is over. */
import { BaseError } from "../base/errors.ts";
import { type OverlapShares, predictOverlap } from "./fleetOverlap.ts";
import { gatewaysOf, type Placement } from "./placement.ts";
import { INDEX_MAX, RESERVED_INDEX_MIN, RESERVED_SLOT_COUNT, type Slots, slotsOf } from "./shard.ts";

/** Whether an index is of the isolation range. */
export function isIsolated(index: number): boolean {
  return index >= RESERVED_INDEX_MIN && index <= INDEX_MAX;
}

/** What an isolation or a release changes, for the name and for the others. */
export interface IsolationPlan {
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly slotsBefore: Slots;
  readonly slotsAfter: Slots;
  /** Gateway ids by zone; 0 where nobody holds the slot. */
  readonly gatewaysBefore: readonly number[];
  readonly gatewaysAfter: readonly number[];
  /** How much a random other name has in common with it, before and after. */
  readonly sharedBefore: OverlapShares;
  readonly sharedAfter: OverlapShares;
  /** Zones in which the name stays on machines that serve ordinary names too, for want of dedicated gateways. */
  readonly zonesStillShared: readonly number[];
}

/**
 * Plans the isolation of the name with this index: onto the first reserved index not in `taken`.
 *
 * Throws `AlreadyIsolatedError`, `IsolationExhaustedError` (32 names at a time), `NobodyHoldsSlotError` where a zone's reserved slot
 * has no gateway, for the name would lose a member.
 *
 * @example
 * ```ts
 * const plan = planIsolation(placement, 512, []);
 * plan.toIndex; // 4294967264, 0xffffffe0
 * plan.slotsAfter; // [512, 512, 512, 512]
 * ```
 */
export function planIsolation(
  placement: Pick<Placement, "table">,
  index: number,
  taken: readonly number[],
): IsolationPlan {
  if (isIsolated(index)) throw new AlreadyIsolatedError(index);
  for (let reserved = RESERVED_INDEX_MIN; reserved <= INDEX_MAX; reserved += 1) {
    if (!taken.includes(reserved)) return describe(placement, index, reserved);
  }
  throw new IsolationExhaustedError();
}

/**
 * Plans the way back: from a reserved index to the one the name is registered with. A name whose registration is over goes to its
 * bootstrap shard; hand in that index with its slots.
 *
 * Throws `NotIsolatedError`.
 */
export function planRelease(
  placement: Pick<Placement, "table">,
  reservedIndex: number,
  ownIndex: number,
  ownSlots: Slots = slotsOf(ownIndex),
): IsolationPlan {
  if (!isIsolated(reservedIndex)) throw new NotIsolatedError(reservedIndex);
  return describe(placement, reservedIndex, ownIndex, ownSlots);
}

function describe(
  placement: Pick<Placement, "table">,
  fromIndex: number,
  toIndex: number,
  slotsAfter = slotsOf(toIndex),
): IsolationPlan {
  const slotsBefore = slotsOf(fromIndex);
  const gatewaysAfter = gatewaysOf(placement, slotsAfter);
  gatewaysAfter.forEach((gatewayId, zone) => {
    if (gatewayId === 0) throw new NobodyHoldsSlotError(zone, slotsAfter[zone]!);
  });
  const sharedAfter = predictOverlap(placement, slotsAfter);
  return {
    fromIndex,
    toIndex,
    slotsBefore,
    slotsAfter,
    gatewaysBefore: gatewaysOf(placement, slotsBefore),
    gatewaysAfter,
    sharedBefore: predictOverlap(placement, slotsBefore),
    sharedAfter,
    zonesStillShared: isIsolated(toIndex) ? sharedZones(placement, gatewaysAfter) : [],
  };
}

function sharedZones(placement: Pick<Placement, "table">, gateways: readonly number[]): number[] {
  const zoneLength = placement.table.length / gateways.length;
  return gateways.flatMap((gatewayId, zone) => {
    const ordinary = placement.table.subarray(zone * zoneLength, (zone + 1) * zoneLength - RESERVED_SLOT_COUNT);
    return ordinary.includes(gatewayId) ? [zone] : [];
  });
}

export class AlreadyIsolatedError extends BaseError {
  override readonly name = "Sharding.AlreadyIsolatedError";
  constructor(index: number) {
    super("SHARDING_ALREADY_ISOLATED", `Index ${index} is in the isolation range already.`);
  }
}

export class NotIsolatedError extends BaseError {
  override readonly name = "Sharding.NotIsolatedError";
  constructor(index: number) {
    super(
      "SHARDING_NOT_ISOLATED",
      `Index ${index} is not in the isolation range, ${RESERVED_INDEX_MIN} to ${INDEX_MAX}.`,
    );
  }
}

export class IsolationExhaustedError extends BaseError {
  override readonly name = "Sharding.IsolationExhaustedError";
  constructor() {
    super("SHARDING_ISOLATION_EXHAUSTED", `All ${RESERVED_SLOT_COUNT} places of the isolation range are taken.`, {
      metaMessages: ["Release a name whose attack is over."],
    });
  }
}

export class NobodyHoldsSlotError extends BaseError {
  override readonly name = "Sharding.NobodyHoldsSlotError";
  constructor(zone: number, slot: number) {
    super("SHARDING_NOBODY_HOLDS_SLOT", `Nobody holds slot ${slot} of zone ${zone}; the name would lose a member.`);
  }
}
