/** Latency where a probe that never ended weighs as infinity instead of vanishing. */
import { log, power } from "../base/elementary.ts";
import { isRight, type Observation } from "./observation.ts";

/** Latencies of many probes, in little memory. */
export interface LatencySketch {
  /** `Infinity` for a probe that brought no right answer. */
  add(latencyMs: number): void;
  /** As `quantile`: exact up to the count it was made for, within `LATENCY_ERROR` beyond. */
  quantile(ratio: number): number | null;
  cdf(): CdfPoint[];
}

/** How far a latency out of a full sketch may be off. */
export const LATENCY_ERROR = 0.01;
const FINEST_MS = 0.01;
const RATIO = (1 + LATENCY_ERROR) / (1 - LATENCY_ERROR);
/** From a hundredth of a millisecond to a quarter of an hour. */
const BUCKETS = Math.ceil(log(1e6 / FINEST_MS) / log(RATIO)) + 1;

/** Keeps up to `exactMax` latencies as they are, and more of them as counts on a logarithmic scale. */
export function createLatencySketch(exactMax = Number.POSITIVE_INFINITY): LatencySketch {
  let exact: number[] = [];
  let buckets: Uint32Array | undefined;
  let count = 0;
  const bucketOf = (latencyMs: number) =>
    Math.min(BUCKETS - 1, Math.max(0, Math.round(log(latencyMs / FINEST_MS) / log(RATIO))));
  const put = (latencyMs: number) => {
    if (Number.isFinite(latencyMs)) buckets![bucketOf(latencyMs)]! += 1;
  };
  /** Every latency with how many have it, ascending; infinite ones only where all are kept as they are. */
  const steps = (): (readonly [number, number])[] => {
    if (buckets === undefined) return exact.sort((left, right) => left - right).map((latencyMs) => [latencyMs, 1]);
    return [...buckets].flatMap((many, bucket) =>
      many === 0 ? [] : [[FINEST_MS * power(RATIO, bucket), many] as const],
    );
  };
  return {
    add(latencyMs) {
      count += 1;
      if (buckets !== undefined) return put(latencyMs);
      exact.push(latencyMs);
      if (exact.length <= exactMax) return;
      buckets = new Uint32Array(BUCKETS);
      for (const one of exact) put(one);
      exact = [];
    },
    quantile(ratio) {
      let left = Math.max(1, Math.ceil(ratio * count - 1e-9));
      for (const [latencyMs, many] of steps()) {
        left -= many;
        if (left <= 0) return Number.isFinite(latencyMs) ? latencyMs : null;
      }
      return null;
    },
    cdf() {
      if (buckets === undefined) return latencyCdf(steps().map(([latencyMs]) => latencyMs));
      let within = 0;
      return steps().map(([latencyMs, many]) => {
        within += many;
        return { latencyMs, share: within / count };
      });
    },
  };
}

/** What a probe's latency counts as: infinity where it brought no right answer. */
export function latencyOf(observation: Pick<Observation, "outcome" | "latencyMs">): number {
  return isRight(observation) ? observation.latencyMs : Number.POSITIVE_INFINITY;
}

/** Latencies in ascending order, with `Infinity` for every probe that brought no right answer. */
export function latencies(observations: readonly Observation[]): number[] {
  return observations.map(latencyOf).sort((left, right) => left - right);
}

/**
 * The `ratio` quantile of ascending values: the smallest that at least that share does not exceed. `null` stands for
 * infinity: more than `1 - ratio` of the probes never brought an answer, or there were none.
 */
export function quantile(ascending: readonly number[], ratio: number): number | null {
  const index = Math.max(0, Math.ceil(ratio * ascending.length - 1e-9) - 1);
  const value = ascending[index];
  return value === undefined || !Number.isFinite(value) ? null : value;
}

export interface CdfPoint {
  readonly latencyMs: number;
  /** Share of all probes answered within `latencyMs`. */
  readonly share: number;
}

/** The cumulative distribution over all probes; it ends below 1 where some were never answered. */
export function latencyCdf(ascending: readonly number[], pointsMax = 200): CdfPoint[] {
  const finite = ascending.filter(Number.isFinite);
  const step = Math.max(1, Math.ceil(finite.length / pointsMax));
  const points: CdfPoint[] = [];
  for (let index = step - 1; index < finite.length; index += step) {
    points.push({ latencyMs: finite[index]!, share: (index + 1) / ascending.length });
  }
  const last = finite.at(-1);
  if (last !== undefined && points.at(-1)?.latencyMs !== last) {
    points.push({ latencyMs: last, share: finite.length / ascending.length });
  }
  return points;
}
