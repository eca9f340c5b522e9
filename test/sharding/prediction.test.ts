import { expect } from "chai";
import {
  birthdayOf,
  blastRadius,
  CountOutOfRangeError,
  chosenGateways,
  expectedTries,
  fullSchemeOverlapCounts,
  indicesOnSlot,
  lostMembersInZoneOutage,
  lostMembersUnderAttack,
  lostMembersWhenDead,
  overlapDistribution,
  overlapOf,
  PROTOCOL_SCHEME,
  type Scheme,
  ShareOutOfRangeError,
  SubsetImpossibleError,
  shardCountOf,
  slotsOf,
  sybilGatewaysNeeded,
  sybilOf,
} from "../../src/sharding/index.ts";
import { KUBERNETES_TABLE } from "../../src/simulation/published/shuffleSharding.ts";

const any = (gatewayCount: number, perName: number): Scheme => ({ kind: "any", gatewayCount, perName });

/** Gateways, members, then P(overlap = 0, 1, …) in per cent to the digits published: AWS Builders' Library and its worked tables. */
const OVERLAP_TABLES = [
  [100, 5, [77.0, 21.1, 1.84, 0.059, 0.00063, 1.3e-6]],
  [16, 4, [27.2, 48.4, 21.8, 2.64, 0.055]],
  [32, 4, [56.9, 36.4, 6.31, 0.311, 0.0028]],
] as const;

function expectDigits(value: number, published: number): void {
  const digits = String(published)
    .replace(/e.*/, "")
    .replace(/^0\.0*/, "")
    .replace(".", "")
    .replace(/0+$/, "").length;
  // A published figure may be cut as well as rounded.
  expect(Math.abs(value - published)).to.be.below(10 ** (Math.floor(Math.log10(published)) + 1 - Math.max(digits, 2)));
}

describe("prediction", () => {
  it("returns the Kubernetes table of mice squished by elephants", () => {
    for (const [handSize, queues, ...published] of KUBERNETES_TABLE) {
      published.forEach((expected, column) => {
        const value = blastRadius(any(queues, handSize), [1, 4, 16][column]!);
        expect(value / expected).to.be.closeTo(1, 1e-12);
      });
    }
  });

  it("returns the Builders' Library figures: 28 shards of 8 workers, 730 billion of 2,048 name servers", () => {
    expect(shardCountOf(any(8, 2))).to.equal(28n);
    expect(blastRadius(any(8, 2), 1)).to.equal(1 / 28);
    const [none, , both] = overlapDistribution(any(8, 2));
    expect([none! * 100, both! * 100].map((value) => value.toFixed(2))).to.deep.equal(["53.57", "3.57"]);
    expect(0.25 / blastRadius(any(8, 2), 1)).to.be.closeTo(7, 1e-12);
    expect(shardCountOf(any(2048, 4))).to.equal(730_862_190_080n);
  });

  it("returns the published overlap tables", () => {
    for (const [gatewayCount, perName, published] of OVERLAP_TABLES) {
      const shares = overlapDistribution(any(gatewayCount, perName));
      published.forEach((percent, shared) => {
        expectDigits(shares[shared]! * 100, percent);
      });
    }
  });

  it("returns distributions that add up to one", () => {
    const schemes = [
      any(8, 2),
      any(64, 8),
      any(5, 5),
      PROTOCOL_SCHEME,
      { kind: "zoned", zoneCount: 3, slotCount: 2 } as const,
    ];
    for (const scheme of schemes) {
      const all = [
        overlapDistribution(scheme),
        lostMembersUnderAttack(scheme, 3),
        lostMembersWhenDead(scheme, 2),
        lostMembersUnderAttack(scheme, 0),
      ];
      for (const shares of all) expect(shares.reduce((sum, share) => sum + share)).to.be.closeTo(1, 1e-12);
    }
    expect(lostMembersUnderAttack(any(8, 2), 1)).to.deep.equal(overlapDistribution(any(8, 2)));
  });

  describe("lostMembersWhenDead", () => {
    it("returns what enumerating every set of dead gateways gives", () => {
      const [n, k, dead] = [7, 3, 4];
      const counts = [0, 0, 0, 0];
      let all = 0;
      for (let mask = 0; mask < 2 ** n; mask += 1) {
        const bits = [...mask.toString(2)].filter((bit) => bit === "1").length;
        if (bits !== dead) continue;
        all += 1;
        counts[[0, 1, 2].filter((member) => (mask >> member) & 1).length]! += 1;
      }
      lostMembersWhenDead(any(n, k), dead).forEach((share, lost) => {
        expect(share).to.be.closeTo(counts[lost]! / all, 1e-15);
      });
    });
  });

  describe("lostMembersUnderAttack", () => {
    it("returns what enumerating every pair of attacked shards gives", () => {
      const pairs = [0, 1, 2, 3, 4].flatMap((a) => [0, 1, 2, 3, 4].filter((b) => b > a).map((b) => [a, b]));
      const counts = [0, 0, 0];
      for (const one of pairs) {
        for (const other of pairs)
          counts[[0, 1].filter((member) => one.includes(member) || other.includes(member)).length]! += 1;
      }
      lostMembersUnderAttack(any(5, 2), 2).forEach((share, lost) => {
        expect(share).to.be.closeTo(counts[lost]! / pairs.length ** 2, 1e-15);
      });
    });
  });

  describe("lostMembersInZoneOutage", () => {
    it("returns exactly one lost member for a zone alone, and more with further dead gateways", () => {
      expect(lostMembersInZoneOutage(4, 512)).to.deep.equal([0, 1, 0, 0, 0]);
      const shares = lostMembersInZoneOutage(4, 512, 3);
      expect(shares[4]).to.be.closeTo((512 / 1536) * 0 + 1 / ((1536 * 1535 * 1534) / 6), 1e-20);
      expect(lostMembersInZoneOutage(1, 5)).to.deep.equal([0, 1]);
    });
  });

  describe("fullSchemeOverlapCounts", () => {
    it("returns what counting the names of a full scheme gives", () => {
      const counts = [0, 0, 0, 0, 0];
      for (let index = 0; index < 512 ** 2; index += 1) {
        if (index !== 777) counts[overlapOf(slotsOf(777), slotsOf(index))]! += 1;
      }
      expect(fullSchemeOverlapCounts(4, 512, 1).map(Number)).to.deep.equal(counts);
      const all = fullSchemeOverlapCounts(4, 512, 3).reduce((sum, count) => sum + count);
      expect(all).to.equal(512n ** 4n - 1n);
    });
  });

  describe("chosenGateways", () => {
    it("returns a bound that no choice of gateways in a full scheme beats, and the exact mean share", () => {
      const { ratio, nameCountMax } = chosenGateways(4, 512, 32, { nameCount: 512 ** 2, overlapMax: 1 });
      expect(ratio).to.equal((8 / 512) ** 4);
      expect(nameCountMax).to.equal(64);
      const chosen = [0, 1, 2, 3].map(() => new Set([0, 1, 2, 3, 4, 5, 6, 7]));
      let inside = 0;
      for (const slot of chosen[0]!) {
        for (const index of indicesOnSlot(0, slot, 512 ** 2)) {
          if (slotsOf(index).every((own, zone) => chosen[zone]!.has(own))) inside += 1;
        }
      }
      expect(inside).to.be.within(1, nameCountMax);
      expect(chosenGateways(4, 512, 3, { nameCount: 1e6, overlapMax: 2 }).nameCountMax).to.equal(0);
    });
  });

  describe("expectedTries", () => {
    it("returns what averaging over all orders gives", () => {
      for (const dead of [0, 1, 2, 3]) {
        let sum = 0;
        let orders = 0;
        const walk = (order: number[]) => {
          if (order.length < 4) for (const next of [0, 1, 2, 3]) if (!order.includes(next)) walk([...order, next]);
          if (order.length < 4) return;
          sum += order.findIndex((member) => member >= dead) + 1;
          orders += 1;
        };
        walk([]);
        expect(expectedTries(4, dead)).to.be.closeTo(sum / orders, 1e-15);
      }
      expect(expectedTries(4, 4)).to.equal(Number.POSITIVE_INFINITY);
    });
  });

  describe("birthdayOf", () => {
    it("returns the birthday paradox, and the limit of hashing names onto shards", () => {
      expect(birthdayOf(any(365, 1), 23).probability).to.be.closeTo(0.5072972343, 1e-10);
      expect(birthdayOf(any(365, 1), 23).evenOddsNameCount).to.equal(23);
      expect(birthdayOf(any(3, 1), 4).probability).to.equal(1);
      expect(birthdayOf(PROTOCOL_SCHEME, 1_000_000).pairCountMean).to.be.closeTo(7.276, 0.001);
      const [summed, series] = [2 ** 22, 2 ** 22 + 1].map((count) =>
        birthdayOf({ kind: "zoned", zoneCount: 5, slotCount: 512 }, count),
      );
      expect(series!.probability / summed!.probability).to.be.closeTo(1, 1e-6);
    });
  });

  describe("sybilOf", () => {
    it("returns the members an attacker holds, and the gateways he needs", () => {
      expect(sybilOf([0.5, 0.5, 0.5, 0.5])).to.deep.equal({
        heldMembers: [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16],
        capturedRatio: 1 / 16,
      });
      expect(sybilOf([1, 0.25, 1, 1]).capturedRatio).to.equal(0.25);
      expect(sybilGatewaysNeeded(4, 2, 1 / 16)).to.equal(2);
      expect(sybilGatewaysNeeded(4, 100, 0)).to.equal(0);
    });
  });

  it("rejects what is out of range, naming the bound", () => {
    expect(() => blastRadius(any(3, 4), 1)).to.throw(SubsetImpossibleError, "1 to 3");
    expect(() => lostMembersWhenDead(any(8, 2), 9)).to.throw(CountOutOfRangeError, "0 to 8");
    expect(() => blastRadius(any(8, 2), -1)).to.throw(CountOutOfRangeError, "-1 attacked names");
    expect(() => sybilOf([1.5])).to.throw(ShareOutOfRangeError, "1.5");
    expect(() => expectedTries(4, 5)).to.throw(CountOutOfRangeError, "0 to 4");
  });
});
