/** Every refusal of the directory, with the values that offend, and the delays of those who change the fleet. */
import { expect } from "chai";
import {
  encodeAbiParameters,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  toFunctionSelector,
  toHex,
  zeroAddress,
} from "viem";
import { namehash } from "../../../src/naming/namehash.ts";
import { type DeployedDirectory, deployDirectory, HANDOVER_SECONDS, slotSetOf, wordsOf } from "../support/directory.ts";
import { refuses } from "../support/holdfast.ts";

const SLOTS = 512;
const RESERVED = 0xffffffe3;
const NODE = namehash("shop.hold");
const NOBODY = 9;
const DAY = 86_400;

async function deployFleet() {
  const world = await deployDirectory();
  const { directory, entry } = world;
  // 1 and 2 hold zone 0, 3 is listed there, 4 is of zone 1, 5 of zone 0 is retired.
  for (const [number, zone] of [
    [1, 0],
    [2, 0],
    [3, 0],
    [4, 1],
    [5, 0],
  ] as const) {
    await directory.write.registerGateway([entry(number, zone)]);
  }
  await directory.write.retireGateway([5]);
  await directory.write.seedZone([0, wordsOf(1, 2) as never]);
  return world;
}

describe("GatewayDirectory, given bad input", () => {
  let world: DeployedDirectory;
  let snapshot: { restore(): Promise<void> };
  before(async () => {
    world = await deployFleet();
    snapshot = await world.networkHelpers.takeSnapshot();
  });
  afterEach(() => snapshot.restore());
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world, call, world.directory, `GatewayDirectory${error}`, values);

  it("names the zone that there is none of", async () => {
    const { write, read } = world.directory;
    await refused(write.registerGateway([world.entry(6, 4)]), "InvalidZone", 4);
    await refused(write.seedZone([4, wordsOf(1) as never]), "InvalidZone", 4);
    await refused(write.assignReservedSlot([255, 0, 1]), "InvalidZone", 255);
    await refused(read.zoneTable([4]), "InvalidZone", 4);
    await refused(read.slotHolder([4, 0n]), "InvalidZone", 4);
    await refused(read.slotHolder([3, 544n]), "InvalidSlot", 544n);
    expect((await read.slotHolder([3, 543n]))[0]).to.equal(0);
  });

  it("names the gateway that is unknown or retired, wherever one is asked for", async () => {
    const { write, read } = world.directory;
    const as = { account: world.operator };
    for (const id of [0, NOBODY]) {
      await refused(read.gateway([id]), "UnknownGateway", id);
      await refused(write.joinZone([id, [0n, 0n]]), "UnknownGateway", id);
      await refused(write.leaveZone([id, "0x"]), "UnknownGateway", id);
      await refused(write.retireGateway([id]), "UnknownGateway", id);
      await refused(write.setOperator([id, world.operator], as), "UnknownGateway", id);
      await refused(write.updateGateway([id, world.operator, "a", "b"], as), "UnknownGateway", id);
    }
    await refused(write.assignReservedSlot([0, 0, NOBODY]), "UnknownGateway", NOBODY);
    await refused(write.joinZone([5, [0n, 0n]]), "RetiredGateway", 5);
    await refused(write.leaveZone([5, "0x"]), "RetiredGateway", 5);
    await refused(write.retireGateway([5]), "RetiredGateway", 5);
    await refused(write.setOperator([5, world.operator], as), "RetiredGateway", 5);
    await refused(write.assignReservedSlot([0, 0, 5]), "RetiredGateway", 5);
  });

  it("names the zone of the gateway and the one it does not belong to", async () => {
    const { write } = world.directory;
    await refused(write.assignReservedSlot([0, 0, 4]), "ZoneMismatch", 4, 1, 0);
    await refused(write.seedZone([1, wordsOf(4, 1) as never]), "ZoneMismatch", 1, 0, 1);
    const heirs = toHex(Uint8Array.from(Array.from({ length: SLOTS / 2 }, () => [0, 4]).flat()));
    await refused(write.leaveZone([1, heirs]), "ZoneMismatch", 4, 1, 0);
  });

  it("refuses a seed with a slot of nobody, of an unknown gateway, uneven, or over another", async () => {
    const { write } = world.directory;
    const seed = (...words: readonly bigint[]) => write.seedZone([1, [...words] as never]);
    const good = wordsOf(4);
    await refused(write.seedZone([0, wordsOf(1, 2) as never]), "ZoneNotEmpty", 0);
    await refused(seed(...good.slice(0, 31), good[31]! & ~(0xffffn << 240n)), "EmptySlot", 1, 511n);
    await refused(seed(...wordsOf(4, NOBODY)), "UnknownGateway", NOBODY);
    await world.directory.write.registerGateway([world.entry(6, 1)]);
    await refused(seed(...wordsOf(4, 4, 6)), "Uneven", 4, 342n, 256n, 256n);
    await seed(...wordsOf(4, 6));
  });

  it("refuses a join that takes more or fewer slots than the share, or leaves a donor uneven", async () => {
    const { write } = world.directory;
    const join = (slots: readonly number[], id = 3) => write.joinZone([id, slotSetOf(slots)]);
    const first = (count: number) => Array.from({ length: count }, (_, slot) => slot);
    await refused(join(first(169)), "WrongMoveCount", 169n, 170n);
    await refused(join(first(171)), "WrongMoveCount", 171n, 170n);
    await refused(join([]), "WrongMoveCount", 0n, 170n);
    await refused(join(first(340).filter((slot) => slot % 2 === 0)), "Uneven", 1, 86n, 170n, 171n);
    await refused(join(first(170), 1), "HoldsSlots", 1, 256n);
    await join(first(170));
    expect((await world.directory.read.gateway([3])).slotCount).to.equal(170);
  });

  it("refuses a leave with the wrong number of successors, to one that holds nothing, or uneven", async () => {
    const { write } = world.directory;
    const leave = (id: number, ...heirs: readonly number[]) =>
      write.leaveZone([id, toHex(Uint8Array.from(heirs.flatMap((heir) => [heir >> 8, heir & 255])))]);
    const all = (id: number) => Array.from({ length: SLOTS / 2 }, () => id);
    await refused(leave(3), "HoldsNoSlots", 3);
    await refused(leave(1), "WrongMoveCount", 0n, 256n);
    await refused(leave(1, ...all(2), 2), "WrongMoveCount", 257n, 256n);
    await refused(leave(1, ...all(3)), "HoldsNoSlots", 3);
    await refused(leave(1, ...all(1)), "HoldsNoSlots", 1);
    await refused(leave(1, ...all(NOBODY)), "UnknownGateway", NOBODY);
    await write.joinZone([3, slotSetOf(Array.from({ length: 170 }, (_, slot) => slot))]);
    await world.networkHelpers.time.increase(HANDOVER_SECONDS);
    await refused(leave(3, ...Array.from({ length: 170 }, () => 1)), "Uneven", 1, 341n, 256n, 256n);
    await refused(write.retireGateway([3]), "HoldsSlots", 3, 170n);
  });

  it("refuses a last holder's leave with successors, and lets it go without", async () => {
    const { write, read } = world.directory;
    await write.seedZone([1, wordsOf(4) as never]);
    await refused(write.leaveZone([4, "0x0001"]), "WrongMoveCount", 1n, 0n);
    await write.leaveZone([4, "0x"]);
    expect(await read.holdersOf([1])).to.deep.equal([]);
    expect((await read.slotHolder([1, 7n])).slice(0, 2)).to.deep.equal([0, 4]);
  });

  it("refuses zero accounts, and endpoints empty, over 128 bytes or taken, with length or endpoint", async () => {
    const { write } = world.directory;
    const as = { account: world.operator };
    const list = (change: object) => write.registerGateway([{ ...world.entry(6, 0), ...change }]);
    await refused(list({ operator: zeroAddress }), "ZeroAddress");
    await refused(list({ signer: zeroAddress }), "ZeroAddress");
    await refused(list({ httpUrl: "" }), "InvalidEndpoint", 0n, 128n);
    await refused(list({ dnsEndpoint: "x".repeat(129) }), "InvalidEndpoint", 129n, 128n);
    await refused(list({ httpUrl: "https://g1.example.org" }), "DuplicateEndpoint", "https://g1.example.org");
    await refused(list({ httpUrl: "same", dnsEndpoint: "same" }), "DuplicateEndpoint", "same");
    await list({ httpUrl: "x".repeat(128) });
    const update = (signer: Hex, http: string, dns: string) => write.updateGateway([1, signer, http, dns], as);
    await refused(update(zeroAddress, "a", "b"), "ZeroAddress");
    await refused(update(world.operator, "a", ""), "InvalidEndpoint", 0n, 128n);
    await refused(update(world.operator, "g2.example.org:53", "b"), "DuplicateEndpoint", "g2.example.org:53");
    await refused(write.setOperator([1, zeroAddress], as), "ZeroAddress");
    await update(world.operator, "https://g1.example.org", "b");
  });

  it("names whoever is not the gateway's operator", async () => {
    const { write } = world.directory;
    const stranger = getAddress(world.stranger);
    const as = { account: world.stranger };
    await refused(write.updateGateway([1, stranger, "a", "b"], as), "NotOperator", 1, stranger);
    await refused(write.setOperator([1, stranger], as), "NotOperator", 1, stranger);
  });

  it("refuses indices out of the reserved range, slots beyond it, and indices whose slot is nobody's somewhere", async () => {
    const { write, read } = world.directory;
    await refused(write.isolate([NODE, 512]), "UnusableReservedIndex", 512n);
    await refused(write.isolate([NODE, 0xffffffdf]), "UnusableReservedIndex", 0xffffffdfn);
    await refused(write.assignReservedSlot([0, 32, 1]), "UnusableReservedIndex", 32n);
    await write.assignReservedSlot([0, 3, 1]);
    await write.assignReservedSlot([1, 3, 4]);
    await refused(write.isolate([NODE, RESERVED]), "UnusableReservedIndex", BigInt(RESERVED));
    await refused(write.release([NODE]), "NotIsolated", NODE);
    await refused(write.retireGateway([4]), "HoldsSlots", 4, 1n);
    await write.assignReservedSlot([0, 3, 3]);
    expect((await read.gateway([1])).reservedCount).to.equal(0);
  });

  it("gives out no more than 65,535 ids, and no share of a zone that 512 gateways hold", async () => {
    const { viem, networkHelpers, directory } = world;
    const client = await viem.getPublicClient();
    const read = async (slot: Hex) => BigInt((await client.getStorageAt({ address: directory.address, slot }))!);
    const version = BigInt(await directory.read.version());
    const first = toHex(0, { size: 32 });
    const word = await read(first);
    // Behind the manager's address and a flag of one byte: the version, then how many ids there are.
    expect(word >> 168n).to.equal(version | (5n << 64n));
    const full = word | (0xffffn << 232n);
    await networkHelpers.setStorageAt(directory.address, first, toHex(full, { size: 32 }));
    await refused(directory.write.registerGateway([world.entry(6, 0)]), "Full");
    await networkHelpers.setStorageAt(directory.address, first, toHex(word, { size: 32 }));
    // A zone's list of holders starts with its length, two here.
    let list: Hex | undefined;
    for (let slot = 0n; list === undefined && slot < 400n; slot += 1n) {
      const place = keccak256(encodeAbiParameters([{ type: "uint256" }, { type: "uint256" }], [0n, slot]));
      if ((await read(place)) === 2n) list = place;
    }
    if (list === undefined) throw new Error("no list of holders was found");
    await networkHelpers.setStorageAt(directory.address, list, toHex(SLOTS, { size: 32 }));
    await refused(directory.write.joinZone([3, [0n, 0n]]), "ZoneFull", 0);
  });

  it("refuses a change whose image of the tables cannot be created, and keeps the one before", async () => {
    const { networkHelpers, directory } = world;
    const before = await directory.read.zoneTable([0]);
    // A contract whose nonce is at its end creates none (EIP-2681).
    await networkHelpers.setNonce(directory.address, 2n ** 64n - 1n);
    await refuses(world, directory.write.assignReservedSlot([0, 3, 1]), directory, "TableImageNotCreated");
    expect(await directory.read.zoneTable([0])).to.deep.equal(before);
  });

  describe("governance", () => {
    const FLEET = 1n;
    const schedule = async () => {
      const { directory, manager, operator, entry } = world;
      const data = encodeFunctionData({ abi: directory.abi, functionName: "registerGateway", args: [entry(6, 0)] });
      const selector = toFunctionSelector("registerGateway((address,address,uint8,string,string))");
      await manager.write.setTargetFunctionRole([directory.address, [selector], FLEET]);
      await manager.write.grantRole([FLEET, operator, 2 * DAY]);
      const call = () => directory.write.registerGateway([entry(6, 0)], { account: operator });
      const announce = () => manager.write.schedule([directory.address, data, 0], { account: operator });
      const id = await manager.read.hashOperation([operator, directory.address, data]);
      return { data, call, announce, id };
    };

    it("must announce a change of the fleet, wait, make it in time, and once", async () => {
      const { manager, networkHelpers } = world;
      const { call, announce, id } = await schedule();
      const managed = (made: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
        refuses(world, made, manager, error, values);
      await managed(call(), "AccessManagerNotScheduled", id);
      await announce();
      await managed(announce(), "AccessManagerAlreadyScheduled", id);
      await networkHelpers.time.increase(2 * DAY - 10);
      await managed(call(), "AccessManagerNotReady", id);
      await networkHelpers.time.increase(10);
      await call();
      await managed(call(), "AccessManagerNotScheduled", id);
      await announce();
      await networkHelpers.time.increase(2 * DAY + 7 * DAY);
      await managed(call(), "AccessManagerExpired", id);
    });

    it("can call an announced change off before it is made", async () => {
      const { manager, directory, operator, governor, networkHelpers } = world;
      const { data, call, announce, id } = await schedule();
      await announce();
      await manager.write.cancel([operator, directory.address, data], { account: governor });
      await networkHelpers.time.increase(2 * DAY);
      await refuses(world, call(), manager, "AccessManagerNotScheduled", [id]);
    });

    it("is told who asked without a role", async () => {
      const { directory, stranger, entry } = world;
      const as = { account: stranger };
      const calls = [
        directory.write.registerGateway([entry(6, 0)], as),
        directory.write.retireGateway([3], as),
        directory.write.seedZone([1, wordsOf(4) as never], as),
        directory.write.joinZone([3, [0n, 0n]], as),
        directory.write.leaveZone([1, "0x"], as),
        directory.write.assignReservedSlot([0, 0, 1], as),
        directory.write.isolate([NODE, RESERVED], as),
        directory.write.release([NODE], as),
      ];
      for (const call of calls) {
        await refuses(world, call, directory, "AccessManagedUnauthorized", [getAddress(stranger)]);
      }
    });
  });
});
