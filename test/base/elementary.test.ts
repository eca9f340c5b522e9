import { expect } from "chai";
import { cosineOfTurns, exp, expm1, log, log1p, power } from "../../src/base/elementary.ts";
import { argumentsBetween, ELEMENTARY_DIGESTS, elementaryDigests } from "../support/elementaryDigests.ts";

const UNIT = 2 ** -52;
const INFINITY = Number.POSITIVE_INFINITY;

describe("elementary functions", () => {
  // The largest difference, in units of the last place, over arguments from `low` to `high`.
  for (const [what, ours, right, low, high, unitsMax] of [
    ["exp", exp, Math.exp, -700, 700, 4],
    ["expm1", expm1, Math.expm1, -1, 1, 6],
    ["log", log, Math.log, 0, 1, 4],
    ["log of large numbers", log, Math.log, 0, 1e300, 4],
    ["log1p", log1p, Math.log1p, -1, 1, 4],
    ["log1p of small numbers", log1p, Math.log1p, -1e-9, 1e-9, 4],
    ["cosine", (x: number) => 2 + cosineOfTurns(x), (x: number) => 2 + Math.cos(2 * Math.PI * x), 0, 1, 4],
    ["a whole power", (x: number) => power(x, 7), (x: number) => x ** 7, 0, 1, 8],
    ["a power", (x: number) => power(100_001, x), (x: number) => 100_001 ** x, 0, 1, 20],
  ] as const) {
    it(`returns what Math does but for the last places: ${what}`, () => {
      const off = argumentsBetween(low, high).map((x) => Math.abs(ours(x) / right(x) - 1) / UNIT);
      expect(Math.max(...off)).to.be.below(unitsMax);
    });
  }

  it("returns the same bits on every machine, which those of Math do not", () => {
    expect(elementaryDigests()).to.deep.equal(ELEMENTARY_DIGESTS);
  });

  it("returns exact values where there are such", () => {
    expect([0, -0, 710, -746].map(exp)).to.deep.equal([1, 1, INFINITY, 0]);
    expect(exp(-745)).to.equal(Number.MIN_VALUE);
    expect([1, 0, INFINITY].map(log)).to.deep.equal([0, -INFINITY, INFINITY]);
    expect(log(Number.MIN_VALUE)).to.be.closeTo(-744.4400719213812, 1e-12);
    expect(log(-1)).to.deep.equal(Number.NaN);
    expect(exp(Number.NaN)).to.deep.equal(Number.NaN);
    expect([-1, 1e-20].map(log1p)).to.deep.equal([-INFINITY, 1e-20]);
    expect([0, 0.25, 0.5, 0.75, 1].map((turns) => cosineOfTurns(turns) + 0)).to.deep.equal([1, 0, -1, 0, 1]);
    expect([power(0, 0), power(0, 0.5), power(2, -3), power(10, 15)]).to.deep.equal([1, 0, 0.125, 1e15]);
  });
});
