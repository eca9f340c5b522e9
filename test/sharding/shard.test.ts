import { expect } from "chai";
import fc from "fast-check";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { keccak256 } from "../../src/base/keccak.ts";
import { namehash } from "../../src/naming/index.ts";
import {
  bootstrapIndexOf,
  bootstrapSlotsOf,
  fillSlots,
  guaranteedOverlapMax,
  IndexOutOfRangeError,
  indexOfSlots,
  indicesOnSlot,
  overlapOf,
  RESERVED_INDEX_MIN,
  SlotOutOfRangeError,
  slotOf,
  slotsOf,
  slotsOfBootstrapIndex,
  virtualGatewayIdOf,
  virtualGatewaysOf,
  ZoneOutOfRangeError,
  zoneOf,
} from "../../src/sharding/index.ts";
import "./properties.ts";

/** The formulas of the protocol as they are written, digit by digit. */
function slotsByFormula(index: bigint): number[] {
  const [c0, c1, c2, c3] = [0n, 9n, 18n, 27n].map((shift) => Number((index >> shift) & 511n)) as [
    number,
    number,
    number,
    number,
  ];
  const m = (v: number) => (v << 1) ^ ((v >> 8) * 0x211);
  const mm = (v: number) => m(m(v));
  return [c0, c0 ^ c1 ^ c2 ^ c3, m(m(m(c3) ^ c2) ^ c1) ^ c0, mm(mm(mm(c3) ^ c2) ^ c1) ^ c0];
}

const anyIndex = fc.integer({ min: 0, max: RESERVED_INDEX_MIN - 1 });
const anyBootstrapIndex = fc.maxSafeNat().map((value) => value % 2 ** 36);

describe("shard", () => {
  describe("slotsOf", () => {
    it("returns the slots the protocol names", () => {
      expect(slotsOf(0)).to.deep.equal([0, 0, 0, 0]);
      expect(slotsOf(511)).to.deep.equal([511, 511, 511, 511]);
      expect(slotsOf(512)).to.deep.equal([0, 1, 2, 4]);
      expect(slotsOf(262_144)).to.deep.equal([0, 1, 4, 16]);
      expect(slotsOf(134_217_728)).to.deep.equal([0, 1, 8, 64]);
    });

    it("returns what the formulas give, for any index", () => {
      fc.assert(
        fc.property(anyIndex, (index) => {
          expect(slotsOf(index)).to.deep.equal(slotsByFormula(BigInt(index)));
        }),
      );
      fc.assert(
        fc.property(anyBootstrapIndex, (index) => {
          expect(slotsOfBootstrapIndex(index)).to.deep.equal(slotsByFormula(BigInt(index)));
        }),
      );
    });

    it("returns the reserved slot in every zone for the isolation range", () => {
      expect(slotsOf(0xffffffdf)).to.deep.equal(slotsByFormula(0xffffffdfn));
      expect(slotsOf(0xffffffe0)).to.deep.equal([512, 512, 512, 512]);
      expect(slotsOf(0xffffffff)).to.deep.equal([543, 543, 543, 543]);
      expect(slotsOfBootstrapIndex(0xffffffff)).to.deep.equal(slotsByFormula(0xffffffffn));
    });

    it("rejects what is no index, and says the bound", () => {
      for (const bad of [-1, 0.5, Number.NaN, 2 ** 32])
        expect(() => slotsOf(bad)).to.throw(IndexOutOfRangeError, "4294967295");
      expect(() => slotsOfBootstrapIndex(2 ** 36)).to.throw(IndexOutOfRangeError, "68719476735");
    });
  });

  it("keeps two names below 512^(t+1) within t shared members", () => {
    for (const degree of [0, 1, 2, 3]) {
      const bound = Math.min(512 ** (degree + 1), RESERVED_INDEX_MIN);
      const below = fc.integer({ min: 0, max: bound - 1 });
      fc.assert(
        fc.property(below, below, (left, right) => {
          fc.pre(left !== right);
          expect(overlapOf(slotsOf(left), slotsOf(right))).to.be.at.most(degree);
        }),
      );
      expect(guaranteedOverlapMax(bound)).to.equal(degree);
    }
    expect(overlapOf(slotsOf(0), slotsOf(512))).to.equal(1);
    expect(guaranteedOverlapMax(513)).to.equal(1);
  });

  it("loads every slot of every zone alike in each run of 512 indices", () => {
    for (const first of [0, 512 * 77, 512 ** 3 * 5 + 512 * 9]) {
      const slots = fillSlots(first, 512);
      for (const zone of [0, 1, 2, 3]) {
        expect(new Set(Array.from({ length: 512 }, (_, n) => slots[4 * n + zone])).size).to.equal(512);
      }
    }
  });

  describe("fillSlots", () => {
    it("returns what slotsOf returns, one after the other", () => {
      const first = 2 ** 31 - 100;
      const filled = fillSlots(first, 200);
      for (let n = 0; n < 200; n += 1) expect([...filled.subarray(4 * n, 4 * n + 4)]).to.deep.equal(slotsOf(first + n));
    });

    it("rejects a range that reaches into the isolation range", () => {
      expect(() => fillSlots(RESERVED_INDEX_MIN - 1, 2)).to.throw(IndexOutOfRangeError);
    });
  });

  describe("indexOfSlots", () => {
    it("returns the index the slots came from", () => {
      fc.assert(
        fc.property(anyBootstrapIndex, (index) => {
          expect(indexOfSlots(slotsOfBootstrapIndex(index))).to.equal(index);
        }),
      );
    });

    it("rejects a reserved slot", () => {
      expect(() => indexOfSlots([0, 0, 512, 0])).to.throw(SlotOutOfRangeError, "511");
    });
  });

  describe("indicesOnSlot", () => {
    it("returns exactly the indices whose shard holds the slot", () => {
      for (const [zone, slot, count] of [
        [0, 3, 5000],
        [1, 7, 5000],
        [2, 500, 4097],
        [3, 0, 1],
      ] as const) {
        const expected = Array.from({ length: count }, (_, index) => index).filter(
          (index) => slotsOf(index)[zone] === slot,
        );
        expect([...indicesOnSlot(zone, slot, count)]).to.deep.equal(expected);
      }
    });
  });

  describe("bootstrapIndexOf", () => {
    it("returns the low 36 bits of keccak256(node)", () => {
      const node = namehash("shop.hold");
      const expected = BigInt(toHex(keccak256(fromHex(node)))) & (2n ** 36n - 1n);
      expect(bootstrapIndexOf(node)).to.equal(Number(expected));
      expect(bootstrapSlotsOf(node)).to.deep.equal(slotsByFormula(expected));
    });
  });

  describe("virtualGatewayIdOf", () => {
    it("returns zone * 544 + slot, and back", () => {
      expect(virtualGatewayIdOf(3, 543)).to.equal(2175);
      expect([zoneOf(1633), slotOf(1633)]).to.deep.equal([3, 1]);
      expect(virtualGatewaysOf([0, 1, 2, 4])).to.deep.equal([0, 545, 1090, 1636]);
      expect(() => virtualGatewayIdOf(4, 0)).to.throw(ZoneOutOfRangeError, "there are 4");
    });
  });
});
