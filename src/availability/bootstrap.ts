/** Intervals for series whose samples are not independent: outages come in bursts, so whole blocks of time are resampled. */
import { assert } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { CONFIDENCE, type Interval } from "./interval.ts";

export interface BootstrapOptions {
  /** Length of a resampled block, in samples; the cube root of the sample count unless said otherwise. */
  readonly blockLength?: number;
  readonly resamples?: number;
  readonly confidence?: number;
}

/**
 * Percentile interval of a mean by the circular block bootstrap.
 *
 * @example
 * ```ts
 * blockBootstrap(rights.map(Number), seededRandom(1, "bootstrap")); // { low: 0.91, high: 0.97 }
 * ```
 */
export function blockBootstrap(values: readonly number[], random: Random, options: BootstrapOptions = {}): Interval {
  const count = values.length;
  assert(count > 0, "at least one sample");
  const blockLength = Math.min(count, options.blockLength ?? Math.max(1, Math.round(count ** (1 / 3))));
  const resamples = options.resamples ?? 1_000;
  const blocks = Math.ceil(count / blockLength);
  // Sums over [0, i) of the series laid twice end to end give any circular block's sum in two reads.
  const sums = new Float64Array(count * 2 + 1);
  for (let index = 0; index < count * 2; index += 1) sums[index + 1] = sums[index]! + values[index % count]!;
  const means: number[] = [];
  for (let resample = 0; resample < resamples; resample += 1) {
    let sum = 0;
    for (let block = 0; block < blocks; block += 1) {
      const start = random.below(count);
      const length = Math.min(blockLength, count - block * blockLength);
      sum += sums[start + length]! - sums[start]!;
    }
    means.push(sum / count);
  }
  means.sort((left, right) => left - right);
  const tail = (1 - (options.confidence ?? CONFIDENCE)) / 2;
  const at = (ratio: number) => means[Math.min(resamples - 1, Math.max(0, Math.round(ratio * (resamples - 1))))]!;
  return { low: at(tail), high: at(1 - tail) };
}

/** Correlation further apart than this is left out: a long series would take hours. */
const LAGS_MAX = 1_000;

/**
 * How many independent samples an autocorrelated series is worth: n / (1 + 2 sum of autocorrelations), the sum cut at the
 * first that is not positive.
 */
export function effectiveSampleSize(values: readonly number[]): number {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (count < 2 || variance === 0) return count;
  let correlation = 0;
  for (let lag = 1; lag < Math.min(count, LAGS_MAX); lag += 1) {
    let covariance = 0;
    for (let index = lag; index < count; index += 1) {
      covariance += (values[index]! - mean) * (values[index - lag]! - mean);
    }
    if (covariance <= 0) break;
    correlation += covariance / variance;
  }
  return count / (1 + 2 * correlation);
}
