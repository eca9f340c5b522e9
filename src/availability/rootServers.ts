/** Availability of a system of servers of which enough must work, as RSSAC047 defines it for the DNS root. */

import { power } from "../base/elementary.ts";

/** RSSAC047's n and k: of 13 identifiers, 8 must work. */
export const ROOT_IDENTIFIERS = 13;
export const ROOT_IDENTIFIERS_NEEDED = 8;

/**
 * Availability of the system: over every vantage point and interval, the servers that answered, counted no further than
 * `needed`, divided by as many times `needed`.
 *
 * @example
 * ```ts
 * systemAvailability([7, 13, 13, 13], 8); // 31 / 32
 * ```
 */
export function systemAvailability(answered: Iterable<number>, needed: number): number {
  let sum = 0;
  let count = 0;
  for (const servers of answered) {
    sum += Math.min(needed, servers);
    count += 1;
  }
  return count === 0 ? 1 : sum / (count * needed);
}

/** The chance that at least `needed` of `count` servers work, each of which does with `availability`, independently. */
export function atLeastWorking(count: number, needed: number, availability: number): number {
  let sum = 0;
  let combinations = 1;
  for (let broken = 0; broken <= count - needed; broken += 1) {
    sum += combinations * power(availability, count - broken) * power(1 - availability, broken);
    combinations = (combinations * (count - broken)) / (broken + 1);
  }
  return sum;
}
