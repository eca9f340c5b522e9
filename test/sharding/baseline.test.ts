import { expect } from "chai";
import { seededRandom } from "../../src/base/random.ts";
import {
  DealerEntropyError,
  dealHand,
  infimaShard,
  JavaRandom,
  overlapOf,
  type Slots,
  SubsetImpossibleError,
  slotsOf,
} from "../../src/sharding/index.ts";
import { chiSquareP } from "./chiSquare.ts";

const SEED = 8_086;

describe("baseline", () => {
  it("returns Java's random numbers", () => {
    const random = new JavaRandom(0, 42);
    expect(Array.from({ length: 5 }, () => random.below(10))).to.deep.equal([0, 3, 8, 4, 0]);
  });

  it("returns Infima's shards, each letter within 10 % of its share as Infima's own test asks", () => {
    const zones = [[..."ABCDEFGHIJ"], [..."KLMNOPQRST"]];
    const counts = new Map<string, number>();
    for (let i = 0; i < 10_000; i += 1) {
      const shard = infimaShard({ zones, perZone: 2, seed: 5353, identifier: String(i) });
      expect(new Set(shard).size).to.equal(4);
      for (const zone of zones) expect(shard.filter((letter) => zone.includes(letter)).length).to.equal(2);
      for (const letter of shard) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).to.equal(20);
    for (const count of counts.values()) expect(count / 2000).to.be.closeTo(1, 0.1);
    expect(() => infimaShard({ zones: [["A"]], perZone: 2, seed: 1, identifier: "x" })).to.throw(SubsetImpossibleError);
  });

  it("returns the dealer's hands: distinct cards, every hand alike likely", () => {
    // The digits 14, 73, 119 and 26 deal 14, then the 74th, 120th and 27th of what is left.
    expect(dealHand(128, 4, 14 + 128 * (73 + 127 * (119 + 126 * 26)))).to.deep.equal([14, 74, 121, 27]);
    const random = seededRandom(SEED, "dealer");
    const counts = new Array<number>(28).fill(0);
    for (let i = 0; i < 28_000; i += 1) {
      const [one, other] = dealHand(8, 2, Math.floor(random.ratio() * 2 ** 53)) as [number, number];
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      counts[(high * (high - 1)) / 2 + low]! += 1;
    }
    expect(
      chiSquareP(
        counts,
        counts.map(() => 1 / 28),
      ),
      `seed ${SEED}`,
    ).to.be.above(0.001);
    expect(() => dealHand(1024, 6, 0)).to.throw(DealerEntropyError, "60 bits");
    expect(() => dealHand(4, 5, 0)).to.throw(SubsetImpossibleError);
  });

  it("returns pairs beyond any cap where the protocol's shard has none", () => {
    const zones = [0, 1, 2, 3].map((zone) => Array.from({ length: 16 }, (_, n) => zone * 16 + n));
    const hashed = Array.from(
      { length: 500 },
      (_, n) =>
        infimaShard({ zones, perZone: 1, seed: 1, identifier: String(n) }).sort((a, b) => a - b) as unknown as Slots,
    );
    const worst = (shards: readonly Slots[]) =>
      shards.reduce(
        (most, left, n) => shards.slice(0, n).reduce((max, right) => Math.max(max, overlapOf(left, right)), most),
        0,
      );
    expect(worst(hashed)).to.be.above(2);
    expect(worst(Array.from({ length: 500 }, (_, n) => slotsOf(n)))).to.equal(0);
  });
});
