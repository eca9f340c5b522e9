/** Intervals for series whose samples are not independent: outages come in bursts, so whole blocks of time are resampled. */
import { power } from "../base/elementary.ts";
import { assert } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { type Fold, foldOf, inPairs } from "./fold.ts";
import { CONFIDENCE, clopperPearson, exactOfRatio, type Interval, pairedScore, studentConfidence } from "./interval.ts";

export interface BootstrapOptions {
  /** Length of a resampled block, in bins of the series; the cube root of their number unless said otherwise. */
  readonly blockLength?: number;
  readonly resamples?: number;
  readonly confidence?: number;
}

/** A series as it came, or folded. */
export type Series = readonly number[] | Fold;
const folded = (series: Series): Fold => ("sums" in series ? series : foldOf(series));

/** Sums over [0, i) of a series laid twice end to end: any circular block's sum in two reads. */
function prefixSums(values: readonly number[]): Float64Array {
  const length = values.length;
  const sums = new Float64Array(length * 2 + 1);
  for (let index = 0; index < length * 2; index += 1) {
    sums[index + 1] = sums[index]! + values[index < length ? index : index - length]!;
  }
  return sums;
}

/**
 * Percentile interval of a mean by the circular block bootstrap.
 *
 * @example
 * ```ts
 * blockBootstrap(rights.map(Number), seededRandom(1, "bootstrap")); // { low: 0.91, high: 0.97 }
 * ```
 */
export function blockBootstrap(series: Series, random: Random, options: BootstrapOptions = {}): Interval {
  const { sums, counts } = folded(series);
  const bins = sums.length;
  assert(bins > 0, "at least one sample");
  const blockLength = Math.min(bins, options.blockLength ?? blockLengthMin(bins));
  const resamples = options.resamples ?? 1_000;
  const blocks = Math.ceil(bins / blockLength);
  const [values, weights] = [prefixSums(sums), prefixSums(counts)];
  const means: number[] = [];
  for (let resample = 0; resample < resamples; resample += 1) {
    let sum = 0;
    let weight = 0;
    for (let block = 0; block < blocks; block += 1) {
      const start = Math.floor(random.ratio() * bins);
      const end = start + Math.min(blockLength, bins - block * blockLength);
      sum += values[end]! - values[start]!;
      weight += weights[end]! - weights[start]!;
    }
    means.push(sum / weight);
  }
  means.sort((left, right) => left - right);
  const tail = (1 - (options.confidence ?? CONFIDENCE)) / 2;
  const at = (ratio: number) => means[Math.min(resamples - 1, Math.max(0, Math.round(ratio * (resamples - 1))))]!;
  return { low: at(tail), high: at(1 - tail) };
}

/** Fewer bins than these tell too little of how they hang together. */
const COARSE_BINS_MIN = 64;

/**
 * How many independent samples an autocorrelated series is worth: the variance its mean would have, were its samples
 * independent, to the one it has. That one comes from the autocorrelations, summed up to the first that is not positive; and
 * since names come up in turn, so that neighbours may have nothing to do with each other where every tenth has, it is the
 * largest over ever coarser bins of the series.
 */
export function effectiveSampleSize(series: Series): number {
  const { sums, counts, count, sum, squares } = folded(series);
  if (count < 2) return count;
  const mean = sum / count;
  const independent = squares - count * mean * mean;
  if (independent <= 1e-12 * count) return count;
  let apart = sums.map((value, bin) => value - mean * counts[bin]!);
  let actual = lagVariance(apart);
  while (apart.length >= 2 * COARSE_BINS_MIN) {
    apart = inPairs(apart);
    actual = Math.max(actual, lagVariance(apart));
  }
  return Math.min(count, Math.max(1, (count * independent) / actual));
}

/** The variance of a sum of deviations, by their autocovariances. */
function lagVariance(apart: readonly number[]): number {
  let variance = 0;
  for (const value of apart) variance += value * value;
  for (let lag = 1; lag < apart.length / BLOCKS_MIN; lag += 1) {
    let covariance = 0;
    for (let index = lag; index < apart.length; index += 1) covariance += apart[index]! * apart[index - lag]!;
    if (covariance <= 0) break;
    variance += 2 * covariance;
  }
  return variance;
}

/** The least length of a block: the cube root of the number of samples. */
const blockLengthMin = (count: number) => Math.max(1, Math.round(power(count, 1 / 3)));
/** Longer blocks are too few to resample. */
const BLOCKS_MIN = 10;

/** Blocks long enough to hold a burst whole: a few times as many bins as are worth one sample. */
export function burstBlockLength(bins: number, effectiveSamples: number): number {
  const longest = Math.max(1, Math.floor(bins / BLOCKS_MIN));
  return Math.max(blockLengthMin(bins), Math.min(longest, Math.round((3 * bins) / effectiveSamples)));
}

/**
 * As many samples as a series counts for where it never changes and so does not tell how changes come: as many as it has
 * blocks of the cube root of its length, or as the stretches of time that stand for themselves.
 */
export function unchangedSamples(count: number, stretches = 0): number {
  return Math.min(count, Math.max(Math.ceil(count / blockLengthMin(count)), stretches));
}

/** How well a series tells its own spread: by about as many degrees of freedom as outages were in it, two at the least. */
const spreadDegrees = (effectiveSamples: number, rarerShare: number) => Math.max(2, 2 * effectiveSamples * rarerShare);

/**
 * The exact interval of an availability, of as many samples as the series is worth, by Student's factor where outages were
 * few. A series without a failure, which tells nothing of how failures come, counts as `unchangedSamples`; and a failure never
 * makes a series look better than it would without. Of samples that are 1 where right and 0 otherwise.
 */
export function effectiveInterval(rights: Series, effectiveSamples = effectiveSampleSize(rights)): Interval {
  const { count, sum: right, stretches } = folded(rights);
  assert(count > 0, "at least one sample");
  const unchanged = unchangedSamples(count, stretches);
  const best = clopperPearson(unchanged, unchanged);
  const worst = clopperPearson(0, unchanged);
  if (right === count) return best;
  if (right === 0) return worst;
  const scored = exactOfRatio(right / count, effectiveSamples, confidenceOf(rights, effectiveSamples));
  return { low: Math.min(scored.low, best.low), high: Math.max(scored.high, worst.high) };
}

function confidenceOf(rights: Series, effectiveSamples: number): number {
  const { count, sum } = folded(rights);
  return studentConfidence(spreadDegrees(effectiveSamples, Math.min(sum, count - sum) / count));
}

/**
 * The interval of an availability whose failures come in bursts. The block bootstrap alone covers too little where bursts are
 * few, and `effectiveInterval` alone where they are uneven, so it spans both.
 */
export function burstInterval(
  rights: Series,
  random: Random,
  effectiveSamples = effectiveSampleSize(rights),
): Interval {
  const fold = folded(rights);
  const scored = effectiveInterval(fold, effectiveSamples);
  if (fold.sum === 0 || fold.sum === fold.count) return scored;
  const resampled = blockBootstrap(fold, random, {
    blockLength: burstBlockLength(fold.sums.length, effectiveSamples),
    confidence: confidenceOf(fold, effectiveSamples),
  });
  return { low: Math.min(resampled.low, scored.low), high: Math.max(resampled.high, scored.high) };
}

/**
 * The interval of a mean of differences of -1, 0 or 1, round by round, that come in bursts: spans the block bootstrap and
 * the score interval of a paired difference (Tango 1998), of as many rounds as the series is worth.
 */
export function burstDifference(
  differences: Series,
  random: Random,
  effectiveRounds = effectiveSampleSize(differences),
): Interval {
  const fold = folded(differences);
  const { count, sum, squares } = fold;
  if (count === 0) return { low: -1, high: 1 };
  const unchanged = unchangedSamples(count, fold.stretches);
  const slack = 1 - clopperPearson(unchanged, unchanged).low;
  const mean = sum / count;
  // Where every round tells the same, they could have differed either way.
  if (squares === count * mean * mean) return { low: Math.max(-1, mean - slack), high: Math.min(1, mean + slack) };
  const share = squares / count;
  const confidence = studentConfidence(spreadDegrees(effectiveRounds, Math.min(share, 1 - share)));
  const resampled = blockBootstrap(fold, random, {
    blockLength: burstBlockLength(fold.sums.length, effectiveRounds),
    confidence,
  });
  const scored = pairedScore((share + mean) / 2, (share - mean) / 2, effectiveRounds, confidence);
  return {
    low: Math.min(resampled.low, scored.low, mean > 0 ? 1 : -slack),
    high: Math.max(resampled.high, scored.high, mean < 0 ? -1 : slack),
  };
}
