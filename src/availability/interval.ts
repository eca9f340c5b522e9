/** Confidence intervals of a proportion, and how many nines a sample has earned. */
import { exp, log, log1p, power } from "../base/elementary.ts";
import { assert } from "../base/errors.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Two-sided confidence of every interval, unless said otherwise. */
export const CONFIDENCE = 0.95;

/** Inverse of the standard normal distribution (Acklam's rational approximation and one Halley step, ~1e-15). */
export function normalQuantile(probability: number): number {
  assert(probability > 0 && probability < 1, "a probability strictly between 0 and 1");
  if (probability > 0.5) return -normalQuantile(1 - probability);
  const rough = lowerHalfQuantile(probability);
  const error = 0.5 * erfc(-rough / Math.SQRT2) - probability;
  const step = error * Math.sqrt(2 * Math.PI) * exp((rough * rough) / 2);
  return rough - step / (1 + (rough * step) / 2);
}

function lowerHalfQuantile(p: number): number {
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * log(p));
    const top = polynomial(
      q,
      [
        -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
        2.938163982698783,
      ],
    );
    return top / polynomial(q, [7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1]);
  }
  const q = p - 0.5;
  const r = q * q;
  const top = polynomial(
    r,
    [
      -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
      2.506628277459239,
    ],
  );
  const bottom = polynomial(
    r,
    [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
  );
  return (q * top) / bottom;
}

function polynomial(x: number, coefficients: readonly number[]): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

/** The complementary error function, by the incomplete gamma's continued fraction or series. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  const squared = x * x;
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 200 && Math.abs(term) > 1e-17 * Math.abs(sum); n += 1) {
      term *= -squared / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 80; n >= 1; n -= 1) fraction = n / 2 / (x + fraction);
  return exp(-squared) / Math.sqrt(Math.PI) / (x + fraction);
}

/**
 * The Wilson score interval of `successes` out of `trials`.
 *
 * @example
 * ```ts
 * wilson(9, 10); // { low: 0.59585, high: 0.98212 }
 * ```
 */
export function wilson(successes: number, trials: number, confidence = CONFIDENCE): Interval {
  checkCounts(successes, trials);
  return trials === 0 ? { low: 0, high: 1 } : wilsonOfRatio(successes / trials, trials, confidence);
}

/** The Wilson score interval of a share, of as many trials as the sample is worth, which need not be a whole number. */
export function wilsonOfRatio(ratio: number, trials: number, confidence = CONFIDENCE): Interval {
  assert(ratio >= 0 && ratio <= 1 && trials > 0, "a share of something");
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const scale = 1 + (z * z) / trials;
  const centre = (ratio + (z * z) / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((ratio * (1 - ratio)) / trials + (z * z) / (4 * trials * trials));
  // At the borders the bound is exactly the border; rounding would leave it a hair inside.
  return {
    low: ratio === 0 ? 0 : Math.max(0, centre - half),
    high: ratio === 1 ? 1 : Math.min(1, centre + half),
  };
}

/** The exact (Clopper-Pearson) interval of `successes` out of `trials`: never covers less than `confidence`. */
export function clopperPearson(successes: number, trials: number, confidence = CONFIDENCE): Interval {
  checkCounts(successes, trials);
  if (trials === 0) return { low: 0, high: 1 };
  const tail = (1 - confidence) / 2;
  return {
    low: successes === 0 ? 0 : betaQuantile(tail, successes, trials - successes + 1),
    high: successes === trials ? 1 : betaQuantile(1 - tail, successes + 1, trials - successes),
  };
}

/**
 * The shares of successes that a sample of `trials` has with so much confidence where the true share is `ratio`: whoever is told
 * `ratio` by a model should find himself within.
 */
export function expectedRatios(ratio: number, trials: number, confidence = CONFIDENCE): Interval {
  assert(ratio >= 0 && ratio <= 1 && Number.isInteger(trials) && trials > 0, "a share of something");
  const tail = (1 - confidence) / 2;
  return {
    low: binomialQuantile(tail, trials, ratio) / trials,
    high: binomialQuantile(1 - tail, trials, ratio) / trials,
  };
}

/** The smallest number of successes whose like or fewer come with at least this probability. */
function binomialQuantile(probability: number, trials: number, ratio: number): number {
  let low = 0;
  let high = trials;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    // As many successes or fewer.
    const below = middle === trials ? 1 : incompleteBeta(1 - ratio, trials - middle, middle + 1);
    if (below >= probability) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The score interval of a difference of two paired shares (Tango, Statistics in Medicine 17, 1998).
 *
 * @param left share of rounds in which only the first was right
 * @param right share of rounds in which only the second was
 * @param rounds as many rounds as the sample is worth, which need not be a whole number
 * @returns the interval of `left - right`
 */
export function pairedScore(left: number, right: number, rounds: number, confidence = CONFIDENCE): Interval {
  assert(left >= 0 && right >= 0 && left + right <= 1 + 1e-9 && rounds > 0, "shares of something");
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const score = (delta: number) => {
    const b = (2 - left + right) * delta - left - right;
    const c = -right * delta * (1 - delta);
    const secondShare = Math.max(0, (Math.sqrt(Math.max(0, b * b - 8 * c)) - b) / 4);
    const variance = Math.max(0, 2 * secondShare + delta * (1 - delta)) / rounds;
    const difference = left - right - delta;
    return difference === 0 ? 0 : difference / Math.sqrt(variance);
  };
  return { low: falling(score, -1, left - right, z), high: falling(score, left - right, 1, -z) };
}

/** Where a function that falls from `low` to `high` crosses `target`, by bisection. */
function falling(of: (x: number) => number, low: number, high: number, target: number): number {
  let [left, right] = [low, high];
  for (let step = 0; step < 60; step += 1) {
    const middle = (left + right) / 2;
    if (of(middle) > target) left = middle;
    else right = middle;
  }
  return (left + right) / 2;
}

/** The exact interval of a share, of as many trials as the sample is worth, which need not be a whole number. */
export function exactOfRatio(ratio: number, trials: number, confidence = CONFIDENCE): Interval {
  assert(ratio >= 0 && ratio <= 1 && trials > 0, "a share of something");
  const tail = (1 - confidence) / 2;
  const [right, failed] = [ratio * trials, (1 - ratio) * trials];
  return {
    low: right === 0 ? 0 : betaQuantile(tail, right, failed + 1),
    high: failed === 0 ? 1 : betaQuantile(1 - tail, right + 1, failed),
  };
}

/**
 * The confidence at which a method that takes a spread as known covers as much as `confidence` where the spread was
 * estimated with so many degrees of freedom: Student's quantile in place of the normal one.
 */
export function studentConfidence(degrees: number, confidence = CONFIDENCE): number {
  assert(degrees > 0, "some degrees of freedom");
  // |t| is as likely above its quantile as its square's beta image is below one.
  const image = betaQuantile(1 - confidence, degrees / 2, 0.5);
  const t = Math.sqrt((degrees * (1 - image)) / image);
  return 1 - erfc(t / Math.SQRT2);
}

/** The interval a report shows: exact where the sample is small or without failure, Wilson's otherwise. */
export function availabilityInterval(successes: number, trials: number): Interval {
  return trials < 40 || successes === trials ? clopperPearson(successes, trials) : wilson(successes, trials);
}

/**
 * The exact interval of a Poisson mean of which `count` events were seen (Garwood, Biometrika 28, 1936).
 *
 * @example
 * ```ts
 * poissonMean(10); // { low: 4.7954, high: 18.3904 }
 * ```
 */
export function poissonMean(count: number, confidence = CONFIDENCE): Interval {
  assert(Number.isInteger(count) && count >= 0, "a whole count");
  const tail = (1 - confidence) / 2;
  return { low: count === 0 ? 0 : gammaQuantile(tail, count), high: gammaQuantile(1 - tail, count + 1) };
}

/** The exact interval of an exponential distribution's mean, of which `count` draws have the mean `mean`. */
export function exponentialMean(mean: number, count: number, confidence = CONFIDENCE): Interval {
  assert(Number.isInteger(count) && count > 0, "one draw at least");
  const tail = (1 - confidence) / 2;
  const sum = mean * count;
  return { low: sum / gammaQuantile(1 - tail, count), high: sum / gammaQuantile(tail, count) };
}

function checkCounts(successes: number, trials: number): void {
  assert(Number.isInteger(successes) && Number.isInteger(trials), "whole counts");
  assert(successes >= 0 && successes <= trials, "no more successes than trials");
}

/** How many probes without one failure it takes to claim `target` with 95 % confidence. */
export function samplesToClaim(target: number, confidence = CONFIDENCE): number {
  assert(target > 0 && target < 1, "a target strictly between 0 and 1");
  return Math.ceil(log(1 - confidence) / log(target));
}

export interface EarnedClaim {
  /** The highest of 90 %, 99 %, 99.9 %, ... that the sample supports with 95 % confidence; `null` where none. */
  readonly earned: number | null;
  /** The next one, not earned. */
  readonly next: number;
  /** How many further probes, all right, the next claim takes. */
  readonly missing: number;
}

/** What a sample allows to be said. A report prints no nines beyond `earned`. */
export function earnedClaim(successes: number, trials: number): EarnedClaim {
  checkCounts(successes, trials);
  return claimOf(successes, trials);
}

/** The same of a share, of as many samples as the series is worth, which need not be a whole number. */
export function earnedOfRatio(ratio: number, samples: number): EarnedClaim {
  assert(ratio >= 0 && ratio <= 1 && samples >= 0, "a share of a sample");
  return claimOf(ratio * samples, samples);
}

function claimOf(right: number, samples: number): EarnedClaim {
  let earned: number | null = null;
  for (let nines = 1; nines <= 9; nines += 1) {
    const target = 1 - power(10, -nines);
    if (oneSidedLow(right, samples) < target) {
      return { earned, next: target, missing: missingSamples(right, samples, target) };
    }
    earned = target;
  }
  return { earned, next: 1, missing: Number.POSITIVE_INFINITY };
}

function oneSidedLow(right: number, samples: number): number {
  return right === 0 ? 0 : betaQuantile(1 - CONFIDENCE, right, samples - right + 1);
}

function missingSamples(right: number, samples: number, target: number): number {
  let low = 0;
  let high = 1;
  while (oneSidedLow(right + high, samples + high) < target) high *= 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (oneSidedLow(right + middle, samples + middle) < target) low = middle;
    else high = middle;
  }
  return high;
}

/** Inverse of the regularised incomplete beta function, by bisection. */
export function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularised incomplete beta function, by Lentz's continued fraction. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 10_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return result;
}

/** Inverse of the regularised lower incomplete gamma function, by bisection. */
function gammaQuantile(probability: number, shape: number): number {
  let low = 0;
  // Twelve deviations above the mean: all there is above is less than rounding.
  let high = shape + 12 * Math.sqrt(shape) + 50;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (incompleteGamma(middle, shape) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularised lower incomplete gamma function, by its series below the mean and Lentz's continued fraction above. */
function incompleteGamma(x: number, shape: number): number {
  if (x <= 0) return 0;
  const front = exp(shape * log(x) - x - logGamma(shape));
  if (x < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let n = 1; n <= GAMMA_TERMS_MAX && term > sum * 1e-16; n += 1) {
      term *= x / (shape + n);
      sum += term;
    }
    return front * sum;
  }
  let b = x + 1 - shape;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n <= GAMMA_TERMS_MAX; n += 1) {
    const a = n * (shape - n);
    b += 2;
    d = 1 / (a * d + b);
    c = b + a / c;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return 1 - front * fraction;
}

/** Near the mean it takes some multiple of the shape's root. */
const GAMMA_TERMS_MAX = 100_000;

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

function logGamma(x: number): number {
  const t = x + 6.5;
  let sum = LANCZOS[0]!;
  for (let index = 1; index < LANCZOS.length; index += 1) sum += LANCZOS[index]! / (x - 1 + index);
  return 0.5 * log(2 * Math.PI) + (x - 0.5) * log(t) - t + log(sum);
}
