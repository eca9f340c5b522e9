import { expect } from "chai";
import { seededRandom } from "../../src/base/random.ts";
import { simulateCodns } from "../../src/simulation/published/codns.ts";
import { simulateDike } from "../../src/simulation/published/dikeBreaks.ts";
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

  it("deals hands of distinct members, and shares add up to one", () => {
    const hand = deal(16, 4, seededRandom(1, "hand"));
    expect(new Set(hand).size).to.equal(4);
    expect(overlapTable(2048, 4).reduce((sum, share) => sum + share, 0)).to.be.closeTo(1, 1e-12);
  });
});
