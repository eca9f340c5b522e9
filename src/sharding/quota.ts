/** How many slots of one zone each gateway shall hold. */
import { BaseError } from "../base/errors.ts";

export interface Share {
  readonly gatewayId: number;
  /** Relative capacity; 0 for a gateway that is being drained. */
  readonly weight: number;
  /** Slots it holds now. */
  readonly heldCount: number;
}

/**
 * The quota of every gateway: the floor or the ceiling of `slotCount * weight / sum of weights`, adding up to `slotCount`.
 *
 * Among all such quotas these need the fewest moves. The moves from counts `h` to quotas `q` are `sum max(0, h - q)`, for
 * each move takes one slot from one gateway above its quota; every ceiling granted to a gateway that holds more than its
 * floor saves one move, every other ceiling saves none, so they are granted to those first, and among equals by largest
 * remainder.
 *
 * Throws `WeightOutOfRangeError` and `NoCapacityError`.
 */
export function quotasOf(shares: readonly Share[], slotCount: number): Map<number, number> {
  const total = totalWeight(shares, slotCount);
  const exact = shares.map((share) => {
    const ideal = (slotCount * share.weight) / total;
    // A product that is whole but for rounding counts as whole.
    const floor = Math.floor(ideal + 1e-9);
    return { share, floor, remainder: Math.max(0, ideal - floor) };
  });
  let left = slotCount - exact.reduce((sum, entry) => sum + entry.floor, 0);
  const quotas = new Map(exact.map(({ share, floor }) => [share.gatewayId, floor]));
  const order = exact
    .filter((entry) => entry.remainder > 1e-9)
    .sort((one, other) => {
      const saves = Number(other.share.heldCount > other.floor) - Number(one.share.heldCount > one.floor);
      return saves || other.remainder - one.remainder || one.share.gatewayId - other.share.gatewayId;
    });
  for (const { share, floor } of order) {
    if (left === 0) break;
    quotas.set(share.gatewayId, floor + 1);
    left -= 1;
  }
  return quotas;
}

/**
 * Quotas when gateways only go: everybody keeps what it holds, and the slots without a holder go, one after the other, to
 * the gateway that is furthest below its fair share. Needs exactly as many moves as slots lost their holder, which no plan
 * can undercut.
 */
export function refillQuotasOf(shares: readonly Share[], slotCount: number): Map<number, number> {
  const total = totalWeight(shares, slotCount);
  const able = shares.filter((share) => share.weight > 0);
  const quotas = new Map(shares.map((share) => [share.gatewayId, share.weight > 0 ? share.heldCount : 0]));
  const gapOf = (share: Share) => (slotCount * share.weight) / total - quotas.get(share.gatewayId)!;
  let left = slotCount - able.reduce((sum, share) => sum + share.heldCount, 0);
  for (; left > 0; left -= 1) {
    const neediest = able.reduce((best, share) => (gapOf(share) > gapOf(best) + 1e-9 ? share : best));
    quotas.set(neediest.gatewayId, quotas.get(neediest.gatewayId)! + 1);
  }
  return quotas;
}

/** Checks that every gateway of positive weight has a slot. Throws `TooManyGatewaysError`. */
export function requireEveryoneHolds(
  quotas: ReadonlyMap<number, number>,
  shares: readonly Share[],
  slotCount: number,
): void {
  const total = shares.reduce((sum, share) => sum + share.weight, 0);
  for (const share of shares) {
    if (share.weight > 0 && quotas.get(share.gatewayId) === 0) {
      throw new TooManyGatewaysError(share.gatewayId, slotCount, slotCount * (share.weight / total));
    }
  }
}

function totalWeight(shares: readonly Share[], slotCount: number): number {
  for (const share of shares) {
    if (!Number.isFinite(share.weight) || share.weight < 0)
      throw new WeightOutOfRangeError(share.gatewayId, share.weight);
  }
  const total = shares.reduce((sum, share) => sum + share.weight, 0);
  if (total === 0) throw new NoCapacityError(slotCount);
  return total;
}

export class WeightOutOfRangeError extends BaseError {
  override readonly name = "Sharding.WeightOutOfRangeError";
  constructor(gatewayId: number, weight: number) {
    super("SHARDING_WEIGHT_OUT_OF_RANGE", `Gateway ${gatewayId} has weight ${weight}; it must be a number from 0 up.`);
  }
}

export class NoCapacityError extends BaseError {
  override readonly name = "Sharding.NoCapacityError";
  constructor(slotCount: number) {
    super("SHARDING_NO_CAPACITY", `No gateway of the zone has a weight above 0 to hold its ${slotCount} slots.`, {
      metaMessages: ["A zone needs at least one gateway; let another join before this one goes."],
    });
  }
}

export class TooManyGatewaysError extends BaseError {
  override readonly name = "Sharding.TooManyGatewaysError";
  constructor(gatewayId: number, slotCount: number, ideal: number) {
    super(
      "SHARDING_TOO_MANY_GATEWAYS",
      `Gateway ${gatewayId} would hold no slot: its weight is worth ${ideal.toFixed(3)} of one.`,
      {
        metaMessages: [
          `A zone has ${slotCount} slots, so every gateway needs at least 1/${slotCount} of the zone's weight.`,
        ],
      },
    );
  }
}
