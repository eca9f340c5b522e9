import { expect } from "chai";
import type { Hex } from "viem";
import type { RecordKey } from "../../src/protocol/record.ts";
import { type ChainWorld, createChainWorld, exchangesOf, namehash } from "../support/client/chainWorld.ts";
import { addName, createWorld, EXCHANGE_MS } from "../support/client/gatewayWorld.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };
const ABOUT: RecordKey = { kind: "text", key: "about" };
const addressOf = (index: number): Hex => `0x${(0xa000 + index).toString(16).padStart(40, "0")}`;

describe("resolveMany", () => {
  describe("by RPC providers", () => {
    const COUNT = 12;
    let world: ChainWorld;
    before(async () => {
      world = await createChainWorld();
      const { holdfast, call } = world;
      for (let index = 0; index < COUNT; index += 1) {
        const node = namehash(`name${index}.hold`);
        const data = [call("setAddr", [node, addressOf(index)])];
        if (index === 3) data.push(call("setText", [node, "about", "long ".repeat(40)]));
        await holdfast.register({ label: `name${index}`, owner: holdfast.alice.account.address, data });
      }
      world.ahead.seconds = 61 * COUNT + 30;
    });

    const queries = Array.from({ length: COUNT }, (_, index) => ({ name: `name${index}.hold`, records: [ADDR] }));

    it("returns every name's records, by proof, in the round trips of one", async () => {
      const alone = await world.client().resolve("name0.hold", ADDR);
      const told = await world.client().resolveMany(queries);
      expect(told.map(([resolution]) => resolution?.value)).to.deep.equal(queries.map((_, index) => addressOf(index)));
      for (const [resolution] of told) expect(resolution).to.include({ evidence: "proof", path: "chain" });
      expect(exchangesOf(told[0]![0]!)).to.equal(exchangesOf(alone));
    });

    it("returns records of any length, absences and several records of a name, each at its place", async () => {
      const client = world.client();
      const told = await client.resolveMany([
        { name: "name3.hold", records: [ABOUT, ADDR] },
        { name: "nobody.hold", records: [ADDR] },
        { name: "Name4.hold", records: [ABOUT] },
      ]);
      expect(told.map((each) => each.length)).to.deep.equal([2, 1, 1]);
      expect(Buffer.from(told[0]![0]!.value!.slice(2), "hex").toString()).to.equal("long ".repeat(40));
      expect(told[0]![1]).to.include({ value: addressOf(3) });
      expect(told[1]![0]).to.include({ outcome: "absent", evidence: "proof" });
      expect(told[2]![0]).to.include({ name: "name4.hold", outcome: "absent", evidence: "proof" });
    });

    it("asks for what is not in the cache, and keeps what it is told", async () => {
      const client = world.client({ cache: {} });
      await client.resolve("name1.hold", ADDR);
      const told = await client.resolveMany(queries.slice(0, 3));
      expect(told.map(([resolution]) => resolution?.cached)).to.deep.equal([false, "fresh", false]);
      world.exchanges.count = 0;
      await client.resolveMany(queries.slice(0, 3));
      expect(world.exchanges.count).to.equal(0);
    });

    it("returns nothing for no names", async () => {
      expect(await world.client().resolveMany([])).to.deep.equal([]);
    });
  });

  describe("by gateways", () => {
    it("asks the gateways of all names at once, and tells each name's outage apart", async () => {
      const world = createWorld();
      const names = Array.from({ length: 30 }, (_, index) => `name${index}.hold`);
      for (const [index, name] of names.entries()) addName(world, name, index * 7, addressOf(index));
      const client = world.client({ cache: false });
      const told = await world.run(client.resolveMany(names.map((name) => ({ name, records: [ADDR] }))));
      expect(told.map(([resolution]) => resolution?.value)).to.deep.equal(names.map((_, index) => addressOf(index)));
      // At most one referral on the way.
      expect(told[0]![0]!.durationMs).to.be.below(2 * EXCHANGE_MS + 10);
      for (const id of world.shardOf("name5.hold")) world.behaviours.set(id, "unreachable");
      const dead = new Set(world.shardOf("name5.hold"));
      const again = await world.run(client.resolveMany(names.map((name) => ({ name, records: [ADDR] }))));
      for (const [index, name] of names.entries()) {
        const alive = world.shardOf(name).filter((id) => !dead.has(id)).length;
        const resolution = again[index]![0]!;
        expect(resolution.outcome, name).to.equal(alive >= 2 ? "answered" : "unreachable");
      }
    });
  });
});
