/** Generators keyed by purpose, all of one seed: what one part draws never depends on how much another has drawn. */
import { type Random, seededRandom } from "../base/random.ts";

export interface Streams {
  readonly seed: string;
  /** The generator of one purpose; the same one each time it is asked for. */
  of(purpose: string): Random;
}

/**
 * @example
 * ```ts
 * const streams = createStreams(42);
 * streams.of("network/loss").ratio();
 * ```
 */
export function createStreams(seed: number | string): Streams {
  const known = new Map<string, Random>();
  return {
    seed: String(seed),
    of(purpose) {
      let random = known.get(purpose);
      if (random === undefined) {
        random = seededRandom(seed, purpose);
        known.set(purpose, random);
      }
      return random;
    },
  };
}
