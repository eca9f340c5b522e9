/**
 * Recursive sharding: a name's gateways shard its subnames among themselves in the same way, so that an attack on one subname
 * leaves its siblings served.
 */
import { BaseError } from "../base/errors.ts";
import { combinationsOf, SubsetImpossibleError } from "./combinatorics.ts";
import { createFamily, type Family } from "./family.ts";

/** Larger parents would have too many subsets to list. */
export const PARENT_SIZE_MAX = 16;

const orders = new Map<string, readonly (readonly number[])[]>();

/**
 * The members of a subname: `size` of its parent's gateways. Successive indices take the least loaded, least recently used subsets
 * first, so every prefix of subnames loads the parent's members as evenly as possible; after C(k, size) indices it begins anew.
 *
 * Throws `SubsetImpossibleError`, `ParentTooLargeError`.
 *
 * @example
 * ```ts
 * subnameMembers([11, 22, 33, 44], { size: 2, index: 0 }); // [11, 22]
 * subnameMembers([11, 22, 33, 44], { size: 2, index: 1 }); // [33, 44]
 * ```
 */
export function subnameMembers<Member>(parent: readonly Member[], options: subnameMembers.Options): Member[] {
  const { size, index } = options;
  if (parent.length > PARENT_SIZE_MAX) throw new ParentTooLargeError(parent.length);
  if (!Number.isInteger(size) || size < 1 || size > parent.length) throw new SubsetImpossibleError(parent.length, size);
  const key = `${parent.length},${size}`;
  let order = orders.get(key);
  if (!order) {
    order = evenOrder(parent.length, size);
    orders.set(key, order);
  }
  return order[index % order.length]!.map((place) => parent[place]!);
}

export declare namespace subnameMembers {
  interface Options {
    /** Members a subname keeps. */
    readonly size: number;
    /** The subname's own number under its parent, from 0. */
    readonly index: number;
  }
}

/** All subsets, each next one with the least loaded members, and among equals the least overlap with the one before. */
function evenOrder(n: number, size: number): number[][] {
  const left = [...combinationsOf(n, size)];
  const loads = new Array<number>(n).fill(0);
  const out: number[][] = [];
  while (left.length > 0) {
    const last = out[out.length - 1] ?? [];
    const costOf = (subset: readonly number[]) =>
      subset.reduce(
        (sum, place) => sum + loads[place]! ** 2 * n + 2 * loads[place]! * n + (last.includes(place) ? 1 : 0),
        0,
      );
    let best = 0;
    let bestCost = Number.POSITIVE_INFINITY;
    left.forEach((subset, position) => {
      const cost = costOf(subset);
      if (cost < bestCost) [best, bestCost] = [position, cost];
    });
    const [chosen] = left.splice(best, 1);
    for (const place of chosen!) loads[place] = loads[place]! + 1;
    out.push(chosen!);
  }
  return out;
}

export interface CellShard<Member> {
  readonly gateway: Member;
  /** A worker, queue or process of that gateway, 0 up. */
  readonly cell: number;
}

/**
 * One level further down: every gateway of the parent splits itself into `cellCount` cells (workers, queues), and each subname has
 * one cell on each gateway. It keeps all of its parent's gateways, and two of the first `cellCount^(t+1)` subnames share at
 * most t cells (`createFamily`).
 *
 * Throws what `createFamily` throws: `cellCount` must be a prime power of at least the parent's size.
 */
export function cellShards<Member>(
  parent: readonly Member[],
  options: { readonly cellCount: number; readonly overlapMax: number },
): { readonly family: Family; readonly shardOf: (index: number | bigint) => CellShard<Member>[] } {
  const family = createFamily({
    zoneCount: parent.length,
    slotCount: options.cellCount,
    overlapMax: options.overlapMax,
  });
  return {
    family,
    shardOf: (index) => family.shardOf(index).map((cell, place) => ({ gateway: parent[place]!, cell })),
  };
}

export class ParentTooLargeError extends BaseError {
  override readonly name = "Sharding.ParentTooLargeError";
  constructor(size: number) {
    super(
      "SHARDING_PARENT_TOO_LARGE",
      `A parent of ${size} gateways is too large to list its subsets; at most ${PARENT_SIZE_MAX}.`,
    );
  }
}
