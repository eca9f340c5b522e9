import { expect } from "chai";
import { namehash } from "../../../src/naming/namehash.ts";
import {
  applyPlan,
  bootstrapSlotsOf,
  directoryCallsOf,
  type FleetChange,
  gatewaysOf,
  INDEX_MAX,
  type Placement,
  placeGateways,
  planChange,
  planIsolation,
  RESERVED_INDEX_MIN,
  slotsOf,
  tableFromWords,
  tableWords,
} from "../../../src/sharding/index.ts";
import { HANDOVER_SECONDS } from "../support/directory.ts";
import { deployHoldfast } from "../support/holdfast.ts";

const SEED = 4711;
const ZONES = [0, 1, 2, 3];

async function deployDirectory() {
  const holdfast = await deployHoldfast();
  const { viem, manager, registry, governor } = holdfast;
  const directory = await viem.deployContract("GatewayDirectory", [manager.address, registry.address]);
  let count = 0;
  const register = async (zone: number) => {
    count += 1;
    const account = governor.account.address;
    const names = { httpUrl: `https://g${count}.example.org`, dnsEndpoint: `g${count}.example.org:53` };
    await directory.write.registerGateway([{ operator: account, signer: account, zone, ...names }]);
    return { id: count, zone };
  };
  const gateways = [];
  for (const zone of ZONES) for (let n = 0; n < 2; n += 1) gateways.push(await register(zone));
  const placement = placeGateways({ gateways, seed: SEED });
  for (const zone of ZONES) {
    const words = tableWords(placement.table, zone);
    await directory.write.seedZone([zone, words.slice(0, 32)] as never);
    for (let reserved = 0; reserved < 32; reserved += 1) {
      await directory.write.assignReservedSlot([zone, reserved, placement.table[zone * 544 + 512 + reserved]!]);
    }
  }
  const tableOnChain = async () => {
    const zones = [];
    for (const zone of ZONES) zones.push((await directory.read.zoneTable([zone])) as readonly bigint[]);
    return tableFromWords(zones);
  };
  /** Plans a change, sends the plan's calls, and returns the placement the plan promises. */
  const carryOut = async (before: Placement, change: FleetChange): Promise<Placement> => {
    const plan = planChange(before, change, { seed: SEED });
    for (const call of directoryCallsOf(change, plan.moves)!) {
      if (call.method === "joinZone") await directory.write.joinZone([call.gatewayId, call.slotSet] as never);
      else if (call.method === "leaveZone") await directory.write.leaveZone([call.gatewayId, call.successors]);
      else await directory.write.assignReservedSlot([call.zone, call.reservedSlot, call.gatewayId]);
    }
    // The zone's next change, and its reserved slots' next, come when who lost slots serves them no more.
    await holdfast.time.increase(HANDOVER_SECONDS);
    return applyPlan(before, plan, { atSeconds: 0, ttlSeconds: 0 });
  };
  return { ...holdfast, directory, register, placement, tableOnChain, carryOut };
}

describe("GatewayDirectory", () => {
  describe("move plans", () => {
    let fixture: Awaited<ReturnType<typeof deployDirectory>>;
    before(async () => {
      fixture = await deployDirectory();
    });

    it("returns the gateways that the placement says, for any index", async () => {
      const { directory, placement } = fixture;
      const spread = Array.from({ length: 60 }, (_, n) => (n * 71_582_789 + n * n) % RESERVED_INDEX_MIN);
      for (const index of [0, 511, 512, 262_144, 134_217_728, RESERVED_INDEX_MIN, INDEX_MAX, ...spread]) {
        const ids = (await directory.read.gatewaysOfIndex([index])) as readonly number[];
        expect(ids, `index ${index}`).to.deep.equal(gatewaysOf(placement, slotsOf(index)));
      }
      const node = namehash("nobody-registered-this.hold");
      expect(await directory.read.shardOf([node])).to.deep.equal([...bootstrapSlotsOf(node)]);
    });

    it("accepts the calls of a join, another, and a leave, and ends at the planned table", async () => {
      const { register, placement, tableOnChain, carryOut } = fixture;
      const third = await carryOut(placement, { kind: "join", gateway: await register(1) });
      expect(await tableOnChain()).to.deep.equal(third.table);
      const fourth = await carryOut(third, { kind: "join", gateway: await register(1) });
      const left = await carryOut(fourth, { kind: "leave", gatewayId: 3 });
      expect(await tableOnChain()).to.deep.equal(left.table);
      fixture.placement = left;
    });

    it("moves an isolated name where the isolation plan says", async () => {
      const { directory, placement } = fixture;
      const name = namehash("attacked.hold");
      const plan = planIsolation(placement, 17, []);
      await directory.write.isolate([name, plan.toIndex]);
      expect(await directory.read.gatewaysOf([name])).to.deep.equal(plan.gatewaysAfter);
      await directory.write.release([name]);
      expect(await directory.read.shardOf([name])).to.deep.equal([...bootstrapSlotsOf(name)]);
    });
  });
});
