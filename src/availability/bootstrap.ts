/** Intervals for series whose samples are not independent: outages come in bursts, so whole blocks of time are resampled. */
import { power } from "../base/elementary.ts";
import { assert } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { CONFIDENCE, clopperPearson, type Interval, wilsonOfRatio } from "./interval.ts";

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
  const blockLength = Math.min(count, options.blockLength ?? blockLengthMin(count));
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
  const variance = values.reduce((sum, value) => sum + power(value - mean, 2), 0);
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

/** The least length of a block: the cube root of the number of samples. */
const blockLengthMin = (count: number) => Math.max(1, Math.round(power(count, 1 / 3)));
/** Longer blocks are too few to resample. */
const BLOCKS_MIN = 10;

/** Blocks long enough to hold a burst whole: a few times as many samples as are worth one. */
export function burstBlockLength(count: number, effectiveSamples: number): number {
  const longest = Math.max(1, Math.floor(count / BLOCKS_MIN));
  return Math.max(blockLengthMin(count), Math.min(longest, Math.round((3 * count) / effectiveSamples)));
}

/**
 * The interval of an availability whose failures come in bursts; of samples that are 1 where right and 0 otherwise. The block
 * bootstrap alone covers too little where bursts are few, and Wilson's interval alone where they are uneven, so it spans both. A
 * series without a failure, which tells nothing of how failures come, counts by blocks.
 */
export function burstInterval(
  rights: readonly number[],
  random: Random,
  effectiveSamples = effectiveSampleSize(rights),
): Interval {
  const count = rights.length;
  const right = rights.reduce((sum, value) => sum + value, 0);
  const blocks = Math.ceil(count / blockLengthMin(count));
  if (right === count) return clopperPearson(blocks, blocks);
  if (right === 0) return clopperPearson(0, blocks);
  const resampled = blockBootstrap(rights, random, { blockLength: burstBlockLength(count, effectiveSamples) });
  const scored = wilsonOfRatio(right / count, effectiveSamples);
  return { low: Math.min(resampled.low, scored.low), high: Math.max(resampled.high, scored.high) };
}

/** The interval of a mean of differences between -1 and 1, round by round, that come in bursts. */
export function burstDifference(differences: readonly number[], random: Random): Interval {
  const count = differences.length;
  if (count === 0) return { low: -1, high: 1 };
  const first = differences[0]!;
  if (differences.every((difference) => difference === first)) {
    // Had rounds differed, they could have done so either way.
    const blocks = Math.ceil(count / blockLengthMin(count));
    const slack = 1 - clopperPearson(blocks, blocks).low;
    return { low: Math.max(-1, first - slack), high: Math.min(1, first + slack) };
  }
  return blockBootstrap(differences, random, {
    blockLength: burstBlockLength(count, effectiveSampleSize(differences)),
  });
}
