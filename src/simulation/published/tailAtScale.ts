/**
 * "The Tail at Scale" (Dean and Barroso, 2013): a request waits for the slowest of many leaves; a hedge, a second try of a
 * leaf that is late, cuts the tail for little extra load.
 */
import { normalQuantile } from "../../availability/interval.ts";
import { exp, log, log1p, power } from "../../base/elementary.ts";
import type { Random } from "../../base/random.ts";
import { standardNormal } from "../distribution.ts";
import { createStreams } from "../streams.ts";

export interface TailOptions {
  readonly seed: number | string;
  readonly requests: number;
  /** Leaves that one request waits for. */
  readonly leaves: number;
  /** A leaf later than this is asked again; `Infinity`: never. */
  readonly hedgeAfterMs: number;
  /** Two points of the leaves' latency, which is lognormal: share later than so many milliseconds. */
  readonly slow: { readonly ms: number; readonly ratio: number };
  readonly verySlow: { readonly ms: number; readonly ratio: number };
}

export interface TailResult {
  /** Requests' latencies in ascending order, in milliseconds; those of at most `slow.ms` count as `slow.ms`. */
  readonly ascendingMs: Float64Array;
  /** Hedges, as a share of all leaf tries. */
  readonly hedgeRatio: number;
}

/** A standard normal given that it exceeds `from` > 0, by rejection from an exponential (Robert, 1995). */
function normalBeyond(from: number, random: Random): number {
  const rate = (from + Math.sqrt(from * from + 4)) / 2;
  for (;;) {
    const z = from - log(1 - random.ratio()) / rate;
    if (random.ratio() <= exp(-power(z - rate, 2) / 2)) return z;
  }
}

/** How many of `count` leaves are late, each with chance `ratio`: skips from one to the next (geometric gaps). */
function lateCount(count: number, ratio: number, random: Random): number {
  const scale = log1p(-ratio);
  let late = 0;
  for (let at = Math.floor(log(1 - random.ratio()) / scale); at < count; late += 1) {
    at += 1 + Math.floor(log(1 - random.ratio()) / scale);
  }
  return late;
}

/** Latencies of requests. Leaves that are not late cannot be the slowest, so only the late ones are drawn: exact, and fast. */
export function simulateTail(options: TailOptions): TailResult {
  const { slow, verySlow, hedgeAfterMs } = options;
  const zSlow = -normalQuantile(slow.ratio);
  const sigma = log(verySlow.ms / slow.ms) / (-normalQuantile(verySlow.ratio) - zSlow);
  const mu = log(slow.ms) - sigma * zSlow;
  const streams = createStreams(options.seed);
  const draw = { count: streams.of("late"), leaf: streams.of("leaf"), hedge: streams.of("hedge") };
  const lateLeaf = () => exp(mu + sigma * normalBeyond(zSlow, draw.leaf));
  const ascendingMs = new Float64Array(options.requests);
  let hedges = 0;
  for (let request = 0; request < options.requests; request += 1) {
    let slowestMs = slow.ms;
    for (let late = lateCount(options.leaves, slow.ratio, draw.count); late > 0; late -= 1) {
      let takes = lateLeaf();
      if (takes > hedgeAfterMs) {
        hedges += 1;
        takes = Math.min(takes, hedgeAfterMs + exp(mu + sigma * standardNormal(draw.hedge)));
      }
      if (takes > slowestMs) slowestMs = takes;
    }
    ascendingMs[request] = slowestMs;
  }
  ascendingMs.sort();
  return { ascendingMs, hedgeRatio: hedges / (options.requests * options.leaves) };
}

/** The chance that at least one of `leaves` is slow, when each is with chance `ratio`. */
export function anySlow(leaves: number, ratio: number): number {
  return 1 - power(1 - ratio, leaves);
}
