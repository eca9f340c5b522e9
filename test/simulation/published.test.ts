import { expect } from "chai";
import { seededRandom } from "../../src/base/random.ts";
import { expectedHitRatio, simulateCacheTtl } from "../../src/simulation/published/cacheTtl.ts";
import { simulateCodns } from "../../src/simulation/published/codns.ts";
import { simulateDike } from "../../src/simulation/published/dikeBreaks.ts";
import { simulateRecursives } from "../../src/simulation/published/recursives.ts";
import { deal, overlapTable } from "../../src/simulation/published/shuffleSharding.ts";

describe("published results", () => {
  it("keeps every query of the dike apart from the next seed's", () => {
    const run = (seed: number) =>
      simulateDike({ seed, probes: 200, rounds: 4, roundMinutes: 10, ttlSeconds: 60, loss: 0.9, attackAtMinutes: 10 });
    expect(run(1)).to.deep.equal(run(1));
    expect(run(1)).to.not.deep.equal(run(2));
    expect(run(1).map((round) => round.queries)).to.deep.equal([200, 200, 200, 200]);
  });

  it("answers everything in time when nothing is lost, and nothing when all is and nothing is cached", () => {
    const options = {
      seed: 1,
      probes: 100,
      rounds: 2,
      roundMinutes: 10,
      ttlSeconds: 0,
      attackAtMinutes: 0,
      baseFailureRatio: 0,
    };
    expect(
      simulateDike({ ...options, loss: 0 }).every((round) => round.answered === 100 && round.upstream === 100),
    ).to.equal(true);
    expect(simulateDike({ ...options, loss: 1 }).every((round) => round.answered === 0)).to.equal(true);
  });

  it("gains nothing from helpers that always fail together", () => {
    const run = simulateCodns({ seed: 3, lookups: 20_000, failureRatio: 0.2, commonCauseRatio: 1, peers: 3 });
    expect(run.answered).to.be.closeTo(run.answeredLocal, 40);
  });

  it("is won by the local server alone where helpers keep silent, and by helpers in order of their turn", () => {
    const options = { seed: 3, lookups: 20_000, failureRatio: 0.2, commonCauseRatio: 0, peers: 3 };
    const [, ...silent] = simulateCodns({ ...options, silentRatio: 1 }).wonByParty;
    expect(silent).to.deep.equal([0, 0, 0]);
    const { wonByParty, answered, meanMs } = simulateCodns(options);
    expect(wonByParty.reduce((sum, count) => sum + count, 0)).to.equal(answered);
    expect(wonByParty.toSorted((left, right) => right - left)).to.deep.equal(wonByParty);
    expect(meanMs.helped).to.be.below(meanMs.alone);
  });

  it("answers as often from a cache as the law of arrivals has it, whatever the TTL", () => {
    const latency = { hit: { medianMs: 1, sigma: 0.1 }, miss: { medianMs: 100, sigma: 0.1 } };
    for (const ttlSeconds of [0, 60, 600, 6_000]) {
      const options = { seed: 1, vantages: 4_000, ttlSeconds, meanGapSeconds: 600, ...latency };
      const { hitRatio, ascendingMs } = simulateCacheTtl(options);
      expect(hitRatio).to.be.closeTo(expectedHitRatio(ttlSeconds, 600), 0.03);
      // Hits and misses lie far apart here, so that the latencies tell the ratio as well.
      expect(ascendingMs.filter((ms) => ms < 10).length / 4_000).to.be.closeTo(hitRatio, 1e-9);
    }
  });

  it("keeps no recursive to the fastest server that asks all alike", () => {
    const options = { seed: 1, recursives: 2_000, queries: 30, servers: 4, exploreRatio: 0 };
    expect(simulateRecursives({ ...options, keenRatio: 0 })).to.be.below(0.01);
    expect(simulateRecursives({ ...options, keenRatio: 1 })).to.equal(1);
    expect(simulateRecursives({ ...options, keenRatio: 1, exploreRatio: 1 })).to.equal(0);
  });

  it("deals hands of distinct members, and shares add up to one", () => {
    const hand = deal(16, 4, seededRandom(1, "hand"));
    expect(new Set(hand).size).to.equal(4);
    expect(overlapTable(2048, 4).reduce((sum, share) => sum + share, 0)).to.be.closeTo(1, 1e-12);
  });
});
