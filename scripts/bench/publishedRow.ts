/** Rows that hold a value against a published one. */
import type { BenchRow } from "./row.ts";

/** A row that holds `value` against a published figure, `tolerance` either way. */
export function near(
  id: string,
  value: number,
  published: number,
  tolerance: number,
  unit: string,
  peer: string,
): BenchRow {
  const ok = Math.abs(value - published) <= tolerance;
  return {
    id,
    value,
    unit,
    peer,
    peerValue: published,
    ratio: null,
    goal: `+- ${Number(tolerance.toPrecision(2))}`,
    ok,
  };
}

/** A row whose published figure is a range, its upper end open where it is infinite. */
export function within(
  id: string,
  value: number,
  range: readonly [number, number],
  unit: string,
  peer: string,
): BenchRow {
  const [low, high] = range;
  const goal = high === Number.POSITIVE_INFINITY ? `>= ${low}` : `${low} to ${high}`;
  return { id, value, unit, peer, peerValue: low, ratio: null, goal, ok: value >= low && value <= high };
}
