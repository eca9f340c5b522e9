import { expect } from "chai";
import fc from "fast-check";
import {
  createFamily,
  createField,
  ExhaustedSchemeError,
  FieldTooLargeError,
  NotPrimePowerError,
  nearestPrimePowers,
  OverlapImpossibleError,
  slotsOf,
  TooManyZonesError,
} from "../../src/sharding/index.ts";
import "./properties.ts";

const PRIME_POWERS = [2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 25, 27, 49, 64, 81, 121, 125, 243, 343, 512];

describe("field", () => {
  it("keeps the laws of a field for every prime power", () => {
    const anyQ = fc.constantFrom(...PRIME_POWERS);
    fc.assert(
      fc.property(anyQ, fc.nat(), fc.nat(), fc.nat(), (q, x, y, z) => {
        const { add, subtract, multiply, invert } = createField(q);
        const [a, b, c] = [x % q, y % q, z % q];
        expect(add(a, b)).to.equal(add(b, a));
        expect(add(add(a, b), c)).to.equal(add(a, add(b, c)));
        expect(subtract(add(a, b), b)).to.equal(a);
        expect(multiply(a, multiply(b, c))).to.equal(multiply(multiply(a, b), c));
        expect(multiply(a, add(b, c))).to.equal(add(multiply(a, b), multiply(a, c)));
        if (a !== 0) expect(multiply(a, invert(a))).to.equal(1);
      }),
    );
  });

  it("keeps GF(512) on x^9 + x^4 + 1 with x = 2", () => {
    const field = createField(512);
    expect(field.power(1)).to.equal(2);
    expect(field.multiply(256, 2)).to.equal(0x211 ^ 512);
  });

  it("rejects sizes without a field, naming the nearest", () => {
    expect(() => createField(6)).to.throw(NotPrimePowerError, "nearest are 5 and 7");
    expect(() => createField(510)).to.throw(NotPrimePowerError, "509 and 512");
    expect(() => createField(1)).to.throw(NotPrimePowerError);
    expect(() => createField(2 ** 17)).to.throw(FieldTooLargeError, "65536");
    expect(nearestPrimePowers(100)).to.deep.equal({ below: 97, above: 101 });
  });
});

describe("family", () => {
  it("returns the protocol's shard for four zones of 512", () => {
    const family = createFamily({ zoneCount: 4, slotCount: 512, overlapMax: 3 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffdf }), (index) => {
        expect(family.shardOf(index)).to.deep.equal([...slotsOf(index)]);
      }),
    );
  });

  it("keeps every pair of a small scheme within its overlap, and loads slots evenly", () => {
    for (const [zoneCount, slotCount, overlapMax] of [
      [3, 3, 1],
      [4, 4, 1],
      [3, 5, 1],
      [4, 5, 2],
      [5, 7, 1],
      [4, 9, 1],
    ] as const) {
      const family = createFamily({ zoneCount, slotCount, overlapMax });
      const shards = Array.from({ length: Number(family.capacity) }, (_, index) => family.shardOf(index));
      shards.forEach((left, index) => {
        expect(family.indexOf(left)).to.equal(BigInt(index));
        for (let other = 0; other < index; other += 1) {
          const shared = left.filter((slot, zone) => slot === shards[other]![zone]).length;
          expect(shared).to.be.at.most(overlapMax);
          if (index < slotCount) expect(shared).to.equal(0);
        }
      });
      for (let zone = 0; zone < zoneCount; zone += 1) {
        const counts = new Array<number>(slotCount).fill(0);
        for (const shard of shards) counts[shard[zone]!]! += 1;
        expect(new Set(counts).size).to.equal(1);
      }
    }
  });

  it("returns the indices on a slot", () => {
    const family = createFamily({ zoneCount: 3, slotCount: 9, overlapMax: 2 });
    for (const zone of [0, 1, 2]) {
      const expected = Array.from({ length: 200 }, (_, index) => index).filter(
        (index) => family.shardOf(index)[zone] === 5,
      );
      expect([...family.indicesOnSlot(zone, 5, 200)].map(Number)).to.deep.equal(expected);
    }
  });

  it("returns nothing for a shard no index has", () => {
    const family = createFamily({ zoneCount: 3, slotCount: 5, overlapMax: 1 });
    expect(family.indexOf([0, 0, 1])).to.equal(undefined);
    expect(family.indexOf([0, 0])).to.equal(undefined);
    expect(family.guaranteedOverlapMax(6)).to.equal(1);
  });

  it("rejects the impossible, naming bound and theorem", () => {
    expect(() => createFamily({ zoneCount: 8, slotCount: 7, overlapMax: 1 })).to.throw(TooManyZonesError, "k <= q");
    expect(() => createFamily({ zoneCount: 0, slotCount: 7, overlapMax: 0 })).to.throw(TooManyZonesError);
    expect(() => createFamily({ zoneCount: 4, slotCount: 7, overlapMax: 1, nameCount: 50 })).to.throw(
      OverlapImpossibleError,
      /Singleton bound: .* = 49 names/,
    );
    expect(() => createFamily({ zoneCount: 4, slotCount: 7, overlapMax: 4 })).to.throw(
      OverlapImpossibleError,
      "0 to 3",
    );
    expect(() => createFamily({ zoneCount: 4, slotCount: 6, overlapMax: 1 })).to.throw(NotPrimePowerError);
    expect(() => createFamily({ zoneCount: 4, slotCount: 7, overlapMax: 1 }).shardOf(49)).to.throw(
      ExhaustedSchemeError,
      "49",
    );
    expect(() => createFamily({ zoneCount: 4, slotCount: 7, overlapMax: 1 }).shardOf(-1)).to.throw(
      ExhaustedSchemeError,
    );
  });
});
