import { expect } from "chai";
import fc from "fast-check";
import { type Random, secureRandom, seededRandom, shuffled } from "../../src/base/random.ts";

/** Pearson's statistic of `draws` draws below `bound`. */
function chiSquare(random: Random, bound: number, draws: number): number {
  const counts = new Array<number>(bound).fill(0);
  for (let draw = 0; draw < draws; draw += 1) counts[random.below(bound)]! += 1;
  const expected = draws / bound;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("base/random", () => {
  it("returns the same stream for the same seed and purpose, on every machine", () => {
    const random = seededRandom(42, "network");
    expect([random.below(1000), random.below(1000), random.below(1000)]).to.deep.equal(
      (() => {
        const again = seededRandom(42, "network");
        return [again.below(1000), again.below(1000), again.below(1000)];
      })(),
    );
    expect(Array.from(seededRandom(42, "network").bytes(8))).to.deep.equal([254, 43, 241, 196, 165, 235, 93, 71]);
  });

  it("returns other streams for other purposes and seeds", () => {
    const first = seededRandom(42, "network").bytes(16);
    expect(seededRandom(42, "faults").bytes(16)).to.not.deep.equal(first);
    expect(seededRandom(43, "network").bytes(16)).to.not.deep.equal(first);
  });

  it("draws every value equally often, also below bounds that divide no power of two", () => {
    // 99.99 % quantiles of the chi-square distribution for 5, 9 and 256 degrees of freedom.
    expect(chiSquare(seededRandom(1, "die"), 6, 60_000)).to.be.below(25.8);
    expect(chiSquare(seededRandom(1, "digit"), 10, 60_000)).to.be.below(33.8);
    expect(chiSquare(seededRandom(1, "257"), 257, 257_000)).to.be.below(348);
  });

  it("stays within its bounds", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const random = seededRandom(seed, "bounds");
        const draw = random.below(bound);
        const ratio = random.ratio();
        return draw >= 0 && draw < bound && Number.isInteger(draw) && ratio >= 0 && ratio < 1;
      }),
    );
  });

  it("shuffles a copy, each order equally often", () => {
    const random = seededRandom(5, "shuffle");
    const items = ["a", "b", "c"] as const;
    const counts = new Map<string, number>();
    for (let round = 0; round < 6_000; round += 1) {
      const order = shuffled(random, items).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(items).to.deep.equal(["a", "b", "c"]);
    expect(counts.size).to.equal(6);
    const statistic = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(statistic).to.be.below(25.8);
  });

  it("draws secrets from the machine's generator", () => {
    expect(secureRandom.bytes(32)).to.have.length(32);
    expect(secureRandom.bytes(32)).to.not.deep.equal(secureRandom.bytes(32));
    expect(secureRandom.below(6)).to.be.within(0, 5);
  });
});
