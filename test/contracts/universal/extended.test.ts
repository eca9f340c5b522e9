/** The universal resolver over resolvers by ENSIP-10, on chain and off, and what it makes of gateways' answers. */
import { expect } from "chai";
import {
  createPublicClient,
  custom,
  decodeAbiParameters,
  encodeAbiParameters,
  encodeErrorResult,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  parseAbi,
  stringToHex,
  toHex,
  zeroAddress,
} from "viem";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { nodeOf, refuses, useHoldfast } from "../support/holdfast.ts";

const NODE = nodeOf("shop.hold");
const ETHEREUM = 60n;
const OPTIMISM = (1n << 31n) | 10n;
const GATEWAYS = ["x-batch-gateway:true"] as const;
const READS = parseAbi([
  "function addr(bytes32 node, uint256 coinType) view returns (bytes)",
  "function text(bytes32 node, string key) view returns (string)",
  "function contenthash(bytes32 node) view returns (bytes)",
  "function name(bytes32 node) view returns (string)",
  "function multicall(bytes[] calls) view returns (bytes[])",
]);
const ADDR = parseAbi(["function addr(bytes32 node) view returns (address)"]);
const wire = (name: string) => toHex(encodeDnsName(name));
const text = (key: string) => encodeFunctionData({ abi: READS, functionName: "text", args: [NODE, key] });
const contenthash = encodeFunctionData({ abi: READS, functionName: "contenthash", args: [NODE] });
const nameCall = encodeFunctionData({ abi: READS, functionName: "name", args: [NODE] });
const multicall = (...calls: readonly Hex[]) =>
  encodeFunctionData({ abi: READS, functionName: "multicall", args: [calls] });
const YES: Hex = `0x${"00".repeat(31)}01`;

describe("UniversalResolver over extended resolvers", () => {
  const world = useHoldfast(async ({ viem, registry, reverse, register, alice }) => {
    await register({ label: "shop", owner: alice.account.address });
    return { universal: await viem.deployContract("UniversalResolver", [registry.address, reverse.address]) };
  });
  const universal = () => world().prepared.universal;
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, universal(), error, values);
  const resolve = (data: Hex, name = "shop.hold") => universal().read.resolve([wire(name), data]);
  /** Gives the name a resolver that answers for its features in the given way. */
  const extend = async (featureAnswer: Hex) => {
    const { viem, registry, alice } = world();
    const resolver = await viem.deployContract("MockExtendedResolver", [featureAnswer]);
    await registry.write.setResolver([NODE, resolver.address], { account: alice.account });
    return resolver;
  };
  /** What stands for a call that nobody answers (ENSIP-23). */
  const unsupported = (call: Hex) =>
    encodeErrorResult({
      abi: universal().abi,
      errorName: "UnsupportedResolverProfile",
      args: [call.slice(0, 10) as Hex],
    });
  const resultsOf = (result: Hex) => decodeAbiParameters([{ type: "bytes[]" }], result)[0];

  it("unwraps what they return, for the name and for names below it", async () => {
    const resolver = await extend("0x");
    for (const name of ["shop.hold", "a.b.shop.hold"]) {
      expect(await resolve(text("k"), name)).to.deep.equal([text("k"), getAddress(resolver.address)]);
    }
  });

  it("reverts with their own words, and never with an empty answer", async () => {
    const resolver = await extend("0x");
    await refused(resolve(contenthash), "UnsupportedResolverProfile", contenthash.slice(0, 10));
    const words = encodeErrorResult({ abi: resolver.abi, errorName: "ExtendedUnwilling", args: [nameCall] });
    await refused(resolve(nameCall), "ResolverError", words);
  });

  for (const [what, answer] of [
    ["that says nothing of its features", "0x"],
    ["that says no", `0x${"00".repeat(32)}`],
    ["that says neither yes nor no", `0x${"00".repeat(31)}02`],
    ["whose answer is too short", `0x${"00".repeat(30)}01`],
  ] as const) {
    it(`makes each call of a multicall by itself, of a resolver ${what}, errors in their places`, async () => {
      const resolver = await extend(answer);
      const [result] = await resolve(multicall(text("a"), contenthash, nameCall, text("b")));
      const words = encodeErrorResult({ abi: resolver.abi, errorName: "ExtendedUnwilling", args: [nameCall] });
      expect(resultsOf(result)).to.deep.equal([text("a"), unsupported(contenthash), words, text("b")]);
    });
  }

  for (const name of ["shop.hold", "nobody.shop.hold", "free.hold"]) {
    it(`answers every multicall of ${name}, which keeps its records in the registry, call by call`, async () => {
      const { registry, alice } = world();
      await registry.write.setText([NODE, "k", "v"], { account: alice.account });
      const unknown = "0x00000000";
      const cutOff = contenthash.slice(0, 20) as Hex;
      const [result] = await resolve(multicall(text("k"), unknown, cutOff, "0x", nameCall), name);
      const results = resultsOf(result);
      expect(results.slice(1, 4)).to.deep.equal([unsupported(unknown), unsupported(cutOff), unsupported(unknown)]);
      expect(decodeAbiParameters([{ type: "string" }], results[0]!)[0]).to.equal("v");
      await refused(resolve(unknown, name), "UnsupportedResolverProfile", unknown);
    });
  }

  it("refuses a multicall that is no array as a call that nobody answers", async () => {
    const selector = multicall().slice(0, 10) as Hex;
    await refused(resolve(selector), "UnsupportedResolverProfile", selector);
  });

  it("hands a multicall over whole where the resolver takes it so (ENSIP-22)", async () => {
    await extend(YES);
    expect((await resolve(multicall(text("a"), text("b"))))[0]).to.equal(multicall(text("a"), text("b")));
  });

  it("takes the caller's gateways, resolver and names, and refuses malformed ones", async () => {
    const { registry } = world();
    expect(await universal().read.registry()).to.equal(getAddress(registry.address));
    await registry.write.setText([NODE, "k", "v"], { account: world().alice.account });
    const args = [wire("shop.hold"), text("k")] as const;
    const [plain] = await universal().read.resolveWithGateways([...args, [...GATEWAYS]]);
    expect(decodeAbiParameters([{ type: "string" }], plain)[0]).to.equal("v");
    const chosen = (resolver: Hex, name: Hex) =>
      universal().read.resolveWithResolver([resolver, name, text("k"), [...GATEWAYS]]);
    await refused(chosen(zeroAddress, args[0]), "ResolverNotContract", args[0], zeroAddress);
    await refused(chosen(registry.address, "0x01"), "DNSDecodingFailed", "0x01");
    const extended = await extend("0x");
    expect((await chosen(extended.address, args[0]))[0]).to.equal(text("k"));
    const [many] = await universal().read.resolveWithGateways([args[0], multicall(text("k")), [...GATEWAYS]]);
    expect(resultsOf(many)).to.deep.equal([text("k")]);
  });

  it("finds resolvers with the node and the place, and says for which name there is none", async () => {
    const resolver = await extend("0x");
    const info = await universal().read.requireResolver([wire("a.shop.hold")]);
    expect(info).to.deep.equal({
      name: wire("a.shop.hold"),
      offset: 2n,
      node: nodeOf("a.shop.hold"),
      resolver: getAddress(resolver.address),
      extended: true,
    });
    await refused(universal().read.requireResolver([wire("nobody")]), "ResolverNotFound", wire("nobody"));
    await refused(resolve(text("k"), "nobody"), "ResolverNotFound", wire("nobody"));
    const { registry, alice } = world();
    const account: Hex = "0x00000000000000000000000000000000000000aa";
    await registry.write.setResolver([NODE, account], { account: alice.account });
    const call = universal().read.requireResolver([wire("shop.hold")]);
    await refused(call, "ResolverNotContract", wire("shop.hold"), getAddress(account));
    await refused(resolve(text("k"), "a.shop.hold"), "ResolverNotFound", wire("a.shop.hold"));
  });

  describe("reverse", () => {
    const setName = async (name: string) => {
      const { reverse, alice } = world();
      await reverse.write.setName([name], { account: alice.account });
      await reverse.write.setDefaultName([name], { account: alice.account });
    };
    const address = () => world().alice.account.address;

    it("checks the name forward on Ethereum and on other chains, by the chain's own coin type", async () => {
      const { registry, alice, reverse } = world();
      await setName("shop.hold");
      const ask = (coinType: bigint) => universal().read.reverse([address(), coinType]);
      await refused(ask(ETHEREUM), "ReverseAddressMismatch", "shop.hold", zeroAddress);
      await refused(ask(OPTIMISM), "ReverseAddressMismatch", "shop.hold", "0x");
      await registry.write.setAddr([NODE, OPTIMISM, address()], { account: alice.account });
      const found = ["shop.hold", getAddress(registry.address), getAddress(reverse.address)];
      expect(await ask(OPTIMISM)).to.deep.equal(found);
      await registry.write.setAddr([NODE, address()], { account: alice.account });
      expect(await ask(ETHEREUM)).to.deep.equal(found);
      const chosen = universal().read.reverseWithGateways([address(), ETHEREUM, [...GATEWAYS]]);
      expect(await chosen).to.deep.equal(found);
    });

    it("reverts for a name that has no resolver or no wire form, with the name", async () => {
      await setName("nobody");
      await refused(universal().read.reverse([address(), ETHEREUM]), "ResolverNotFound", wire("nobody"));
      await setName("a..hold");
      await refused(universal().read.reverse([address(), ETHEREUM]), "ReverseAddressMismatch", "a..hold", "0x");
    });

    describe("of a name that is resolved off chain", () => {
      const EXPIRES = 4_000_000_000n;
      /** A client whose gateways sign whatever address they are told to give. */
      async function client(given: Hex) {
        const { viem, connection, alice, registry } = world();
        const resolver = await viem.deployContract("MockSignedResolver", [address(), ["http://g.example.org/{data}"]]);
        await registry.write.setResolver([NODE, resolver.address], { account: alice.account });
        const request = async ({ data }: { data: Hex }) => {
          const [, call] = decodeAbiParameters([{ type: "bytes" }, { type: "bytes" }], `0x${data.slice(10)}`);
          const plain = call.startsWith(encodeFunctionData({ abi: ADDR, functionName: "addr", args: [NODE] }));
          const result = plain
            ? encodeAbiParameters([{ type: "address" }], [given])
            : encodeAbiParameters([{ type: "bytes" }], [given]);
          const digest = await resolver.read.digestOf([data, result, EXPIRES]);
          const signature = await signDigest(digest);
          const answer = [{ type: "bytes" }, { type: "uint64" }, { type: "bytes" }] as const;
          return encodeAbiParameters(answer, [result, EXPIRES, signature]);
        };
        const chain = (await viem.getPublicClient()).chain;
        return createPublicClient({ chain, transport: custom(connection.provider), ccipRead: { request } });
      }
      const ask = async (given: Hex, coinType: bigint) =>
        (await client(given)).readContract({
          abi: universal().abi,
          address: universal().address,
          functionName: "reverse",
          args: [address(), coinType],
        });

      beforeEach(() => setName("shop.hold"));

      it("checks what the gateways said", async () => {
        expect((await ask(address(), ETHEREUM))[0]).to.equal("shop.hold");
        expect((await ask(address(), OPTIMISM))[0]).to.equal("shop.hold");
      });

      it("reverts for another address, with both", async () => {
        const other: Hex = "0x00000000000000000000000000000000000000aa";
        await refused(ask(other, ETHEREUM), "ReverseAddressMismatch", "shop.hold", other);
      });
    });
  });

  describe("resolveCallback", () => {
    const LOOKUPS = [
      {
        type: "tuple[]",
        components: [{ type: "address" }, { type: "bytes" }, { type: "uint8" }, { type: "bytes" }],
      },
      { type: "string[]" },
      { type: "bytes" },
    ] as const;
    const WAITING = 1;
    const lookup = encodeAbiParameters(
      [{ type: "address" }, { type: "string[]" }, { type: "bytes" }, { type: "bytes4" }, { type: "bytes" }],
      [zeroAddress, [], "0x", "0x12345678", "0x"],
    );
    const call = (statuses: readonly number[], failures: readonly boolean[], responses: readonly Hex[]) => {
      const lookups = statuses.map((status) => [zeroAddress, "0x", status, lookup] as const);
      const extraData = encodeAbiParameters(LOOKUPS, [lookups, [...GATEWAYS], "0x"]);
      const response = encodeAbiParameters([{ type: "bool[]" }, { type: "bytes[]" }], [failures, responses]);
      return universal().read.resolveCallback([response, extraData]);
    };

    it("reverts for an answer with more or fewer responses than were asked for", async () => {
      await refused(call([WAITING], [false], []), "InvalidBatchGatewayResponse");
      await refused(call([WAITING, WAITING], [false], ["0x"]), "InvalidBatchGatewayResponse");
      await refused(call([WAITING], [true, true], ["0x", "0x"]), "InvalidBatchGatewayResponse");
    });
  });

  /** Alice's signature of a digest, without the prefix that wallets put before messages. */
  async function signDigest(digest: Hex): Promise<Hex> {
    const { sign } = await import("viem/accounts");
    // That of the second account of every development chain.
    const privateKey = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
    return sign({ hash: digest, privateKey, to: "hex" });
  }

  it("has its features' names right", () => {
    expect(keccak256(stringToHex("eth.ens.resolver.extended.multicall")).slice(0, 10)).to.equal("0x96b62db8");
  });
});
