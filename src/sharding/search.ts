/** Shards for irregular fleets: a stateful search that keeps an overlap cap. */
import { BaseError } from "../base/errors.ts";
import { type Random, seededRandom, shuffled } from "../base/random.ts";
import { binomial, combinationsOf } from "./combinatorics.ts";
import { ExhaustedSchemeError } from "./family.ts";

/** One fault domain: its members, and how many of them each shard takes. */
export interface Domain<Member> {
  readonly members: readonly Member[];
  /** 1 if left out. */
  readonly perShard?: number;
}

export interface Searcher<Member> {
  /** Members of a shard. */
  readonly shardSize: number;
  /** No scheme that keeps the cap places more: a packing bound, see `createSearcher`. */
  readonly capacityMax: bigint;
  /** Shards handed out so far. */
  readonly assignedCount: number;
  /** A shard that shares at most t members with every one handed out. Throws `ExhaustedSchemeError`. */
  assign(): Member[];
  /** Takes a shard handed out before into account, as after a restart. Throws `OverlapExceededError`, `UnknownMemberError`. */
  restore(shard: readonly Member[]): void;
  /** Gives a shard back. Throws `UnknownShardError`. */
  release(shard: readonly Member[]): void;
}

/** Random tries before the search goes through all choices in order. */
const RANDOM_TRIES = 64;
/** Steps of the ordered search before it gives up; a greedy packing cannot be completed in general anyway. */
const SEARCH_STEPS_MAX = 200_000;

/**
 * Hands out shards over domains of any size, two sharing at most `overlapMax` members. It remembers every (t+1)-subset of the
 * shards it gave: two shards share more than t members exactly if they have a (t+1)-subset in common.
 *
 * Bound: each shard uses up its own (t+1)-subsets, so for one domain at most `C(n, t+1) / C(k, t+1)` shards exist; for one member
 * each from several domains at most the product of the t+1 smallest domains (Singleton bound, mixed alphabet). A greedy
 * search usually ends earlier; then it says so.
 *
 * Throws `DomainTooSmallError`, `DuplicateMemberError`, `OverlapCapError`.
 *
 * @example
 * ```ts
 * const domains = [{ members: ["a1", "a2"] }, { members: ["b1", "b2", "b3"] }, { members: ["c1", "c2", "c3"] }];
 * const searcher = createSearcher({ domains, overlapMax: 1, seed: 1 });
 * searcher.capacityMax; // 6n
 * searcher.assign(); // for example ["a2", "b1", "c3"]
 * ```
 */
export function createSearcher<Member>(options: createSearcher.Options<Member>): Searcher<Member> {
  const { domains, overlapMax, seed } = options;
  const shardSize = domains.reduce((sum, domain) => sum + (domain.perShard ?? 1), 0);
  if (!Number.isInteger(overlapMax) || overlapMax < 0 || overlapMax >= shardSize) {
    throw new OverlapCapError(overlapMax, shardSize);
  }
  const numbers = numberMembers(domains);
  const members = [...numbers.keys()];
  const random = seededRandom(seed, "sharding/search");
  const used = new Set<string>();
  const shards = new Set<string>();
  const capacityMax = packingBound(domains, overlapMax);
  const subsets = [...combinationsOf(shardSize, overlapMax + 1)];
  const keysOf = (shard: readonly number[]) => subsets.map((subset) => subset.map((place) => shard[place]).join(","));
  const numbersOf = (shard: readonly Member[]) => {
    const found = shard.map((member) => numbers.get(member));
    const unknown = found.indexOf(undefined);
    if (unknown !== -1 || shard.length !== shardSize) throw new UnknownMemberError(String(shard[unknown]), shardSize);
    return (found as number[]).sort((one, other) => one - other);
  };
  const take = (shard: readonly number[]) => {
    for (const key of keysOf(shard)) used.add(key);
    shards.add(shard.join(","));
  };
  return {
    shardSize,
    capacityMax,
    get assignedCount() {
      return shards.size;
    },
    assign() {
      const shard = searchShard(choicesOf(domains, numbers), overlapMax, used, random);
      if (!shard)
        throw new ExhaustedSchemeError(
          shards.size,
          `greedy search; no scheme with overlap ${overlapMax} exceeds ${capacityMax}`,
        );
      take(shard);
      return shard.map((number) => members[number]!);
    },
    restore(shard) {
      const found = numbersOf(shard);
      if (keysOf(found).some((key) => used.has(key))) throw new OverlapExceededError(shard.map(String), overlapMax);
      take(found);
    },
    release(shard) {
      const found = numbersOf(shard);
      if (!shards.delete(found.join(","))) throw new UnknownShardError(shard.map(String));
      for (const key of keysOf(found)) used.delete(key);
    },
  };
}

export declare namespace createSearcher {
  interface Options<Member> {
    readonly domains: readonly Domain<Member>[];
    /** Members two shards may share; t. */
    readonly overlapMax: number;
    readonly seed: number | string;
  }
}

function numberMembers<Member>(domains: readonly Domain<Member>[]): Map<Member, number> {
  const numbers = new Map<Member, number>();
  domains.forEach((domain, position) => {
    for (const member of domain.members) {
      if (numbers.has(member)) throw new DuplicateMemberError(String(member));
      numbers.set(member, numbers.size);
    }
    const wanted = domain.perShard ?? 1;
    if (!Number.isInteger(wanted) || wanted < 1 || domain.members.length < wanted) {
      throw new DomainTooSmallError(position, domain.members.length, wanted);
    }
  });
  return numbers;
}

/** The domain of each place of a shard, as member numbers. */
function choicesOf<Member>(domains: readonly Domain<Member>[], numbers: ReadonlyMap<Member, number>): number[][] {
  return domains.flatMap((domain) => {
    const own = domain.members.map((member) => numbers.get(member)!);
    return Array.from({ length: domain.perShard ?? 1 }, () => own);
  });
}

function packingBound<Member>(domains: readonly Domain<Member>[], overlapMax: number): bigint {
  const subsetSize = overlapMax + 1;
  if (domains.every((domain) => (domain.perShard ?? 1) === 1)) {
    const sizes = domains.map((domain) => domain.members.length).sort((one, other) => one - other);
    return sizes.slice(0, subsetSize).reduce((product, size) => product * BigInt(size), 1n);
  }
  // The (t+1)-subsets with a given number from each domain: existing ones over those one shard uses; the least ratio binds.
  let bound: bigint | undefined;
  for (const split of splitsOf(
    subsetSize,
    domains.map((domain) => domain.perShard ?? 1),
  )) {
    const exist = split.reduce((product, part, place) => product * binomial(domains[place]!.members.length, part), 1n);
    const perShard = split.reduce(
      (product, part, place) => product * binomial(domains[place]!.perShard ?? 1, part),
      1n,
    );
    const ratio = exist / perShard;
    if (bound === undefined || ratio < bound) bound = ratio;
  }
  return bound ?? 0n;
}

function* splitsOf(total: number, limits: readonly number[]): Generator<number[]> {
  const [limit, ...rest] = limits;
  if (limit === undefined) {
    if (total === 0) yield [];
    return;
  }
  for (let part = 0; part <= Math.min(limit, total); part += 1) {
    for (const others of splitsOf(total - part, rest)) yield [part, ...others];
  }
}

/**
 * First random shards; when these fail, depth first over the places of a shard, members in random order, leaving a branch once a
 * used subset is complete.
 */
function searchShard(
  choices: readonly (readonly number[])[],
  overlapMax: number,
  used: ReadonlySet<string>,
  random: Random,
): number[] | undefined {
  const subsetsEndingAt = choices.map((_, place) =>
    place < overlapMax
      ? []
      : [...combinationsOf(place + 1, overlapMax + 1)].filter((subset) => subset[overlapMax] === place),
  );
  let steps = 0;
  const fits = (shard: readonly number[]) =>
    subsetsEndingAt[shard.length - 1]!.every((subset) => !used.has(subset.map((place) => shard[place]).join(",")));
  const extend = (shard: readonly number[]): number[] | undefined => {
    if (shard.length === choices.length) return [...shard];
    for (const member of orders[shard.length]!) {
      steps += 1;
      if (steps > SEARCH_STEPS_MAX) return undefined;
      // Members of one domain are taken in ascending order, so that a set is met once.
      const last = shard[shard.length - 1];
      if (last !== undefined && member <= last) continue;
      const next = [...shard, member];
      if (!fits(next)) continue;
      const whole = extend(next);
      if (whole) return whole;
    }
    return undefined;
  };
  for (let round = 0; round < RANDOM_TRIES; round += 1) {
    const shard = sampleShard(choices, random);
    if (shard.every((_, place) => fits(shard.slice(0, place + 1)))) return shard;
  }
  const orders = choices.map((own) => shuffled(random, own));
  return extend([]);
}

/** Distinct random members, ascending. */
function sampleShard(choices: readonly (readonly number[])[], random: Random): number[] {
  const taken = new Set<number>();
  for (const own of choices) {
    let member = own[random.below(own.length)]!;
    // Ends: a domain has at least as many members as the shard takes of it.
    while (taken.has(member)) member = own[random.below(own.length)]!;
    taken.add(member);
  }
  return [...taken].sort((one, other) => one - other);
}

export class DomainTooSmallError extends BaseError {
  override readonly name = "Sharding.DomainTooSmallError";
  constructor(position: number, memberCount: number, wanted: number) {
    super(
      "SHARDING_DOMAIN_TOO_SMALL",
      `Domain ${position} has ${memberCount} members; a shard takes ${wanted} of it.`,
      {
        metaMessages: [`From 1 to ${memberCount} can be taken; a shard is never made shorter than asked.`],
      },
    );
  }
}

export class DuplicateMemberError extends BaseError {
  override readonly name = "Sharding.DuplicateMemberError";
  constructor(member: string) {
    super("SHARDING_DUPLICATE_MEMBER", `"${member}" is listed twice; a member belongs to one domain, once.`);
  }
}

export class OverlapCapError extends BaseError {
  override readonly name = "Sharding.OverlapCapError";
  constructor(overlapMax: number, shardSize: number) {
    super("SHARDING_OVERLAP_CAP", `${overlapMax} is no overlap cap for shards of ${shardSize} members.`, {
      metaMessages: [
        `It must be a whole number from 0 to ${shardSize - 1}; at ${shardSize} two names may be on the same members.`,
      ],
    });
  }
}

export class OverlapExceededError extends BaseError {
  override readonly name = "Sharding.OverlapExceededError";
  constructor(shard: readonly string[], overlapMax: number) {
    super(
      "SHARDING_OVERLAP_EXCEEDED",
      `[${shard.join(", ")}] shares more than ${overlapMax} members with a shard in use.`,
    );
  }
}

export class UnknownMemberError extends BaseError {
  override readonly name = "Sharding.UnknownMemberError";
  constructor(member: string, shardSize: number) {
    super("SHARDING_UNKNOWN_MEMBER", `"${member}" is in no domain, or the shard does not have ${shardSize} members.`);
  }
}

export class UnknownShardError extends BaseError {
  override readonly name = "Sharding.UnknownShardError";
  constructor(shard: readonly string[]) {
    super("SHARDING_UNKNOWN_SHARD", `[${shard.join(", ")}] was not handed out.`);
  }
}
