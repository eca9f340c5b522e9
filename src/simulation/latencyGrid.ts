/**
 * A latency distribution as a few weighted points. The simulated network draws from these, so that many probes meet exactly
 * the same circumstances and what was worked out for one holds for all of them.
 */
import { seededRandom } from "../base/random.ts";
import { type Distribution, drawMs } from "./distribution.ts";

/** Shares of the points, from the fastest to the slowest; the last two keep the tail. */
const SHARES = [0.35, 0.35, 0.2, 0.08, 0.02] as const;
const DRAWS = 10_000;

export interface LatencyGrid {
  /** In milliseconds, ascending. */
  readonly points: readonly number[];
  /** The point of a uniform ratio in [0, 1). */
  pointOf(ratio: number): number;
}

const known = new Map<string, LatencyGrid>();

/** The grid of a distribution shifted by `addedMs`; each point is the median of the share it stands for. */
export function latencyGrid(distribution: Distribution, addedMs: number): LatencyGrid {
  const key = `${JSON.stringify(distribution)}/${addedMs}`;
  let grid = known.get(key);
  if (grid === undefined) {
    grid = makeGrid(distribution, addedMs);
    known.set(key, grid);
  }
  return grid;
}

function makeGrid(distribution: Distribution, addedMs: number): LatencyGrid {
  const random = seededRandom(0, JSON.stringify(distribution));
  const draws = Float64Array.from({ length: DRAWS }, () => drawMs(distribution, random)).sort();
  let from = 0;
  const points = SHARES.map((share) => {
    const middle = draws[Math.floor((from + share / 2) * DRAWS)]!;
    from += share;
    return Math.round((middle + addedMs) * 10) / 10;
  });
  return {
    points,
    pointOf(ratio) {
      let left = ratio;
      for (let index = 0; index < SHARES.length - 1; index += 1) {
        left -= SHARES[index]!;
        if (left < 0) return points[index]!;
      }
      return points.at(-1)!;
    },
  };
}
