/** What two names have in common on a real fleet: virtual gateways, and the machines behind them. */
import { gatewaysOf, type Placement } from "./placement.ts";
import { ORDINARY_SLOT_COUNT, overlapOf, type Slots, slotsOf, ZONE_COUNT } from "./shard.ts";

export interface OverlapShares {
  /** By number of members shared, 0 to 4. */
  readonly virtual: readonly number[];
  /** By number of physical gateways shared, 0 to 4. */
  readonly physical: readonly number[];
}

/**
 * The probability that another name, drawn uniformly over all shards, shares exactly j members with a name on `slots`.
 *
 * As any four slots belong to exactly one of the 512^4 indices, a random index has four independent uniform slots. It hits
 * the attacked virtual gateway of a zone with `1 / 512` and its physical gateway with `h / 512`, `h` being the ordinary slots
 * that gateway holds: `virtual[j] = C(4, j) (1/512)^j (511/512)^(4-j)`, and `physical` is the Poisson binomial distribution
 * of the four `h / 512`. On an even fleet of P gateways per zone `physical[j] = C(4, j) (1/P)^j (1 - 1/P)^(4-j)`: with two
 * per zone, one name in sixteen shares all four machines.
 *
 * @example
 * ```ts
 * predictOverlap(placement, slotsOf(512)).physical[4]; // 0.0625 with two gateways in every zone
 * ```
 */
export function predictOverlap(placement: Pick<Placement, "table">, slots: Slots): OverlapShares {
  const holders = gatewaysOf(placement, slots);
  const held = holders.map((holder, zone) => {
    const first = zone * (placement.table.length / ZONE_COUNT);
    const ordinary = placement.table.subarray(first, first + ORDINARY_SLOT_COUNT);
    return ordinary.reduce((count, gatewayId) => count + (gatewayId === holder && holder !== 0 ? 1 : 0), 0);
  });
  const reached = slots.map((slot) => (slot < ORDINARY_SLOT_COUNT ? 1 : 0));
  return {
    virtual: poissonBinomial(reached.map((count) => count / ORDINARY_SLOT_COUNT)),
    physical: poissonBinomial(held.map((count) => count / ORDINARY_SLOT_COUNT)),
  };
}

/** Of `others`, the share that has exactly j members in common with `slots`: counted, one by one. */
export function countOverlap(
  placement: Pick<Placement, "table">,
  slots: Slots,
  others: Iterable<Slots>,
): OverlapShares & { readonly nameCount: number } {
  const virtual = new Array<number>(ZONE_COUNT + 1).fill(0);
  const physical = new Array<number>(ZONE_COUNT + 1).fill(0);
  const holders = gatewaysOf(placement, slots);
  let nameCount = 0;
  for (const other of others) {
    const shared = overlapOf(slots, other);
    const machines = gatewaysOf(placement, other).filter(
      (holder, zone) => holder !== 0 && holder === holders[zone],
    ).length;
    virtual[shared] = virtual[shared]! + 1;
    physical[machines] = physical[machines]! + 1;
    nameCount += 1;
  }
  const share = (count: number) => (nameCount === 0 ? 0 : count / nameCount);
  return { nameCount, virtual: virtual.map(share), physical: physical.map(share) };
}

/** The shards of the first `nameCount` registered names, apart from the one with index `except`. */
export function* otherShards(nameCount: number, except: number): Generator<Slots> {
  for (let index = 0; index < nameCount; index += 1) if (index !== except) yield slotsOf(index);
}

/** P(exactly j of independent events happen), j = 0 to n, for events of these probabilities. */
export function poissonBinomial(probabilities: readonly number[]): number[] {
  let out = [1];
  for (const p of probabilities) {
    const next = new Array<number>(out.length + 1).fill(0);
    out.forEach((value, count) => {
      next[count] = next[count]! + value * (1 - p);
      next[count + 1] = next[count + 1]! + value * p;
    });
    out = next;
  }
  return out;
}
