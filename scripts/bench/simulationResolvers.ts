/** Rows for what others published of resolvers and their caches: helpers that are asked, servers that are chosen, TTLs. */
import { BURN_WINDOWS } from "../../src/availability/budget.ts";
import { expectedHitRatio, simulateCacheTtl } from "../../src/simulation/published/cacheTtl.ts";
import { simulateCodns } from "../../src/simulation/published/codns.ts";
import { simulateRecursives } from "../../src/simulation/published/recursives.ts";
import { near, within } from "./publishedRow.ts";
import type { BenchRow } from "./row.ts";

const SEED = 20181031;

/**
 * CoDNS with three helpers, each asked after twice the last wait. The name servers' latency is fitted to the published overhead;
 * helpers keep silent as often as the middle of the published 6 to 31 %. Who wins, and what is saved, follows.
 */
export function helperRows(small: boolean): BenchRow[] {
  const run = simulateCodns({
    seed: SEED,
    lookups: small ? 40_000 : 1_000_000,
    failureRatio: 0.01,
    commonCauseRatio: 0,
    peers: 3,
    delayMs: 100,
    silentRatio: 0.185,
    latencyMs: { kind: "lognormal", medianMs: 15, p99Ms: 3500 },
  });
  const [, first = 0, second = 0, third = 0] = run.wonByParty;
  const remote = first + second + third;
  const saved = 1 - run.meanMs.helped / run.meanMs.alone;
  const more = Number.POSITIVE_INFINITY;
  return [
    near("codns-extra-queries", (100 * run.extraQueries) / run.lookups, 25, 1.5, "%", "OSDI 2004 (fitted)"),
    within("codns-won-by-first-helper", (100 * first) / remote, [80, more], "%", "OSDI 2004 (predicted)"),
    within("codns-won-by-first-two", (100 * (first + second)) / remote, [95, more], "%", "OSDI 2004 (predicted)"),
    within("codns-mean-latency-saved", 100 * saved, [27, 82], "%", "OSDI 2004 (predicted)"),
  ];
}

/**
 * `.uy` before and after its TTL grew from 300 to 86,400 seconds. A day's hit ratio of 0.7 gives how often resolvers are asked, and
 * with that a hit ratio near zero for 300 seconds: latencies then are those of the authoritative servers, and the later ones fix
 * those of caches. So both medians and both quartiles are fitted; that one law of arrivals carries both TTLs is what is shown.
 */
export function ttlRows(small: boolean): BenchRow[] {
  const daySeconds = 86_400;
  const meanGapSeconds = daySeconds * (0.3 / 0.7);
  const common = {
    seed: SEED,
    vantages: small ? 15_000 : 150_000,
    meanGapSeconds,
    hit: { medianMs: 6.59, sigma: 1 },
    miss: { medianMs: 28.7, sigma: Math.log(183 / 28.7) / 0.67449 },
  };
  return [
    [300, 28.7, 183],
    [daySeconds, 8, 21],
  ].flatMap(([ttlSeconds = 0, median = 0, quartile = 0]) => {
    const { ascendingMs, hitRatio } = simulateCacheTtl({ ...common, ttlSeconds });
    const at = (ratio: number) => ascendingMs[Math.ceil(ratio * common.vantages) - 1]!;
    const tolerance = small ? 0.12 : 0.06;
    const expected = expectedHitRatio(ttlSeconds, meanGapSeconds);
    return [
      near(`uy-ttl-${ttlSeconds}-median`, at(0.5), median, median * tolerance, "ms", "RFC 9199 (fitted)"),
      near(`uy-ttl-${ttlSeconds}-p75`, at(0.75), quartile, quartile * tolerance, "ms", "RFC 9199 (fitted)"),
      near(`uy-ttl-${ttlSeconds}-hits`, 100 * hitRatio, 100 * expected, small ? 1.5 : 0.5, "%", "closed form"),
    ];
  });
}

/** About 9,000 recursives, a question every 2 minutes for an hour, four sites: the published ends of who keeps to the fastest. */
export function recursiveRows(): BenchRow[] {
  const common = { seed: SEED, recursives: 9_000, queries: 30, servers: 4, exploreRatio: 0.07 };
  const most = simulateRecursives({ ...common, keenRatio: 0.69 });
  const least = simulateRecursives({ ...common, keenRatio: 0.59 });
  const paper = "IMC 2017 (fitted)";
  return [
    near("recursives-keep-to-the-fastest", 100 * most, 69, 2, "%", paper),
    near("recursives-do-not", 100 * (1 - least), 41, 2, "%", paper),
  ];
}

/** The multi-window alerts of the SRE workbook: what share of a month's error budget is gone when each one fires. */
export function burnRateRows(): BenchRow[] {
  const monthHours = 30 * 24;
  const published = [2, 5, 10];
  return BURN_WINDOWS.map(({ factor, longMs }, index) => {
    const hours = longMs / 3_600_000;
    const share = (100 * factor * hours) / monthHours;
    return near(`burn-rate-${factor}x-over-${hours}-h`, share, published[index] ?? 0, 1e-9, "% of budget", "SRE");
  });
}
