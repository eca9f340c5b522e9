import { expect } from "chai";
import fc from "fast-check";
import {
  AlreadyIsolatedError,
  auditFleet,
  ColumnsMismatchError,
  cellShards,
  INDEX_MAX,
  IsolationExhaustedError,
  NobodyHoldsSlotError,
  NotIsolatedError,
  NotPrimePowerError,
  overlapCensus,
  ParentTooLargeError,
  pairsBeyond,
  placeGateways,
  planIsolation,
  planRelease,
  RESERVED_INDEX_MIN,
  SubsetImpossibleError,
  slotsOf,
  subnameMembers,
} from "../../src/sharding/index.ts";
import "./properties.ts";

const SEED = 77;
const gateways = [0, 1, 2, 3].flatMap((zone) => [1, 2].map((n) => ({ id: 10 * zone + n, zone })));
const placement = placeGateways({ gateways, seed: SEED });

/** Overlaps of all pairs, looked at one by one. */
function pairsOneByOne(columns: readonly Uint16Array[]): { counts: number[]; pairs: Map<string, number> } {
  const counts = new Array<number>(columns.length + 1).fill(0);
  const pairs = new Map<string, number>();
  for (let right = 0; right < columns[0]!.length; right += 1) {
    for (let left = 0; left < right; left += 1) {
      const shared = columns.filter((column) => column[left] === column[right]).length;
      counts[shared]! += 1;
      pairs.set(`${left},${right}`, shared);
    }
  }
  return { counts, pairs };
}

describe("audit", () => {
  const anyColumns = fc
    .record({
      zones: fc.integer({ min: 1, max: 4 }),
      names: fc.integer({ min: 0, max: 40 }),
      size: fc.constantFrom(2, 5, 3000),
    })
    .chain(({ zones, names, size }) =>
      fc.record({
        sizes: fc.constant(new Array<number>(zones).fill(size)),
        columns: fc.array(fc.array(fc.nat(Math.min(size, 6) - 1), { minLength: names, maxLength: names }), {
          minLength: zones,
          maxLength: zones,
        }),
      }),
    );

  it("returns what looking at every pair gives", () => {
    fc.assert(
      fc.property(anyColumns, fc.integer({ min: 0, max: 4 }), ({ columns, sizes }, overlapMax) => {
        const typed = columns.map((column) => Uint16Array.from(column));
        const { counts, pairs } = pairsOneByOne(typed);
        expect(overlapCensus(typed, sizes).pairCounts).to.deep.equal(counts);
        const expected = [...pairs]
          .filter(([, shared]) => shared > overlapMax)
          .map(([pair, shared]) => `${pair}:${shared}`);
        const found = pairsBeyond(typed, sizes, overlapMax, 10_000).map(
          ({ left, right, shared }) => `${left},${right}:${shared}`,
        );
        expect(found.sort()).to.deep.equal(expected.sort());
      }),
    );
  });

  it("rejects columns of different lengths", () => {
    expect(() => overlapCensus([new Uint16Array(2), new Uint16Array(3)], [5, 5])).to.throw(
      ColumnsMismatchError,
      "2, 3",
    );
  });

  it("returns no pair beyond the guarantee for indices in order, and even slots", () => {
    const audit = auditFleet({ indices: Uint32Array.from({ length: 5000 }, (_, n) => n), placement });
    expect(audit.guaranteedOverlapMax).to.equal(1);
    expect(audit.pairsBeyondCount).to.equal(0);
    for (const { min, max } of audit.slotLoads) expect(max - min).to.be.at.most(1);
    expect(audit.physical!.pairCounts.reduce((sum, count) => sum + count)).to.equal((5000 * 4999) / 2);
    expect([...audit.gatewayLoads.values()].reduce((sum, count) => sum + count)).to.equal(4 * 5000);
    expect(audit.unheldSlots).to.deep.equal([]);
  });

  it("returns every pair on one index, slots nobody holds, and isolated names apart", () => {
    const table = placement.table.slice();
    table[5] = 0;
    const audit = auditFleet({ indices: Uint32Array.of(3, 900, 3, RESERVED_INDEX_MIN + 1, 4), placement: { table } });
    expect(audit.pairsBeyond).to.deep.equal([{ left: 3, right: 3, shared: 4 }]);
    expect(audit.pairsBeyondCount).to.equal(1);
    expect(audit.isolatedIndices).to.deep.equal([RESERVED_INDEX_MIN + 1]);
    expect(audit.unheldSlots).to.deep.equal([5]);
    expect(auditFleet({ indices: new Uint32Array() }).virtual.pairCounts).to.deep.equal([0, 0, 0, 0, 0]);
  });
});

describe("isolation", () => {
  const dedicated = placeGateways({
    gateways: [...gateways, ...[0, 1, 2].map((zone) => ({ id: 10 * zone + 9, zone, role: "isolation" as const }))],
    seed: SEED,
  });

  it("returns the first free place of the range, and what it changes", () => {
    const plan = planIsolation(dedicated, 512, [RESERVED_INDEX_MIN]);
    expect(plan.toIndex).to.equal(RESERVED_INDEX_MIN + 1);
    expect(plan.slotsAfter).to.deep.equal([513, 513, 513, 513]);
    expect(plan.gatewaysAfter.slice(0, 3)).to.deep.equal([9, 19, 29]);
    expect(plan.zonesStillShared).to.deep.equal([3]);
    expect(plan.sharedBefore.physical[4]).to.equal(1 / 16);
    expect(plan.sharedAfter.physical).to.deep.equal([0.5, 0.5, 0, 0, 0]);
    expect(plan.sharedAfter.virtual[0]).to.equal(1);
  });

  it("returns the way back", () => {
    const plan = planRelease(dedicated, RESERVED_INDEX_MIN + 1, 512);
    expect(plan.slotsAfter).to.deep.equal(slotsOf(512));
    expect(plan.zonesStillShared).to.deep.equal([]);
  });

  it("rejects what cannot be, naming the bound", () => {
    const all = Array.from({ length: 32 }, (_, n) => RESERVED_INDEX_MIN + n);
    expect(() => planIsolation(dedicated, 1, all)).to.throw(IsolationExhaustedError, "All 32");
    expect(() => planIsolation(dedicated, INDEX_MAX, [])).to.throw(AlreadyIsolatedError);
    expect(() => planRelease(dedicated, 512, 512)).to.throw(NotIsolatedError, "512");
    expect(() => planIsolation({ table: new Uint16Array(2176) }, 1, [])).to.throw(
      NobodyHoldsSlotError,
      "slot 512 of zone 0",
    );
  });
});

describe("recursive", () => {
  it("returns members of the parent, all of them loaded alike by every full round", () => {
    for (const [parentSize, size] of [
      [4, 1],
      [4, 2],
      [4, 3],
      [6, 3],
      [4, 4],
    ] as const) {
      const parent = Array.from({ length: parentSize }, (_, n) => 100 + n);
      const loads = new Map(parent.map((member) => [member, 0]));
      const seen = new Set<string>();
      let index = 0;
      for (; !seen.has(String(subnameMembers(parent, { size, index }))); index += 1) {
        const members = subnameMembers(parent, { size, index });
        expect(members.length).to.equal(size);
        for (const member of members) loads.set(member, loads.get(member)! + 1);
        seen.add(String(members));
        expect(Math.max(...loads.values()) - Math.min(...loads.values())).to.be.at.most(1);
      }
      expect(new Set(loads.values()).size).to.equal(1);
    }
  });

  it("returns cells of every gateway of the parent, two subnames sharing at most t", () => {
    const { family, shardOf } = cellShards(["g1", "g2", "g3", "g4"], { cellCount: 5, overlapMax: 1 });
    expect(family.capacity).to.equal(25n);
    expect(shardOf(5)).to.deep.equal([
      { gateway: "g1", cell: 0 },
      { gateway: "g2", cell: 1 },
      { gateway: "g3", cell: 2 },
      { gateway: "g4", cell: 4 },
    ]);
    expect(() => cellShards(["g1"], { cellCount: 6, overlapMax: 0 })).to.throw(NotPrimePowerError);
  });

  it("rejects more members than the parent has", () => {
    expect(() => subnameMembers([1, 2], { size: 3, index: 0 })).to.throw(SubsetImpossibleError, "1 to 2");
    expect(() => subnameMembers(new Array(17).fill(0), { size: 2, index: 0 })).to.throw(
      ParentTooLargeError,
      "at most 16",
    );
  });
});
