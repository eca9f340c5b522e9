import { expect } from "chai";
import { toEventSelector } from "viem";
import { DNS_RECORD_CHANGED } from "../../src/client/paths/fetchZone.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { decodeRRset } from "../../src/protocol/rrset.ts";
import { aRecords, type ChainWorld, createChainWorld, namehash, RPC_URLS } from "../support/client/chainWorld.ts";
import { registerWildcards, WILDCARD_CASES } from "../support/wildcardCases.ts";

describe("wildcard RRsets", () => {
  let world: ChainWorld;
  before(async () => {
    world = await createChainWorld();
    const { holdfast, call } = world;
    const node = namehash("shop.hold");
    const sets = ["*.shop.hold", "www.shop.hold", "host.deep.shop.hold", "gone.shop.hold"].map((owner, index) =>
      call("setDNSRecords", [node, aRecords(owner, `192.0.2.${index + 1}`)]),
    );
    await holdfast.register({ label: "shop", owner: holdfast.alice.account.address, data: sets });
    // An RRset without data is taken away.
    const wire = aRecords("gone.shop.hold", "192.0.2.1");
    const empty = `${wire.slice(0, -12)}0000` as typeof wire;
    await holdfast.registry.write.setDNSRecords([node, empty], { account: holdfast.alice.account });
    await registerWildcards(holdfast);
    world.ahead.seconds = 180;
  });
  afterEach(() => world.tampers.clear());

  const A = (owner: string): RecordKey => ({ kind: "dns", owner, rrtype: 1 });
  const addressOf = async (owner: string) => {
    const told = await world.client().resolve(owner, A(owner));
    if (told.value === null) return told.outcome;
    expect(told.evidence).to.equal("proof");
    expect(decodeRRset(told.value).name).to.equal(owner);
    return decodeRRset(told.value).rdatas[0]!.join(".");
  };

  it("gives names that do not exist the wildcard's records by proof, and no others (RFC 4592)", async () => {
    expect(await addressOf("any.shop.hold")).to.equal("192.0.2.1");
    expect(await addressOf("far.any.shop.hold")).to.equal("192.0.2.1");
    expect(await addressOf("www.shop.hold")).to.equal("192.0.2.2");
    expect(await addressOf("deep.shop.hold")).to.equal("absent");
    expect(await addressOf("x.deep.shop.hold")).to.equal("absent");
    expect(await addressOf("gone.shop.hold")).to.equal("192.0.2.1");
    expect(await addressOf("shop.hold")).to.equal("absent");
  });

  for (const [name, mark, why] of WILDCARD_CASES) {
    it(`finds ${mark ?? "nothing"} at ${name}, as by DNS: ${why}`, async () => {
      expect(await addressOf(name)).to.equal(mark === null ? "absent" : `192.0.2.${mark}`);
    });
  }

  it("never takes a list of names that leaves some out, or adds some", async () => {
    for (const change of [
      (logs: unknown[]) => logs.slice(0, -2),
      () => [],
      (logs: unknown[]) => [...logs, { data: "0x" }],
      () => "0x",
    ]) {
      for (const url of RPC_URLS) {
        world.tampers.set(url, ({ method }, result) =>
          method === "eth_getLogs" ? change(result as unknown[]) : result,
        );
      }
      const told = await world.client().resolve("any.shop.hold", A("any.shop.hold"));
      expect(told.value, String(change)).to.equal(null);
      expect(told.outcome).to.be.oneOf(["refused", "wrong"]);
    }
  });

  it("asks for the event by its standard's selector", () => {
    expect(DNS_RECORD_CHANGED).to.equal(toEventSelector("DNSRecordChanged(bytes32,bytes,uint16,bytes)"));
  });
});
