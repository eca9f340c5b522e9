/** Finite fields GF(q) for any prime power q, by tables of powers of a primitive element. */
import { BaseError } from "../base/errors.ts";

/** The largest field there are tables for. */
export const FIELD_SIZE_MAX = 65_536;

export interface Field {
  /** q = p^m. */
  readonly size: number;
  readonly add: (left: number, right: number) => number;
  readonly subtract: (left: number, right: number) => number;
  readonly multiply: (left: number, right: number) => number;
  /** Throws `InvariantError` for 0. */
  readonly invert: (value: number) => number;
  /** Powers of the primitive element: `power(0)` is 1. */
  readonly power: (exponent: number) => number;
}

interface PrimePower {
  readonly prime: number;
  readonly exponent: number;
}

/** The prime p and the exponent m with q = p^m; `undefined` where there are none. */
export function primePowerOf(q: number): PrimePower | undefined {
  if (!Number.isInteger(q) || q < 2) return undefined;
  let prime = q;
  for (let divisor = 2; divisor * divisor <= q; divisor += 1) {
    if (q % divisor === 0) {
      prime = divisor;
      break;
    }
  }
  let exponent = 0;
  let left = q;
  for (; left % prime === 0; left /= prime) exponent += 1;
  return left === 1 ? { prime, exponent } : undefined;
}

/** The largest prime power not above `q`, and the smallest not below it. */
export function nearestPrimePowers(q: number): { below: number; above: number } {
  let below = Math.max(2, Math.floor(q));
  let above = Math.max(2, Math.ceil(q));
  // Between n and 2n there is always a prime, so both loops end.
  while (!primePowerOf(below)) below -= 1;
  while (!primePowerOf(above)) above += 1;
  return { below, above };
}

/**
 * GF(q). An element is the number whose digits to the base p are the coefficients of a polynomial; the modulus is the least
 * monic polynomial of degree m of which x is a primitive root, so GF(512) is built on x^9 + x^4 + 1 and x is 2, as the
 * protocol says. For m = 1 the primitive element is the least primitive root of p.
 *
 * Throws `NotPrimePowerError` and `FieldTooLargeError`.
 */
export function createField(q: number): Field {
  const shape = primePowerOf(q);
  if (!shape) throw new NotPrimePowerError(q);
  if (q > FIELD_SIZE_MAX) throw new FieldTooLargeError(q);
  const add = adderOf(shape, q);
  const powers = powersOf(shape, q);
  const logs = new Uint32Array(q);
  for (let exponent = 0; exponent < q - 1; exponent += 1) logs[powers[exponent]!] = exponent;
  const order = q - 1;
  const minusOne = shape.prime === 2 ? 1 : powers[order / 2]!;
  const multiply = (left: number, right: number) =>
    left === 0 || right === 0 ? 0 : powers[(logs[left]! + logs[right]!) % order]!;
  return {
    size: q,
    add,
    subtract: (left, right) => add(left, multiply(right, minusOne)),
    multiply,
    invert: (value) => powers[(order - logs[value]!) % order]!,
    power: (exponent) => powers[((exponent % order) + order) % order]!,
  };
}

function adderOf({ prime, exponent }: PrimePower, q: number): Field["add"] {
  if (prime === 2) return (left, right) => left ^ right;
  if (exponent === 1) return (left, right) => (left + right) % q;
  return (left, right) => {
    let out = 0;
    for (let unit = 1, one = left, other = right; unit < q; unit *= prime) {
      out += (((one % prime) + (other % prime)) % prime) * unit;
      one = Math.floor(one / prime);
      other = Math.floor(other / prime);
    }
    return out;
  };
}

/** The q - 1 powers of the first primitive element found. */
function powersOf(shape: PrimePower, q: number): Uint32Array {
  for (let candidate = 1; candidate < q; candidate += 1) {
    const powers = shape.exponent === 1 ? powersOfRoot(candidate, q) : powersOfX(candidate, shape, q);
    if (powers) return powers;
  }
  throw new NotPrimePowerError(q);
}

function powersOfRoot(root: number, prime: number): Uint32Array | undefined {
  return collectPowers(prime, (value) => (value * root) % prime);
}

/** Powers of x modulo x^m + tail, `tail` read as digits; `undefined` unless x is primitive. */
function powersOfX(tail: number, { prime, exponent }: PrimePower, q: number): Uint32Array | undefined {
  const top = prime ** (exponent - 1);
  const digits = Array.from({ length: exponent }, (_, place) => Math.floor(tail / prime ** place) % prime);
  return collectPowers(q, (value) => {
    const carry = Math.floor(value / top);
    const shifted = (value % top) * prime;
    let out = 0;
    for (let place = 0, unit = 1; place < exponent; place += 1, unit *= prime) {
      const digit = (Math.floor(shifted / unit) % prime) + (prime - digits[place]!) * carry;
      out += (digit % prime) * unit;
    }
    return out;
  });
}

function collectPowers(q: number, next: (value: number) => number): Uint32Array | undefined {
  const powers = new Uint32Array(q - 1);
  let value = 1;
  for (let exponent = 0; exponent < q - 1; exponent += 1) {
    // Meeting 1 again too early, or 0, means that the element is not primitive.
    if (value === 0 || (exponent > 0 && value === 1)) return undefined;
    powers[exponent] = value;
    value = next(value);
  }
  return value === 1 ? powers : undefined;
}

export class NotPrimePowerError extends BaseError {
  override readonly name = "Sharding.NotPrimePowerError";
  constructor(q: number) {
    const { below, above } = nearestPrimePowers(q);
    super(
      "SHARDING_NOT_PRIME_POWER",
      `There is no field with ${q} elements, so no polynomial scheme with ${q} slots a zone.`,
      {
        metaMessages: [
          `Finite fields exist exactly for prime powers (Galois); the nearest are ${below} and ${above}.`,
          "For an irregular fleet use the searching scheme, or place the fleet on more slots than it has gateways.",
        ],
      },
    );
  }
}

export class FieldTooLargeError extends BaseError {
  override readonly name = "Sharding.FieldTooLargeError";
  constructor(q: number) {
    super(
      "SHARDING_FIELD_TOO_LARGE",
      `A field with ${q} elements is too large; there are tables up to ${FIELD_SIZE_MAX}.`,
    );
  }
}
