import { expect } from "chai";
import fc from "fast-check";
import {
  binomial,
  combinationsOf,
  RankOutOfRangeError,
  rankCombination,
  ratioOf,
  SubsetImpossibleError,
  SubsetOrderError,
  unrankCombination,
} from "../../src/sharding/index.ts";
import "./properties.ts";

describe("combinatorics", () => {
  describe("binomial", () => {
    it("returns exact values, however large", () => {
      expect(binomial(8, 2)).to.equal(28n);
      expect(binomial(2048, 4)).to.equal(730_862_190_080n);
      expect(binomial(5, 6)).to.equal(0n);
      expect(binomial(5, -1)).to.equal(0n);
      expect(binomial(1024, 512) % 1_000_000_007n).to.equal((binomial(1023, 512) * 2n) % 1_000_000_007n);
    });
  });

  describe("ratioOf", () => {
    it("returns the nearest number for quotients of any size", () => {
      expect(ratioOf(1n, 3n)).to.equal(1 / 3);
      expect(ratioOf(-1n, 3n)).to.equal(-1 / 3);
      expect(ratioOf(0n, 3n)).to.equal(0);
      expect(ratioOf(7n * 10n ** 400n, 2n * 10n ** 400n)).to.equal(3.5);
      expect(ratioOf(1n, 10n ** 320n)).to.be.closeTo(1e-320, 1e-322);
      expect(ratioOf(10n ** 30n, 3n)).to.be.closeTo(1e30 / 3, 1e15);
    });
  });

  describe("unrankCombination", () => {
    it("returns every subset once, and rankCombination leads back", () => {
      const subsets = [...combinationsOf(8, 3)];
      expect(new Set(subsets.map(String)).size).to.equal(56);
      subsets.forEach((subset, rank) => {
        expect(rankCombination(subset)).to.equal(BigInt(rank));
      });
    });

    it("returns what ranks back for any n, k and rank", () => {
      const shape = fc.integer({ min: 1, max: 300 }).chain((n) =>
        fc.record({
          n: fc.constant(n),
          k: fc.integer({ min: 1, max: Math.min(n, 8) }),
          seed: fc.bigInt({ min: 0n, max: 2n ** 80n }),
        }),
      );
      fc.assert(
        fc.property(shape, ({ n, k, seed }) => {
          const rank = seed % binomial(n, k);
          expect(rankCombination(unrankCombination(n, k, rank))).to.equal(rank);
        }),
      );
    });

    it("rejects what does not exist, naming the bound", () => {
      expect(() => unrankCombination(3, 4, 0n)).to.throw(SubsetImpossibleError, "1 to 3");
      expect(() => unrankCombination(8, 2, 28n)).to.throw(RankOutOfRangeError, "C(8, 2) = 28");
      expect(() => rankCombination([2, 1])).to.throw(SubsetOrderError, "[2, 1]");
    });
  });
});
