/** A lying RPC provider before a real chain: one false world, told alike however it is asked, and where it breaks. */
import { expect } from "chai";
import { decodeFunctionResult } from "viem";
import { utf8Bytes, utf8Text } from "../../src/base/bytes.ts";
import type { Lie } from "../../src/compare/local/falseWorld.ts";
import type { AskBehind, ProxiedRequest, Spoiler } from "../../src/compare/local/httpProxy.ts";
import { createRpcSpoiler } from "../../src/compare/local/rpcFaults.ts";
import { encodeDnsName } from "../../src/naming/dnsName.ts";
import { decodeRRset } from "../../src/protocol/rrset.ts";
import { aRecords, type ChainWorld, createChainWorld, namehash, RPC_URLS } from "../support/client/chainWorld.ts";

const [LIAR, ...HONEST] = RPC_URLS;
const SHOP = { kind: "dns", owner: "www.shop.hold", rrtype: 1 } as const;
const MANY = Array.from({ length: 12 }, (_, index) => `192.0.2.${index + 1}`);
const FORGED = "203.0.113.254";

describe("a lying RPC provider", () => {
  let world: ChainWorld;
  let spoiler: Spoiler;
  const behind: AskBehind = async ({ body }) => {
    const { status, body: bytes } = await world.transport.http({
      method: "POST",
      url: "https://behind.example.org",
      fields: {},
      body,
      bodyBytesMax: 1 << 24,
      signal: new AbortController().signal,
    });
    const text = utf8Text(bytes) ?? "";
    // One request has one reply; the world's transport always answers with a batch.
    return { status, text: body.startsWith("[") ? text : JSON.stringify(JSON.parse(text)[0]) };
  };

  before(async () => {
    world = await createChainWorld();
    const { holdfast, call } = world;
    for (const [label, owner, addresses] of [
      ["shop", "www.shop.hold", ["192.0.2.1"]],
      ["many", "many.hold", MANY],
    ] as const) {
      const node = namehash(`${label}.hold`);
      const data = [
        call("setDNSRecords", [node, aRecords(owner, ...addresses)]),
        call("setText", [node, "url", "https://shop.example"]),
      ];
      // With a record of the other kind that is counted, the counts have a slot of their own.
      if (label === "many") data.push(call("setText", [node, "com.github", "many"]));
      await holdfast.register({ label, owner: holdfast.alice.account.address, data });
    }
    world.ahead.seconds = 400;
  });
  afterEach(() => world.gateways.clear());

  /** Makes the first provider lie about `www.shop.hold`, and about `many.hold` where asked to. */
  async function lie(kind: Lie, names = ["shop.hold"]): Promise<void> {
    const owners: Readonly<Record<string, string>> = { "shop.hold": "www.shop.hold", "many.hold": "many.hold" };
    const subject = {
      registry: world.holdfast.registry.address,
      names: names.map((name) => ({ name, rrset: { owner: owners[name]!, type: 1 } })),
    };
    spoiler = createRpcSpoiler();
    await spoiler.begin?.({ effect: { kind }, subject }, behind);
    world.gateways.set(LIAR, async ({ body = "" }) => {
      const asked: ProxiedRequest = { method: "POST", path: "/", body: typeof body === "string" ? body : "" };
      const { status, text } = await spoiler.spoil({ kind }, asked, behind);
      return { status, field: () => undefined, body: utf8Bytes(text) };
    });
  }

  const believer = () => world.client({ paths: { chain: { rpcUrls: [LIAR] } } });
  const checker = () => world.client({ paths: { chain: { rpcUrls: [LIAR, ...HONEST] } } });
  const addressesOf = (value: `0x${string}` | null) =>
    value === null ? null : decodeRRset(value).rdatas.map((rdata) => rdata.join("."));

  /** What the contract says to whoever asks the liar by a call, as stock libraries do. */
  async function called(
    functionName: "dnsRecord" | "text" | "dnsRecordCount",
    args: readonly unknown[],
  ): Promise<string> {
    const to = world.holdfast.registry.address;
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "eth_call",
      params: [{ to, data: world.call(functionName, args) }, "latest"],
    });
    const { text } = await spoiler.spoil({ kind: "wrong" }, { method: "POST", path: "/", body }, behind);
    const { abi } = world.holdfast.registry;
    return String(decodeFunctionResult({ abi, functionName, data: JSON.parse(text).result } as never));
  }

  it("is believed by whoever asks it alone, and the address is the forger's", async () => {
    await lie("wrong");
    const told = await believer().resolve("www.shop.hold", SHOP);
    expect(told).to.include({ outcome: "answered", evidence: "none" });
    expect(addressesOf(told.value)).to.deep.equal([FORGED]);
  });

  it("lies alike about every slot of a long record", async () => {
    await lie("wrong", ["many.hold"]);
    const told = await believer().resolve("many.hold", { kind: "dns", owner: "many.hold", rrtype: 1 });
    expect(addressesOf(told.value)).to.deep.equal(MANY.map(() => FORGED));
  });

  for (const kind of ["nxdomain", "empty"] as const) {
    it(`is believed when it says ${kind}, and nothing it says contradicts that`, async () => {
      await lie(kind);
      const told = await believer().resolve("www.shop.hold", SHOP);
      expect(told).to.include({ outcome: "absent", value: null });
      expect(told.status?.closest).to.equal(kind === "nxdomain" ? null : "shop.hold");
      const text = await believer().resolve("shop.hold", { kind: "text", key: "url" });
      expect(text.outcome).to.equal(kind === "nxdomain" ? "absent" : "answered");
    });
  }

  it("says the same in calls that the contract runs as in storage", async () => {
    await lie("wrong");
    const node = namehash("shop.hold");
    const wire = `0x${Buffer.from(encodeDnsName("www.shop.hold")).toString("hex")}`;
    const forgedHex = Buffer.from(FORGED.split(".").map(Number)).toString("hex");
    expect(await called("dnsRecord", [node, wire, 1])).to.include(forgedHex);
    expect(await called("text", [node, "url"])).to.equal("https://shop.example");
  });

  it("does not count what it says is not there, wherever the counts are kept", async () => {
    for (const [lied, told] of [
      [[], "1"],
      [["shop.hold", "many.hold"], "0"],
    ] as const) {
      await lie("empty", [...lied]);
      for (const name of ["shop.hold", "many.hold"]) {
        expect(await called("dnsRecordCount", [namehash(name)]), name).to.equal(told);
      }
    }
  });

  for (const kind of ["wrong", "nxdomain", "empty"] as const) {
    it(`is named by whoever checks what it proves (${kind}), who gets the truth from the others`, async () => {
      await lie(kind);
      const told = await checker().resolve("www.shop.hold", SHOP);
      expect(told).to.include({ outcome: "answered", evidence: "proof" });
      expect(addressesOf(told.value)).to.deep.equal(["192.0.2.1"]);
      const named = told.trace.filter(({ outcome }) => outcome === "wrong").map(({ endpoint }) => endpoint);
      expect(named).to.deep.equal([LIAR]);
    });
  }

  it("tells the truth of every other name", async () => {
    await lie("wrong");
    const told = await believer().resolve("many.hold", { kind: "dns", owner: "many.hold", rrtype: 1 });
    expect(addressesOf(told.value)).to.deep.equal(MANY);
    const checked = await checker().resolve("many.hold", { kind: "dns", owner: "many.hold", rrtype: 1 });
    expect(checked.trace.some(({ outcome }) => outcome === "wrong")).to.equal(false);
  });
});
