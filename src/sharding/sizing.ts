/**
 * Sizing: the least cost for a wanted availability. From failure rates and a price per gateway, the smallest fleet and the members
 * per name, beside what people do otherwise.
 *
 * A name is down when all of its members are. In a zone that is down with probability z, gateways being down with g each, a name
 * with m members there has none left with `z + (1-z) g^m`; zones fail independently, so over Z zones `(z + (1-z) g^m)^Z`.
 * For a share a of the time some names are attacked, and every gateway of theirs is down: then j of a name's m members in a
 * zone are hit with the probability of `lostMembersUnderAttack`, and g^(m-j) takes the place of g^m. Unavailability is
 * `(1-a) U(no attack) + a U(attack)`.
 */
import { BaseError } from "../base/errors.ts";
import { blastRadius, lostMembersUnderAttack } from "./prediction.ts";

export interface SizingInput {
  /** Wanted availability of a name, 0 to 1. */
  readonly availability: number;
  /** Share of the time a gateway is down, its zone being up. */
  readonly gatewayDownRatio: number;
  /** Share of the time a whole zone (a provider, a region) is down. */
  readonly zoneDownRatio: number;
  /** Price of one gateway, in any money per any time. */
  readonly pricePerGateway: number;
  /** Share of the time an attack is on; 0 if left out. */
  readonly attackRatio?: number;
  /** Names attacked at once; 1 if left out. */
  readonly attackedCount?: number;
  /** Gateways needed to carry the load, with no spare; 1 if left out. Fleets carry it with one zone down. */
  readonly loadGateways?: number;
  /** Zones to be had; 1 to 4 if left out. The protocol's shape is 4 to 4. */
  readonly zoneCountMin?: number;
  readonly zoneCountMax?: number;
  /** Most members of a name in one zone; 3 if left out. The protocol's shape is 1. */
  readonly perZoneMax?: number;
}

export interface FleetLayout {
  readonly kind: "shuffle sharded" | "one provider" | "two providers" | "full replication";
  readonly zoneCount: number;
  readonly gatewaysPerZone: number;
  /** Members of a name in each zone. */
  readonly perZone: number;
  readonly gatewayCount: number;
  readonly perName: number;
  readonly cost: number;
  /** Share of the time a name that is not attacked cannot be resolved. */
  readonly downRatio: number;
  /** Share of names down while the attack is on and nothing else fails. */
  readonly blastRadius: number;
  readonly meetsTarget: boolean;
}

export interface Sizing {
  readonly best: FleetLayout;
  /** One provider, two providers, and every name on every gateway of the best fleet. */
  readonly others: readonly FleetLayout[];
}

/** Largest zone looked at: the protocol's slots. */
const GATEWAYS_PER_ZONE_MAX = 512;

/**
 * The cheapest shuffle-sharded fleet that reaches the wanted availability; among equally cheap ones the most available.
 *
 * Throws `RatioOutOfRangeError`, `AvailabilityUnreachableError` with the best that these zones can give.
 *
 * @example
 * ```ts
 * const { best } = sizeFleet({ availability: 0.9999, gatewayDownRatio: 0.01, zoneDownRatio: 0.001, pricePerGateway: 20, attackRatio: 0.01 });
 * [best.zoneCount, best.gatewaysPerZone, best.perName]; // [2, 6, 6]
 * ```
 */
export function sizeFleet(input: SizingInput): Sizing {
  checkInput(input);
  const candidates: FleetLayout[] = [];
  let reachable = 1;
  for (let zoneCount = input.zoneCountMin ?? 1; zoneCount <= (input.zoneCountMax ?? 4); zoneCount += 1) {
    for (let perZone = 1; perZone <= (input.perZoneMax ?? 3); perZone += 1) {
      const least = Math.max(perZone, loadPerZone(input, zoneCount));
      const largest = layoutOf(input, "shuffle sharded", zoneCount, Math.max(least, GATEWAYS_PER_ZONE_MAX), perZone);
      reachable = Math.min(reachable, largest.downRatio);
      if (largest.meetsTarget) candidates.push(smallestLayout(input, zoneCount, perZone, least));
    }
  }
  const [best] = candidates.sort((one, other) => one.cost - other.cost || one.downRatio - other.downRatio);
  if (!best) throw new AvailabilityUnreachableError(input, reachable);
  return {
    best,
    others: [
      smallestProvider(input, "one provider", 1),
      smallestProvider(input, "two providers", 2),
      layoutOf(input, "full replication", best.zoneCount, best.gatewaysPerZone, best.gatewaysPerZone),
    ],
  };
}

/** Gateways a zone needs so that the others carry the load without it; a single zone carries all with one to spare. */
function loadPerZone(input: SizingInput, zoneCount: number): number {
  const load = input.loadGateways ?? 1;
  return zoneCount === 1 ? load + 1 : Math.ceil(load / (zoneCount - 1));
}

/** More gateways in a zone only lower the blast radius, so the least number that reaches the target is found by halving. */
function smallestLayout(input: SizingInput, zoneCount: number, perZone: number, least: number): FleetLayout {
  let low = least;
  let high = Math.max(least, GATEWAYS_PER_ZONE_MAX);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (layoutOf(input, "shuffle sharded", zoneCount, middle, perZone).meetsTarget) high = middle;
    else low = middle + 1;
  }
  return layoutOf(input, "shuffle sharded", zoneCount, low, perZone);
}

/** A provider's customers are all on all of its gateways: as many as reach the target, or as carry the load where none do. */
function smallestProvider(input: SizingInput, kind: FleetLayout["kind"], zoneCount: number): FleetLayout {
  const least = loadPerZone(input, zoneCount);
  for (let count = least; count < least + 16; count += 1) {
    const layout = layoutOf(input, kind, zoneCount, count, count);
    if (layout.meetsTarget) return layout;
  }
  return layoutOf(input, kind, zoneCount, least, least);
}

/** The figures of one layout. */
export function layoutOf(
  input: SizingInput,
  kind: FleetLayout["kind"],
  zoneCount: number,
  gatewaysPerZone: number,
  perZone: number,
): FleetLayout {
  const { gatewayDownRatio: g, zoneDownRatio: z, attackRatio = 0, attackedCount = 1 } = input;
  const zone = { kind: "any", gatewayCount: gatewaysPerZone, perName: perZone } as const;
  const hit = lostMembersUnderAttack(zone, attackedCount);
  const downIn = (lost: readonly number[]) =>
    (z + (1 - z) * lost.reduce((sum, chance, count) => sum + chance * g ** (perZone - count), 0)) ** zoneCount;
  const calm = downIn([1, ...new Array<number>(perZone).fill(0)]);
  const downRatio = (1 - attackRatio) * calm + attackRatio * downIn(hit);
  const gatewayCount = zoneCount * gatewaysPerZone;
  return {
    kind,
    zoneCount,
    gatewaysPerZone,
    perZone,
    gatewayCount,
    perName: zoneCount * perZone,
    cost: gatewayCount * input.pricePerGateway,
    downRatio,
    blastRadius: blastRadius(zone, attackedCount) ** zoneCount,
    // Half a unit in the last place of the target is no failure.
    meetsTarget: downRatio <= 1 - input.availability + Number.EPSILON,
  };
}

function checkInput(input: SizingInput): void {
  const ratios = {
    availability: input.availability,
    "gateway down ratio": input.gatewayDownRatio,
    "zone down ratio": input.zoneDownRatio,
    "attack ratio": input.attackRatio ?? 0,
  };
  for (const [what, value] of Object.entries(ratios)) {
    if (!(value >= 0 && value < 1)) throw new RatioOutOfRangeError(what, value);
  }
}

export class RatioOutOfRangeError extends BaseError {
  override readonly name = "Sharding.RatioOutOfRangeError";
  constructor(what: string, value: number) {
    super("SHARDING_RATIO_OUT_OF_RANGE", `The ${what} is ${value}; it must be at least 0 and below 1.`);
  }
}

export class AvailabilityUnreachableError extends BaseError {
  override readonly name = "Sharding.AvailabilityUnreachableError";
  constructor(input: SizingInput, downRatio: number) {
    const zones = input.zoneCountMax ?? 4;
    super(
      "SHARDING_AVAILABILITY_UNREACHABLE",
      `No fleet in ${zones} zones reaches an availability of ${input.availability}.`,
      {
        metaMessages: [
          `The best is ${1 - downRatio}, down ${downRatio.toExponential(3)} of the time, with up to ${GATEWAYS_PER_ZONE_MAX} gateways a zone.`,
          `Zones fail together with probability z^${zones} = ${(input.zoneDownRatio ** zones).toExponential(3)}; add zones or better ones.`,
        ],
      },
    );
  }
}
