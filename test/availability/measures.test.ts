import { expect } from "chai";
import {
  blockBootstrap,
  burstDifference,
  burstInterval,
  effectiveSampleSize,
} from "../../src/availability/bootstrap.ts";
import { burnRate, createBurnMeter, errorBudget } from "../../src/availability/budget.ts";
import { createOutageLedger, pathOutages } from "../../src/availability/episodes.ts";
import { clopperPearson } from "../../src/availability/interval.ts";
import { commonCauseRatio, createRoundLedger, gainsOver, jointFailures } from "../../src/availability/joint.ts";
import { createLatencySketch, latencies, latencyCdf, quantile } from "../../src/availability/latency.ts";
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

  it("returns the same from a sketch: exactly at first, then within a hundredth", () => {
    const random = seededRandom(1, "latencies");
    const all = Array.from({ length: 5_000 }, () =>
      random.ratio() < 0.02 ? Number.POSITIVE_INFINITY : 0.2 * 10 ** (4 * random.ratio()),
    );
    const ascending = all.toSorted((left, right) => left - right);
    for (const exactMax of [5_000, 100]) {
      const sketch = createLatencySketch(exactMax);
      for (const one of all) sketch.add(one);
      for (const ratio of [0, 0.001, 0.5, 0.9, 0.97]) {
        const off = sketch.quantile(ratio)! / quantile(ascending, ratio)! - 1;
        expect(Math.abs(off), `${ratio} of ${exactMax}`).to.be.at.most(exactMax === 100 ? 0.0101 : 0);
      }
      expect(sketch.quantile(0.99)).to.equal(null);
      expect(sketch.cdf().at(-1)!.share).to.be.closeTo(ascending.filter(Number.isFinite).length / 5_000, 1e-12);
    }
  });
});

describe("episodes", () => {
  const MINUTE = 60_000;
  const HOUR = 3_600_000;
  const DAY = 24 * HOUR;
  /** One name probed once a minute where `probed`, failing where `fails`. */
  function followed(untilMs: number, fails: (atMs: number) => boolean, probed = (_: number) => true) {
    const ledger = createOutageLedger();
    for (let atMs = 0; atMs < untilMs; atMs += MINUTE) {
      if (probed(atMs)) ledger.note({ atMs, isRight: !fails(atMs), name: "shop.hold", silenceMs: 2.5 * MINUTE });
    }
    return ledger.outages(untilMs);
  }
  const between = (atMs: number, fromMs: number, lastsMs: number) => atMs >= fromMs && atMs < fromMs + lastsMs;

  it("returns outages of a path by the 51 % rule, with their repair times", () => {
    const series = [
      ...[0, 100, 200].map((atMs) => observe(atMs, "answered")),
      ...[1000, 1100, 1200, 2000, 2500].map((atMs) => observe(atMs, "timedOut")),
      observe(3000, "answered"),
      observe(3100, "timedOut"),
      observe(3200, "answered"),
      observe(5000, "refused"),
    ];
    const { episodes, repair } = pathOutages(series, { binMs: 1000, untilMs: 10_000 });
    const known = { startKnown: true, nameCount: 0, names: [] };
    expect(episodes).to.deep.equal([
      { startMs: 1000, endMs: 3000, lastFailedMs: 2000, failedProbes: 5, ...known },
      { startMs: 5000, endMs: null, lastFailedMs: 5000, failedProbes: 1, ...known },
    ]);
    const { mttrMsInterval, mtbfMsInterval, ...means } = repair;
    // One that ended and two that began say little: means may be several times as long.
    expect([mttrMsInterval!.low, mttrMsInterval!.high].map(Math.round)).to.deep.equal([1898, 276_485]);
    expect([mtbfMsInterval!.low, mtbfMsInterval!.high].map(Math.round)).to.deep.equal([1384, 41_287]);
    expect(means).to.deep.equal({
      outages: 2,
      lone: 1,
      open: 1,
      mttrMs: 7000,
      mtbfMs: 5000,
      longestMs: 5000,
      longestOpen: true,
      downMs: 7000,
      observedMs: 10_000,
    });
  });

  it("returns what one vantage point sees of a path, though most others see nothing of it", () => {
    const series = Array.from({ length: 60 }, (_, second) =>
      ["seoul", "oslo", "lima"].map((vantage) => ({
        ...observe(second * 1000, vantage === "lima" && second >= 20 && second < 30 ? "timedOut" : "answered"),
        vantage,
      })),
    ).flat();
    const { episodes } = pathOutages(series, { binMs: 1000, untilMs: 60_000 });
    expect(episodes.map(({ vantage, startMs, endMs }) => [vantage, startMs, endMs])).to.deep.equal([
      ["lima", 20_000, 30_000],
    ]);
  });

  it("returns time observed over outages, not the gap between two of them, as the time between", () => {
    const fails = (atMs: number) => between(atMs, 10 * DAY, 5 * MINUTE) || between(atMs, 10 * DAY + HOUR, 5 * MINUTE);
    expect(followed(30 * DAY, fails).repair).to.deep.include({ outages: 2, mtbfMs: 15 * DAY, mttrMs: 5 * MINUTE });
  });

  it("returns wider intervals where names fail together, who are no more to go by than one", () => {
    const repairOf = (isDown: (name: number, atMs: number) => boolean) => {
      const ledger = createOutageLedger();
      for (let atMs = 0; atMs < 10 * DAY; atMs += MINUTE) {
        for (let name = 0; name < 5; name += 1) {
          ledger.note({ atMs, isRight: !isDown(name, atMs), name: `${name}`, silenceMs: 2.5 * MINUTE });
        }
      }
      return ledger.outages(10 * DAY).repair;
    };
    const together = repairOf((_, atMs) => between(atMs, 5 * DAY, HOUR));
    const apart = repairOf((name, atMs) => between(atMs, (name + 1) * DAY, HOUR));
    expect([together.mttrMs, together.mtbfMs]).to.deep.equal([apart.mttrMs, apart.mtbfMs]);
    const width = ({ low, high }: { low: number; high: number }) => high / low;
    expect(width(together.mttrMsInterval!)).to.be.above(10 * width(apart.mttrMsInterval!));
    expect(width(together.mtbfMsInterval!)).to.be.above(10 * width(apart.mtbfMsInterval!));
  });

  it("never leaves an outage that goes on out of the time to repair", () => {
    const fails = (atMs: number) => between(atMs, DAY, 2 * MINUTE) || atMs >= 5 * DAY;
    const { repair, episodes } = followed(10 * DAY, fails);
    expect(repair).to.deep.include({ outages: 2, open: 1, longestOpen: true, longestMs: 5 * DAY });
    expect(repair.mttrMs).to.equal(5 * DAY + 2 * MINUTE);
    expect(episodes.at(-1)!.endMs).to.equal(null);
  });

  it("never takes a silence of the instrument for an outage, nor for time observed", () => {
    const probed = (atMs: number) => atMs < HOUR || atMs >= 3 * DAY;
    const { repair, episodes } = followed(3 * DAY + HOUR, (atMs) => atMs === 59 * MINUTE, probed);
    expect(repair).to.deep.include({ outages: 1, open: 1, downMs: 0, mttrMs: null, observedMs: 119 * MINUTE });
    expect(episodes[0]).to.deep.include({ startMs: 59 * MINUTE, endMs: null, lastFailedMs: 59 * MINUTE });
  });

  it("marks an outage that a silence or the run's begin hides the start of, and counts no start for it", () => {
    const fails = (atMs: number) => atMs < 10 * MINUTE || between(atMs, 50 * MINUTE, 80 * MINUTE);
    const { repair, episodes } = followed(3 * HOUR, fails, (atMs) => !between(atMs, HOUR, HOUR));
    expect(episodes.map(({ startKnown, endMs }) => [startKnown, endMs])).to.deep.equal([
      [false, 10 * MINUTE],
      [true, null],
      [false, 130 * MINUTE],
    ]);
    expect(repair).to.deep.include({ outages: 3, open: 1, mtbfMs: repair.observedMs });
  });

  it("tells names that fail together as one outage, and one that fails alone by itself", () => {
    const ledger = createOutageLedger();
    for (let atMs = 0; atMs < DAY; atMs += MINUTE) {
      for (let index = 0; index < 10; index += 1) {
        const isDown = index === 3 ? atMs >= 6 * HOUR : between(atMs, 2 * HOUR, 10 * MINUTE);
        const probe = { name: `n${index}.hold`, vantage: "seoul", silenceMs: 2.5 * MINUTE };
        ledger.note({ atMs: atMs + index * 5_000, isRight: !isDown, ...probe });
      }
    }
    const { episodes, repair } = ledger.outages(DAY);
    expect(episodes.map(({ nameCount, names, failedProbes }) => [nameCount, names[0], failedProbes])).to.deep.equal([
      [9, "n0.hold", 90],
      [1, "n3.hold", 18 * 60],
    ]);
    expect(repair).to.deep.include({ outages: 10, open: 1 });
  });

  it("never tells names that fail here and there as one outage", () => {
    const ledger = createOutageLedger();
    for (let probe = 0; probe < 10_000; probe += 1) {
      const name = `n${probe % 1_000}.hold`;
      ledger.note({ atMs: probe * 100, isRight: probe % 499 !== 300, name, silenceMs: 250_000 });
    }
    const { episodes } = ledger.outages(1_000_000);
    expect(episodes.length).to.equal(20);
    for (const { nameCount, startMs, endMs } of episodes.slice(0, 10)) {
      expect([nameCount, endMs! - startMs]).to.deep.equal([1, 100_000]);
    }
  });

  it("keeps to a bound however often a name flaps, and says how many there were", () => {
    const { episodes, episodeCount, repair } = followed(
      10 * DAY,
      (atMs) => (atMs / MINUTE) % 10 === 0 || between(atMs, DAY, 8 * HOUR),
    );
    expect(episodes.length).to.be.at.most(1_000);
    expect(episodeCount).to.equal(1_440 - 48);
    expect(repair.outages).to.equal(episodeCount);
    expect(episodes.some(({ failedProbes }) => failedProbes === 481)).to.equal(true);
  });
});

describe("joint failures", () => {
  const rounds = (pairs: readonly (readonly [boolean, boolean])[]) =>
    pairs.flatMap(([dns, chain], round) => [
      { ...observe(round, dns ? "timedOut" : "answered", "dns"), round },
      { ...observe(round, chain ? "timedOut" : "answered", "chain"), round },
    ]);

  it("returns full correlation where paths fail only together", () => {
    const pairs = [...Array(8).fill([false, false]), ...Array(2).fill([true, true])];
    const joint = jointFailures(rounds(pairs), ["dns", "chain"], seededRandom(1, "test"))[0]!;
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
    const [joint] = jointFailures(rounds(pairs as [boolean, boolean][]), ["dns", "chain"], seededRandom(1, "test"));
    expect(joint!.phi).to.be.closeTo(0, 1e-12);
    expect(joint!.commonCauseRatio).to.be.closeTo(0, 1e-6);
  });

  it("returns the beta that the model was given", () => {
    const [q, beta] = [0.05, 0.3];
    expect(commonCauseRatio([q, q], beta * q + ((1 - beta) * q) ** 2)).to.be.closeTo(beta, 1e-9);
  });

  it("returns what one path buys over the other", () => {
    // Turn by turn, so that every round is worth one.
    const turns = [1, 0, 1, 0, 1, 1, 0, 1, 0, 1].map((fails) => [fails === 1, false] as const);
    const paired = gainsOver(rounds(turns), "chain", "dns", seededRandom(1, "test"))!;
    expect(paired).to.deep.include({ rounds: 10, difference: 0.6, onlyBetter: 6, onlyOther: 0, effectiveRounds: 10 });
    expect(paired.pValue).to.be.closeTo(2 / 64, 1e-12);
  });

  it("never takes the rounds of one burst for as many proofs that a path is better", () => {
    const spread = Array.from({ length: 400 }, (_, round) => [round % 20 === 0, false] as const);
    const burst = Array.from({ length: 400 }, (_, round) => [round >= 200 && round < 220, false] as const);
    const [apart, together] = [spread, burst].map((turns) =>
      gainsOver(rounds(turns), "chain", "dns", seededRandom(1, "test")),
    );
    expect([apart!.onlyBetter, together!.onlyBetter]).to.deep.equal([20, 20]);
    expect(apart!.pValue).to.be.lessThan(1e-4);
    expect(together!.pValue).to.be.greaterThan(0.1);
    expect(together!.low).to.be.lessThan(0);
  });

  /** Three paths, each failing in the rounds it is told to. */
  const three = (count: number, fails: Readonly<Record<string, (round: number) => boolean>>) =>
    Array.from({ length: count }, (_, round) =>
      Object.entries(fails).map(([path, isDown]) => ({
        ...observe(round * 1000, isDown(round) ? "timedOut" : "answered", path),
        round,
      })),
    ).flat();

  it("returns every pair, so that a cause common to two of three paths shows", () => {
    const every50th = (round: number) => round % 50 === 0;
    const series = three(1_000, { dns: every50th, chain: every50th, gateways: () => false });
    const joint = jointFailures(series, ["dns", "chain", "gateways"], seededRandom(1, "test"));
    expect(joint.map(({ paths }) => paths.join("+"))).to.deep.equal([
      "dns+chain",
      "dns+gateways",
      "chain+gateways",
      "dns+chain+gateways",
    ]);
    expect(joint[0]).to.deep.include({ allFailed: 0.02, commonCauseRatio: 1, rarestShared: 1 });
    expect(joint[0]!.phi).to.be.closeTo(1, 1e-9);
    expect(joint[0]!.low).to.be.lessThan(0.02).and.greaterThan(0);
    expect(joint.at(-1)).to.deep.include({ allFailed: 0, phi: null, commonCauseRatio: null, rarestShared: null });
    expect(joint.at(-1)!.high).to.be.greaterThan(0.003);
  });

  it("returns that all failures of the rarer path were common, where beta tells less", () => {
    const series = three(10_000, { dns: (round) => round % 10 === 0, chain: (round) => round % 100 === 0 });
    const [joint] = jointFailures(series, ["dns", "chain"], seededRandom(1, "test"));
    expect(joint!.rarestShared).to.equal(1);
    expect(joint!.commonCauseRatio).to.be.closeTo(0.3, 0.02);
  });

  it("keeps rounds of two runs apart that counted from the same number", () => {
    const run = (startMs: number, outcome: Outcome) =>
      ["dns", "chain"].flatMap((path) =>
        Array.from({ length: 100 }, (_, round) => ({
          ...observe(startMs + round * 1000, path === "dns" ? outcome : "answered", path),
          round,
        })),
      );
    const series = [...run(0, "timedOut"), ...run(1e9, "answered")].sort((left, right) => left.atMs - right.atMs);
    const ledger = createRoundLedger(["dns", "chain"], []);
    for (const one of series) ledger.note(one);
    const [joint] = ledger.joint(seededRandom(1, "test"));
    expect([joint!.rounds, joint!.failureRatio[0]]).to.deep.equal([200, 0.5]);
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
  const HOUR = 3_600_000;
  /** A probe every ten seconds; of ten in a row as many fail as `failing` tells. */
  function metered(untilMs: number, failing: (atMs: number) => number, probed = (_: number) => true) {
    const meter = createBurnMeter(0.999);
    for (let atMs = 0; atMs < untilMs; atMs += 10_000) {
      if (probed(atMs)) meter.note(atMs, (atMs / 10_000) % 10 >= failing(atMs), 30_000);
    }
    return meter.alarms();
  }

  it("returns what an objective leaves and how fast it burns", () => {
    const hour = Array.from({ length: 3600 }, (_, second) =>
      observe(second * 1000, second % 50 === 0 ? "timedOut" : "answered"),
    );
    expect(errorBudget(3600, 72, 0.999)).to.deep.include({ spent: 72, objective: 0.999 });
    expect(errorBudget(3600, 72, 0.999).remainingRatio).to.be.closeTo(-19, 1e-9);
    expect(burnRate(hour, 0.999, 0, 3_600_000)).to.be.closeTo(20, 1e-9);
  });

  it("never takes an hour for three days: a window longer than the run has no rate and does not ring", () => {
    const [hour, sixHours, days] = metered(HOUR, () => 1);
    expect(hour!.longRate).to.be.closeTo(100, 1e-6);
    expect([hour!.rings, hour!.rang]).to.deep.equal([1, [{ fromMs: HOUR, toMs: null }]]);
    expect(sixHours).to.deep.include({ longRate: null, peak: null, rings: 0 });
    expect(sixHours!.shortRate).to.be.closeTo(100, 1e-6);
    expect(days).to.deep.include({ longRate: null, shortRate: null, peak: null, rings: 0 });
  });

  it("returns when in the run an alarm rang, though it is long over at the end", () => {
    const [hour, sixHours, days] = metered(100 * HOUR, (atMs) => (atMs >= 10 * HOUR && atMs < 10.5 * HOUR ? 10 : 0));
    // 14.4 times a thousandth of an hour is 51.8 s of outage; the short window empties five minutes after it.
    expect(hour!.rang).to.deep.equal([{ fromMs: 10 * HOUR + 60_000, toMs: 10.5 * HOUR + 300_000 }]);
    expect(hour!.peak!.rate).to.be.closeTo(500, 1e-6);
    expect(hour!.longRate).to.equal(0);
    // Six times a thousandth of six hours is 2.2 minutes.
    expect(sixHours!.rang).to.deep.equal([{ fromMs: 10 * HOUR + 180_000, toMs: 11 * HOUR }]);
    // Before three days had passed nobody could have told.
    expect([days!.rings, days!.peak!.atMs]).to.deep.equal([0, 72 * HOUR]);
    expect(days!.peak!.rate).to.be.closeTo(0.5 / 72 / 0.001, 1e-6);
  });

  it("never judges a window in which nobody looked for more than a tenth of the time", () => {
    const probed = (atMs: number) => atMs < 5 * HOUR || atMs >= 80 * HOUR;
    const alarms = metered(80.5 * HOUR, (atMs) => (atMs >= 4.9 * HOUR ? 10 : 0), probed);
    expect(alarms[0]).to.deep.include({ longRate: null, rings: 1 });
    expect(alarms[0]!.shortRate).to.be.closeTo(1000, 1e-6);
    expect(alarms[0]!.rang[0]!.toMs).to.be.at.most(5.2 * HOUR);
    expect(metered(82 * HOUR, () => 0, probed)[0]).to.deep.include({ longRate: 0, shortRate: 0 });
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
