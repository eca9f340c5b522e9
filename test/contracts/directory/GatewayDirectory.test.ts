import { expect } from "chai";
import { encodeFunctionData, type Hex, parseEventLogs, stringToHex, zeroAddress } from "viem";
import { toHex } from "../../../src/base/bytes.ts";
import { type Directory, EMPTY_DIRECTORY } from "../../../src/directory/directory.ts";
import { applyDirectoryEvent, type DirectoryEvent } from "../../../src/directory/events.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { type PlacedGateway, placeGateways, tableWords } from "../../../src/sharding/placement.ts";
import { applyPlan, type FleetChange, planChange } from "../../../src/sharding/plan.ts";
import { bootstrapSlotsOf, ORDINARY_SLOT_COUNT, SLOT_COUNT, slotsOf, ZONE_COUNT } from "../../../src/sharding/shard.ts";
import { type DeployedDirectory, deployDirectory, HANDOVER_SECONDS, slotSetOf } from "../support/directory.ts";
import { refuses } from "../support/holdfast.ts";

const RESERVED = 0xffffffe3;

/** Lists `perZone` gateways in every zone and seeds the zones; ids run by zone. */
async function seedFleet({ directory, entry }: DeployedDirectory, perZone: number, seed = "seed") {
  const gateways: PlacedGateway[] = [];
  for (let zone = 0; zone < ZONE_COUNT; zone += 1) {
    for (let member = 0; member < perZone; member += 1) {
      const id = gateways.length + 1;
      await directory.write.registerGateway([entry(id, zone)]);
      gateways.push({ id, zone });
    }
  }
  const placement = placeGateways({ gateways, seed });
  for (let zone = 0; zone < ZONE_COUNT; zone += 1) {
    await directory.write.seedZone([zone, seedWords(placement.table, zone)]);
  }
  return placement;
}

function seedWords(table: Uint16Array, zone: number) {
  return tableWords(table, zone).slice(0, ORDINARY_SLOT_COUNT / 16) as never;
}

/** The ordinary slots of a zone that a plan moves, ascending. */
function ordinaryMoves(plan: ReturnType<typeof planChange>, zone: number) {
  return plan.moves
    .map(({ virtualGatewayId, to }) => ({ slot: virtualGatewayId - zone * SLOT_COUNT, to }))
    .filter(({ slot }) => slot >= 0 && slot < ORDINARY_SLOT_COUNT)
    .sort((left, right) => left.slot - right.slot);
}

function successorsOf(moves: readonly { readonly to: number }[]): Hex {
  return toHex(Uint8Array.from(moves.flatMap(({ to }) => [to >> 8, to & 255])));
}

describe("GatewayDirectory", () => {
  let world: DeployedDirectory;
  beforeEach(async () => {
    world = await deployDirectory();
  });

  describe("registerGateway", () => {
    it("gives ids from 1 up and keeps the entry", async () => {
      const { directory, entry, operator, stranger } = world;
      await directory.write.registerGateway([entry(1, 3)]);
      await directory.write.registerGateway([entry(2, 0)]);
      expect(await directory.read.gatewayCount()).to.equal(2n);
      const kept = await directory.read.gateway([1]);
      expect(kept).to.deep.include({ zone: 3, active: true, slotCount: 0, httpUrl: "https://g1.example.org" });
      expect(kept.operator.toLowerCase()).to.equal(operator);
      expect(kept.signer.toLowerCase()).to.equal(stranger);
      expect(await directory.read.version()).to.equal(2n);
    });

    it("reverts for a bad zone, zero accounts, endpoints empty, too long or taken", async () => {
      const { viem, directory, entry } = world;
      const refuses = (change: object, error: string) =>
        viem.assertions.revertWithCustomError(
          directory.write.registerGateway([{ ...entry(1, 0), ...change }]),
          directory,
          error as never,
        );
      await refuses({ zone: 4 }, "GatewayDirectoryInvalidZone");
      await refuses({ operator: zeroAddress }, "GatewayDirectoryZeroAddress");
      await refuses({ signer: zeroAddress }, "GatewayDirectoryZeroAddress");
      await refuses({ httpUrl: "" }, "GatewayDirectoryInvalidEndpoint");
      await refuses({ dnsEndpoint: "x".repeat(129) }, "GatewayDirectoryInvalidEndpoint");
      await directory.write.registerGateway([entry(1, 0)]);
      await refuses({ dnsEndpoint: "other:53" }, "GatewayDirectoryDuplicateEndpoint");
    });

    it("reverts for everyone without the role", async () => {
      const { viem, directory, entry, stranger } = world;
      await viem.assertions.revertWithCustomError(
        directory.write.registerGateway([entry(1, 0)], { account: stranger }),
        directory,
        "AccessManagedUnauthorized",
      );
    });
  });

  describe("updateGateway, setOperator, retireGateway", () => {
    it("lets the operator, and nobody else, change key and endpoints", async () => {
      const { viem, directory, entry, operator, governor } = world;
      await directory.write.registerGateway([entry(1, 0)]);
      const change = [1, governor, "https://g1.example.org", "other.example.org:53"] as const;
      await viem.assertions.revertWithCustomError(
        directory.write.updateGateway(change, { account: governor }),
        directory,
        "GatewayDirectoryNotOperator",
      );
      await directory.write.updateGateway(change, { account: operator });
      const kept = await directory.read.gateway([1]);
      expect(kept.signer.toLowerCase()).to.equal(governor);
      expect(kept.dnsEndpoint).to.equal("other.example.org:53");
    });

    it("frees the endpoints of a retired gateway, whose entry stays readable", async () => {
      const { viem, directory, entry } = world;
      await directory.write.registerGateway([entry(1, 0)]);
      await directory.write.retireGateway([1]);
      expect((await directory.read.gateway([1])).active).to.equal(false);
      await directory.write.registerGateway([entry(1, 0)]);
      await viem.assertions.revertWithCustomError(
        directory.write.retireGateway([1]),
        directory,
        "GatewayDirectoryRetiredGateway",
      );
      await viem.assertions.revertWithCustomError(
        directory.read.gateway([9]),
        directory,
        "GatewayDirectoryUnknownGateway",
      );
    });

    it("hands an entry to another operator", async () => {
      const { directory, entry, operator, stranger } = world;
      await directory.write.registerGateway([entry(1, 0)]);
      await directory.write.setOperator([1, stranger], { account: operator });
      await directory.write.updateGateway([1, operator, "https://a.example.org", "a.example.org:53"], {
        account: stranger,
      });
    });
  });

  describe("seedZone", () => {
    it("gives out the slots, and the shard function finds the same gateways as TypeScript", async () => {
      const placement = await seedFleet(world, 2);
      for (const index of [0, 1, 511, 512, 262_144, 134_217_728, 123_456_789, 0xffffffdf]) {
        const expected = slotsOf(index).map((slot, zone) => placement.table[zone * SLOT_COUNT + slot]);
        expect(await world.directory.read.gatewaysOfIndex([index])).to.deep.equal(expected);
      }
    });

    it("reverts for a slot of nobody, a gateway of another zone, an uneven table, a zone in use", async () => {
      const { viem, directory } = world;
      const placement = await seedFleet(world, 2);
      const words = [...seedWords(placement.table, 0)] as bigint[];
      await viem.assertions.revertWithCustomError(
        directory.write.seedZone([0, words as never]),
        directory,
        "GatewayDirectoryZoneNotEmpty",
      );
      world = await deployDirectory();
      for (const [number, zone] of [
        [1, 0],
        [2, 0],
        [3, 1],
      ] as const) {
        await world.directory.write.registerGateway([world.entry(number, zone)]);
      }
      const refuses = (change: (words: bigint[]) => void, error: string) => {
        const changed = [...words];
        change(changed);
        return world.viem.assertions.revertWithCustomError(
          world.directory.write.seedZone([0, changed as never]),
          world.directory,
          error as never,
        );
      };
      await refuses((all) => (all[0]! &= ~0xffffn), "GatewayDirectoryEmptySlot");
      await refuses((all) => (all[0] = (all[0]! & ~0xffffn) | 3n), "GatewayDirectoryZoneMismatch");
      await refuses((all) => (all[0] = (all[0]! & ~0xffffn) | 9n), "GatewayDirectoryUnknownGateway");
      await refuses((all) => (all[0] = BigInt(`0x${"0001".repeat(16)}`)), "GatewayDirectoryUneven");
    });
  });

  describe("joinZone and leaveZone", () => {
    it("take the planner's moves, one after the other, and keep the former holders for one TTL", async () => {
      const { networkHelpers, directory, entry } = world;
      let placement = await seedFleet(world, 2);
      await directory.write.registerGateway([entry(9, 1)]);
      const joins: FleetChange = { kind: "join", gateway: { id: 9, zone: 1 } };
      const join = planChange(placement, joins, { seed: 1 });
      const joined = ordinaryMoves(join, 1);
      expect(joined.length).to.equal(170);
      await directory.write.joinZone([9, slotSetOf(joined.map(({ slot }) => slot))]);
      const { slot } = joined[0]!;
      const before = placement.table[SLOT_COUNT + slot];
      placement = applyPlan(placement, join, { atSeconds: 0, ttlSeconds: 300 });
      expect((await directory.read.slotHolder([1, BigInt(slot)])).slice(0, 2)).to.deep.equal([9, before]);
      await networkHelpers.time.increase(await directory.read.handoverSeconds());
      expect((await directory.read.slotHolder([1, BigInt(slot)])).slice(0, 2)).to.deep.equal([9, 0]);

      const leave = planChange(placement, { kind: "leave", gatewayId: 3 }, { seed: 2 });
      const left = ordinaryMoves(leave, 1);
      await directory.write.leaveZone([3, successorsOf(left)]);
      placement = applyPlan(placement, leave, { atSeconds: 0, ttlSeconds: 300 });
      await networkHelpers.time.increase(HANDOVER_SECONDS);
      const words = await directory.read.zoneTable([1]);
      expect(words.slice(0, 32)).to.deep.equal(tableWords(placement.table, 1).slice(0, 32));
      await directory.write.retireGateway([3]);
    });

    it("revert when a move breaks the rule", async () => {
      const { viem, networkHelpers, directory, entry } = world;
      await seedFleet(world, 2);
      await directory.write.registerGateway([entry(9, 1)]);
      const refuses = (call: Promise<unknown>, error: string) =>
        viem.assertions.revertWithCustomError(call, directory, error as never);
      const range = (count: number) => slotSetOf(Array.from({ length: count }, (_, slot) => slot));
      await refuses(directory.write.joinZone([9, range(169)]), "GatewayDirectoryWrongMoveCount");
      await refuses(directory.write.joinZone([9, range(171)]), "GatewayDirectoryWrongMoveCount");
      await refuses(directory.write.joinZone([3, range(170)]), "GatewayDirectoryHoldsSlots");
      const table = await directory.read.zoneTable([1]);
      const ofThree = Array.from({ length: 512 }, (_, slot) => slot).filter(
        (slot) => ((table[slot >> 4]! >> BigInt((slot & 15) * 16)) & 0xffffn) === 3n,
      );
      // All from one holder leaves it with too few.
      await refuses(directory.write.joinZone([9, slotSetOf(ofThree.slice(0, 170))]), "GatewayDirectoryUneven");
      await refuses(directory.write.leaveZone([9, "0x"]), "GatewayDirectoryHoldsNoSlots");
      await refuses(directory.write.leaveZone([3, "0x0004"]), "GatewayDirectoryWrongMoveCount");
      const all = (id: number) => successorsOf(Array.from({ length: 256 }, () => ({ to: id })));
      await refuses(directory.write.leaveZone([3, all(1)]), "GatewayDirectoryZoneMismatch");
      await refuses(directory.write.leaveZone([3, all(3)]), "GatewayDirectoryHoldsNoSlots");
      await refuses(directory.write.leaveZone([3, all(9)]), "GatewayDirectoryHoldsNoSlots");
      await refuses(directory.write.retireGateway([3]), "GatewayDirectoryHoldsSlots");
      await directory.write.leaveZone([3, all(4)]);
      await networkHelpers.time.increase(HANDOVER_SECONDS);
      await directory.write.leaveZone([4, "0x"]);
      expect(await directory.read.holdersOf([1])).to.deep.equal([]);
      expect((await directory.read.zoneTable([1])).every((word) => word === 0n)).to.equal(true);
    });

    it("keep a growing and shrinking zone within one of even", async () => {
      const { networkHelpers, directory, entry } = world;
      let placement = placeGateways({
        gateways: [0, 1, 2, 3].map((zone) => ({ id: zone + 1, zone })),
        seed: 5,
      });
      await seedFleet(world, 1);
      for (let number = 5; number <= 12; number += 1) {
        await directory.write.registerGateway([entry(number, 2)]);
        const change: FleetChange = { kind: "join", gateway: { id: number, zone: 2 } };
        const plan = planChange(placement, change, { seed: number });
        await directory.write.joinZone([number, slotSetOf(ordinaryMoves(plan, 2).map(({ slot }) => slot))]);
        await networkHelpers.time.increase(HANDOVER_SECONDS);
        placement = applyPlan(placement, plan, { atSeconds: 0, ttlSeconds: 300 });
      }
      for (const leaver of [7, 3, 12]) {
        const plan = planChange(placement, { kind: "leave", gatewayId: leaver }, { seed: leaver });
        await directory.write.leaveZone([leaver, successorsOf(ordinaryMoves(plan, 2))]);
        await networkHelpers.time.increase(HANDOVER_SECONDS);
        placement = applyPlan(placement, plan, { atSeconds: 0, ttlSeconds: 300 });
      }
      const counts = await Promise.all(
        (await directory.read.holdersOf([2])).map(async (id) => (await directory.read.gateway([id])).slotCount),
      );
      expect(counts.length).to.equal(6);
      expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(ORDINARY_SLOT_COUNT);
      expect(Math.max(...counts) - Math.min(...counts)).to.be.at.most(1);
    });
  });

  describe("isolation", () => {
    const node = namehash("shop.hold");

    it("moves a name to the reserved gateways at once, and back", async () => {
      const { directory, registry } = world;
      const placement = await seedFleet(world, 2);
      await registry.write.set([node, 512]);
      const own = slotsOf(512).map((slot, zone) => placement.table[zone * SLOT_COUNT + slot]);
      expect(await directory.read.gatewaysOf([node])).to.deep.equal(own);
      for (let zone = 0; zone < ZONE_COUNT; zone += 1)
        await directory.write.assignReservedSlot([zone, 3, 2 * zone + 1]);
      await directory.write.isolate([node, RESERVED]);
      expect(await directory.read.shardOf([node])).to.deep.equal([515, 515, 515, 515]);
      expect(await directory.read.gatewaysOf([node])).to.deep.equal([1, 3, 5, 7]);
      expect(await directory.read.urlsOf([node])).to.deep.equal([1, 3, 5, 7].map((id) => `https://g${id}.example.org`));
      expect(await directory.read.isolationOf([node])).to.equal(RESERVED);
      await directory.write.release([node]);
      expect(await directory.read.gatewaysOf([node])).to.deep.equal(own);
    });

    it("never leaves an isolated name without gateways: its slots are handed on, not emptied", async () => {
      const { viem, networkHelpers, directory } = world;
      await seedFleet(world, 2);
      for (let zone = 0; zone < ZONE_COUNT; zone += 1) {
        for (const slot of [3, 4]) await directory.write.assignReservedSlot([zone, slot, 2 * zone + 1]);
      }
      const other = namehash("bazaar.hold");
      for (const each of [node, other, other]) await directory.write.isolate([each, RESERVED]);
      const refusesToEmpty = (nameCount: bigint) =>
        refuses(world, directory.write.assignReservedSlot([2, 3, 0]), directory, "GatewayDirectoryReservedSlotInUse", [
          BigInt(RESERVED),
          nameCount,
        ]);
      await refusesToEmpty(2n);
      await directory.write.assignReservedSlot([2, 3, 6]);
      expect(await directory.read.gatewaysOf([node])).to.deep.equal([1, 3, 6, 7]);
      // Another index is another's: it is emptied while nobody is there.
      await directory.write.assignReservedSlot([2, 4, 0]);
      await directory.write.assignReservedSlot([2, 4, 5]);
      await directory.write.isolate([other, RESERVED + 1]);
      await networkHelpers.time.increase(HANDOVER_SECONDS);
      await refusesToEmpty(1n);
      await directory.write.release([node]);
      await directory.write.assignReservedSlot([2, 3, 0]);
      await viem.assertions.revertWithCustomError(
        directory.write.assignReservedSlot([0, 4, 0]),
        directory,
        "GatewayDirectoryReservedSlotInUse",
      );
      expect(await directory.read.gatewaysOf([other])).to.deep.equal([1, 3, 5, 7]);
    });

    it("lasts when the name is registered anew, until it is released", async () => {
      const { directory, registry } = world;
      await seedFleet(world, 1);
      await registry.write.set([node, 512]);
      for (let zone = 0; zone < ZONE_COUNT; zone += 1) await directory.write.assignReservedSlot([zone, 3, zone + 1]);
      await directory.write.isolate([node, RESERVED]);
      await registry.write.set([node, 777]);
      expect(await directory.read.indexOf([node])).to.deep.equal([BigInt(RESERVED), false]);
      await directory.write.release([node]);
      expect(await directory.read.indexOf([node])).to.deep.equal([777n, false]);
    });

    it("reverts for an index outside the range, or with a slot of nobody, or a name not isolated", async () => {
      const { viem, directory } = world;
      await seedFleet(world, 1);
      const refuses = (call: Promise<unknown>, error: string) =>
        viem.assertions.revertWithCustomError(call, directory, error as never);
      await refuses(directory.write.isolate([node, 512]), "GatewayDirectoryUnusableReservedIndex");
      await refuses(directory.write.isolate([node, RESERVED]), "GatewayDirectoryUnusableReservedIndex");
      await refuses(directory.write.release([node]), "GatewayDirectoryNotIsolated");
      await refuses(directory.write.assignReservedSlot([0, 32, 1]), "GatewayDirectoryUnusableReservedIndex");
      await refuses(directory.write.assignReservedSlot([0, 0, 2]), "GatewayDirectoryZoneMismatch");
      await directory.write.assignReservedSlot([0, 0, 1]);
      expect((await directory.read.gateway([1])).reservedCount).to.equal(1);
      await directory.write.assignReservedSlot([0, 0, 0]);
      expect((await directory.read.gateway([1])).reservedCount).to.equal(0);
    });
  });

  describe("reading", () => {
    it("gives a name without an index its bootstrap shard", async () => {
      const { directory } = world;
      await seedFleet(world, 1);
      const node = namehash("nobody.hold");
      expect(await directory.read.shardOf([node])).to.deep.equal([...bootstrapSlotsOf(node)]);
      expect((await directory.read.indexOf([node]))[1]).to.equal(true);
    });

    /** Every kind of change, at least once. */
    async function changeAll() {
      const { networkHelpers, directory, entry, operator, governor } = world;
      const { write } = directory;
      const placement = await seedFleet(world, 2);
      await write.registerGateway([entry(9, 1)]);
      for (let zone = 0; zone < ZONE_COUNT; zone += 1) await write.assignReservedSlot([zone, 3, 2 * zone + 1]);
      await write.isolate([namehash("shop.hold"), RESERVED]);
      await write.isolate([namehash("bazaar.hold"), RESERVED]);
      await write.release([namehash("bazaar.hold")]);
      const gateway = { id: 9, zone: 1 };
      const join = planChange(placement, { kind: "join", gateway }, { seed: "join" });
      await write.joinZone([9, slotSetOf(ordinaryMoves(join, 1).map(({ slot }) => slot))]);
      await networkHelpers.time.increase(HANDOVER_SECONDS);
      const joined = applyPlan(placement, join, { atSeconds: 0, ttlSeconds: 0 });
      const leave = planChange(joined, { kind: "leave", gatewayId: 4 }, { seed: "leave" });
      await write.leaveZone([4, successorsOf(ordinaryMoves(leave, 1))]);
      await networkHelpers.time.increase(HANDOVER_SECONDS);
      await write.retireGateway([4]);
      await write.updateGateway([1, governor, "https://new.example.org", "new.example.org:53"], { account: operator });
      await write.setOperator([2, governor], { account: operator });
    }

    it("follows from its events alone", async () => {
      const { viem, directory } = world;
      await changeAll();
      const client = await viem.getPublicClient();
      const logs = await client.getLogs({ address: directory.address, fromBlock: 0n });
      const events = parseEventLogs({ abi: directory.abi, logs }).filter(
        ({ eventName }) => eventName !== "AuthorityUpdated",
      );
      expect(events.map(({ args }) => (args as { version: bigint }).version)).to.deep.equal(
        events.map((_, index) => BigInt(index) + 1n),
      );
      let state: Directory = EMPTY_DIRECTORY;
      for (const event of events) state = applyDirectoryEvent(state, event as unknown as DirectoryEvent, 0);
      expect(state.version).to.equal(await directory.read.version());
      for (let zone = 0; zone < ZONE_COUNT; zone += 1) {
        expect(tableWords(state.table, zone)).to.deep.equal(await directory.read.zoneTable([zone]));
      }
      expect(state.gateways.size).to.equal(9);
      for (const [id, { id: _, ...gateway }] of state.gateways) {
        expect(await directory.read.gateway([id])).to.deep.include(gateway);
      }
      expect([...state.isolated]).to.deep.equal([[namehash("shop.hold"), RESERVED]]);
      expect(await directory.read.isolationOf([namehash("bazaar.hold")])).to.equal(0);
    });
  });

  describe("governance", () => {
    it("delays the fleet's changes and lets isolation act at once", async () => {
      const { viem, networkHelpers, directory, manager, entry, operator, stranger } = world;
      const fleet = encodeFunctionData({ abi: directory.abi, functionName: "registerGateway", args: [entry(1, 0)] });
      const selectors = [fleet.slice(0, 10) as Hex];
      await manager.write.setTargetFunctionRole([directory.address, selectors, 1n]);
      await manager.write.grantRole([1n, operator, 172_800]);
      const release = encodeFunctionData({
        abi: directory.abi,
        functionName: "release",
        args: [stringToHex("x", { size: 32 })],
      });
      await manager.write.setTargetFunctionRole([directory.address, [release.slice(0, 10) as Hex], 2n]);
      await manager.write.grantRole([2n, stranger, 0]);

      const register = () => directory.write.registerGateway([entry(1, 0)], { account: operator });
      await viem.assertions.revertWithCustomError(register(), manager, "AccessManagerNotScheduled");
      await manager.write.schedule([directory.address, fleet, 0], { account: operator });
      await viem.assertions.revertWithCustomError(register(), manager, "AccessManagerNotReady");
      await networkHelpers.time.increase(172_800);
      await register();
      expect(await directory.read.gatewayCount()).to.equal(1n);
      // The isolation role is heard at once: the refusal is the directory's own, not the manager's.
      await viem.assertions.revertWithCustomError(
        directory.write.release([stringToHex("x", { size: 32 })], { account: stranger }),
        directory,
        "GatewayDirectoryNotIsolated",
      );
    });
  });
});
