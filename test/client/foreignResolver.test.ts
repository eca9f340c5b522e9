import { expect } from "chai";
import {
  decodeFunctionData,
  encodeAbiParameters,
  encodeFunctionResult,
  type Hex,
  keccak256,
  parseAbi,
  toFunctionSelector,
} from "viem";
import { sign } from "viem/accounts";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { SELECTORS } from "../../src/client/paths/resolverProfiles.ts";
import type { Resolution } from "../../src/client/resolution.ts";
import type { ClientTransport } from "../../src/client/transport.ts";
import { namehash } from "../../src/naming/namehash.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { type ChainWorld, createChainWorld, RPC_URLS } from "../support/client/chainWorld.ts";
import { attesterAddress, attesterKey } from "../support/client/provenWorld.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };
const VALUE: Hex = `0x${"a1".repeat(20)}`;
const SIGNER = 1;
const URLS = [1, 2, 3].map((id) => `https://ccip${id}.example.org/`);
const text = (key: string): RecordKey => ({ kind: "text", key });
const textOf = ({ value }: Resolution) => (value === null ? null : Buffer.from(value.slice(2), "hex").toString());

const questionAbi = parseAbi(["function resolve(bytes name, bytes data) view returns (bytes)"]);
const addrAbi = parseAbi(["function addr(bytes32 node) view returns (address)"]);

describe("names whose resolver is another contract", () => {
  let world: ChainWorld;
  let signedResolver: Hex;

  /** A gateway of `MockSignedResolver` that answers with an address, signed by a key. */
  const gateway = (answer: Hex, signer = SIGNER): ClientTransport["http"] => {
    return async (request) => {
      const { data } = JSON.parse(String(request.body)) as { data: Hex };
      decodeFunctionData({ abi: questionAbi, data });
      const result = encodeFunctionResult({ abi: addrAbi, functionName: "addr", result: answer });
      const expires = 4_000_000_000n;
      const digest = keccak256(
        `0x1900${signedResolver.slice(2)}${expires.toString(16).padStart(16, "0")}${keccak256(data).slice(2)}${keccak256(result).slice(2)}`,
      );
      const privateKey = `0x${Buffer.from(attesterKey(signer)).toString("hex")}` as Hex;
      const signature = await sign({ hash: digest, privateKey, to: "hex" });
      const parts = [{ type: "bytes" }, { type: "uint64" }, { type: "bytes" }] as const;
      const response = encodeAbiParameters(parts, [result, expires, signature]);
      return { status: 200, field: () => undefined, body: utf8Bytes(JSON.stringify({ data: response })) };
    };
  };
  const body = (content: string, status = 200): ClientTransport["http"] => {
    return async () => ({ status, field: () => undefined, body: utf8Bytes(content) });
  };

  before(async () => {
    world = await createChainWorld();
    const { holdfast, call } = world;
    const { viem, alice } = holdfast;
    const odd = await viem.deployContract("MockOddResolver");
    const wildcard = await viem.deployContract("MockWildcardResolver", [VALUE]);
    const signed = await viem.deployContract("MockSignedResolver", [attesterAddress(SIGNER), URLS]);
    signedResolver = signed.address.toLowerCase() as Hex;
    for (const [label, resolver] of [
      ["odd", odd.address],
      ["wild", wildcard.address],
      ["signed", signed.address],
      ["wallet", alice.account.address],
    ] as const) {
      const data = [call("setResolver", [namehash(`${label}.hold`), resolver])];
      await holdfast.register({ label, owner: alice.account.address, data });
    }
    const zero = namehash("zero.hold");
    const data = [call("setAddr", [zero, VALUE]), call("setResolver", [zero, `0x${"00".repeat(20)}`])];
    await holdfast.register({ label: "zero", owner: alice.account.address, data });
    world.ahead.seconds = 310;
  });
  beforeEach(() => {
    world.tampers.clear();
    world.gateways.clear();
    for (const url of URLS) world.gateways.set(url, gateway(VALUE));
  });

  const resolve = (name: string, record: RecordKey) => world.client().resolve(name, record);

  it("calls resolvers by the selectors of their standards", () => {
    for (const [signature, selector] of Object.entries(SELECTORS)) {
      expect(selector, signature).to.equal(toFunctionSelector(signature));
    }
  });

  it("returns what providers agree that the resolver answers, and says that it is agreement, not proof", async () => {
    const told = await resolve("odd.hold", text("hello"));
    expect(told).to.include({ outcome: "answered", path: "chain", evidence: "agreement" });
    expect(textOf(told)).to.equal("hello");
    expect(told.status?.closest).to.equal("odd.hold");
  });

  it("returns an absence that they agree on, and of a resolver that knows no such record", async () => {
    expect(await resolve("odd.hold", text("empty"))).to.include({ outcome: "absent", evidence: "agreement" });
    expect(await resolve("odd.hold", text("unsupported"))).to.include({ outcome: "absent", evidence: "agreement" });
    expect(await resolve("odd.hold", { kind: "contenthash" })).to.include({ outcome: "absent" });
  });

  it("never reports as absent what a resolver refuses", async () => {
    expect(await resolve("odd.hold", text("revert"))).to.include({ outcome: "refused", value: null });
    expect(await resolve("odd.hold", text("foreign"))).to.include({ outcome: "refused", value: null });
  });

  it("returns the registration of such a name, by proof where it is asked for alone", async () => {
    const told = await resolve("odd.hold", { kind: "registration" });
    expect(told).to.include({ outcome: "answered", evidence: "proof" });
    const [both, other] = await world.client().resolveRecords("odd.hold", [{ kind: "registration" }, text("x")]);
    expect(both).to.include({ outcome: "answered", value: told.value });
    expect(textOf(other!)).to.equal("x");
  });

  it("asks the resolver above for a name that has none of its own (ENSIP-10)", async () => {
    expect(await resolve("any.thing.wild.hold", ADDR)).to.include({ value: VALUE, evidence: "agreement" });
    expect(await resolve("below.odd.hold", text("hello"))).to.include({ outcome: "absent", evidence: "agreement" });
  });

  it("reads a name whose resolver is none from the registry, as the universal resolver does", async () => {
    expect(await resolve("zero.hold", ADDR)).to.include({ outcome: "answered", value: VALUE, evidence: "proof" });
  });

  it("reads a resolver that is no contract as one without records", async () => {
    expect(await resolve("wallet.hold", ADDR)).to.include({ outcome: "absent", value: null });
  });

  it("says none where only one provider vouches", async () => {
    const client = world.client({ paths: { chain: { rpcUrls: RPC_URLS.slice(0, 1) } } });
    expect(await client.resolve("odd.hold", text("hello"))).to.include({ outcome: "answered", evidence: "none" });
  });

  describe("with a provider that lies", () => {
    const lie = encodeAbiParameters([{ type: "string" }], ["lie"]);
    const tell = (what: Hex) => (message: { method: string }, result: unknown) =>
      message.method === "eth_call" ? what : result;

    it("returns what the others say, whichever it is, and names it in the trace", async () => {
      for (const url of RPC_URLS) {
        world.tampers.clear();
        world.tampers.set(url, tell(lie));
        const told = await resolve("odd.hold", text("hello"));
        expect(textOf(told), url).to.equal("hello");
        const liar = told.trace.findLast(({ endpoint }) => endpoint === url);
        if (liar !== undefined && liar.outcome !== "abandoned") expect(liar.outcome, url).to.not.equal("answered");
      }
    });

    it("never takes the word of one when no two agree", async () => {
      for (const [index, url] of RPC_URLS.entries()) {
        world.tampers.set(url, tell(encodeAbiParameters([{ type: "string" }], [`lie ${index}`])));
      }
      expect(await resolve("odd.hold", text("hello"))).to.include({ outcome: "wrong", value: null });
    });
  });

  describe("with off-chain lookups (ERC-3668)", () => {
    it("returns what the resolver's callback takes", async () => {
      expect(await resolve("signed.hold", ADDR)).to.include({ value: VALUE, evidence: "agreement" });
      expect(await resolve("below.signed.hold", ADDR)).to.include({ value: VALUE, evidence: "agreement" });
    });

    it("passes over gateways that lie, send junk or refuse", async () => {
      world.gateways.set(URLS[0]!, gateway(`0x${"de".repeat(20)}`, 2));
      world.gateways.set(URLS[1]!, body("<html>"));
      expect(await resolve("signed.hold", ADDR)).to.include({ outcome: "answered", value: VALUE });
      world.gateways.set(URLS[1]!, body("", 500));
      const told = await resolve("signed.hold", ADDR);
      expect(told.value).to.equal(VALUE);
      expect(told.trace.find(({ endpoint }) => endpoint === URLS[0])?.outcome).to.equal("wrong");
    });

    it("never reports as absent what no gateway could answer", async () => {
      for (const url of URLS) world.gateways.set(url, body("", 503));
      expect(await resolve("signed.hold", ADDR)).to.include({ outcome: "refused", value: null });
      for (const url of URLS) world.gateways.set(url, gateway(VALUE, 2));
      expect(await resolve("signed.hold", ADDR)).to.include({ outcome: "wrong", value: null });
    });

    it("follows lookups that lead to another, and none that points inward", async () => {
      const data = `0x${Buffer.from("far").toString("hex")}`;
      const odd = await world.holdfast.registry.read.resolver([namehash("odd.hold")]);
      for (const more of [0n, 1n]) {
        const question = encodeAbiParameters([{ type: "uint256" }], [more]);
        const url = "http://gateway.example.org/{sender}/{data}"
          .replace("{sender}", odd.toLowerCase())
          .replace("{data}", question);
        world.gateways.set(url, body(JSON.stringify({ data })));
      }
      expect(textOf(await resolve("odd.hold", text("offchain")))).to.equal("far");
      expect(textOf(await resolve("odd.hold", text("twice")))).to.equal("far");
      const client = world.client({ paths: { chain: { rpcUrls: RPC_URLS, allowsUrl: () => false } } });
      expect(await client.resolve("odd.hold", text("offchain"))).to.include({ outcome: "unreachable", value: null });
    });
  });
});
