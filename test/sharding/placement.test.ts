import { expect } from "chai";
import fc from "fast-check";
import {
  applyPlan,
  changedZones,
  countOverlap,
  DuplicateGatewayError,
  EmptyZoneError,
  type FleetChange,
  fillSlots,
  GatewayIdOutOfRangeError,
  gatewaysOf,
  NoCapacityError,
  ORDINARY_SLOT_COUNT,
  otherShards,
  type PlacedGateway,
  type Placement,
  placeGateways,
  planChange,
  predictOverlap,
  RESERVED_INDEX_MIN,
  SLOT_COUNT,
  type Slots,
  StalePlanError,
  serversOf,
  slotCounts,
  slotsOf,
  TooManyGatewaysError,
  tableFromWords,
  tableWords,
  UnknownGatewayError,
  virtualGatewayIdOf,
  WeightOutOfRangeError,
} from "../../src/sharding/index.ts";

import { quotasOf } from "../../src/sharding/quota.ts";
import "./properties.ts";

const FLEET_SEED = 20_261;

/** `perZone` gateways in each zone, with ids 1, 2, … in zone 0, 101, 102, … in zone 1 and so on. */
function fleet(perZone: number): PlacedGateway[] {
  return [0, 1, 2, 3].flatMap((zone) => Array.from({ length: perZone }, (_, n) => ({ id: 1000 * zone + n + 1, zone })));
}

function countsInZone(placement: Placement, zone: number): number[] {
  const counts = slotCounts(placement);
  return placement.gateways
    .filter((gateway) => gateway.zone === zone && gateway.role !== "isolation" && gateway.weight !== 0)
    .map((gateway) => counts.get(gateway.id) ?? 0);
}

/** Slots of both sections by holder. */
function counts(placement: Placement): Map<number, number> {
  const out = new Map<number, number>();
  for (const gatewayId of placement.table) out.set(gatewayId, (out.get(gatewayId) ?? 0) + 1);
  return out;
}

function spread(counts: readonly number[]): number {
  return Math.max(...counts) - Math.min(...counts);
}

describe("placement", () => {
  describe("placeGateways", () => {
    it("returns tables in which every gateway holds its even share", () => {
      for (const perZone of [1, 2, 3, 7, 50]) {
        const placement = placeGateways({ gateways: fleet(perZone), seed: FLEET_SEED });
        for (const zone of [0, 1, 2, 3]) expect(spread(countsInZone(placement, zone))).to.be.at.most(1);
        expect(placement.table.every((gatewayId) => gatewayId !== 0)).to.equal(true);
        placement.table.forEach((gatewayId, id) => {
          expect(Math.floor(gatewayId / 1000)).to.equal(Math.floor(id / SLOT_COUNT));
        });
      }
    });

    it("returns the same tables for the same seed, others for another", () => {
      const tableOf = (seed: number) => placeGateways({ gateways: fleet(2), seed }).table;
      expect(tableOf(1)).to.deep.equal(tableOf(1));
      expect(tableOf(1)).not.to.deep.equal(tableOf(2));
    });

    it("returns shares in proportion to weights", () => {
      const gateways = fleet(2).map((gateway) => (gateway.id === 1 ? { ...gateway, weight: 3 } : gateway));
      const counts = slotCounts(placeGateways({ gateways, seed: FLEET_SEED }));
      expect([counts.get(1), counts.get(2)]).to.deep.equal([384, 128]);
    });

    it("returns reserved slots on dedicated gateways where a zone has any", () => {
      const placement = placeGateways({
        gateways: [...fleet(2), { id: 9, zone: 2, role: "isolation" }],
        seed: FLEET_SEED,
      });
      const holders = gatewaysOf(placement, slotsOf(RESERVED_INDEX_MIN + 5));
      expect(holders[2]).to.equal(9);
      expect(slotCounts(placement).has(9)).to.equal(false);
      expect(holders[0]).to.be.oneOf([1, 2]);
    });

    it("rejects fleets that cannot be placed, naming the bound", () => {
      const place = (gateways: PlacedGateway[]) => () => placeGateways({ gateways, seed: 1 });
      expect(place(fleet(1).slice(1))).to.throw(EmptyZoneError, "Zone 0");
      expect(place([...fleet(1), { id: 1, zone: 3 }])).to.throw(DuplicateGatewayError, "Gateway 1");
      expect(place([...fleet(1), { id: 0, zone: 3 }])).to.throw(GatewayIdOutOfRangeError, "65535");
      expect(place(fleet(513))).to.throw(TooManyGatewaysError, "512 slots");
      expect(place([...fleet(1), { id: 7, zone: 3, weight: 0.0005 }])).to.throw(TooManyGatewaysError, "1/512");
      expect(place([...fleet(1), { id: 7, zone: 3, weight: -1 }])).to.throw(WeightOutOfRangeError, "weight -1");
      expect(place(fleet(1).map((gateway) => ({ ...gateway, weight: 0 })))).to.throw(NoCapacityError);
    });
  });

  describe("planChange", () => {
    it("returns floor(512 / (P + 1)) moves of ordinary slots for a join, all to the newcomer", () => {
      for (const perZone of [1, 2, 3, 10, 170, 300]) {
        const placement = placeGateways({ gateways: fleet(perZone), seed: FLEET_SEED });
        const plan = planChange(placement, { kind: "join", gateway: { id: 60_000, zone: 1 } }, { seed: 4 });
        const ordinary = plan.moves.filter((move) => move.slot < ORDINARY_SLOT_COUNT);
        expect(ordinary.length).to.equal(Math.floor(512 / (perZone + 1)));
        expect(plan.moves.every((move) => move.to === 60_000)).to.equal(true);
        expect(changedZones(plan.moves)).to.deep.equal([1]);
        expect(plan.affectedNameRatio).to.equal(ordinary.length / 512);
        const after = applyPlan(placement, plan, { atSeconds: 0, ttlSeconds: 0 });
        expect(spread(countsInZone(after, 1))).to.be.at.most(1);
      }
    });

    it("returns moves of the leaver's slots and no other for a leave and for a drain", () => {
      const placement = placeGateways({ gateways: fleet(5), seed: FLEET_SEED });
      for (const kind of ["leave", "drain"] as const) {
        const plan = planChange(placement, { kind, gatewayId: 2003 }, { seed: 4 });
        expect(plan.moves.every((move) => move.from === 2003)).to.equal(true);
        expect(plan.moves.length).to.equal(placement.table.filter((gatewayId) => gatewayId === 2003).length);
        const after = applyPlan(placement, plan, { atSeconds: 0, ttlSeconds: 60 });
        expect(after.gateways.some((gateway) => gateway.id === 2003)).to.equal(kind === "drain");
        expect(spread(countsInZone(after, 2))).to.be.at.most(1);
      }
    });

    it("keeps a reserved part that nobody holds as it is", () => {
      const { gateways, table, former } = placeGateways({ gateways: fleet(2), seed: FLEET_SEED });
      for (let zone = 0; zone < 4; zone += 1) table.fill(0, zone * SLOT_COUNT + 512, (zone + 1) * SLOT_COUNT);
      const change: FleetChange = { kind: "join", gateway: { id: 9, zone: 0 } };
      expect(planChange({ gateways, table, former }, change, { seed: 1 }).moves).to.have.length(170);
    });

    it("returns a newcomer's slots without a pattern", () => {
      const placement = placeGateways({ gateways: fleet(1), seed: FLEET_SEED });
      const change: FleetChange = { kind: "join", gateway: { id: 2, zone: 0 } };
      const slots = planChange(placement, change, { seed: 5 }).moves.map((move) => move.slot);
      const gaps = new Set(slots.slice(1).map((slot, n) => slot - slots[n]!));
      expect(gaps.size).to.be.above(3);
      expect(planChange(placement, change, { seed: 6 }).moves.map((move) => move.slot)).not.to.deep.equal(slots);
    });

    it("keeps every table whole, even and minimal through any sequence of changes", () => {
      const step = fc.record({
        kind: fc.constantFrom("join", "leave", "drain", "weigh"),
        pick: fc.nat(),
        weight: fc.integer({ min: 1, max: 4 }),
      });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 12 }), fc.nat(), (steps, seed) => {
          let placement = placeGateways({ gateways: fleet(2), seed });
          steps.forEach(({ kind, pick, weight }, n) => {
            const zone = pick % 4;
            const able = placement.gateways.filter((gateway) => gateway.zone === zone && gateway.weight !== 0);
            const target = able[pick % able.length]!;
            if (kind !== "join" && kind !== "weigh" && able.length === 1) return;
            const change: FleetChange =
              kind === "join"
                ? { kind, gateway: { id: 5000 + n, zone } }
                : kind === "weigh"
                  ? { kind, gatewayId: target.id, weight }
                  : { kind: kind as "leave" | "drain", gatewayId: target.id };
            const plan = planChange(placement, change, { seed });
            expect(plan.moves.length).to.equal(plan.moveCountMin);
            const after = applyPlan(placement, plan, { atSeconds: n, ttlSeconds: 1 });
            const grown = [...counts(after)].map(([id, count]) =>
              Math.max(0, count - (counts(placement).get(id) ?? 0)),
            );
            expect(plan.moves.length).to.equal(grown.reduce((sum, count) => sum + count, 0));
            const changed = after.table.filter((gatewayId, id) => gatewayId !== placement.table[id]).length;
            expect(changed).to.equal(plan.moves.length);
            expect(after.table.every((gatewayId) => gatewayId !== 0)).to.equal(true);
            placement = after;
          });
        }),
      );
    });

    it("returns quotas with the fewest moves among all fair ones", () => {
      const share = fc.record({ weight: fc.integer({ min: 1, max: 5 }), heldCount: fc.nat(12) });
      fc.assert(
        fc.property(
          fc.array(share, { minLength: 1, maxLength: 5 }),
          fc.integer({ min: 5, max: 30 }),
          (drawn, slotCount) => {
            const shares = drawn.map((entry, n) => ({ ...entry, gatewayId: n + 1 }));
            const total = shares.reduce((sum, entry) => sum + entry.weight, 0);
            const movesOf = (quotas: readonly number[]) =>
              quotas.reduce((sum, quota, n) => sum + Math.max(0, quota - shares[n]!.heldCount), 0);
            let fewest = Number.POSITIVE_INFINITY;
            for (let mask = 0; mask < 2 ** shares.length; mask += 1) {
              const quotas = shares.map(({ weight }, n) => {
                const floor = Math.floor((slotCount * weight) / total);
                return (mask >> n) & 1 ? Math.ceil((slotCount * weight) / total) : floor;
              });
              if (quotas.reduce((sum, quota) => sum + quota, 0) === slotCount)
                fewest = Math.min(fewest, movesOf(quotas));
            }
            const quotas = quotasOf(shares, slotCount);
            expect(movesOf(shares.map((entry) => quotas.get(entry.gatewayId)!))).to.equal(fewest);
            expect([...quotas.values()].reduce((sum, quota) => sum + quota, 0)).to.equal(slotCount);
          },
        ),
      );
    });

    it("rejects unknown gateways and the last of a zone", () => {
      const placement = placeGateways({ gateways: fleet(1), seed: 1 });
      expect(() => planChange(placement, { kind: "leave", gatewayId: 77 }, { seed: 1 })).to.throw(
        UnknownGatewayError,
        "77",
      );
      expect(() => planChange(placement, { kind: "leave", gatewayId: 1 }, { seed: 1 })).to.throw(EmptyZoneError);
      expect(() => planChange(placement, { kind: "drain", gatewayId: 1 }, { seed: 1 })).to.throw(NoCapacityError);
    });
  });

  describe("applyPlan", () => {
    it("changes exactly one member of each affected name", () => {
      const before = placeGateways({ gateways: fleet(3), seed: FLEET_SEED });
      const plan = planChange(before, { kind: "join", gateway: { id: 60_000, zone: 3 } }, { seed: 4 });
      const after = applyPlan(before, plan, { atSeconds: 0, ttlSeconds: 300 });
      const filled = fillSlots(0, 512 * 4);
      let affected = 0;
      for (let name = 0; name < 512 * 4; name += 1) {
        const slots = [...filled.subarray(4 * name, 4 * name + 4)] as unknown as Slots;
        const old = gatewaysOf(before, slots);
        const changes = gatewaysOf(after, slots).filter((gatewayId, zone) => gatewayId !== old[zone]).length;
        expect(changes).to.be.at.most(1);
        affected += changes;
      }
      expect(affected / (512 * 4)).to.equal(plan.affectedNameRatio);
    });

    it("keeps the former holder serving for one TTL, and no longer", () => {
      const before = placeGateways({ gateways: fleet(2), seed: FLEET_SEED });
      const plan = planChange(before, { kind: "leave", gatewayId: 1 }, { seed: 4 });
      const after = applyPlan(before, plan, { atSeconds: 1000, ttlSeconds: 300 });
      const id = plan.moves[0]!.virtualGatewayId;
      expect(serversOf(after, id, 1299)).to.deep.equal([2, 1]);
      expect(serversOf(after, id, 1300)).to.deep.equal([2]);
      expect(serversOf(before, id, 1299)).to.deep.equal([1]);
    });

    it("rejects a plan made for other tables", () => {
      const before = placeGateways({ gateways: fleet(2), seed: FLEET_SEED });
      const plan = planChange(before, { kind: "leave", gatewayId: 1 }, { seed: 4 });
      const once = applyPlan(before, plan, { atSeconds: 0, ttlSeconds: 0 });
      expect(() => applyPlan(once, plan, { atSeconds: 0, ttlSeconds: 0 })).to.throw(
        StalePlanError,
        "held by gateway 2",
      );
    });
  });

  describe("tableWords", () => {
    it("returns 34 words a zone with slot s in bits 16 (s mod 16), and back", () => {
      const { table } = placeGateways({ gateways: fleet(3), seed: FLEET_SEED });
      const zones = [0, 1, 2, 3].map((zone) => tableWords(table, zone));
      expect(zones.map((words) => words.length)).to.deep.equal([34, 34, 34, 34]);
      expect(Number((zones[1]![2]! >> 48n) & 0xffffn)).to.equal(table[virtualGatewayIdOf(1, 35)]);
      expect(tableFromWords(zones)).to.deep.equal(table);
    });
  });

  describe("predictOverlap", () => {
    it("returns 1/16, 4/16, 6/16, 4/16, 1/16 for two gateways in every zone", () => {
      const placement = placeGateways({ gateways: fleet(2), seed: FLEET_SEED });
      const { virtual, physical } = predictOverlap(placement, slotsOf(512));
      expect(physical).to.deep.equal([1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16]);
      expect(virtual[4]).to.be.closeTo(1 / 512 ** 4, 1e-15);
      expect(virtual.reduce((sum, value) => sum + value)).to.be.closeTo(1, 1e-12);
    });

    it("returns what counting every name of a full prefix gives", () => {
      const placement = placeGateways({ gateways: fleet(3), seed: FLEET_SEED });
      const slots = slotsOf(1234);
      const counted = countOverlap(placement, slots, otherShards(512 ** 2, 1234));
      const predicted = predictOverlap(placement, slots);
      // Below 512^2 the slots of any two zones are jointly uniform, so the mean number of shared members is exact.
      const mean = (shares: readonly number[]) => shares.reduce((sum, share, members) => sum + share * members, 0);
      const exact = (mean(predicted.physical) * 512 ** 2 - 4) / (512 ** 2 - 1);
      expect(mean(counted.physical)).to.be.closeTo(exact, 1e-12);
      expect(counted.virtual[2]).to.equal(0);
      counted.physical.forEach((share, members) => {
        expect(share).to.be.closeTo(predicted.physical[members]!, 0.02);
      });
    });
  });
});
