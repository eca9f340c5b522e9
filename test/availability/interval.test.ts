import { expect } from "chai";
import {
  availabilityInterval,
  clopperPearson,
  earnedClaim,
  earnedOfRatio,
  exactOfRatio,
  exponentialMean,
  type Interval,
  normalQuantile,
  pairedScore,
  poissonMean,
  samplesToClaim,
  studentConfidence,
  wilson,
} from "../../src/availability/interval.ts";

function five(interval: Interval): [string, string] {
  return [interval.low.toFixed(5), interval.high.toFixed(5)];
}

describe("interval", () => {
  it("returns the published Wilson bounds to five digits", () => {
    expect(five(wilson(9, 10))).to.deep.equal(["0.59585", "0.98212"]);
    expect(five(wilson(100, 100))).to.deep.equal(["0.96301", "1.00000"]);
    expect(five(wilson(990, 1000))).to.deep.equal(["0.98169", "0.99456"]);
    expect(five(wilson(1000, 1000))).to.deep.equal(["0.99617", "1.00000"]);
  });

  it("returns the published Clopper-Pearson bounds to five digits", () => {
    expect(five(clopperPearson(9, 10))).to.deep.equal(["0.55498", "0.99747"]);
    expect(five(clopperPearson(100, 100))).to.deep.equal(["0.96378", "1.00000"]);
    expect(five(clopperPearson(990, 1000))).to.deep.equal(["0.98169", "0.99519"]);
    expect(five(clopperPearson(1000, 1000))).to.deep.equal(["0.99632", "1.00000"]);
  });

  it("returns mirrored bounds for failures", () => {
    for (const interval of [wilson, clopperPearson]) {
      const few = interval(3, 50);
      const many = interval(47, 50);
      expect(few.low).to.be.closeTo(1 - many.high, 1e-12);
      expect(few.high).to.be.closeTo(1 - many.low, 1e-12);
    }
  });

  it("returns the exact interval where the sample is small or without failure", () => {
    expect(availabilityInterval(9, 10)).to.deep.equal(clopperPearson(9, 10));
    expect(availabilityInterval(100, 100)).to.deep.equal(clopperPearson(100, 100));
    expect(availabilityInterval(99, 100)).to.deep.equal(wilson(99, 100));
    expect(availabilityInterval(0, 0)).to.deep.equal({ low: 0, high: 1 });
  });

  it("returns quantiles of the normal distribution", () => {
    expect(normalQuantile(0.975)).to.be.closeTo(1.959963984540054, 1e-13);
    expect(normalQuantile(0.001)).to.be.closeTo(-3.090232306167813, 1e-12);
    expect(normalQuantile(0.5)).to.equal(0);
  });

  it("returns the failure-free samples that a claim of nines takes", () => {
    expect([0.999, 0.9999, 0.99999].map((target) => samplesToClaim(target))).to.deep.equal([2995, 29956, 299572]);
  });

  it("never claims nines the sample has not earned", () => {
    expect(earnedClaim(2994, 2994)).to.deep.equal({ earned: 0.99, next: 0.999, missing: 1 });
    expect(earnedClaim(2995, 2995).earned).to.equal(0.999);
    expect(earnedClaim(20, 20)).to.deep.include({ earned: null, next: 0.9, missing: 9 });
    expect(earnedClaim(0, 50).earned).to.equal(null);
  });

  it("returns the same of shares of a sample that is no whole number", () => {
    expect(earnedOfRatio(1, 2995)).to.deep.equal(earnedClaim(2995, 2995));
    expect(earnedOfRatio(1, 2994).earned).to.equal(0.99);
    expect(earnedOfRatio(0, 0)).to.deep.equal({ earned: null, next: 0.9, missing: 29 });
    expect(five(exactOfRatio(0.99, 1000))).to.deep.equal(["0.98169", "0.99519"]);
    expect(exactOfRatio(0.99, 1000.5).low).to.be.greaterThan(exactOfRatio(0.99, 1000).low);
  });

  it("returns the score interval of a paired difference", () => {
    const squared = normalQuantile(0.975) ** 2;
    // Where no round differs, it is the closed form z^2 / (n + z^2).
    const none = pairedScore(0, 0, 50);
    expect(none.high).to.be.closeTo(squared / (50 + squared), 1e-9);
    expect(none.low).to.be.closeTo(-none.high, 1e-9);
    // Where all that differ do so one way, its upper end is Wilson's.
    expect(pairedScore(0.06, 0, 50).high).to.be.closeTo(wilson(3, 50).high, 1e-9);
    const one = pairedScore(0.2, 0.05, 40);
    expect([one.low < 0.15, one.high > 0.15]).to.deep.equal([true, true]);
    expect(pairedScore(0.05, 0.2, 40).low).to.be.closeTo(-one.high, 1e-9);
  });

  it("returns Student's factor as a confidence", () => {
    // Quantiles of t at 97.5 %, as every table has them.
    for (const [degrees, t] of [
      [2, 4.302653],
      [10, 2.228139],
      [30, 2.042272],
    ] as const) {
      expect(normalQuantile(1 - (1 - studentConfidence(degrees)) / 2)).to.be.closeTo(t, 1e-6);
    }
    expect(studentConfidence(1e6)).to.be.closeTo(0.95, 1e-6);
  });

  it("returns the published bounds of a Poisson mean (Garwood's table)", () => {
    const bounds = (count: number) => Object.values(poissonMean(count)).map((bound) => bound.toFixed(2));
    expect(bounds(0)).to.deep.equal(["0.00", "3.69"]);
    expect(bounds(1)).to.deep.equal(["0.03", "5.57"]);
    expect(bounds(5)).to.deep.equal(["1.62", "11.67"]);
    expect(bounds(10)).to.deep.equal(["4.80", "18.39"]);
    expect(bounds(50)).to.deep.equal(["37.11", "65.92"]);
    // Of many, the normal distribution's.
    const { low, high } = poissonMean(100_000);
    expect(low).to.be.closeTo(100_000 - 1.96 * Math.sqrt(100_000), 2);
    expect(high).to.be.closeTo(100_000 + 1.96 * Math.sqrt(100_000), 3);
  });

  it("returns the bounds of an exponential mean by chi-squared's quantiles", () => {
    // Twice the sum over 20.483 and 3.247, chi-squared's quantiles of ten degrees of freedom.
    const { low, high } = exponentialMean(10, 5);
    expect(low).to.be.closeTo(100 / 20.4832, 1e-3);
    expect(high).to.be.closeTo(100 / 3.24697, 1e-3);
  });

  it("rejects more successes than trials", () => {
    expect(() => wilson(11, 10)).to.throw("no more successes than trials");
  });
});
