import { expect } from "chai";
import { artifacts } from "hardhat";
import {
  type BaseError,
  type ContractFunctionRevertedError,
  createPublicClient,
  decodeAbiParameters,
  decodeErrorResult,
  encodeFunctionData,
  type Hex,
  http,
  parseAbi,
  toHex,
} from "viem";
import { foundry } from "viem/chains";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { revertData } from "../support/holdfast.ts";
import { startEdr } from "../support/node.ts";
import { createWorld, deployMock, registryCall, send, type World } from "../support/world.ts";

const READS = parseAbi([
  "function text(bytes32 node, string key) view returns (string)",
  "function addr(bytes32 node) view returns (address)",
  "function multicall(bytes[] calls) view returns (bytes[])",
]);
const { abi: universalResolverAbi } = await artifacts.readArtifact("UniversalResolver");
const ODD_ERRORS = parseAbi(["error Unwilling(string key)"]);

describe("UniversalResolver", () => {
  let world: World;
  before(async function () {
    this.timeout(60_000);
    world = await createWorld(await startEdr());
    const odd = await deployMock(world.alice, "MockOddResolver", []);
    await send(
      world.alice,
      world.deployment.contracts.registry,
      registryCall("setResolver", namehash("wild.hold"), odd),
    );
  });
  after(() => world?.node.stop());

  const wire = (name: string) => toHex(encodeDnsName(name));
  const contract = () =>
    ({ address: world.deployment.contracts.universalResolver, abi: universalResolverAbi }) as const;
  /** A client whose gateways answer every lookup with the word `found`, or not at all. */
  const client = (answer: "found" | "down" = "found") =>
    createPublicClient({
      chain: foundry,
      transport: http(world.node.url, { retryCount: 0 }),
      ccipRead: {
        request: async () => {
          if (answer === "down") throw new Error("nobody there");
          return toHex("found");
        },
      },
    });
  const textCall = (name: string, key: string) =>
    encodeFunctionData({ abi: READS, functionName: "text", args: [namehash(name), key] });
  const resolve = (name: string, data: Hex, answer: "found" | "down" = "found") =>
    client(answer).readContract({ ...contract(), functionName: "resolve", args: [wire(name), data] });
  const text = async (name: string, key: string, answer: "found" | "down" = "found") => {
    const [result] = await resolve(name, textCall(name, key), answer);
    return decodeAbiParameters([{ type: "string" }], result)[0];
  };
  const refusal = async (call: Promise<unknown>) => {
    const error = await call.catch((cause: unknown) => cause);
    const reverted = (error as BaseError).walk((cause) => (cause as Error).name === "ContractFunctionRevertedError");
    return (reverted as ContractFunctionRevertedError).data;
  };

  it("implements ENSIP-23's interface", async () => {
    const supports = (interfaceId: Hex) =>
      client().readContract({ ...contract(), functionName: "supportsInterface", args: [interfaceId] });
    expect(await supports("0xcd191b34")).to.equal(true);
    expect(await supports("0x01ffc9a7")).to.equal(true);
    expect(await supports("0xffffffff")).to.equal(false);
  });

  it("follows off-chain lookups, one and two in a row", async () => {
    expect(await text("wild.hold", "plain")).to.equal("plain");
    expect(await text("wild.hold", "offchain")).to.equal("found");
    expect(await text("wild.hold", "twice")).to.equal("found");
  });

  it("reverts with the resolver's own words, and never with an empty answer", async () => {
    const unwilling = await refusal(text("wild.hold", "revert"));
    expect(unwilling?.errorName).to.equal("ResolverError");
    expect(decodeErrorResult({ abi: ODD_ERRORS, data: unwilling?.args?.[0] as Hex }).args).to.deep.equal(["revert"]);
    expect((await refusal(text("wild.hold", "empty")))?.errorName).to.equal("UnsupportedResolverProfile");
    expect((await refusal(text("wild.hold", "unsupported")))?.errorName).to.equal("UnsupportedResolverProfile");
    const short = revertData(await text("wild.hold", "short").catch((cause: unknown) => cause));
    expect(decodeErrorResult({ abi: universalResolverAbi, data: short }).args).to.deep.equal(["0x556f1830"]);
    // A lookup in another contract's name is none of the resolver's.
    expect((await refusal(text("wild.hold", "foreign")))?.errorName).to.equal("ResolverError");
  });

  it("passes on the client's own word for gateways out of reach, which is no statement about the name", async () => {
    const down = await refusal(text("wild.hold", "offchain", "down"));
    expect(down?.errorName).to.equal("Error");
    expect(down?.args?.[0]).to.contain("nobody there");
  });

  it("answers each call of a multicall, errors in their places, with one batch of lookups", async () => {
    const calls = ["plain", "offchain", "revert", "twice"].map((key) => textCall("wild.hold", key));
    const data = encodeFunctionData({ abi: READS, functionName: "multicall", args: [calls] });
    const [result] = await resolve("wild.hold", data);
    const [results] = decodeAbiParameters([{ type: "bytes[]" }], result);
    const asText = (bytes: Hex) => decodeAbiParameters([{ type: "string" }], bytes)[0];
    expect(asText(results[0]!)).to.equal("plain");
    expect(asText(results[1]!)).to.equal("found");
    expect(decodeErrorResult({ abi: ODD_ERRORS, data: results[2]! }).errorName).to.equal("Unwilling");
    expect(asText(results[3]!)).to.equal("found");
  });

  it("finds resolvers, and says where there are none", async () => {
    const { registry } = world.deployment.contracts;
    const find = (name: string) =>
      client().readContract({ ...contract(), functionName: "findResolver", args: [wire(name)] });
    const [resolver, node, offset] = await find("a.b.alice.hold");
    expect(resolver.toLowerCase()).to.equal(registry.toLowerCase());
    expect(node).to.equal(namehash("a.b.alice.hold"));
    expect(offset).to.equal(4n);
    expect((await find("nobody.elsewhere"))[0]).to.equal(`0x${"00".repeat(20)}`);
    const require = (name: string) =>
      client().readContract({ ...contract(), functionName: "requireResolver", args: [wire(name)] });
    expect((await refusal(require("nobody.elsewhere")))?.errorName).to.equal("ResolverNotFound");
    // The odd resolver does not answer for names below its own.
    expect((await refusal(require("below.wild.hold")))?.errorName).to.equal("ResolverNotFound");
    await send(world.alice, registry, registryCall("setResolver", namehash("pay.alice.hold"), `0x${"12".repeat(20)}`));
    expect((await refusal(require("pay.alice.hold")))?.errorName).to.equal("ResolverNotContract");
    const malformed = client().readContract({ ...contract(), functionName: "findResolver", args: ["0x05616c"] });
    expect((await refusal(malformed))?.errorName).to.equal("DNSDecodingFailed");
  });

  it("resolves at a resolver of the caller's choice", async () => {
    const args = [
      world.deployment.contracts.registry,
      wire("alice.hold"),
      encodeFunctionData({ abi: READS, functionName: "addr", args: [namehash("alice.hold")] }),
      ["x-batch-gateway:true"],
    ] as const;
    const [result] = await client().readContract({ ...contract(), functionName: "resolveWithResolver", args });
    // The registry answers by ENSIP-10 too.
    expect(`0x${result.slice(26)}`.toLowerCase()).to.equal(world.alice.account.address.toLowerCase());
  });

  it("checks primary names forward", async () => {
    const reverse = (address: Hex, coinType = 60n) =>
      client().readContract({ ...contract(), functionName: "reverse", args: [address, coinType] });
    const [name, resolver, reverseResolver] = await reverse(world.alice.account.address);
    expect(name).to.equal("alice.hold");
    expect(resolver.toLowerCase()).to.equal(world.deployment.contracts.registry.toLowerCase());
    expect(reverseResolver.toLowerCase()).to.equal(world.deployment.contracts.reverseRegistrar.toLowerCase());
    const mismatch = await refusal(reverse(world.bob.account.address));
    expect(mismatch?.errorName).to.equal("ReverseAddressMismatch");
    expect(mismatch?.args?.[0]).to.equal("alice.hold");
    expect((await reverse(world.alice.account.address, 0n))[0]).to.equal("");
    expect((await reverse("0x1234"))[0]).to.equal("");
  });

  it("refuses a primary name that no wire form holds", async () => {
    const { reverseRegistrar } = world.deployment.contracts;
    const setName = (name: string) =>
      encodeFunctionData({ abi: parseAbi(["function setName(string)"]), functionName: "setName", args: [name] });
    for (const name of [".", "a..hold", "x".repeat(64)]) {
      await send(world.bob, reverseRegistrar, setName(name));
      const call = client().readContract({
        ...contract(),
        functionName: "reverse",
        args: [world.bob.account.address, 60n],
      });
      expect((await refusal(call))?.errorName).to.equal("ReverseAddressMismatch");
    }
  });
});
