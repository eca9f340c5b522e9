import { expect } from "chai";
import {
  codnsRows,
  commonCauseRow,
  dikeRows,
  rootServerRows,
  shardRows,
  tailRows,
} from "../../scripts/bench/simulationPublished.ts";
import { seededRandom } from "../../src/base/random.ts";
import { simulateCodns } from "../../src/simulation/published/codns.ts";
import { simulateDike } from "../../src/simulation/published/dikeBreaks.ts";
import { deal, overlapTable } from "../../src/simulation/published/shuffleSharding.ts";

describe("published results", () => {
  const groups = {
    "When the Dike Breaks": dikeRows,
    CoDNS: codnsRows,
    "common cause": (small: boolean) => [commonCauseRow(small)],
    "The Tail at Scale": tailRows,
    RSSAC047: () => rootServerRows(),
    "shuffle sharding": shardRows,
  };
  for (const [name, rowsOf] of Object.entries(groups)) {
    it(`returns what was published: ${name}`, function () {
      this.timeout(20_000);
      const rows = rowsOf(true);
      expect(rows.length).to.be.greaterThan(0);
      for (const row of rows)
        expect(row.ok, `${row.id}: ${row.value} against ${row.peerValue}, ${row.goal}`).to.equal(true);
    });
  }

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
