/**
 * The protocol's shard: four virtual gateways for every name, one in each zone.
 *
 * An index is read as four digits to the base 512, `i = c0 + 512 c1 + 512^2 c2 + 512^3 c3`, which are the coefficients of
 * a polynomial `f(x) = c0 + c1 x + c2 x^2 + c3 x^3` over GF(2^9) with `x^9 + x^4 + 1`. The slot in zone `z` is `f(x_z)`
 * at `x = 0, 1, a, a^2`, `a = 2`. Two different polynomials of degree at most `t` agree in at most `t` points, so two
 * names with indices below `512^(t+1)` share at most `t` of their four virtual gateways.
 *
 * The map is linear over GF(2): the slots of an index are the exclusive or of four table entries, one for each digit.
 */
import { fromHex, type Hex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";

/** Zones, and so gateways per name. */
export const ZONE_COUNT = 4;
/** Slots per zone that the polynomial reaches. */
export const ORDINARY_SLOT_COUNT = 512;
/** Slots per zone that only isolated names reach. */
export const RESERVED_SLOT_COUNT = 32;
/** Entries of one zone's slot table. */
export const SLOT_COUNT = ORDINARY_SLOT_COUNT + RESERVED_SLOT_COUNT;
/** The first index of the isolation range; it runs to `INDEX_MAX`. */
export const RESERVED_INDEX_MIN = 0xffffffe0;
/** The largest index a name can store (uint32). */
export const INDEX_MAX = 0xffffffff;
/** Bootstrap indices are below this: 512^4. */
export const BOOTSTRAP_INDEX_COUNT = 2 ** 36;

/** The slot in each zone. */
export type Slots = readonly [number, number, number, number];

/**
 * A virtual gateway's number, `zone * 544 + slot`: 0 to 2175, the position of its entry in the slot tables laid end to
 * end.
 */
export type VirtualGatewayId = number;

const FIELD_POLYNOMIAL = 0x211;
const DIGIT_BITS = 9;
const DIGIT_MASK = ORDINARY_SLOT_COUNT - 1;

/** Multiplies by `a = 2` in GF(512). */
function double(value: number): number {
  return (value << 1) ^ ((value >> 8) * FIELD_POLYNOMIAL);
}

function doubleTimes(value: number, times: number): number {
  let out = value;
  for (let round = 0; round < times; round += 1) out = double(out);
  return out;
}

/** For each digit position, the slots of zones 1, 2 and 3 that digit alone gives: 9 bits each, zone 1 lowest. */
const DIGIT_TABLES: readonly Int32Array[] = [0, 1, 2, 3].map((power) =>
  Int32Array.from(
    { length: ORDINARY_SLOT_COUNT },
    (_, digit) => digit | (doubleTimes(digit, power) << 9) | (doubleTimes(digit, 2 * power) << 18),
  ),
);
const [TABLE0, TABLE1, TABLE2, TABLE3] = DIGIT_TABLES as unknown as [Int32Array, Int32Array, Int32Array, Int32Array];

/** Slots of zones 1, 2 and 3, packed; zone 0's is `index & 511`. */
function packedSlots(index: number): number {
  return (
    TABLE0[index & DIGIT_MASK]! ^
    TABLE1[(index >>> 9) & DIGIT_MASK]! ^
    TABLE2[(index >>> 18) & DIGIT_MASK]! ^
    TABLE3[(index / 2 ** 27) & DIGIT_MASK]!
  );
}

/** Where the polynomial puts any index below 2^36, the reserved range included. */
function polynomialSlots(index: number): Slots {
  const packed = packedSlots(index);
  return [index & DIGIT_MASK, packed & DIGIT_MASK, (packed >>> 9) & DIGIT_MASK, packed >>> 18];
}

/**
 * The slots of a stored shard index, one in each zone. Indices from `RESERVED_INDEX_MIN` are the isolation range: slot
 * `512 + (index & 31)` in every zone.
 *
 * Throws `IndexOutOfRangeError` unless `index` is a whole number from 0 to 2^32 - 1.
 *
 * @example
 * ```ts
 * slotsOf(512); // [0, 1, 2, 4]
 * slotsOf(0xffffffe1); // [513, 513, 513, 513]
 * ```
 */
export function slotsOf(index: number): Slots {
  if (!Number.isInteger(index) || index < 0 || index > INDEX_MAX) throw new IndexOutOfRangeError(index, INDEX_MAX);
  if (index < RESERVED_INDEX_MIN) return polynomialSlots(index);
  const slot = ORDINARY_SLOT_COUNT + (index & (RESERVED_SLOT_COUNT - 1));
  return [slot, slot, slot, slot];
}

/**
 * The bootstrap index of a node: the low 36 bits of keccak256(node). It stands in for the shard index of a name that has
 * none, or whose index the asker does not know yet, and always goes through the polynomial: see `bootstrapSlotsOf`.
 */
export function bootstrapIndexOf(node: Hex): number {
  const hash = keccak256(fromHex(node));
  const low = new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
  return (low.getUint32(24) & 0xf) * 2 ** 32 + low.getUint32(28);
}

/** The slots of a node's bootstrap shard. */
export function bootstrapSlotsOf(node: Hex): Slots {
  return slotsOfBootstrapIndex(bootstrapIndexOf(node));
}

/** The slots of a bootstrap index. Throws `IndexOutOfRangeError` unless it is a whole number below 2^36. */
export function slotsOfBootstrapIndex(index: number): Slots {
  if (!Number.isInteger(index) || index < 0 || index >= BOOTSTRAP_INDEX_COUNT) {
    throw new IndexOutOfRangeError(index, BOOTSTRAP_INDEX_COUNT - 1);
  }
  return polynomialSlots(index);
}

/**
 * Writes the slots of `count` consecutive indices from `first` into `out`, four to an index, and returns `out`. The way to
 * place many names: it allocates nothing per name.
 *
 * Throws `IndexOutOfRangeError` where the range reaches into the isolation range.
 */
export function fillSlots(first: number, count: number, out = new Uint16Array(count * ZONE_COUNT)): Uint16Array {
  const last = first + count - 1;
  if (!Number.isInteger(first) || first < 0) throw new IndexOutOfRangeError(first, RESERVED_INDEX_MIN - 1);
  if (!Number.isInteger(count) || last >= RESERVED_INDEX_MIN || out.length < count * ZONE_COUNT) {
    throw new IndexOutOfRangeError(last, RESERVED_INDEX_MIN - 1);
  }
  for (let index = first, offset = 0; index <= last; index += 1, offset += ZONE_COUNT) {
    const packed = packedSlots(index);
    out[offset] = index & DIGIT_MASK;
    out[offset + 1] = packed & DIGIT_MASK;
    out[offset + 2] = (packed >>> 9) & DIGIT_MASK;
    out[offset + 3] = packed >>> 18;
  }
  return out;
}

/** The number of a virtual gateway. */
export function virtualGatewayIdOf(zone: number, slot: number): VirtualGatewayId {
  checkZone(zone);
  checkSlot(slot, SLOT_COUNT);
  return zone * SLOT_COUNT + slot;
}

/** The zone a virtual gateway is in. */
export function zoneOf(id: VirtualGatewayId): number {
  return Math.floor(id / SLOT_COUNT);
}

/** The slot a virtual gateway has in its zone. */
export function slotOf(id: VirtualGatewayId): number {
  return id % SLOT_COUNT;
}

/** The four virtual gateways of a set of slots, in the order of the zones. */
export function virtualGatewaysOf(
  slots: Slots,
): [VirtualGatewayId, VirtualGatewayId, VirtualGatewayId, VirtualGatewayId] {
  return [slots[0], SLOT_COUNT + slots[1], 2 * SLOT_COUNT + slots[2], 3 * SLOT_COUNT + slots[3]];
}

/** How many virtual gateways two shards have in common: 0 to 4. */
export function overlapOf(left: Slots, right: Slots): number {
  return left.reduce((count, slot, zone) => count + (slot === right[zone] ? 1 : 0), 0);
}

/**
 * The most virtual gateways any two of the first `nameCount` names share: 0 up to 512 names, 1 up to 262,144, 2 up to
 * 134,217,728, then 3 (polynomials of degree at most t that agree in t + 1 points are equal).
 */
export function guaranteedOverlapMax(nameCount: number): number {
  let overlap = 0;
  while (ORDINARY_SLOT_COUNT ** (overlap + 1) < nameCount) overlap += 1;
  return overlap;
}

/**
 * The one index below 2^36 whose four slots are these: the inverse of `slotsOfBootstrapIndex`, and of `slotsOf` outside
 * the isolation range. A polynomial of degree 3 is known from its values at four points.
 */
export function indexOfSlots(slots: Slots): number {
  slots.forEach((slot) => {
    checkSlot(slot, ORDINARY_SLOT_COUNT);
  });
  const target = slots[1] | (slots[2] << 9) | (slots[3] << 18);
  const rest = solve(target ^ TABLE0[slots[0]]!);
  return slots[0] + rest * ORDINARY_SLOT_COUNT;
}

/**
 * Every index below `nameCount` whose shard holds the virtual gateway (`zone`, `slot`), ascending: one in every run of 512,
 * because for any c1, c2, c3 exactly one c0 gives the wanted value.
 *
 * @example
 * ```ts
 * [...indicesOnSlot(1, 7, 2048)]; // [7, 518, 1029, 1540]
 * ```
 */
export function* indicesOnSlot(zone: number, slot: number, nameCount: number): Generator<number> {
  checkZone(zone);
  checkSlot(slot, ORDINARY_SLOT_COUNT);
  const shift = (zone - 1) * DIGIT_BITS;
  for (let base = 0; base < nameCount; base += ORDINARY_SLOT_COUNT) {
    const digit = zone === 0 ? slot : slot ^ ((packedSlots(base) >>> shift) & DIGIT_MASK);
    if (base + digit < nameCount) yield base + digit;
  }
}

function checkZone(zone: number): void {
  if (!Number.isInteger(zone) || zone < 0 || zone >= ZONE_COUNT) throw new ZoneOutOfRangeError(zone);
}

function checkSlot(slot: number, bound: number): void {
  if (!Number.isInteger(slot) || slot < 0 || slot >= bound) throw new SlotOutOfRangeError(slot, bound);
}

/**
 * The 27 bits c1, c2, c3 that give these slots of zones 1 to 3 when c0 is 0. Gauss-Jordan over GF(2), once: entry `bit` is
 * the preimage of the unit vector `bit`.
 */
const PREIMAGES: readonly number[] = (() => {
  const bits = 3 * DIGIT_BITS;
  const rows = Array.from({ length: bits }, (_, bit) => ({
    image: packedSlots(2 ** (bit + DIGIT_BITS)),
    source: 1 << bit,
  }));
  for (let bit = 0; bit < bits; bit += 1) {
    const pivot = rows.findIndex((row, position) => position >= bit && ((row.image >>> bit) & 1) === 1);
    [rows[bit], rows[pivot]] = [rows[pivot]!, rows[bit]!];
    const { image, source } = rows[bit]!;
    rows.forEach((row, position) => {
      if (position === bit || ((row.image >>> bit) & 1) === 0) return;
      row.image ^= image;
      row.source ^= source;
    });
  }
  return rows.map((row) => row.source);
})();

function solve(target: number): number {
  let out = 0;
  for (let bit = 0; bit < 3 * DIGIT_BITS; bit += 1) if ((target >>> bit) & 1) out ^= PREIMAGES[bit]!;
  return out;
}

export class IndexOutOfRangeError extends BaseError {
  override readonly name = "Sharding.IndexOutOfRangeError";
  constructor(index: number, max: number) {
    super("SHARDING_INDEX_OUT_OF_RANGE", `${index} is no index; it must be a whole number from 0 to ${max}.`);
  }
}

export class SlotOutOfRangeError extends BaseError {
  override readonly name = "Sharding.SlotOutOfRangeError";
  constructor(slot: number, bound: number) {
    super("SHARDING_SLOT_OUT_OF_RANGE", `${slot} is no slot here; it must be a whole number from 0 to ${bound - 1}.`);
  }
}

export class ZoneOutOfRangeError extends BaseError {
  override readonly name = "Sharding.ZoneOutOfRangeError";
  constructor(zone: number) {
    super("SHARDING_ZONE_OUT_OF_RANGE", `${zone} is no zone; there are ${ZONE_COUNT}, numbered from 0.`);
  }
}
