/**
 * Elementary functions that return the same bits on every machine. JavaScript leaves those of `Math` to the engine, and they
 * differ in the last bit between processors; here is nothing but sums, products, quotients and square roots, each of which IEEE
 * 754 rounds in one way only. They are right but for four units in the last place, unless said otherwise.
 */

/** The upper bits of ln 2, so few that their product with a binary exponent is exact, and the rest. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Beyond these, `exp` is infinite or zero. */
const EXP_MAX = 709.782712893384;
const EXP_MIN = -745.1332191019412;
const SUBNORMAL_SCALE = 2 ** 54;
const bits = new DataView(new ArrayBuffer(8));

/** Two to the power of a whole number from -1022 to 1023. */
function powerOfTwo(exponent: number): number {
  bits.setUint32(0, (exponent + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** `1 + x/2 (1 + x/3 (1 + ...))`, the exponential's series without its first term, divided by x; for |x| < 0.35. */
function exponentialSeries(x: number): number {
  let sum = 1;
  for (let n = 16; n >= 2; n -= 1) sum = 1 + (x / n) * sum;
  return sum;
}

/** e to the power of `x`. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > EXP_MAX) return Number.POSITIVE_INFINITY;
  if (x < EXP_MIN) return 0;
  const exponent = Math.round(x / Math.LN2);
  const rest = x - exponent * LN2_HIGH - exponent * LN2_LOW;
  const half = Math.trunc(exponent / 2);
  // In two steps, since neither 2^1024 nor 2^-1074 is to be had in one.
  return (1 + rest * exponentialSeries(rest)) * powerOfTwo(half) * powerOfTwo(exponent - half);
}

/** e to the power of `x`, less one; exact to the last places also where `x` is small. */
export function expm1(x: number): number {
  return Math.abs(x) < 0.35 ? x * exponentialSeries(x) : exp(x) - 1;
}

/** The natural logarithm. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  if (x < Number.MIN_VALUE * SUBNORMAL_SCALE) return log(x * SUBNORMAL_SCALE) - 54 * Math.LN2;
  bits.setFloat64(0, x);
  let exponent = (bits.getUint32(0) >>> 20) - 1023;
  let mantissa = x * powerOfTwo(-Math.max(-1022, Math.min(1022, exponent)));
  if (mantissa >= 2) mantissa /= 2;
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  // ln m = 2 artanh s, written as f less something small, so that f itself is not rounded.
  const f = mantissa - 1;
  const s = f / (2 + f);
  const squared = s * s;
  let series = 0;
  for (let n = 25; n >= 3; n -= 2) series = squared * (1 / n + series);
  const halfSquare = (f * f) / 2;
  return exponent * LN2_HIGH - (halfSquare - (s * (halfSquare + 2 * series) + exponent * LN2_LOW) - f);
}

/** The natural logarithm of `1 + x`; exact to the last places also where `x` is small. */
export function log1p(x: number): number {
  const sum = 1 + x;
  if (sum === 1) return x;
  // What the sum lost of x, put back to first order.
  return sum > 0 && sum < Number.POSITIVE_INFINITY ? log(sum) + (x - (sum - 1)) / sum : log(sum);
}

/**
 * `base`, not negative, to the power of `exponent`: by products where that is a whole number, and otherwise by logarithm, as far
 * off as `exponent * log(base)` units.
 */
export function power(base: number, exponent: number): number {
  if (!Number.isInteger(exponent)) return exp(exponent * log(base));
  let product = 1;
  let square = base;
  for (let left = Math.abs(exponent); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) product *= square;
    square *= square;
  }
  return exponent < 0 ? 1 / product : product;
}

/** The cosine of so many turns, from 0 to 1. */
export function cosineOfTurns(turns: number): number {
  const quarter = Math.round(4 * turns);
  // Of what is left of the nearest quarter, which is at most half of one.
  const angle = (4 * turns - quarter) * (Math.PI / 2);
  const squared = angle * angle;
  const isSine = quarter % 2 === 1;
  let series = 1;
  for (let n = isSine ? 17 : 16; n >= 2; n -= 2) series = 1 - (squared / (n * (n - 1))) * series;
  const value = isSine ? -angle * series : series;
  return quarter % 4 < 2 ? value : -value;
}
