/**
 * Randomness, as a value that is handed in. `secureRandom` is the machine's generator, for ids, ports and secrets;
 * `seededRandom` is reproducible, for simulations, property tests and load spreading.
 */

export interface Random {
  /** A uniform integer in `[0, bound)`; `bound` from 1 to 2^32. */
  below(bound: number): number;
  /** A uniform number in `[0, 1)` with 53 random bits. */
  ratio(): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

function randomOver(next32: () => number): Random {
  return {
    below(bound) {
      // Lemire's rejection keeps every value equally likely.
      const threshold = (2 ** 32 - bound) % bound;
      for (;;) {
        const product = BigInt(next32()) * BigInt(bound);
        if (Number(product & 0xffffffffn) >= threshold) return Number(product >> 32n);
      }
    },
    ratio: () => ((next32() >>> 5) * 2 ** 26 + (next32() >>> 6)) / 2 ** 53,
    bytes(length) {
      const out = new Uint8Array(length);
      for (let index = 0; index < length; index += 1) out[index] = next32() & 0xff;
      return out;
    },
  };
}

/** The machine's cryptographic generator. */
export const secureRandom: Random = {
  ...randomOver(() => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0),
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

/** FNV-1a over 32 bits: turns a stream's purpose into seed words. */
function fnv1a(text: string, offset: number): number {
  let hash = offset >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

/**
 * A reproducible generator (sfc32, 128 bits of state) for one purpose. Streams of different purposes are independent, so
 * drawing more for one leaves the others as they were. Never for secrets.
 *
 * @example
 * ```ts
 * const network = seededRandom(42, "network");
 * network.below(6); // the same on every machine
 * ```
 */
export function seededRandom(seed: number | string, purpose: string): Random {
  const text = `${seed}/${purpose}`;
  let a = fnv1a(text, 0x811c9dc5);
  let b = fnv1a(text, 0x9e3779b9);
  let c = fnv1a(text, 0x85ebca6b);
  let counter = 1;
  const next32 = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  // The first outputs still resemble the seed.
  for (let round = 0; round < 15; round += 1) next32();
  return randomOver(next32);
}

/** A shuffled copy (Fisher-Yates). */
export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const out = [...items];
  for (let index = out.length - 1; index > 0; index -= 1) {
    const other = random.below(index + 1);
    [out[index], out[other]] = [out[other]!, out[index]!];
  }
  return out;
}
