/**
 * A lattice of fault domains: every gateway has coordinates (region, operator, implementation, …), and a shard has no two members
 * that agree in any of them, so no failure of one domain costs a name more than one member.
 */
import { BaseError } from "../base/errors.ts";
import { seededRandom, shuffled } from "../base/random.ts";

export interface LatticeGateway {
  readonly id: number;
  /** By dimension: `{ region: "eu", operator: "acme", implementation: "holdfast" }`. */
  readonly domains: Readonly<Record<string, string>>;
}

export interface Lattice {
  readonly dimensions: readonly string[];
  readonly gateways: readonly LatticeGateway[];
}

/** What fails together. */
export type Failure =
  /** Every gateway with this value in this dimension. */
  | { readonly kind: "domain"; readonly dimension: string; readonly value: string }
  /** These gateways. */
  | { readonly kind: "gateways"; readonly ids: readonly number[] }
  /** Every gateway of these names. */
  | { readonly kind: "names"; readonly names: readonly string[] };

export interface FailureReport {
  /** Gateways that are down, ascending. */
  readonly deadGateways: readonly number[];
  /** For every name, how many members it lost. */
  readonly lostMembers: ReadonlyMap<string, number>;
  /** Names by number of lost members, 0..k. */
  readonly nameCounts: readonly number[];
  /** Names with no member left, in the order given. */
  readonly deadNames: readonly string[];
}

/** A lattice. Throws `MissingDomainError` where a gateway lacks a coordinate. */
export function createLattice(dimensions: readonly string[], gateways: readonly LatticeGateway[]): Lattice {
  for (const gateway of gateways) {
    for (const dimension of dimensions) {
      if (gateway.domains[dimension] === undefined) throw new MissingDomainError(gateway.id, dimension);
    }
  }
  return { dimensions, gateways };
}

/** The distinct values of a dimension. Throws `UnknownDimensionError`. */
export function domainsOf(lattice: Lattice, dimension: string): string[] {
  if (!lattice.dimensions.includes(dimension)) throw new UnknownDimensionError(dimension, lattice.dimensions);
  return [...new Set(lattice.gateways.map((gateway) => gateway.domains[dimension]!))].sort();
}

/** Steps of the search for one shard. */
const SEARCH_STEPS_MAX = 100_000;

/**
 * The shard of a key: `size` gateways of which no two share a domain in any dimension, the same for the same seed and key. It
 * backtracks, so cells of the lattice may be empty and domains of any size; a shard is found whenever there is one within the
 * search limit.
 *
 * Throws `TooFewDomainsError` where a dimension has fewer values than the shard members (pigeonhole), `NoLatticeShardError` where
 * the coordinates exclude each other.
 *
 * @example
 * ```ts
 * const lattice = createLattice(["region", "operator"], [
 *   { id: 1, domains: { region: "eu", operator: "a" } },
 *   { id: 2, domains: { region: "us", operator: "a" } },
 *   { id: 3, domains: { region: "us", operator: "b" } },
 * ]);
 * latticeShard(lattice, { size: 2, key: "shop.hold", seed: 1 }); // [1, 3]: the only two that share nothing
 * ```
 */
export function latticeShard(lattice: Lattice, options: latticeShard.Options): number[] {
  const { size, key, seed } = options;
  for (const dimension of lattice.dimensions) {
    const count = domainsOf(lattice, dimension).length;
    if (!Number.isInteger(size) || size < 1 || size > count) throw new TooFewDomainsError(dimension, count, size);
  }
  if (size > lattice.gateways.length) throw new TooFewDomainsError("gateways", lattice.gateways.length, size);
  const order = shuffled(seededRandom(seed, `lattice/${key}`), lattice.gateways);
  const taken = new Set<string>();
  const shard: LatticeGateway[] = [];
  let steps = 0;
  const tagsOf = (gateway: LatticeGateway) =>
    lattice.dimensions.map((dimension) => `${dimension}=${gateway.domains[dimension]}`);
  const extend = (from: number): boolean => {
    if (shard.length === size) return true;
    for (let position = from; position <= order.length - (size - shard.length); position += 1) {
      steps += 1;
      if (steps > SEARCH_STEPS_MAX) return false;
      const gateway = order[position]!;
      const tags = tagsOf(gateway);
      if (tags.some((tag) => taken.has(tag))) continue;
      for (const tag of tags) taken.add(tag);
      shard.push(gateway);
      if (extend(position + 1)) return true;
      shard.pop();
      for (const tag of tags) taken.delete(tag);
    }
    return false;
  };
  if (!extend(0)) throw new NoLatticeShardError(size, lattice.dimensions);
  return shard.map((gateway) => gateway.id).sort((one, other) => one - other);
}

export declare namespace latticeShard {
  interface Options {
    /** Members of the shard. */
    readonly size: number;
    readonly key: string;
    readonly seed: number | string;
  }
}

/**
 * What a failure costs, exactly: for every name the number of its members that are down.
 *
 * Throws `UnknownDimensionError`, `UnknownDomainError`, `UnknownNameError`.
 */
export function simulateFailure(
  lattice: Lattice,
  shards: ReadonlyMap<string, readonly number[]>,
  failure: Failure,
): FailureReport {
  const dead = new Set(deadOf(lattice, shards, failure));
  const lostMembers = new Map<string, number>();
  const nameCounts: number[] = [];
  const deadNames: string[] = [];
  for (const [name, members] of shards) {
    const lost = members.reduce((count, member) => count + (dead.has(member) ? 1 : 0), 0);
    lostMembers.set(name, lost);
    while (nameCounts.length <= members.length) nameCounts.push(0);
    nameCounts[lost] = nameCounts[lost]! + 1;
    if (lost === members.length) deadNames.push(name);
  }
  return { deadGateways: [...dead].sort((one, other) => one - other), lostMembers, nameCounts, deadNames };
}

function deadOf(lattice: Lattice, shards: ReadonlyMap<string, readonly number[]>, failure: Failure): number[] {
  switch (failure.kind) {
    case "gateways":
      return [...failure.ids];
    case "domain": {
      const values = domainsOf(lattice, failure.dimension);
      if (!values.includes(failure.value)) throw new UnknownDomainError(failure.dimension, failure.value, values);
      return lattice.gateways
        .filter((gateway) => gateway.domains[failure.dimension] === failure.value)
        .map((gateway) => gateway.id);
    }
    case "names":
      return failure.names.flatMap((name) => {
        const members = shards.get(name);
        if (!members) throw new UnknownNameError(name);
        return [...members];
      });
  }
}

export class MissingDomainError extends BaseError {
  override readonly name = "Sharding.MissingDomainError";
  constructor(id: number, dimension: string) {
    super("SHARDING_MISSING_DOMAIN", `Gateway ${id} has no ${dimension}.`);
  }
}

export class UnknownDimensionError extends BaseError {
  override readonly name = "Sharding.UnknownDimensionError";
  constructor(dimension: string, dimensions: readonly string[]) {
    super(
      "SHARDING_UNKNOWN_DIMENSION",
      `The lattice has no dimension "${dimension}"; it has ${dimensions.join(", ")}.`,
    );
  }
}

export class UnknownDomainError extends BaseError {
  override readonly name = "Sharding.UnknownDomainError";
  constructor(dimension: string, value: string, values: readonly string[]) {
    super("SHARDING_UNKNOWN_DOMAIN", `No gateway has ${dimension} "${value}"; there are ${values.join(", ")}.`);
  }
}

export class UnknownNameError extends BaseError {
  override readonly name = "Sharding.UnknownNameError";
  constructor(name: string) {
    super("SHARDING_UNKNOWN_NAME", `"${name}" has no shard here.`);
  }
}

export class TooFewDomainsError extends BaseError {
  override readonly name = "Sharding.TooFewDomainsError";
  constructor(dimension: string, count: number, size: number) {
    super("SHARDING_TOO_FEW_DOMAINS", `A shard of ${size} members does not fit: there are ${count} of ${dimension}.`, {
      metaMessages: [
        `By the pigeonhole principle two of ${size} members would share a ${dimension}; sizes 1 to ${count} are possible.`,
      ],
    });
  }
}

export class NoLatticeShardError extends BaseError {
  override readonly name = "Sharding.NoLatticeShardError";
  constructor(size: number, dimensions: readonly string[]) {
    super("SHARDING_NO_LATTICE_SHARD", `No ${size} gateways differ pairwise in ${dimensions.join(", ")}.`, {
      metaMessages: ["Add gateways that combine other domains, ask for fewer members, or drop a dimension."],
    });
  }
}
