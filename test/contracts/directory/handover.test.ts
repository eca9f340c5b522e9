/** Whoever loses a slot serves on for five minutes, and is found for the whole of them, whatever is done meanwhile. */
import { expect } from "chai";
import { parseEventLogs } from "viem";
import { toHex } from "../../../src/base/bytes.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { type Directory, EMPTY_DIRECTORY, HANDOVER_SECONDS as TTL_SECONDS } from "../../../src/directory/directory.ts";
import { applyDirectoryEvent, type DirectoryEvent } from "../../../src/directory/events.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { directoryCallsOf, type FleetChange, type Placement, planChange } from "../../../src/sharding/index.ts";
import { type DeployedDirectory, deployDirectory, HANDOVER_SECONDS, slotSetOf, wordsOf } from "../support/directory.ts";
import { refuses } from "../support/holdfast.ts";

const SEED = 20_261_128;
const RESERVED = 0xffffffe3;
const SHARE = Array.from({ length: 170 }, (_, slot) => slot);
/** Two bytes for each slot, the heirs in turn. */
const heirsOf = (count: number, ...ids: readonly number[]) =>
  toHex(Uint8Array.from(Array.from({ length: count }, (_, slot) => [0, ids[slot % ids.length]!]).flat()));

describe("GatewayDirectory, while a former holder serves on", () => {
  let world: DeployedDirectory;
  let snapshot: { restore(): Promise<void> };
  before(async () => {
    world = await deployDirectory();
    const { directory, entry } = world;
    // 1 and 2 hold zone 0 in turn, 3 is listed there, 4 holds zone 1, 5 is listed there; 6 and 7 are of zones 2 and 3.
    for (const [number, zone] of [0, 0, 0, 1, 1, 2, 3].entries()) {
      await directory.write.registerGateway([entry(number + 1, zone)]);
    }
    await directory.write.seedZone([0, wordsOf(1, 2) as never]);
    await directory.write.seedZone([1, wordsOf(4) as never]);
    snapshot = await world.networkHelpers.takeSnapshot();
  });
  afterEach(() => snapshot.restore());
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world, call, world.directory, `GatewayDirectory${error}`, values);
  const wait = (seconds: number) => world.networkHelpers.time.increase(seconds);
  /** The next transaction's block is of the last second of a handover that began now, or of the first one after it. */
  const waitUntil = (seconds: bigint) => world.networkHelpers.time.setNextBlockTimestamp(seconds);
  const now = async () => BigInt(await world.networkHelpers.time.latest());
  const holdersAt = async (zone: number, slot: number) =>
    (await world.directory.read.slotHolder([zone, BigInt(slot)])).slice(0, 2);

  describe("of ordinary slots", () => {
    it("reverts for another leave or join in the zone until it ends, with zone and time", async () => {
      const { write, read } = world.directory;
      await write.joinZone([3, slotSetOf(SHARE)]);
      const endsAt = (await now()) + BigInt(HANDOVER_SECONDS);
      expect(await read.handoverEndsAt([0])).to.equal(endsAt);
      await wait(2);
      await refused(write.leaveZone([3, heirsOf(170, 2, 1)]), "HandoverUnderWay", 0, endsAt);
      expect(await holdersAt(0, 0)).to.deep.equal([3, 1]);
      expect(await holdersAt(0, 1)).to.deep.equal([3, 2]);
      expect(await holdersAt(0, 170)).to.deep.equal([1, 0]);
      await write.registerGateway([world.entry(8, 0)]);
      await refused(write.joinZone([8, slotSetOf(SHARE)]), "HandoverUnderWay", 0, endsAt);
      await waitUntil(endsAt - 1n);
      await refused(write.leaveZone([3, heirsOf(170, 2, 1)]), "HandoverUnderWay", 0, endsAt);
      await waitUntil(endsAt);
      await write.leaveZone([3, heirsOf(170, 2, 1)]);
      expect(await holdersAt(0, 0)).to.deep.equal([2, 3]);
      expect(await read.handoverEndsAt([0])).to.equal(endsAt + BigInt(HANDOVER_SECONDS));
    });

    it("keeps zones apart, and starts with the first move, not with the seed", async () => {
      const { write, read } = world.directory;
      expect(await read.handoverEndsAt([1])).to.equal(0n);
      await write.joinZone([3, slotSetOf(SHARE)]);
      await write.joinZone([5, slotSetOf(Array.from({ length: 256 }, (_, slot) => slot))]);
      expect(await holdersAt(1, 7)).to.deep.equal([5, 4]);
      await write.seedZone([2, wordsOf(6) as never]);
      expect(await holdersAt(2, 7)).to.deep.equal([6, 0]);
      expect(await read.handoverEndsAt([2])).to.equal(0n);
      await refused(read.handoverEndsAt([4]), "InvalidZone", 4);
    });

    it("lasts through a seed of the zone that the last holder left, and a join into an empty zone starts none", async () => {
      const { write, read } = world.directory;
      await write.leaveZone([4, "0x"]);
      const endsAt = await read.handoverEndsAt([1]);
      await write.seedZone([1, wordsOf(5) as never]);
      expect(await holdersAt(1, 7)).to.deep.equal([5, 4]);
      expect(await read.handoverEndsAt([1])).to.equal(endsAt);
      await refused(write.leaveZone([5, "0x"]), "HandoverUnderWay", 1, endsAt);
      await waitUntil(endsAt);
      await write.leaveZone([5, "0x"]);
      await wait(HANDOVER_SECONDS);
      await write.joinZone([4, slotSetOf(Array.from({ length: 512 }, (_, slot) => slot))]);
      expect(await holdersAt(1, 7)).to.deep.equal([4, 0]);
      await write.joinZone([5, slotSetOf(Array.from({ length: 256 }, (_, slot) => slot))]);
    });

    it("never brings back who lost a slot in an earlier change", async () => {
      const { write, read } = world.directory;
      await write.joinZone([3, slotSetOf(SHARE)]);
      await wait(HANDOVER_SECONDS);
      expect(await holdersAt(0, 0)).to.deep.equal([3, 0]);
      // Forty-two of the slots that moved before, of three words, and others that did not.
      await write.registerGateway([world.entry(8, 0)]);
      const rest = Array.from({ length: 86 }, (_, number) => 192 + number);
      const some = [...SHARE.slice(0, 42), ...rest];
      await write.joinZone([8, slotSetOf(some)]);
      expect(await holdersAt(0, 0)).to.deep.equal([8, 3]);
      expect((await read.slotHolder([0, 192n])).slice(0, 2)).to.deep.equal([8, 1]);
      // Moved before and not now: its former holder has long ceased to serve it.
      expect(await read.slotHolder([0, 100n])).to.deep.equal([3, 0, 0n]);
      expect((await read.slotHolder([0, 44n])).slice(0, 2)).to.deep.equal([3, 0]);
    });
  });

  describe("of a reserved slot", () => {
    it("reverts for its next reassignment until it ends, and for no other slot's", async () => {
      const { write } = world.directory;
      await write.assignReservedSlot([0, 3, 1]);
      await write.assignReservedSlot([0, 3, 2]);
      const endsAt = (await now()) + BigInt(HANDOVER_SECONDS);
      await refused(write.assignReservedSlot([0, 3, 3]), "SlotHandoverUnderWay", 0, 515n, endsAt);
      await refused(write.assignReservedSlot([0, 3, 0]), "SlotHandoverUnderWay", 0, 515n, endsAt);
      expect(await holdersAt(0, 515)).to.deep.equal([2, 1]);
      // A neighbour in the same word has a handover of its own.
      await write.assignReservedSlot([0, 4, 1]);
      await wait(100);
      await write.assignReservedSlot([0, 4, 2]);
      await waitUntil(endsAt);
      await write.assignReservedSlot([0, 3, 3]);
      expect(await holdersAt(0, 515)).to.deep.equal([3, 2]);
      expect(await holdersAt(0, 516)).to.deep.equal([2, 1]);
      await wait(HANDOVER_SECONDS - 1);
      expect(await holdersAt(0, 515)).to.deep.equal([3, 2]);
      await wait(1);
      expect(await holdersAt(0, 515)).to.deep.equal([3, 0]);
    });

    it("starts none with a first holder, nor when a slot is assigned to whoever holds it", async () => {
      const { write } = world.directory;
      await write.assignReservedSlot([0, 3, 1]);
      await write.assignReservedSlot([0, 3, 1]);
      expect((await world.directory.read.slotHolder([0, 515n])).slice()).to.deep.equal([1, 0, 0n]);
      expect((await world.directory.read.gateway([1])).reservedCount).to.equal(1);
      await write.assignReservedSlot([0, 3, 0]);
      // Taken from nobody: whoever held it before serves on all the same.
      await write.assignReservedSlot([0, 3, 2]);
      expect(await holdersAt(0, 515)).to.deep.equal([2, 1]);
    });

    it("leaves a name under attack free to move to another reserved index at once", async () => {
      const { write, read } = world.directory;
      const node = namehash("shop.hold");
      for (const slot of [3, 4]) {
        for (const [zone, id] of [1, 4, 6, 7].entries()) await write.assignReservedSlot([zone, slot, id]);
      }
      await write.isolate([node, RESERVED]);
      await write.assignReservedSlot([0, 3, 2]);
      await write.isolate([node, RESERVED + 1]);
      expect(await read.gatewaysOf([node])).to.deep.equal([1, 4, 6, 7]);
    });
  });

  describe("retireGateway", () => {
    it("reverts for whoever left, until it serves nothing more; its endpoints stay its own", async () => {
      const { write, read } = world.directory;
      await write.leaveZone([1, heirsOf(256, 2)]);
      const until = (await now()) + BigInt(HANDOVER_SECONDS);
      expect((await read.gateway([1])).servesUntil).to.equal(Number(until));
      await refused(write.retireGateway([1]), "StillServing", 1, until);
      const copy = { ...world.entry(8, 0), httpUrl: "https://g1.example.org" };
      await refused(write.registerGateway([copy]), "DuplicateEndpoint", "https://g1.example.org");
      await waitUntil(until - 1n);
      await refused(write.retireGateway([1]), "StillServing", 1, until);
      await waitUntil(until);
      await write.retireGateway([1]);
      await write.registerGateway([copy]);
    });

    it("reverts for whoever lost a reserved slot or, on a join, ordinary ones; not for those who lost none", async () => {
      const { write, read } = world.directory;
      await write.assignReservedSlot([0, 3, 3]);
      await write.assignReservedSlot([0, 3, 1]);
      const until = (await now()) + BigInt(HANDOVER_SECONDS);
      await refused(write.retireGateway([3]), "StillServing", 3, until);
      await waitUntil(until);
      await write.joinZone([3, slotSetOf(SHARE)]);
      const [donor, newcomer] = [await read.gateway([2]), await read.gateway([3])];
      expect([donor.servesUntil, newcomer.servesUntil].map(BigInt)).to.deep.equal([
        until + BigInt(HANDOVER_SECONDS),
        until,
      ]);
      await write.registerGateway([world.entry(8, 0)]);
      await write.retireGateway([8]);
    });
  });

  it("is told the same by the contract and by its events, over random changes at random times", async function () {
    this.timeout(240_000);
    const { directory, networkHelpers, viem } = world;
    const random = seededRandom(SEED, "handover");
    const client = await viem.getPublicClient();
    let state: Directory = EMPTY_DIRECTORY;
    let next = 0n;
    const follow = async () => {
      const logs = await client.getLogs({ address: directory.address, fromBlock: next });
      for (const event of parseEventLogs({ abi: directory.abi, logs })) {
        if (event.eventName === "AuthorityUpdated") continue;
        const { timestamp } = await client.getBlock({ blockNumber: event.blockNumber });
        state = applyDirectoryEvent(state, event as unknown as DirectoryEvent, Number(timestamp));
      }
      next = (await client.getBlockNumber()) + 1n;
    };
    const carryOut = async (change: FleetChange): Promise<boolean> => {
      const gateways = [...state.gateways.values()].filter(({ id }) => state.table.includes(id));
      const placement: Placement = { gateways, table: state.table, former: new Map() };
      const [call] = directoryCallsOf(change, planChange(placement, change, { seed: random.below(1_000) }).moves)!;
      const sent =
        call?.method === "joinZone"
          ? directory.write.joinZone([call.gatewayId, call.slotSet] as never)
          : call?.method === "leaveZone"
            ? directory.write.leaveZone([call.gatewayId, call.successors])
            : Promise.resolve();
      return sent.then(
        () => true,
        (error: Error) => {
          expect(error.message, `seed ${SEED}`).to.contain("HandoverUnderWay");
          return false;
        },
      );
    };
    const tally = { done: 0, refused: 0, found: 0 };
    await follow();
    for (let step = 0; step < 16; step += 1) {
      await networkHelpers.time.increase(1 + random.below(2 * HANDOVER_SECONDS));
      const holders = [...(await directory.read.holdersOf([0]))];
      const idle = [...state.gateways.keys()].filter((id) => id !== 0 && state.gateways.get(id)!.zone === 0);
      const joiner = idle.find((id) => !holders.includes(id));
      const change: FleetChange =
        holders.length < 2 || (joiner !== undefined && random.below(2) === 0)
          ? { kind: "join", gateway: { id: joiner!, zone: 0 } }
          : { kind: "leave", gatewayId: holders[random.below(holders.length)]! };
      tally[(await carryOut(change)) ? "done" : "refused"] += 1;
      await follow();
      const seconds = Number(await now());
      for (let slot = random.below(16); slot < 512; slot += 16) {
        const former = state.former.get(slot);
        const serves = former !== undefined && seconds < former.movedAt + TTL_SECONDS;
        const expected = [state.table[slot], serves ? former.gatewayId : 0];
        expect(await holdersAt(0, slot), `seed ${SEED}, step ${step}, slot ${slot}`).to.deep.equal(expected);
        if (serves) tally.found += 1;
      }
    }
    expect(tally.done, JSON.stringify(tally)).to.be.above(4);
    expect(tally.refused, JSON.stringify(tally)).to.be.above(1);
    expect(tally.found, JSON.stringify(tally)).to.be.above(50);
  });
});
