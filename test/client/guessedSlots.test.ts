/** Records asked for together with the block, where the name's index can be guessed. */
import { expect } from "chai";
import fc from "fast-check";
import { createShardHintTable, type ShardHints } from "../../src/directory/shardHints.ts";
import { TYPE } from "../../src/dns/codes.ts";
import { freshNameWord, parseNameWord } from "../../src/proof/layout.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import {
  aRecords,
  type ChainWorld,
  createChainWorld,
  exchangesOf,
  namehash,
  RPC_URLS,
} from "../support/client/chainWorld.ts";
import { createDirectory } from "../support/client/gatewayWorld.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };
const URL: RecordKey = { kind: "text", key: "url" };
const dns = (owner: string): RecordKey => ({ kind: "dns", owner, rrtype: TYPE.A });

describe("slots guessed by shard hints", () => {
  let world: ChainWorld;

  before(async () => {
    world = await createChainWorld();
    const { holdfast, call } = world;
    const owner = holdfast.alice.account.address;
    const as = { account: holdfast.alice.account };
    await holdfast.register({ label: "first", owner, data: [] });
    for (const label of ["shop", "cleared", "timed"]) {
      const node = namehash(`${label}.hold`);
      const data = [
        call("setAddr", [node, `0x${"ab".repeat(20)}`]),
        call("setText", [node, "url", "https://shop.example"]),
        call("setDNSRecords", [node, aRecords(`www.${label}.hold`, "192.0.2.1")]),
      ];
      await holdfast.register({ label, owner, data });
    }
    const { registry } = holdfast;
    await registry.write.createSubname([namehash("shop.hold"), "eu", owner], as);
    await registry.write.setText([namehash("eu.shop.hold"), "url", "https://eu.example"], as);
    await registry.write.clearRecords([namehash("cleared.hold")], as);
    await registry.write.setAddr([namehash("cleared.hold"), `0x${"cd".repeat(20)}`], as);
    await registry.write.setTTL([namehash("timed.hold"), 77n], as);
    world.ahead.seconds = 400;
  });

  const hintsOf = (...indices: readonly (readonly [string, number])[]): ShardHints => {
    const table = createShardHintTable();
    for (const [name, index] of indices) table.note(namehash(name), index);
    return table.hints();
  };
  const connect = (shardHints: ShardHints) =>
    world.client({
      paths: { chain: { rpcUrls: RPC_URLS }, gateways: { directory: { ...createDirectory(), shardHints } } },
    });
  /** What two providers are asked in one exchange each; a further one is what was not guessed. */
  const ask = async (shardHints: ShardHints, name: string, record: RecordKey) => {
    const told = await connect(shardHints).resolve(name, record, { path: "chain" });
    return { told, exchanges: exchangesOf(told) - 2 };
  };
  const right = () => hintsOf(["first.hold", 0], ["shop.hold", 1], ["cleared.hold", 2], ["timed.hold", 3]);

  const inOne: readonly (readonly [string, string, RecordKey, string])[] = [
    ["an address", "shop.hold", ADDR, "answered"],
    ["a text", "shop.hold", URL, "answered"],
    ["a missing text", "shop.hold", { kind: "text", key: "none" }, "absent"],
    ["an RRset below the name", "www.shop.hold", dns("www.shop.hold"), "answered"],
    ["a missing RRset, and the wildcard that might stand for it", "no.shop.hold", dns("no.shop.hold"), "absent"],
    ["a record of a subname", "eu.shop.hold", URL, "answered"],
    ["a record of a subname that is not there", "none.shop.hold", URL, "absent"],
    ["the registration", "shop.hold", { kind: "registration" }, "answered"],
  ];
  for (const [what, name, record, outcome] of inOne) {
    it(`bring ${what} in one exchange, by proof`, async () => {
      const { told, exchanges } = await ask(right(), name, record);
      expect(told).to.include({ outcome, evidence: "proof", path: "chain" });
      expect(exchanges).to.equal(0);
    });
  }

  it("bring the records of a name that was met before in one exchange as well", async () => {
    const client = connect(hintsOf());
    for (const [record, exchanges] of [[URL, 3] as const, [ADDR, 2] as const]) {
      const told = await client.resolve("shop.hold", record, { path: "chain" });
      expect(told).to.include({ outcome: "answered" });
      expect(exchangesOf(told)).to.equal(exchanges);
    }
  });

  it("serve a client that has RPC providers alone, once it is given some", async () => {
    const client = world.client({ paths: { chain: { rpcUrls: RPC_URLS } } });
    client.setShardHints(right());
    const told = await client.resolve("shop.hold", ADDR);
    expect(told).to.include({ outcome: "answered", evidence: "proof" });
    expect(exchangesOf(told)).to.equal(2);
  });

  it("cost a second exchange where the name is not as most are", async () => {
    const cleared = await ask(right(), "cleared.hold", ADDR);
    expect([cleared.told.value, cleared.exchanges]).to.deep.equal([`0x${"cd".repeat(20)}`, 1]);
    const gone = await ask(right(), "cleared.hold", URL);
    expect([gone.told.outcome, gone.exchanges]).to.deep.equal(["absent", 1]);
    const timed = await ask(right(), "timed.hold", URL);
    expect([timed.told.ttlSeconds, timed.exchanges]).to.deep.equal([77, 1]);
  });

  it("never change an answer, whatever index they tell", async () => {
    const questions = [...inOne.map(([, name, record]) => [name, record] as const), ["cleared.hold", URL] as const];
    const truths: unknown[] = [];
    const answerOf = async (hints: ShardHints, [name, record]: (typeof questions)[number]) => {
      const { outcome, value, evidence } = (await ask(hints, name, record)).told;
      return { outcome, value, evidence };
    };
    for (const question of questions) truths.push(await answerOf(hintsOf(), question));
    await fc.assert(
      fc.asyncProperty(fc.nat(questions.length - 1), fc.integer({ min: 0, max: 300_000 }), async (at, index) => {
        const question = questions[at]!;
        const registered = question[0].split(".").slice(-2).join(".");
        expect(await answerOf(hintsOf([registered, index]), question)).to.deep.equal(truths[at]);
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 30) },
    );
  });

  it("rest on a word as the registry writes it", () => {
    const leased = parseNameWord(freshNameWord(7, "leased"));
    expect(leased).to.include({ isLeased: true, index: 7, epoch: 7n << 16n, expiry: 2n ** 36n - 1n, tally: 1 });
    const plain = parseNameWord(freshNameWord(7, "plain"));
    expect(plain).to.include({ isLeased: false, index: 7, epoch: 7n << 16n, ownTenure: 0, tally: 1 });
  });
});
