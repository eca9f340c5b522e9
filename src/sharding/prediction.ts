/**
 * Predictions in closed form. Every function says its formula; whatever would lose digits to cancellation is counted with
 * big integers and divided once.
 *
 * Two schemes appear throughout. "k of n" draws a shard as any k of n members; "zoned" draws one member from each of k zones of
 * q, so n = k q.
 */
import { BaseError } from "../base/errors.ts";
import { binomial, ratioOf, SubsetImpossibleError } from "./combinatorics.ts";

/** A fleet and how names are put on it. */
export type Scheme =
  /** Any `perName` of `gatewayCount`. */
  | { readonly kind: "any"; readonly gatewayCount: number; readonly perName: number }
  /** One of `slotCount` in each of `zoneCount` zones. */
  | { readonly kind: "zoned"; readonly zoneCount: number; readonly slotCount: number };

/** The protocol's scheme: 4 zones of 512 virtual gateways. */
export const PROTOCOL_SCHEME: Scheme = { kind: "zoned", zoneCount: 4, slotCount: 512 };

/** Members of a shard, k. */
export function shardSizeOf(scheme: Scheme): number {
  return scheme.kind === "any" ? scheme.perName : scheme.zoneCount;
}

/** Members of the fleet, n. */
export function poolSizeOf(scheme: Scheme): number {
  return scheme.kind === "any" ? scheme.gatewayCount : scheme.zoneCount * scheme.slotCount;
}

function checkScheme(scheme: Scheme): void {
  const [n, k] = [poolSizeOf(scheme), shardSizeOf(scheme)];
  if (!Number.isInteger(n) || !Number.isInteger(k) || k < 1 || k > n) throw new SubsetImpossibleError(n, k);
}

/**
 * Different shards: C(n, k), or q^k zoned.
 *
 * @example
 * ```ts
 * shardCountOf({ kind: "any", gatewayCount: 2048, perName: 4 }); // 730862190080n
 * ```
 */
export function shardCountOf(scheme: Scheme): bigint {
  checkScheme(scheme);
  if (scheme.kind === "any") return binomial(scheme.gatewayCount, scheme.perName);
  return BigInt(scheme.slotCount) ** BigInt(scheme.zoneCount);
}

/**
 * P(two random shards share exactly i members), i = 0..k.
 *
 * k of n: `C(k, i) C(n-k, k-i) / C(n, k)`; zoned: `C(k, i) (q-1)^(k-i) / q^k`.
 */
export function overlapDistribution(scheme: Scheme): number[] {
  const shards = shardCountOf(scheme);
  const k = shardSizeOf(scheme);
  return Array.from({ length: k + 1 }, (_, i) => {
    const rest =
      scheme.kind === "any" ? binomial(scheme.gatewayCount - k, k - i) : BigInt(scheme.slotCount - 1) ** BigInt(k - i);
    return ratioOf(binomial(k, i) * rest, shards);
  });
}

/**
 * How many of the q^(t+1) - 1 other names of a full polynomial scheme share exactly i members with any one name, i = 0..k: the
 * weight distribution of a maximum distance separable code,
 * `A_(k-i) = C(k, i) sum_j (-1)^j C(k-i, j) (q^(t+1-i-j) - 1)`, j = 0 .. t-i. It is the same for every name.
 */
export function fullSchemeOverlapCounts(zoneCount: number, slotCount: number, overlapMax: number): bigint[] {
  const q = BigInt(slotCount);
  return Array.from({ length: zoneCount + 1 }, (_, shared) => {
    if (shared > overlapMax) return 0n;
    let sum = 0n;
    for (let j = 0; j <= overlapMax - shared; j += 1) {
      const term = binomial(zoneCount - shared, j) * (q ** BigInt(overlapMax + 1 - shared - j) - 1n);
      sum += j % 2 === 0 ? term : -term;
    }
    return binomial(zoneCount, shared) * sum;
  });
}

/**
 * The blast radius of m attacked names: P(all members of a further random name are among theirs), when every attacked name takes
 * down all of its members.
 *
 * k of n, by inclusion and exclusion over the members that escape: `sum_j (-1)^j C(k, j) (C(n-j, k) / C(n, k))^m`; for m = 1
 * that is `1 / C(n, k)`. Zoned, zones being independent: `(1 - (1 - 1/q)^m)^k`.
 *
 * It is the Kubernetes documentation's probability that a mouse is squished by m elephants.
 *
 * @example
 * ```ts
 * blastRadius({ kind: "any", gatewayCount: 8, perName: 2 }, 1); // 1/28
 * ```
 */
export function blastRadius(scheme: Scheme, attackedCount: number): number {
  return lostMembersUnderAttack(scheme, attackedCount)[shardSizeOf(scheme)]!;
}

/**
 * P(exactly j of a random name's members are among those of m attacked names), j = 0..k.
 *
 * k of n: `C(k, j) sum_i (-1)^i C(j, i) (C(n-k+j-i, k) / C(n, k))^m`, i = 0..j. Zoned: binomial with `p = 1 - (1 - 1/q)^m`.
 */
export function lostMembersUnderAttack(scheme: Scheme, attackedCount: number): number[] {
  checkScheme(scheme);
  checkCount("attacked names", attackedCount);
  const k = shardSizeOf(scheme);
  if (scheme.kind === "zoned") {
    const hit = -Math.expm1(attackedCount * Math.log1p(-1 / scheme.slotCount));
    return binomialDistribution(k, hit);
  }
  const n = scheme.gatewayCount;
  const all = binomial(n, k) ** BigInt(attackedCount);
  return Array.from({ length: k + 1 }, (_, lost) => {
    let sum = 0n;
    for (let i = 0; i <= lost; i += 1) {
      // k - lost + i given members escape every attacked name.
      const term = binomial(lost, i) * binomial(n - k + lost - i, k) ** BigInt(attackedCount);
      sum += i % 2 === 0 ? term : -term;
    }
    return ratioOf(binomial(k, lost) * sum, all);
  });
}

/** P(j successes of n at probability p), j = 0..n: `C(n, j) p^j (1-p)^(n-j)`. */
export function binomialDistribution(n: number, p: number): number[] {
  return Array.from({ length: n + 1 }, (_, j) => Number(binomial(n, j)) * p ** j * (1 - p) ** (n - j));
}

/**
 * P(a name loses exactly j members) when f of all n gateways, drawn at random, are dead: `C(k, j) C(n-k, f-j) / C(n, f)`, for
 * both schemes alike, since a shard is k given members.
 */
export function lostMembersWhenDead(scheme: Scheme, deadCount: number): number[] {
  checkScheme(scheme);
  const [n, k] = [poolSizeOf(scheme), shardSizeOf(scheme)];
  checkCount("dead gateways", deadCount, n);
  const all = binomial(n, deadCount);
  return Array.from({ length: k + 1 }, (_, lost) =>
    ratioOf(binomial(k, lost) * binomial(n - k, deadCount - lost), all),
  );
}

/**
 * P(a name loses exactly j members) when one whole zone is dead and f of the other gateways, drawn at random: 1 member of the
 * dead zone, plus `C(k-1, j-1) C(n-q-k+1, f-j+1) / C(n-q, f)`. Nobody is dead by a zone alone where k > 1.
 */
export function lostMembersInZoneOutage(zoneCount: number, slotCount: number, deadCount = 0): number[] {
  const rest: Scheme = { kind: "any", gatewayCount: (zoneCount - 1) * slotCount, perName: zoneCount - 1 };
  if (zoneCount === 1) return [0, 1];
  return [0, ...lostMembersWhenDead(rest, deadCount)];
}

export interface ChosenGateways {
  /** Share of all names of which every member is chosen. */
  readonly ratio: number;
  /** The most names, of `nameCount`, that any choice of that size can hold wholly. */
  readonly nameCountMax: number;
  /** Gateways taken from each zone. */
  readonly perZone: readonly number[];
}

/**
 * An attacker who chooses the f gateways he takes down. Zoned, his best is to spread them evenly: with f_z in zone z the share
 * of all shards wholly inside is `prod f_z / q`. Whatever he chooses, names that share at most t members are told apart by any
 * t + 1 zones, so at most the least product of t + 1 of the f_z is inside (Singleton bound on the chosen gateways), and 0 if
 * some f_z is 0.
 */
export function chosenGateways(
  zoneCount: number,
  slotCount: number,
  chosenCount: number,
  names: { readonly nameCount: number; readonly overlapMax: number },
): ChosenGateways {
  checkCount("chosen gateways", chosenCount, zoneCount * slotCount);
  const perZone = Array.from(
    { length: zoneCount },
    (_, zone) => Math.floor(chosenCount / zoneCount) + (zone < chosenCount % zoneCount ? 1 : 0),
  );
  const ratio = perZone.reduce((product, count) => product * (count / slotCount), 1);
  const least = [...perZone].sort((one, other) => one - other).slice(0, names.overlapMax + 1);
  const bound = perZone.includes(0) ? 0 : least.reduce((product, count) => product * count, 1);
  return { ratio, nameCountMax: Math.min(bound, names.nameCount), perZone };
}

/**
 * Mean tries until one of k members answers, d of them dead, members tried in random order without repeating:
 * `(k+1) / (k-d+1)`; with d = k it is infinite, for no try ends it.
 */
export function expectedTries(shardSize: number, deadCount: number): number {
  checkCount("dead members", deadCount, shardSize);
  return deadCount === shardSize ? Number.POSITIVE_INFINITY : (shardSize + 1) / (shardSize - deadCount + 1);
}

export interface Birthday {
  /** Expected pairs of names on the very same members: N (N-1) / (2 S). */
  readonly pairCountMean: number;
  /** P(there is such a pair) = 1 - prod (1 - i/S), i < N. */
  readonly probability: number;
  /** Names at which a pair is as likely as not: about sqrt(2 ln 2 S). */
  readonly evenOddsNameCount: number;
}

/**
 * The birthday limit of hashing: what N names drawn at random among S shards collide. A stateless scheme with an overlap
 * guarantee has none of it.
 */
export function birthdayOf(scheme: Scheme, nameCount: number): Birthday {
  const shards = Number(shardCountOf(scheme));
  checkCount("names", nameCount);
  return {
    pairCountMean: ((nameCount / 2) * (nameCount - 1)) / shards,
    probability: -Math.expm1(logNoCollision(shards, nameCount)),
    evenOddsNameCount: Math.ceil(0.5 + Math.sqrt(0.25 + 2 * Math.LN2 * shards)),
  };
}

/** ln prod_(i<N) (1 - i/S): summed for up to four million names, by its series beyond. */
function logNoCollision(shards: number, nameCount: number): number {
  if (nameCount > shards) return Number.NEGATIVE_INFINITY;
  if (nameCount > 2 ** 22) {
    const ratio = nameCount / shards;
    return -nameCount * (ratio / 2 + ratio ** 2 / 6 + ratio ** 3 / 12);
  }
  let sum = 0;
  for (let i = 1; i < nameCount; i += 1) sum += Math.log1p(-i / shards);
  return sum;
}

export interface Sybil {
  /** P(the attacker holds exactly j of a random name's members), j = 0..k. */
  readonly heldMembers: readonly number[];
  /** P(all k): the share of names he could silence, never answer wrongly, since answers are verified. */
  readonly capturedRatio: number;
}

/**
 * Sybil share: an attacker who runs the share s_z of zone z's slots. Zones are independent, so `captured = prod s_z` and the
 * members held follow the Poisson binomial distribution of the s_z.
 */
export function sybilOf(sharePerZone: readonly number[]): Sybil {
  let held = [1];
  for (const share of sharePerZone) {
    if (!(share >= 0 && share <= 1)) throw new ShareOutOfRangeError(share);
    held = [...held, 0].map((value, count) => value * (1 - share) + (count > 0 ? held[count - 1]! * share : 0));
  }
  return { heldMembers: held, capturedRatio: held[sharePerZone.length]! };
}

/**
 * Gateways an attacker must add to each zone of P equal honest ones to capture the share r of all names: `s = r^(1/k)` of each
 * zone, so `ceil(P s / (1 - s))`.
 */
export function sybilGatewaysNeeded(zoneCount: number, honestPerZone: number, capturedRatio: number): number {
  if (!(capturedRatio >= 0 && capturedRatio < 1)) throw new ShareOutOfRangeError(capturedRatio);
  const share = capturedRatio ** (1 / zoneCount);
  return Math.ceil((honestPerZone * share) / (1 - share) - 1e-9);
}

function checkCount(what: string, count: number, max = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isInteger(count) || count < 0 || count > max) throw new CountOutOfRangeError(what, count, max);
}

export class CountOutOfRangeError extends BaseError {
  override readonly name = "Sharding.CountOutOfRangeError";
  constructor(what: string, count: number, max: number) {
    super("SHARDING_COUNT_OUT_OF_RANGE", `${count} ${what}: there can be 0 to ${max}.`);
  }
}

export class ShareOutOfRangeError extends BaseError {
  override readonly name = "Sharding.ShareOutOfRangeError";
  constructor(share: number) {
    super("SHARDING_SHARE_OUT_OF_RANGE", `${share} is no share; it must be from 0 to 1.`);
  }
}
