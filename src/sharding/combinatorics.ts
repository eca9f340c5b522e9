/** Exact counting with big integers, and the numbering of k-element subsets (the combinatorial number system). */
import { BaseError } from "../base/errors.ts";

/** C(n, k), exactly; 0 where k is outside 0..n. */
export function binomial(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  const small = Math.min(k, n - k);
  let out = 1n;
  for (let i = 1; i <= small; i += 1) out = (out * BigInt(n - small + i)) / BigInt(i);
  return out;
}

/** The number nearest to `numerator / denominator`, right to the last few bits however large or small the quotient. */
export function ratioOf(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  const negative = numerator < 0n !== denominator < 0n;
  const top = numerator < 0n ? -numerator : numerator;
  const bottom = denominator < 0n ? -denominator : denominator;
  // 64 bits of quotient are more than a double keeps.
  const shift = Math.max(0, 64 + bottom.toString(2).length - top.toString(2).length);
  const value = scaled(Number((top << BigInt(shift)) / bottom), -shift);
  return negative ? -value : value;
}

/** `value * 2^exponent` without losing small results to an intermediate underflow. */
function scaled(value: number, exponent: number): number {
  let out = value;
  let left = exponent;
  for (; left < -1000; left += 1000) out *= 2 ** -1000;
  return out * 2 ** left;
}

/**
 * The `rank`-th k-element subset of 0..n-1 in colexicographic order, ascending: the combinadic of `rank`. Every number from 0
 * to C(n, k) - 1 gives another subset, so handing out ranks gives every name a shard of its own until all are used.
 *
 * Throws `SubsetImpossibleError` if k > n, `RankOutOfRangeError` if there is no such subset.
 *
 * @example
 * ```ts
 * unrankCombination(8, 2, 0n); // [0, 1]
 * unrankCombination(8, 2, 27n); // [6, 7]
 * ```
 */
export function unrankCombination(n: number, k: number, rank: bigint): number[] {
  if (!Number.isInteger(k) || k < 1 || k > n) throw new SubsetImpossibleError(n, k);
  const count = binomial(n, k);
  if (rank < 0n || rank >= count) throw new RankOutOfRangeError(rank, n, k, count);
  const out = new Array<number>(k);
  let left = rank;
  let element = n - 1;
  for (let size = k; size > 0; size -= 1) {
    while (binomial(element, size) > left) element -= 1;
    out[size - 1] = element;
    left -= binomial(element, size);
    element -= 1;
  }
  return out;
}

/** The rank of a subset given in ascending order: the inverse of `unrankCombination`, `sum C(element_i, i + 1)`. */
export function rankCombination(subset: readonly number[]): bigint {
  return subset.reduce((rank, element, position) => {
    const before = position === 0 ? -1 : subset[position - 1]!;
    if (!Number.isInteger(element) || element <= before) throw new SubsetOrderError(subset);
    return rank + binomial(element, position + 1);
  }, 0n);
}

/** All k-element subsets of 0..n-1, in colexicographic order. */
export function* combinationsOf(n: number, k: number): Generator<number[]> {
  const count = binomial(n, k);
  for (let rank = 0n; rank < count; rank += 1n) yield unrankCombination(n, k, rank);
}

export class SubsetImpossibleError extends BaseError {
  override readonly name = "Sharding.SubsetImpossibleError";
  constructor(n: number, k: number) {
    super("SHARDING_SUBSET_IMPOSSIBLE", `There is no shard of ${k} members out of ${n}.`, {
      metaMessages: [`The size must be a whole number from 1 to ${n}; a shard is never made shorter than asked.`],
    });
  }
}

export class RankOutOfRangeError extends BaseError {
  override readonly name = "Sharding.RankOutOfRangeError";
  constructor(rank: bigint, n: number, k: number, count: bigint) {
    super(
      "SHARDING_RANK_OUT_OF_RANGE",
      `There is no shard number ${rank}: ${k} of ${n} makes C(${n}, ${k}) = ${count}.`,
      {
        metaMessages: [`Numbers run from 0 to ${count - 1n}.`],
      },
    );
  }
}

export class SubsetOrderError extends BaseError {
  override readonly name = "Sharding.SubsetOrderError";
  constructor(subset: readonly number[]) {
    super("SHARDING_SUBSET_ORDER", `[${subset.join(", ")}] is not an ascending list of distinct whole numbers.`);
  }
}
