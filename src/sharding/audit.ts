/**
 * Audit: how much every pair of many names has in common, counted exactly without looking at pairs.
 *
 * For each set T of zones the names are grouped by their slots in T; `S_j` is the number of pairs in a common group, summed over
 * all T of j zones. A pair that shares exactly i members is counted `C(i, j)` times in `S_j`, so
 * `E_i = sum_(j>=i) (-1)^(j-i) C(j, i) S_j` pairs share exactly i. Grouping a million names takes 15 passes, not 5 x 10^11 pairs.
 */
import { BaseError } from "../base/errors.ts";
import { binomial, combinationsOf } from "./combinatorics.ts";

/** A column per zone: the member of every name there. */
export type Columns = readonly Uint16Array[];

export interface Census {
  readonly nameCount: number;
  /** Pairs of names that share exactly i members, i = 0..k. */
  readonly pairCounts: readonly number[];
}

/** Up to this many groups are counted in a table; more are sorted. */
const TABLE_SIZE_MAX = 2 ** 22;

/**
 * Counts the pairs of names by the members they share. `sizes` are bounds of the members' numbers by zone.
 *
 * Throws `ColumnsMismatchError`.
 */
export function overlapCensus(columns: Columns, sizes: readonly number[]): Census {
  const zoneCount = columns.length;
  const nameCount = columns[0]?.length ?? 0;
  if (sizes.length !== zoneCount || columns.some((column) => column.length !== nameCount)) {
    throw new ColumnsMismatchError(columns.map((column) => column.length));
  }
  const sums = [pairsOf(nameCount)];
  for (let size = 1; size <= zoneCount; size += 1) {
    let sum = 0;
    for (const zones of combinationsOf(zoneCount, size)) sum += collidingPairs(columns, sizes, zones);
    sums.push(sum);
  }
  const pairCounts = sums.map((_, shared) => {
    let exact = 0;
    for (let size = shared; size <= zoneCount; size += 1) {
      exact +=
        (size - shared) % 2 === 0
          ? Number(binomial(size, shared)) * sums[size]!
          : -Number(binomial(size, shared)) * sums[size]!;
    }
    return exact;
  });
  return { nameCount, pairCounts };
}

function pairsOf(count: number): number {
  return (count / 2) * (count - 1);
}

function collidingPairs(columns: Columns, sizes: readonly number[], zones: readonly number[]): number {
  const space = zones.reduce((product, zone) => product * sizes[zone]!, 1);
  const keys = keysOf(columns, sizes, zones, space);
  if (space <= TABLE_SIZE_MAX) {
    const counts = new Uint32Array(space);
    for (const key of keys) counts[key]! += 1;
    return counts.reduce((sum, count) => sum + pairsOf(count), 0);
  }
  keys.sort();
  let sum = 0;
  for (let start = 0; start < keys.length; ) {
    let end = start + 1;
    while (end < keys.length && keys[end] === keys[start]) end += 1;
    sum += pairsOf(end - start);
    start = end;
  }
  return sum;
}

function keysOf(
  columns: Columns,
  sizes: readonly number[],
  zones: readonly number[],
  space: number,
): Uint32Array | Float64Array {
  const nameCount = columns[0]?.length ?? 0;
  const keys = space <= 2 ** 32 ? new Uint32Array(nameCount) : new Float64Array(nameCount);
  for (const zone of zones) {
    const column = columns[zone]!;
    const size = sizes[zone]!;
    for (let name = 0; name < nameCount; name += 1) keys[name] = keys[name]! * size + column[name]!;
  }
  return keys;
}

/** Two names that share more than they should. Positions, not indices. */
export interface PairBeyond {
  readonly left: number;
  readonly right: number;
  readonly shared: number;
}

/**
 * Every pair that shares more than `overlapMax` members, up to `limit`, by position, ascending. Two names share more than t members
 * exactly if they agree on some t + 1 zones.
 */
export function pairsBeyond(
  columns: Columns,
  sizes: readonly number[],
  overlapMax: number,
  limit: number,
): PairBeyond[] {
  if (overlapMax >= columns.length) return [];
  const found = new Map<string, PairBeyond>();
  for (const zones of combinationsOf(columns.length, overlapMax + 1)) {
    const space = zones.reduce((product, zone) => product * sizes[zone]!, 1);
    for (const group of groupsOf(keysOf(columns, sizes, zones, space))) {
      for (let one = 0; one < group.length && found.size < limit; one += 1) {
        for (let other = one + 1; other < group.length && found.size < limit; other += 1) {
          const [left, right] = [group[one]!, group[other]!];
          const shared = columns.filter((column) => column[left] === column[right]).length;
          found.set(`${left},${right}`, { left, right, shared });
        }
      }
    }
  }
  return [...found.values()].sort((one, other) => one.left - other.left || one.right - other.right);
}

/** Positions that have their key in common with others, by key. */
function groupsOf(keys: Uint32Array | Float64Array): Iterable<number[]> {
  const sorted = keys.slice().sort();
  const repeated = new Set<number>();
  for (let position = 1; position < sorted.length; position += 1) {
    if (sorted[position] === sorted[position - 1]) repeated.add(sorted[position]!);
  }
  const groups = new Map<number, number[]>();
  if (repeated.size === 0) return groups.values();
  keys.forEach((key, position) => {
    if (!repeated.has(key)) return;
    const group = groups.get(key);
    if (group) group.push(position);
    else groups.set(key, [position]);
  });
  return groups.values();
}

export class ColumnsMismatchError extends BaseError {
  override readonly name = "Sharding.ColumnsMismatchError";
  constructor(lengths: readonly number[]) {
    super(
      "SHARDING_COLUMNS_MISMATCH",
      `Every zone needs a column of the same length and a size; lengths are ${lengths.join(", ")}.`,
    );
  }
}
