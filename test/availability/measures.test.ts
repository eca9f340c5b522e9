import { expect } from "chai";
import {
  blockBootstrap,
  burstDifference,
  burstInterval,
  effectiveSampleSize,
} from "../../src/availability/bootstrap.ts";
import { burningWindows, burnRate, errorBudget } from "../../src/availability/budget.ts";
import { outageEpisodes, repairTimes } from "../../src/availability/episodes.ts";
import { clopperPearson } from "../../src/availability/interval.ts";
import { commonCauseRatio, jointFailure, pairedDifference } from "../../src/availability/joint.ts";
import { latencies, latencyCdf, quantile } from "../../src/availability/latency.ts";
import type { Observation } from "../../src/availability/observation.ts";
import type { Outcome } from "../../src/availability/outcome.ts";
import { recoveryOf } from "../../src/availability/recovery.ts";
import { atLeastWorking, systemAvailability } from "../../src/availability/rootServers.ts";
import { seededRandom } from "../../src/base/random.ts";

function observe(atMs: number, outcome: Outcome, path = "dns", latencyMs = 10): Observation {
  return { atMs, round: atMs, name: "shop.hold", path, outcome, latencyMs };
}

describe("latency", () => {
  it("keeps time-outs as mass at infinity", () => {
    const ascending = latencies([
      observe(0, "answered", "dns", 5),
      observe(1, "timedOut", "dns", 4000),
      observe(2, "absent", "dns", 3),
      observe(3, "wrong", "dns", 1),
    ]);
    expect(ascending).to.deep.equal([3, 5, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(quantile(ascending, 0.5)).to.equal(5);
    expect(quantile(ascending, 0.99)).to.equal(null);
    expect(latencyCdf(ascending).at(-1)).to.deep.equal({ latencyMs: 5, share: 0.5 });
  });

  it("returns no quantile of nothing", () => {
    expect(quantile([], 0.5)).to.equal(null);
  });

  it("returns the 99th of a hundred, not the hundredth", () => {
    const ascending = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(quantile(ascending, 0.99)).to.equal(99);
  });
});

describe("episodes", () => {
  it("returns outages by the 51 % rule, with their repair times", () => {
    const series = [
      ...[0, 100, 200].map((atMs) => observe(atMs, "answered")),
      ...[1000, 1100, 1200, 2000, 2500].map((atMs) => observe(atMs, "timedOut")),
      observe(3000, "answered"),
      observe(3100, "timedOut"),
      observe(3200, "answered"),
      observe(5000, "refused"),
    ];
    const episodes = outageEpisodes(series, { binMs: 1000 });
    expect(episodes).to.deep.equal([
      { startMs: 1000, endMs: 3000, failedProbes: 5 },
      { startMs: 5000, endMs: null, failedProbes: 1 },
    ]);
    const repair = { mttrMs: 2000, mtbfMs: 4000, longestMs: 5000, downMs: 7000 };
    expect(repairTimes(episodes, 10_000)).to.deep.equal(repair);
  });
});

describe("joint failures", () => {
  const rounds = (pairs: readonly (readonly [boolean, boolean])[]) =>
    pairs.flatMap(([dns, chain], round) => [
      { ...observe(round, dns ? "timedOut" : "answered", "dns"), round },
      { ...observe(round, chain ? "timedOut" : "answered", "chain"), round },
    ]);

  it("returns full correlation where paths fail only together", () => {
    const joint = jointFailure(rounds([...Array(8).fill([false, false]), ...Array(2).fill([true, true])]), [
      "dns",
      "chain",
    ]);
    expect(joint.rounds).to.equal(10);
    expect(joint.allFailed).to.equal(0.2);
    expect(joint.allFailedIndependent).to.be.closeTo(0.04, 1e-12);
    expect(joint.phi).to.be.closeTo(1, 1e-12);
    expect(joint.commonCauseRatio).to.equal(1);
  });

  it("returns no common cause where they fail independently", () => {
    const pairs = [
      [true, true],
      ...Array(9).fill([true, false]),
      ...Array(9).fill([false, true]),
      ...Array(81).fill([false, false]),
    ];
    const joint = jointFailure(rounds(pairs as [boolean, boolean][]), ["dns", "chain"]);
    expect(joint.phi).to.be.closeTo(0, 1e-12);
    expect(joint.commonCauseRatio).to.be.closeTo(0, 1e-6);
  });

  it("returns the beta that the model was given", () => {
    const [q, beta] = [0.05, 0.3];
    expect(commonCauseRatio([q, q], beta * q + ((1 - beta) * q) ** 2)).to.be.closeTo(beta, 1e-9);
  });

  it("returns what one path buys over the other", () => {
    const paired = pairedDifference(
      rounds([...Array(6).fill([true, false]), ...Array(4).fill([false, false])]),
      "chain",
      "dns",
    );
    expect(paired).to.deep.include({ rounds: 10, difference: 0.6, onlyBetter: 6, onlyOther: 0 });
    expect(paired.pValue).to.be.closeTo(2 / 64, 1e-12);
  });
});

describe("bootstrap", () => {
  const bursty = Array.from({ length: 600 }, (_, index) => (Math.floor(index / 30) % 5 === 0 ? 0 : 1));

  it("returns wider intervals for bursts than for independent samples", () => {
    const blocks = blockBootstrap(bursty, seededRandom(1, "test"), { blockLength: 60 });
    const single = blockBootstrap(bursty, seededRandom(1, "test"), { blockLength: 1 });
    expect(blocks.low).to.be.lessThan(0.8);
    expect(blocks.high).to.be.greaterThan(0.8);
    expect(single.high - single.low).to.be.greaterThan(0);
    expect(effectiveSampleSize(bursty)).to.be.lessThan(100);
  });

  /** Outages of `burst` probes on average, at an availability of `truth` (Gilbert's model). */
  function gilbert(seed: number, count: number, truth: number, burst: number): number[] {
    const random = seededRandom(seed, "gilbert");
    const [ends, starts] = [1 / burst, (1 - truth) / truth / burst];
    let isDown = random.ratio() > truth;
    return Array.from({ length: count }, () => {
      const right = isDown ? 0 : 1;
      isDown = isDown ? random.ratio() >= ends : random.ratio() < starts;
      return right;
    });
  }

  for (const [count, truth, burst] of [
    [1_000, 0.9, 1],
    [1_000, 0.9, 5],
    [3_000, 0.9, 20],
    [5_000, 0.97, 20],
    [5_000, 0.99, 10],
  ] as const) {
    it(`covers the truth of ${truth} in bursts of ${burst} with nine intervals of ten at least`, () => {
      const seeds = 80;
      let covered = 0;
      for (let seed = 0; seed < seeds; seed += 1) {
        const { low, high } = burstInterval(gilbert(seed, count, truth, burst), seededRandom(seed, "test"));
        if (low <= truth && truth <= high) covered += 1;
      }
      expect(covered / seeds).to.be.at.least(0.9);
    });
  }

  it("never claims certainty from a series without a failure, nor from equal paths", () => {
    const right = new Array<number>(1_000).fill(1);
    const { low, high } = burstInterval(right, seededRandom(1, "test"));
    expect([low > 0.9, low < clopperPearson(1_000, 1_000).low, high]).to.deep.equal([true, true, 1]);
    const wrong = burstInterval(
      right.map(() => 0),
      seededRandom(1, "test"),
    );
    expect(wrong.low).to.equal(0);
    expect(wrong.high).to.be.closeTo(1 - low, 1e-9);
    const difference = burstDifference(new Array<number>(1_000).fill(0), seededRandom(1, "test"));
    expect(difference.high).to.be.closeTo(1 - low, 1e-9);
    expect(difference.low).to.equal(-difference.high);
    expect(burstDifference([], seededRandom(1, "test"))).to.deep.equal({ low: -1, high: 1 });
  });

  it("returns the same interval for the same seed", () => {
    const once = blockBootstrap(bursty, seededRandom(7, "test"));
    expect(blockBootstrap(bursty, seededRandom(7, "test"))).to.deep.equal(once);
  });
});

describe("budget", () => {
  it("returns what an objective leaves and how fast it burns", () => {
    const hour = Array.from({ length: 3600 }, (_, second) =>
      observe(second * 1000, second % 50 === 0 ? "timedOut" : "answered"),
    );
    expect(errorBudget(hour, 0.999).spent).to.equal(72);
    expect(burnRate(hour, 0.999, 0, 3_600_000)).to.be.closeTo(20, 1e-9);
    expect(burningWindows(hour, 0.999, 3_600_000).map((window) => window.factor)).to.deep.equal([14.4, 6, 1]);
    expect(burningWindows(hour, 0.9, 3_600_000)).to.deep.equal([]);
  });
});

describe("recovery", () => {
  it("returns when a path gave way and came back", () => {
    const series = [
      observe(0, "answered"),
      observe(1000, "timedOut"),
      observe(1500, "answered", "dns", 40),
      observe(3100, "answered", "dns", 5),
    ];
    expect(recoveryOf(series, "dns", 900, 3000)).to.deep.equal({
      path: "dns",
      faultMs: [900, 3000],
      failOverMs: 640,
      longestGapMs: 1460,
      recoveryMs: 105,
    });
  });
});

describe("root servers", () => {
  const month = 30 * 24 * 12;

  it("returns RSSAC047's worked examples", () => {
    const dead = (count: number) => systemAvailability(Array(100).fill(13 - count), 8);
    expect([dead(1), dead(5), dead(6)]).to.deep.equal([1, 1, 0.875]);
    const day = systemAvailability(
      Array.from({ length: month }, (_, interval) => (interval < 288 ? 0 : 13)),
      8,
    );
    expect(Math.floor(day * 10_000) / 10_000).to.equal(0.9666);
  });

  it("returns k of n", () => {
    expect(atLeastWorking(13, 8, 0.96)).to.be.closeTo(0.99999449, 5e-9);
    expect(atLeastWorking(13, 8, 0.955)).to.be.closeTo(0.99998917, 5e-9);
    expect(atLeastWorking(13, 8, 0.95)).to.be.closeTo(0.99998025, 5e-9);
  });
});
