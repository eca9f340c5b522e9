/** One row for each figure that others published and the simulator must reproduce. */

import { normalQuantile, samplesToClaim } from "../../src/availability/interval.ts";
import { jointFailures } from "../../src/availability/joint.ts";
import { atLeastWorking, systemAvailability } from "../../src/availability/rootServers.ts";
import { seededRandom, shuffled } from "../../src/base/random.ts";
import { overlapOf, slotsOf } from "../../src/sharding/shard.ts";
import { expectedAllFailed, simulateCodns } from "../../src/simulation/published/codns.ts";
import { DIKE_EXPERIMENT_A, type DikeRound, simulateDike } from "../../src/simulation/published/dikeBreaks.ts";
import {
  choose,
  countedTries,
  dealtOverlap,
  dealtSquished,
  expectedTries,
  KUBERNETES_TABLE,
  lossTable,
  overlapTable,
  squishedRatio,
} from "../../src/simulation/published/shuffleSharding.ts";
import { anySlow, simulateTail, type TailResult } from "../../src/simulation/published/tailAtScale.ts";
import { near } from "./publishedRow.ts";
import { type BenchRow, figure } from "./row.ts";

const SEED = 20181031;

function total(rounds: readonly DikeRound[], key: keyof DikeRound): number {
  return rounds.reduce((sum, round) => sum + round[key], 0);
}

export function dikeRows(small: boolean): BenchRow[] {
  const common = { seed: SEED, probes: small ? 4_000 : 15_000, roundMinutes: 10 };
  const rows = simulateDike({ ...common, rounds: 12, ttlSeconds: 3600, loss: 1, attackAtMinutes: 10 }).map(
    (round, index) =>
      near(
        `dike-a-minute-${index * 10}`,
        (100 * round.answered) / round.queries,
        DIKE_EXPERIMENT_A[index]!,
        3,
        "%",
        "IMC 2018, A",
      ),
  );
  const rounds = simulateDike({ ...common, rounds: 12, ttlSeconds: 60, loss: 0.9, attackAtMinutes: 30 });
  const [calm, attacked] = [rounds.slice(0, 3), rounds.slice(3)];
  const answered = (100 * total(attacked, "answered")) / total(attacked, "queries");
  const load = total(attacked, "upstream") / attacked.length / (total(calm, "upstream") / calm.length);
  rows.push(near("dike-loss-90-ttl-60-answered", answered, 27, 1, "%", "IMC 2018"));
  rows.push(near("dike-loss-90-ttl-60-load", load, 8.1, 0.3, "x", "IMC 2018"));
  return rows;
}

export function codnsRows(small: boolean): BenchRow[] {
  const options = { seed: SEED, lookups: small ? 40_000 : 1_000_000, failureRatio: 0.01 };
  const alone = simulateCodns({ ...options, commonCauseRatio: 0, peers: 1 });
  const rows: BenchRow[] = [
    near("codns-local-only", (100 * alone.answeredLocal) / alone.lookups, 99, 0.15, "%", "OSDI 2004"),
    {
      id: "codns-one-helper",
      value: (100 * alone.answered) / alone.lookups,
      unit: "%",
      peer: "OSDI 2004",
      peerValue: 99.9,
      ratio: null,
      goal: "> 99.9",
      ok: alone.answered / alone.lookups > 0.999,
    },
  ];
  for (const beta of [0.05, 0.1, 0.2, 0.5, 1]) {
    const run = simulateCodns({ ...options, commonCauseRatio: beta, peers: 1 });
    const expected = expectedAllFailed(0.01, beta, 2);
    // Four standard errors of the count.
    const tolerance = (400 * Math.sqrt(expected * (1 - expected))) / Math.sqrt(run.lookups);
    const failed = (100 * run.allFailed) / run.lookups;
    rows.push(
      near(`codns-common-cause-${beta * 100}%-both-fail`, failed, 100 * expected, tolerance, "%", "beta-factor model"),
    );
    const lift = (run.lookups - run.answeredLocal) / Math.max(1, run.lookups - run.answered);
    const liftMax = 1.25 / beta;
    const id = `codns-common-cause-${beta * 100}%-lift`;
    rows.push(figure(id, lift, "x fewer failures", `<= ${liftMax.toFixed(2)}`, lift <= liftMax));
  }
  return rows;
}

/** The joint-failure statistics must find the common cause that a run was made with. */
export function commonCauseRow(small: boolean): BenchRow {
  const rounds = small ? 20_000 : 200_000;
  const run = simulateCodns({ seed: SEED, lookups: rounds, failureRatio: 0.05, commonCauseRatio: 0.3, peers: 1 });
  const [dns = 0, gateways = 0] = run.failedByParty;
  const counts = { both: run.allFailed, dns: dns - run.allFailed, gateways: gateways - run.allFailed };
  const observations = [];
  for (let round = 0; round < rounds; round += 1) {
    const both = round < counts.both;
    const onlyDns = !both && round < counts.both + counts.dns;
    const onlyGateways = !both && !onlyDns && round < counts.both + counts.dns + counts.gateways;
    for (const path of ["dns", "gateways"] as const) {
      const failed = both || (path === "dns" ? onlyDns : onlyGateways);
      observations.push({
        atMs: round,
        round,
        name: "a.hold",
        path,
        outcome: failed ? "timedOut" : "answered",
        latencyMs: 1,
      } as const);
    }
  }
  const [joint] = jointFailures(observations, ["dns", "gateways"], seededRandom(SEED, "bootstrap"));
  const found = joint?.commonCauseRatio ?? Number.NaN;
  return near("common-cause-found-again", found, 0.3, 0.03, "ratio", "truth of the run");
}

export function tailRows(small: boolean): BenchRow[] {
  const requests = small ? 20_000 : 400_000;
  const at = (result: TailResult, ratio: number) => result.ascendingMs[Math.ceil(ratio * requests) - 1]!;
  // Two published points fix the leaves' latency: 2 % of hedges after 10 ms, and 1,800 ms at p99.9 of 1,000 reads.
  const reads = {
    seed: SEED,
    requests,
    leaves: 1000,
    slow: { ms: 10, ratio: 0.02 },
    verySlow: { ms: 1800, ratio: 1e-6 },
  };
  const plain = simulateTail({ ...reads, hedgeAfterMs: Number.POSITIVE_INFINITY });
  const hedged = simulateTail({ ...reads, hedgeAfterMs: 10 });
  // The same spread, moved to the other published leaf: p99 of 10 ms, 100 leaves.
  const spread = Math.log(180) / (normalQuantile(1 - 1e-6) - normalQuantile(0.98));
  const ms = 10 * Math.exp(spread * (normalQuantile(1 - 1e-4) - normalQuantile(0.99)));
  const leaves = { seed: SEED, requests, leaves: 100, slow: { ms: 10, ratio: 0.01 }, verySlow: { ms, ratio: 1e-4 } };
  const root = simulateTail({ ...leaves, hedgeAfterMs: Number.POSITIVE_INFINITY });
  return [
    near("tail-one-of-100-slow", 100 * anySlow(100, 0.01), 63.4, 0.05, "%", "CACM 2013"),
    near("tail-one-of-2000-slow", 100 * anySlow(2000, 0.0001), 18.1, 0.05, "%", "CACM 2013"),
    near("tail-1000-reads-p99.9", at(plain, 0.999), 1800, small ? 450 : 180, "ms", "CACM 2013 (fitted)"),
    near("tail-1000-reads-hedged-p99.9", at(hedged, 0.999), 74, 7.4, "ms", "CACM 2013 (predicted)"),
    near("tail-hedges", 100 * hedged.hedgeRatio, 2, 0.1, "%", "CACM 2013 (fitted)"),
    near("tail-100-leaves-p99", at(root, 0.99), 140, 14, "ms", "CACM 2013 (predicted)"),
  ];
}

/** RSSAC047: 20 vantage points, an interval of 5 minutes, a month of 30 days, 13 identities of which 8 are needed. */
export function rootServerRows(): BenchRow[] {
  const intervals = 30 * 24 * 12;
  const points = 20;
  const month = (answered: (point: number, interval: number) => number) => {
    const samples = new Uint8Array(points * intervals);
    for (let point = 0; point < points; point += 1) {
      for (let interval = 0; interval < intervals; interval += 1) {
        samples[point * intervals + interval] = answered(point, interval);
      }
    }
    return 100 * systemAvailability(samples, 8);
  };
  // Published figures are cut, not rounded.
  const cut = (id: string, value: number, published: number, digits: number) =>
    near(id, Math.floor(value * 10 ** digits + 1e-6) / 10 ** digits, published, 0, "%", "RSSAC047");
  return [
    cut(
      "rssac047-1-identity-dead",
      month(() => 12),
      100,
      5,
    ),
    cut(
      "rssac047-5-identities-dead",
      month(() => 8),
      100,
      5,
    ),
    cut(
      "rssac047-6-identities-dead",
      month(() => 7),
      87.5,
      5,
    ),
    cut(
      "rssac047-all-dead-one-day",
      month((_, interval) => (interval < 288 ? 0 : 13)),
      96.66,
      2,
    ),
    cut(
      "rssac047-one-point-reaches-7-once",
      month((point, interval) => (point === 0 && interval === 99 ? 7 : 13)),
      99.99992,
      5,
    ),
    cut(
      "rssac047-seven-points-lack-one-twice",
      month((point, interval) => (point < 7 && interval < 2 ? 7 : 13)),
      99.9989,
      4,
    ),
    near("rssac047-8-of-13-at-96%", atLeastWorking(13, 8, 0.96), 0.99999449, 5e-9, "ratio", "RSSAC047"),
    near("rssac047-8-of-13-at-95.5%", atLeastWorking(13, 8, 0.955), 0.99998917, 5e-9, "ratio", "RSSAC047"),
    near("rssac047-8-of-13-at-95%", atLeastWorking(13, 8, 0.95), 0.99998025, 5e-9, "ratio", "RSSAC047"),
    near("samples-for-99.9%", samplesToClaim(0.999), 2995, 0, "probes", "closed form"),
    near("samples-for-99.99%", samplesToClaim(0.9999), 29_956, 0, "probes", "closed form"),
    near("samples-for-99.999%", samplesToClaim(0.99999), 299_572, 0, "probes", "closed form"),
  ];
}

/** Pool, shard size, and the published share of pairs with 0, 1, ... members in common, in percent, as printed. */
const OVERLAP_TABLES: readonly (readonly [number, number, readonly number[]])[] = [
  [8, 2, [53.6, 42.9, 3.57]],
  [16, 4, [27.2, 48.4, 21.8, 2.64, 0.055]],
  [32, 4, [56.9, 36.4, 6.31, 0.311, 0.0028]],
  [100, 5, [77.0, 21.1, 1.84, 0.059, 0.00063, 0.0000013]],
];

/** The protocol's own shards keep what any scheme can at most promise under Route 53's rule. */
function ownShardRows(small: boolean): BenchRow[] {
  const random = seededRandom(SEED, "pairs");
  return [
    [512, 0],
    [262_144, 1],
    [134_217_728, 2],
  ].map(([names, published]) => {
    let most = 0;
    for (let pair = 0; pair < (small ? 20_000 : 500_000); pair += 1) {
      const [left, right] = [random.below(names!), random.below(names!)];
      if (left !== right) most = Math.max(most, overlapOf(slotsOf(left), slotsOf(right)));
    }
    const id = `holdfast-first-${names}-names-share-at-most`;
    const peer = "two polynomials agree";
    const goal = `<= ${published}`;
    return {
      id,
      value: most,
      unit: "gateways",
      peer,
      peerValue: published!,
      ratio: null,
      goal,
      ok: most <= published!,
    };
  });
}

/** The Builders' Library's worked example: rainbow poisons workers 1 and 4; rose (1, 8) and sunflower (4, 6) retry. */
function builderRows(small: boolean): BenchRow[] {
  const dead = new Set([1, 4]);
  const random = seededRandom(SEED, "builders");
  const customers = { rainbow: [1, 4], rose: [1, 8], sunflower: [4, 6] };
  return Object.entries(customers).map(([name, workers]) => {
    const requests = small ? 1_000 : 100_000;
    let answered = 0;
    for (let request = 0; request < requests; request += 1) {
      if (shuffled(random, workers).some((worker) => !dead.has(worker))) answered += 1;
    }
    return near(`builders-${name}-answered`, (100 * answered) / requests, name === "rainbow" ? 0 : 100, 0, "%", "AWS");
  });
}

export function shardRows(small: boolean): BenchRow[] {
  const draws = small ? 15_000 : 500_000;
  const rows: BenchRow[] = [
    near("shards-8-workers-by-2", choose(8, 2), 28, 0, "shards", "AWS"),
    near("shards-2048-servers-by-4", choose(2048, 4), 730_862_190_080, 0, "shards", "AWS"),
    near("shards-8-by-2-poisoned-takes", lossTable(8, 2, 2)[2]!, 1 / 28, 1e-12, "ratio", "AWS"),
    near("shards-gain-over-plain-quarters", 0.25 / lossTable(8, 2, 2)[2]!, 7, 1e-9, "x", "AWS"),
  ];
  for (const [pool, size, published] of OVERLAP_TABLES) {
    const counted = dealtOverlap(SEED, pool, size, draws);
    overlapTable(pool, size).forEach((ratio, shared) => {
      const printed = published[shared]!;
      rows.push(near(`shards-${pool}-by-${size}-share-${shared}`, 100 * ratio, printed, printed * 0.04, "%", "AWS"));
      const tolerance = 400 * Math.sqrt((ratio * (1 - ratio)) / draws) + 100 / draws;
      rows.push(
        near(
          `shards-${pool}-by-${size}-share-${shared}-dealt`,
          100 * counted[shared]!,
          100 * ratio,
          tolerance,
          "%",
          "closed form",
        ),
      );
    });
  }
  for (const dead of [1, 2, 3]) {
    const tries = countedTries(SEED, 4, dead, draws);
    rows.push(near(`tries-${dead}-of-4-dead`, tries, expectedTries(4, dead), 0.02, "tries", "(k+1)/(k-d+1)"));
  }
  rows.push(...ownShardRows(small), ...builderRows(small));
  const errors = KUBERNETES_TABLE.flatMap(([size, pool, ...published]) =>
    [1, 4, 16].map((elephants, index) => Math.abs(squishedRatio(pool, size, elephants) / published[index]! - 1)),
  );
  rows.push(near("kubernetes-33-entries-error", Math.max(...errors), 0, 1e-9, "ratio", "Kubernetes docs"));
  for (const [size, pool, , four, sixteen] of KUBERNETES_TABLE.slice(0, 3)) {
    for (const [elephants, published] of [
      [4, four],
      [16, sixteen],
    ] as const) {
      const counted = dealtSquished(SEED, pool, size, elephants, draws / 5);
      const tolerance = 4 * Math.sqrt((published * (1 - published)) / (draws / 5));
      rows.push(
        near(
          `kubernetes-${size}-of-${pool}-${elephants}-elephants-dealt`,
          counted,
          published,
          tolerance,
          "ratio",
          "Kubernetes docs",
        ),
      );
    }
  }
  return rows;
}
