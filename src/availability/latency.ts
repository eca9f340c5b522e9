/** Latency where a probe that never ended weighs as infinity instead of vanishing. */
import { isRight, type Observation } from "./observation.ts";

/** Latencies in ascending order, with `Infinity` for every probe that brought no right answer. */
export function latencies(observations: readonly Observation[]): number[] {
  return observations
    .map((observation) => (isRight(observation) ? observation.latencyMs : Number.POSITIVE_INFINITY))
    .sort((left, right) => left - right);
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
