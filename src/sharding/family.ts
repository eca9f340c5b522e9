/**
 * The general family the protocol's shard belongs to: nested Reed-Solomon codes. Any number of zones k, any prime power q >= k of
 * slots per zone, any overlap t < k.
 */
import { BaseError } from "../base/errors.ts";
import { createField, type Field } from "./field.ts";

export interface Family {
  readonly zoneCount: number;
  readonly slotCount: number;
  readonly overlapMax: number;
  /** Names it can place: q^(t+1), which no scheme with this guarantee exceeds (Singleton bound). */
  readonly capacity: bigint;
  /** One slot per zone. Throws `ExhaustedSchemeError` from `capacity` up. */
  shardOf(index: bigint | number): number[];
  /** The index of a shard; `undefined` where no index below `capacity` has it. */
  indexOf(slots: readonly number[]): bigint | undefined;
  /** Every index below `nameCount` with this slot in this zone: exactly one in each run of q. */
  indicesOnSlot(zone: number, slot: number, nameCount: number): Generator<bigint>;
  /** The most members two of the first `nameCount` names share: the least s with nameCount <= q^(s+1). */
  guaranteedOverlapMax(nameCount: bigint | number): number;
}

/**
 * A stateless scheme that places up to q^(t+1) names so that any two share at most t of their k members, loads every slot of every
 * zone alike in each run of q names, and keeps the guarantee nested: the first q^(s+1) names share at most s.
 *
 * The digits of an index to the base q are the coefficients of a polynomial f over GF(q); the slot in zone z is f(x_z) at the
 * distinct points 0, 1, a, a^2, … Two polynomials of degree at most t that agree in t + 1 points are equal.
 *
 * With k = 4, q = 512, t = 3 it is the protocol's shard.
 *
 * Throws `NotPrimePowerError`, `TooManyZonesError` (k > q) and `OverlapImpossibleError` (t outside 0..k-1, or more names
 * wanted than q^(t+1)).
 *
 * @example
 * ```ts
 * const family = createFamily({ zoneCount: 3, slotCount: 7, overlapMax: 1 });
 * family.capacity; // 49n
 * family.shardOf(8); // [1, 2, 4]
 * ```
 */
export function createFamily(options: createFamily.Options): Family {
  const { zoneCount, slotCount, overlapMax, nameCount } = options;
  const field = createField(slotCount);
  if (!Number.isInteger(zoneCount) || zoneCount < 1 || zoneCount > slotCount) {
    throw new TooManyZonesError(zoneCount, slotCount);
  }
  const q = BigInt(slotCount);
  if (!Number.isInteger(overlapMax) || overlapMax < 0 || overlapMax >= zoneCount) {
    throw new OverlapImpossibleError(zoneCount, slotCount, overlapMax, nameCount);
  }
  const capacity = q ** BigInt(overlapMax + 1);
  if (nameCount !== undefined && BigInt(nameCount) > capacity) {
    throw new OverlapImpossibleError(zoneCount, slotCount, overlapMax, nameCount);
  }
  const points = Array.from({ length: zoneCount }, (_, zone) => (zone === 0 ? 0 : field.power(zone - 1)));
  const shardOf = (index: bigint | number): number[] => {
    const digits = digitsOf(BigInt(index), q, capacity, overlapMax + 1);
    return points.map((point) => evaluate(field, digits, point));
  };
  return {
    zoneCount,
    slotCount,
    overlapMax,
    capacity,
    shardOf,
    indexOf(slots) {
      const digits = interpolate(field, points.slice(0, overlapMax + 1), slots);
      const index = digits.reduceRight((sum, digit) => sum * q + BigInt(digit), 0n);
      const fits = slots.length === zoneCount && points.every((x, zone) => evaluate(field, digits, x) === slots[zone]);
      return fits ? index : undefined;
    },
    *indicesOnSlot(zone, slot, nameCountBelow) {
      for (let base = 0n; base < BigInt(nameCountBelow); base += q) {
        const index = base + BigInt(field.subtract(slot, shardOf(base)[zone]!));
        if (index < BigInt(nameCountBelow)) yield index;
      }
    },
    guaranteedOverlapMax(count) {
      let overlap = 0;
      while (q ** BigInt(overlap + 1) < BigInt(count)) overlap += 1;
      return overlap;
    },
  };
}

export declare namespace createFamily {
  interface Options {
    /** Zones, and so members per name; k. */
    readonly zoneCount: number;
    /** Slots per zone; q, a prime power. */
    readonly slotCount: number;
    /** Members two names may share; t. */
    readonly overlapMax: number;
    /** Names that will be placed, to be checked against the bound at once. */
    readonly nameCount?: bigint | number;
  }
}

function digitsOf(index: bigint, q: bigint, capacity: bigint, count: number): number[] {
  if (index < 0n || index >= capacity) throw new ExhaustedSchemeError(capacity, `q^(t+1) with q = ${q}`);
  const digits: number[] = [];
  for (let left = index, place = 0; place < count; place += 1, left /= q) digits.push(Number(left % q));
  return digits;
}

/** Horner's rule. */
function evaluate(field: Field, digits: readonly number[], point: number): number {
  return digits.reduceRight((value, digit) => field.add(field.multiply(value, point), digit), 0);
}

/** Newton's divided differences, expanded into coefficients. */
function interpolate(field: Field, points: readonly number[], values: readonly number[]): number[] {
  const table = points.map((_, row) => values[row] ?? 0);
  for (let order = 1; order < points.length; order += 1) {
    for (let row = points.length - 1; row >= order; row -= 1) {
      const step = field.subtract(points[row]!, points[row - order]!);
      table[row] = field.multiply(field.subtract(table[row]!, table[row - 1]!), field.invert(step));
    }
  }
  let coefficients: number[] = [];
  for (let row = points.length - 1; row >= 0; row -= 1) {
    const shifted = [0, ...coefficients];
    coefficients = shifted.map((value, place) =>
      field.subtract(value, field.multiply(points[row]!, coefficients[place] ?? 0)),
    );
    coefficients[0] = field.add(coefficients[0]!, table[row]!);
  }
  return coefficients;
}

export class TooManyZonesError extends BaseError {
  override readonly name = "Sharding.TooManyZonesError";
  constructor(zoneCount: number, slotCount: number) {
    super(
      "SHARDING_TOO_MANY_ZONES",
      `${zoneCount} zones of ${slotCount} slots: a polynomial scheme has 1 to ${slotCount} zones.`,
      {
        metaMessages: [
          "Each zone is a point of the field, and the field has as many points as a zone has slots (k <= q).",
          `Take ${zoneCount} or more slots a zone; gateways may hold several.`,
        ],
      },
    );
  }
}

export class OverlapImpossibleError extends BaseError {
  override readonly name = "Sharding.OverlapImpossibleError";
  constructor(zoneCount: number, slotCount: number, overlapMax: number, nameCount: bigint | number | undefined) {
    const bound =
      overlapMax >= 0 && overlapMax < zoneCount ? BigInt(slotCount) ** BigInt(Math.floor(overlapMax) + 1) : 0n;
    const wanted = nameCount === undefined ? "Names" : `${nameCount} names`;
    super(
      "SHARDING_OVERLAP_IMPOSSIBLE",
      `${wanted} in ${zoneCount} zones of ${slotCount} slots cannot share at most ${overlapMax}.`,
      {
        metaMessages: [
          bound > 0n
            ? `Singleton bound: at most q^(t+1) = ${slotCount}^${overlapMax + 1} = ${bound} names, whatever the scheme.`
            : `The overlap t must be a whole number from 0 to ${zoneCount - 1}; at ${zoneCount} two names may be on the same members.`,
        ],
      },
    );
  }
}

export class ExhaustedSchemeError extends BaseError {
  override readonly name = "Sharding.ExhaustedSchemeError";
  constructor(capacity: bigint | number, bound: string) {
    super("SHARDING_EXHAUSTED_SCHEME", `The scheme is exhausted: it places ${capacity} names (${bound}).`, {
      metaMessages: ["Allow a larger overlap, add slots, or start a second fleet."],
    });
  }
}
