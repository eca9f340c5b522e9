/** Whether intervals cover the truth as often as they say; `npm run bench -- simulation` asks a thousand seeds. */
import { expect } from "chai";
import { COVERAGE_CASES, coverageOf } from "../../scripts/bench/simulationCoverage.ts";
import { burstInterval, effectiveSampleSize } from "../../src/availability/bootstrap.ts";
import { createFold, foldOf } from "../../src/availability/fold.ts";
import { seededRandom } from "../../src/base/random.ts";

describe("coverage", function () {
  this.timeout(60_000);
  for (const one of COVERAGE_CASES) {
    it(`keeps the truth inside the interval: ${one.id}`, () => {
      // A method that covers 95 % falls below either bound once in a hundred times; the seeds are always the same.
      const [seeds, least] = one.probes > 10_000 ? [40, 0.85] : [100, 0.9];
      expect(coverageOf(one, seeds)).to.be.at.least(least);
    });
  }
});

describe("fold", () => {
  it("returns a series in bins of equally many values, never more of them than allowed", () => {
    const fold = createFold(8);
    for (let index = 0; index < 100; index += 1) fold.add(index % 2, index * 60_000);
    expect(fold.counts).to.deep.equal([16, 16, 16, 16, 16, 16, 4]);
    expect(fold.sums).to.deep.equal([8, 8, 8, 8, 8, 8, 2]);
    expect([fold.count, fold.sum, fold.squares, fold.stretches]).to.deep.equal([100, 50, 50, 20]);
  });

  it("returns about as many independent samples folded as not", () => {
    const random = seededRandom(1, "test");
    let isDown = false;
    const series = Array.from({ length: 60_000 }, () => {
      isDown = random.ratio() < (isDown ? 0.99 : 0.001);
      return isDown ? 0 : 1;
    });
    const [whole, folded] = [foldOf(series, 100_000), foldOf(series, 4_000)].map(effectiveSampleSize);
    expect(folded! / whole!).to.be.within(0.7, 1.4);
    expect(whole).to.be.lessThan(1_000);
  });

  it("returns few independent samples where one name of ten is down half of the time", () => {
    const series = Array.from({ length: 4_000 }, (_, index) => (index % 10 === 3 && index > 2_000 ? 0 : 1));
    expect(effectiveSampleSize(series)).to.be.lessThan(300);
  });

  it("counts a series without a failure by the stretches of time where those are more than its blocks", () => {
    const [dense, sparse] = [100, 300_000].map((everyMs) => {
      const fold = createFold();
      for (let index = 0; index < 3_000; index += 1) fold.add(1, index * everyMs);
      return burstInterval(fold, seededRandom(1, "test")).low;
    });
    expect(dense).to.be.closeTo(0.982, 0.001);
    expect(sparse).to.be.closeTo(0.99877, 0.00001);
  });

  it("never lets a failure make a series look better than none would", () => {
    const right = new Array<number>(3_000).fill(1);
    const one = right.with(1_500, 0);
    const low = (series: readonly number[]) => burstInterval(series, seededRandom(1, "test")).low;
    expect(low(one)).to.be.at.most(low(right));
  });
});
