/**
 * Published hash-based schemes, re-created from their descriptions for comparison. They are stateless like ours, and promise
 * nothing about overlap: N names collide by the birthday limit (`birthdayOf`), and a fleet that changes by one reshuffles
 * nearly every shard.
 */
import { md5 } from "@noble/hashes/legacy.js";
import { utf8Bytes } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { SubsetImpossibleError } from "./combinatorics.ts";

const LOW_24 = 2 ** 24;
const MULTIPLIER_LOW = 0xece66d;
const MULTIPLIER_HIGH = 0x5de;

/** The 48-bit linear congruential generator of Java's `Random`, which Infima seeds with a hash. */
export class JavaRandom {
  #high: number;
  #low: number;

  /** `seedHigh` and `seedLow` are bits 24 to 47 and 0 to 23 of the seed. */
  constructor(seedHigh: number, seedLow: number) {
    this.#high = (seedHigh ^ MULTIPLIER_HIGH) & 0xffffff;
    this.#low = (seedLow ^ MULTIPLIER_LOW) & 0xffffff;
  }

  #next31(): number {
    const low = this.#low * MULTIPLIER_LOW + 0xb;
    const high = this.#high * MULTIPLIER_LOW + this.#low * MULTIPLIER_HIGH + Math.floor(low / LOW_24);
    this.#low = low % LOW_24;
    this.#high = high % LOW_24;
    // Bits 17 to 47 of the 48.
    return this.#high * 2 ** 7 + Math.floor(this.#low / 2 ** 17);
  }

  /** Java's `nextInt(bound)`. */
  below(bound: number): number {
    if ((bound & -bound) === bound) return Math.floor((bound * this.#next31()) / 2 ** 31);
    for (;;) {
      const bits = this.#next31();
      const value = bits % bound;
      // Java rejects by the overflow of a 32-bit sum.
      if (bits - value + (bound - 1) < 2 ** 31) return value;
    }
  }
}

function shuffleAsJava<Item>(random: JavaRandom, items: readonly Item[]): Item[] {
  const out = [...items];
  for (let size = out.length; size > 1; size -= 1) {
    const other = random.below(size);
    [out[size - 1], out[other]] = [out[other]!, out[size - 1]!];
  }
  return out;
}

/**
 * Infima's simple signature scheme over a one-dimensional lattice: MD5 of seed and identifier seeds a generator, which shuffles
 * the order of the zones and then each zone's endpoints; the first `perZone` of each are the shard, by zone in shuffled order.
 *
 * Throws `SubsetImpossibleError` where a zone is smaller than `perZone`.
 */
export function infimaShard<Endpoint>(options: infimaShard.Options<Endpoint>): Endpoint[] {
  const { zones, perZone, seed, identifier } = options;
  for (const zone of zones) if (zone.length < perZone) throw new SubsetImpossibleError(zone.length, perZone);
  const checksum = md5(utf8Bytes(`${seed}${identifier}`));
  const low = checksum[0]! | (checksum[1]! << 8) | (checksum[2]! << 16);
  const high = checksum[3]! | (checksum[4]! << 8) | (checksum[5]! << 16);
  const random = new JavaRandom(high, low);
  return shuffleAsJava(random, zones).flatMap((zone) => shuffleAsJava(random, zone).slice(0, perZone));
}

export declare namespace infimaShard {
  interface Options<Endpoint> {
    readonly zones: readonly (readonly Endpoint[])[];
    readonly perZone: number;
    readonly seed: bigint | number;
    readonly identifier: string;
  }
}

/** The most bits of a hash the dealer uses here: what a double holds exactly. */
export const DEALER_ENTROPY_BITS_MAX = 53;

/**
 * The dealer of Kubernetes' priority and fairness: the hash is read in the mixed radix n, n-1, …, and each digit picks among the
 * cards left. Needs `ceil(k log2 n)` bits of hash, fewer than 54 here (64 bits and at most 60 used there).
 *
 * Throws `SubsetImpossibleError`, `DealerEntropyError`.
 */
export function dealHand(deckSize: number, handSize: number, hash: number, hand: number[] = []): number[] {
  if (!Number.isInteger(handSize) || handSize < 1 || handSize > deckSize)
    throw new SubsetImpossibleError(deckSize, handSize);
  const bits = Math.ceil(Math.log2(deckSize) * handSize);
  if (bits > DEALER_ENTROPY_BITS_MAX) throw new DealerEntropyError(deckSize, handSize, bits);
  let left = hash;
  for (let place = 0; place < handSize; place += 1) {
    const size = deckSize - place;
    const quotient = Math.floor(left / size);
    const digit = left - quotient * size;
    left = quotient;
    digits[place] = digit;
    // The digit counts the cards left, so it is moved past those dealt, the latest first.
    let card = digit;
    for (let before = place - 1; before >= 0; before -= 1) if (card >= digits[before]!) card += 1;
    hand[place] = card;
  }
  hand.length = handSize;
  return hand;
}

/** Digits of the hand being dealt. */
const digits = new Int32Array(DEALER_ENTROPY_BITS_MAX);

export class DealerEntropyError extends BaseError {
  override readonly name = "Sharding.DealerEntropyError";
  constructor(deckSize: number, handSize: number, bits: number) {
    super(
      "SHARDING_DEALER_ENTROPY",
      `${handSize} of ${deckSize} needs ${bits} bits of hash; at most ${DEALER_ENTROPY_BITS_MAX}.`,
    );
  }
}
