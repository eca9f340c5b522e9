import { expect } from "chai";
import {
  AvailabilityUnreachableError,
  RatioOutOfRangeError,
  type SizingInput,
  sizeFleet,
} from "../../src/sharding/index.ts";

const INPUT: SizingInput = {
  availability: 0.9999,
  gatewayDownRatio: 0.01,
  zoneDownRatio: 0.001,
  pricePerGateway: 20,
  attackRatio: 0.01,
};

describe("sizing", () => {
  it("returns the cheapest fleet that reaches the target, found again by trying all", () => {
    const input = { ...INPUT, perZoneMax: 1 };
    const { best } = sizeFleet(input);
    let cheapest = Number.POSITIVE_INFINITY;
    for (const zoneCount of [1, 2, 3, 4]) {
      for (let gateways = zoneCount === 1 ? 2 : 1; gateways <= 512; gateways += 1) {
        const down = (hit: number) => (0.001 + 0.999 * (hit + (1 - hit) * 0.01)) ** zoneCount;
        if (0.99 * down(0) + 0.01 * down(1 / gateways) <= 1e-4)
          cheapest = Math.min(cheapest, zoneCount * gateways * 20);
      }
    }
    expect(best.cost).to.equal(cheapest);
    expect(best.meetsTarget).to.equal(true);
    expect(best.perName).to.equal(best.zoneCount);
  });

  it("returns what others cost: providers and full replication fail under attack", () => {
    const { best, others } = sizeFleet(INPUT);
    expect([best.zoneCount, best.gatewaysPerZone, best.perName]).to.deep.equal([2, 6, 6]);
    expect(others.map((layout) => layout.kind)).to.deep.equal(["one provider", "two providers", "full replication"]);
    for (const layout of others) {
      expect(layout.meetsTarget).to.equal(false);
      expect(layout.blastRadius).to.equal(1);
      expect(layout.downRatio).to.be.above(0.01);
    }
  });

  it("returns two providers that do without an attack", () => {
    const { others } = sizeFleet({ ...INPUT, attackRatio: 0 });
    expect(others[0]!.meetsTarget).to.equal(false);
    expect(others[1]!.meetsTarget).to.equal(true);
    expect(others[1]!.downRatio).to.be.closeTo((0.001 + 0.999 * 0.01 ** 2) ** 2, 1e-12);
  });

  it("returns fleets that carry the load with one zone down", () => {
    const { best } = sizeFleet({ ...INPUT, loadGateways: 100, zoneCountMin: 4, perZoneMax: 1 });
    expect(best.zoneCount).to.equal(4);
    expect(best.gatewaysPerZone).to.equal(34);
  });

  it("rejects the unreachable with the best there is, and ratios out of range", () => {
    expect(() => sizeFleet({ ...INPUT, availability: 0.99999999999999 })).to.throw(
      AvailabilityUnreachableError,
      "z^4 = 1.000e-12",
    );
    expect(() => sizeFleet({ ...INPUT, gatewayDownRatio: 1 })).to.throw(
      RatioOutOfRangeError,
      "gateway down ratio is 1",
    );
  });
});
