import { expect } from "chai";
import { decodeRRset } from "../../src/protocol/rrset.ts";
import {
  aRecords,
  type ChainWorld,
  createChainWorld,
  exchangesOf,
  namehash,
  RPC_URLS,
} from "../support/client/chainWorld.ts";

const ADDRESS = `0x${"ab".repeat(20)}`;
const LONG = "a long text, ".repeat(40);

describe("chain path", () => {
  let world: ChainWorld;
  let ahead = 0;
  let snapshot: { restore(): Promise<void> };

  before(async () => {
    world = await createChainWorld();
    const { holdfast, call } = world;
    const node = namehash("shop.hold");
    await holdfast.register({
      label: "shop",
      owner: holdfast.alice.account.address,
      data: [
        call("setAddr", [node, ADDRESS]),
        call("setText", [node, "url", "https://shop.example"]),
        call("setText", [node, "about", LONG]),
        call("setContenthash", [node, "0xe30101701220"]),
        call("setDNSRecords", [node, aRecords("www.shop.hold", "192.0.2.1", "192.0.2.2")]),
      ],
    });
    const as = { account: holdfast.alice.account };
    await holdfast.registry.write.createSubname([node, "eu", holdfast.bob.account.address], as);
    const asBob = { account: holdfast.bob.account };
    await holdfast.registry.write.setText([namehash("eu.shop.hold"), "url", "https://eu.example"], asBob);
    // Registration moved the chain's clock; the client's goes along.
    ahead = 200;
    world.ahead.seconds = ahead;
    snapshot = await holdfast.connection.networkHelpers.takeSnapshot();
  });
  afterEach(async () => {
    world.tampers.clear();
    world.ahead.seconds = ahead;
    await snapshot.restore();
  });

  it("returns records of every kind with proof, several in two exchanges a provider at most", async () => {
    const told = await world
      .client()
      .resolveRecords("shop.hold", [
        { kind: "addr", coinType: 60n },
        { kind: "text", key: "url" },
        { kind: "contenthash" },
        { kind: "text", key: "missing" },
        { kind: "registration" },
      ]);
    expect(told.map((resolution) => resolution.evidence)).to.deep.equal(Array(5).fill("proof"));
    expect(told[0]).to.include({ outcome: "answered", value: ADDRESS });
    expect(Buffer.from(told[1]!.value!.slice(2), "hex").toString()).to.equal("https://shop.example");
    expect(told[2]).to.include({ outcome: "answered", value: "0xe30101701220" });
    expect(told[3]).to.include({ outcome: "absent", value: null });
    expect(told[4]!.status).to.include({ closest: "shop.hold", shardIndex: 0 });
    expect(exchangesOf(told[0]!)).to.equal(3);
  });

  it("returns a long text and an RRset", async () => {
    const client = world.client();
    const about = await client.resolve("shop.hold", { kind: "text", key: "about" });
    expect(Buffer.from(about.value!.slice(2), "hex").toString()).to.equal(LONG);
    const told = await client.resolve("www.shop.hold", { kind: "dns", owner: "www.shop.hold", rrtype: 1 });
    const rrset = decodeRRset(told.value!);
    expect(rrset.rdatas.map((rdata) => rdata.join("."))).to.deep.equal(["192.0.2.1", "192.0.2.2"]);
    expect(told.ttlSeconds).to.equal(120);
  });

  it("returns a subname's records while everything above it lives, and nothing afterwards", async () => {
    const record = { kind: "text", key: "url" } as const;
    const live = await world.client().resolve("eu.shop.hold", record);
    expect(Buffer.from(live.value!.slice(2), "hex").toString()).to.equal("https://eu.example");
    await world.holdfast.time.increase(366 * 86_400);
    world.ahead.seconds += 366 * 86_400;
    const lapsed = await world.client().resolve("eu.shop.hold", record);
    expect(lapsed).to.include({ outcome: "absent", value: null, evidence: "proof" });
    expect(lapsed.status).to.deep.equal({ closest: null, shardIndex: null, expiry: 0n });
  });

  it("says none where only one provider vouches", async () => {
    const told = await world
      .client({ paths: { chain: { rpcUrls: RPC_URLS.slice(0, 1) } } })
      .resolve("shop.hold", { kind: "addr", coinType: 60n });
    expect(told).to.include({ outcome: "answered", value: ADDRESS, evidence: "none" });
  });
});
