/** Assignments of names to gateways by the schemes that are compared, and what each predicts of an attack. */
import type { Random } from "../base/random.ts";
import type { Assignment, Attack } from "./blast.ts";
import { SubsetImpossibleError } from "./combinatorics.ts";
import { binomialDistribution, lostMembersUnderAttack, lostMembersWhenDead, type Scheme } from "./prediction.ts";
import { fillSlots, ORDINARY_SLOT_COUNT, ZONE_COUNT } from "./shard.ts";

export type SchemeName =
  /** Every name on every gateway. */
  | "none"
  /** Gateways in groups of k, each name on one group. */
  | "plain"
  /** Each name on k gateways drawn at random. */
  | "shuffle"
  /** The protocol's shard, on a fleet of 4 x 512. */
  | "holdfast";

export interface AssignOptions {
  readonly scheme: SchemeName;
  readonly nameCount: number;
  readonly gatewayCount: number;
  /** Members per name; 4 with "holdfast", all gateways with "none". */
  readonly perName: number;
  readonly random: Random;
}

/** Gives every name its gateways. Throws `SubsetImpossibleError` where the scheme does not fit the fleet. */
export function assignNames(options: AssignOptions): Assignment {
  const { scheme, nameCount, random } = options;
  if (scheme === "holdfast") {
    const members = fillSlots(0, nameCount);
    for (let offset = 0; offset < members.length; offset += 1)
      members[offset]! += (offset % ZONE_COUNT) * ORDINARY_SLOT_COUNT;
    return { gatewayCount: ZONE_COUNT * ORDINARY_SLOT_COUNT, nameCount, perName: ZONE_COUNT, members };
  }
  const { gatewayCount } = options;
  const perName = scheme === "none" ? gatewayCount : options.perName;
  const whole = Number.isInteger(perName) && perName >= 1 && perName <= gatewayCount;
  if (!whole || (scheme === "plain" && gatewayCount % perName !== 0))
    throw new SubsetImpossibleError(gatewayCount, perName);
  const members = new Uint16Array(nameCount * perName);
  for (let name = 0; name < nameCount; name += 1) {
    const own = members.subarray(name * perName, (name + 1) * perName);
    const first = scheme === "plain" ? Math.floor(random.ratio() * (gatewayCount / perName)) * perName : 0;
    if (scheme === "shuffle") drawDistinct(own, gatewayCount, random);
    else for (let place = 0; place < perName; place += 1) own[place] = first + place;
  }
  return { gatewayCount, nameCount, perName, members };
}

/** Distinct numbers below `bound`, uniformly: Floyd's sampling. */
export function drawDistinct(out: Uint16Array, bound: number, random: Random): void {
  for (let place = 0; place < out.length; place += 1) {
    const top = bound - out.length + place;
    const pick = Math.floor(random.ratio() * (top + 1));
    const taken = out.subarray(0, place).includes(pick);
    out[place] = taken ? top : pick;
  }
}

/**
 * P(a name that is not attacked loses exactly j members), j = 0..k, once the attack is at its full. Poison and flood take down every
 * member of every attacked name; an outage takes down its gateways, as if drawn at random.
 *
 * "none": all or nothing. "plain": dead if its group is hit, `1 - (1 - k/n)^m` (an outage hits the group's members one by one:
 * hypergeometric). "shuffle" and "holdfast": `lostMembersUnderAttack` and `lostMembersWhenDead`.
 */
export function predictLosses(options: Omit<AssignOptions, "random" | "nameCount">, attack: Attack): number[] {
  const { scheme } = options;
  const gatewayCount = scheme === "holdfast" ? ZONE_COUNT * ORDINARY_SLOT_COUNT : options.gatewayCount;
  const perName = scheme === "none" ? gatewayCount : scheme === "holdfast" ? ZONE_COUNT : options.perName;
  const any: Scheme = { kind: "any", gatewayCount, perName };
  if (attack.kind === "outage") return lostMembersWhenDead(any, new Set(attack.gateways).size);
  const attackedCount = new Set(attack.names).size;
  const zeros = new Array<number>(perName + 1).fill(0);
  if (scheme === "none" || attackedCount === 0) return zeros.with(attackedCount === 0 ? 0 : perName, 1);
  if (scheme === "plain") {
    const [safe, hit] = binomialDistribution(1, -Math.expm1(attackedCount * Math.log1p(-perName / gatewayCount)));
    return zeros.with(0, safe!).with(perName, hit!);
  }
  if (scheme === "shuffle") return lostMembersUnderAttack(any, attackedCount);
  return lostMembersUnderAttack(
    { kind: "zoned", zoneCount: ZONE_COUNT, slotCount: ORDINARY_SLOT_COUNT },
    attackedCount,
  );
}
