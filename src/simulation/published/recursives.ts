/**
 * "Recursives in the Wild" (Müller et al., IMC 2017): which of a zone's authoritative servers recursive resolvers ask. Some keep to
 * the fastest and try the others now and then; some ask all alike.
 */
import type { Random } from "../../base/random.ts";
import { createStreams } from "../streams.ts";

export interface RecursivesOptions {
  readonly seed: number | string;
  readonly recursives: number;
  /** Questions that each one is given: one every 2 minutes for an hour is 30. */
  readonly queries: number;
  /** Authoritative servers, the fastest first. */
  readonly servers: number;
  /** Share of the recursives that keep to the fastest. */
  readonly keenRatio: number;
  /** How often those ask another one nevertheless, after having tried each once. */
  readonly exploreRatio: number;
}

/** How many of its queries a recursive sends to the fastest. */
function countFastest({ queries, servers, exploreRatio }: RecursivesOptions, isKeen: boolean, random: Random): number {
  let count = 0;
  for (let query = 0; query < queries; query += 1) {
    const other = 1 + random.below(servers - 1);
    const keen = query < servers ? query : random.ratio() < exploreRatio ? other : 0;
    if ((isKeen ? keen : random.below(servers)) === 0) count += 1;
  }
  return count;
}

/** Share of the recursives that sent most of their queries to the fastest server. */
export function simulateRecursives(options: RecursivesOptions): number {
  const { recursives, queries, keenRatio } = options;
  const random = createStreams(options.seed).of("recursives");
  let majority = 0;
  for (let recursive = 0; recursive < recursives; recursive += 1) {
    const count = countFastest(options, random.ratio() < keenRatio, random);
    if (count * 2 > queries) majority += 1;
  }
  return majority / recursives;
}
