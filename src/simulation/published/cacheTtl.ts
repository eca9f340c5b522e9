/**
 * What a longer TTL does to latency (RFC 9199 section 3.4, after Moura et al., IMC 2019): a recursive resolver answers from its cache
 * until the TTL is over and then asks the authoritative servers, so that the TTL moves the whole distribution.
 */
import { exp, log } from "../../base/elementary.ts";
import { standardNormal } from "../distribution.ts";
import { createStreams } from "../streams.ts";

export interface CacheTtlOptions {
  readonly seed: number | string;
  /** Resolvers, each with a client that looks once. */
  readonly vantages: number;
  readonly ttlSeconds: number;
  /** Seconds between the questions that a resolver gets from anybody, on average (a Poisson process). */
  readonly meanGapSeconds: number;
  /** Latency of an answer from the cache, and of one from the authoritative servers: lognormal. */
  readonly hit: LognormalMs;
  readonly miss: LognormalMs;
}

export interface LognormalMs {
  readonly medianMs: number;
  /** Standard deviation of the logarithm. */
  readonly sigma: number;
}

export interface CacheTtlResult {
  readonly ascendingMs: Float64Array;
  readonly hitRatio: number;
}

/** Share of questions answered from a cache: of a Poisson process, those that come within a TTL of one that was not. */
export function expectedHitRatio(ttlSeconds: number, meanGapSeconds: number): number {
  return ttlSeconds / (ttlSeconds + meanGapSeconds);
}

/**
 * Each resolver is looked at once after its cache has run for long: its questions come one by one, and the last of them is the
 * probe's.
 */
export function simulateCacheTtl(options: CacheTtlOptions): CacheTtlResult {
  const { vantages, ttlSeconds, meanGapSeconds, hit, miss } = options;
  const streams = createStreams(options.seed);
  const draw = { gap: streams.of("gap"), latency: streams.of("latency") };
  const ascendingMs = new Float64Array(vantages);
  let hits = 0;
  const cycleSeconds = ttlSeconds + meanGapSeconds;
  for (let vantage = 0; vantage < vantages; vantage += 1) {
    // After some cycles of the cache, so that what it began with is forgotten, and anywhere within one.
    const horizonSeconds = (3 + draw.gap.ratio()) * cycleSeconds;
    let freshUntil = Number.NEGATIVE_INFINITY;
    let isHit = false;
    const gap = () => -meanGapSeconds * log(1 - draw.gap.ratio());
    for (let at = 0; at < horizonSeconds; at += gap()) {
      isHit = at < freshUntil;
      if (!isHit) freshUntil = at + ttlSeconds;
    }
    if (isHit) hits += 1;
    const { medianMs, sigma } = isHit ? hit : miss;
    ascendingMs[vantage] = medianMs * exp(sigma * standardNormal(draw.latency));
  }
  ascendingMs.sort();
  return { ascendingMs, hitRatio: hits / vantages };
}
