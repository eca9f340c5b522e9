import { expect } from "chai";
import {
  concatHex,
  decodeAbiParameters,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  numberToHex,
  parseEventLogs,
  stringToHex,
  zeroAddress,
} from "viem";
import { toHex } from "../../../src/base/bytes.ts";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { labelhash, nodeOf, refuses, useHoldfast, YEAR_SECONDS } from "../support/holdfast.ts";

const NODE = nodeOf("shop.hold");
const OTHER = nodeOf("bazaar.hold");
const ADDRESS: Hex = "0x00000000000000000000000000000000000000aa";
const ETHEREUM = 60n;
const DEFAULT_EVM = 1n << 31n;
const OPTIMISM = (1n << 31n) | 10n;
const BITCOIN = 0n;
const BYTES_MAX = 8192;
const bytes = (size: number): Hex => `0x${"5a".repeat(size)}`;

describe("RecordResolver", () => {
  const world = useHoldfast(async ({ register, alice }) => {
    await register({ label: "shop", owner: alice.account.address });
    await register({ label: "bazaar", owner: alice.account.address });
  });
  const alice = () => ({ account: world().alice.account });
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, world().registry, error, values);
  const emits = (call: Promise<Hex>, event: string, ...args: readonly unknown[]) =>
    world().viem.assertions.emitWithArgs(call, world().registry, event as never, [...args] as never);
  const bobs = () => getAddress(world().bob.account.address);

  describe("setAddr and addr (ENSIP-1, ENSIP-9, ENSIP-11, ENSIP-19)", () => {
    it("keep an address per coin type, the Ethereum one with both events", async () => {
      const { registry } = world();
      const set = registry.write.setAddr([NODE, ETHEREUM, ADDRESS], alice());
      await emits(set, "AddrChanged", NODE, getAddress(ADDRESS));
      await emits(set, "AddressChanged", NODE, ETHEREUM, ADDRESS);
      await registry.write.setAddr([NODE, BITCOIN, bytes(25)], alice());
      expect(await registry.read.addr([NODE])).to.equal(getAddress(ADDRESS));
      expect(await registry.read.addr([NODE, ETHEREUM])).to.equal(ADDRESS);
      expect(await registry.read.addr([NODE, BITCOIN])).to.equal(bytes(25));
      expect(await registry.read.hasAddr([NODE, BITCOIN])).to.equal(true);
      expect(await registry.read.hasAddr([NODE, 2n])).to.equal(false);
    });

    it("answer for EVM chains without an address of their own with the default", async () => {
      const { registry } = world();
      for (const coinType of [ETHEREUM, OPTIMISM, DEFAULT_EVM]) {
        expect(await registry.read.hasAddr([NODE, coinType])).to.equal(false);
      }
      await registry.write.setAddr([NODE, DEFAULT_EVM, ADDRESS], alice());
      expect(await registry.read.addr([NODE])).to.equal(getAddress(ADDRESS));
      for (const coinType of [ETHEREUM, OPTIMISM, DEFAULT_EVM]) {
        expect(await registry.read.addr([NODE, coinType])).to.equal(ADDRESS);
      }
      for (const coinType of [BITCOIN, 1n << 32n, DEFAULT_EVM - 1n]) {
        expect(await registry.read.addr([NODE, coinType])).to.equal("0x");
      }
    });

    it("keep a zero address as such, so that no default takes its place, until it is deleted", async () => {
      const { registry } = world();
      await registry.write.setAddr([NODE, DEFAULT_EVM, ADDRESS], alice());
      await registry.write.setAddr([NODE, zeroAddress], alice());
      expect(await registry.read.addr([NODE])).to.equal(zeroAddress);
      expect(await registry.read.addr([NODE, ETHEREUM])).to.equal(zeroAddress);
      await emits(registry.write.setAddr([NODE, ETHEREUM, "0x"], alice()), "AddrChanged", NODE, zeroAddress);
      expect(await registry.read.addr([NODE])).to.equal(getAddress(ADDRESS));
    });

    it("revert for EVM addresses that are not 20 bytes, with coin type and value", async () => {
      const { write } = world().registry;
      for (const coinType of [ETHEREUM, DEFAULT_EVM, OPTIMISM]) {
        for (const value of [bytes(19), bytes(21), "0x00"] as const) {
          await refused(write.setAddr([NODE, coinType, value], alice()), "RecordInvalidAddress", coinType, value);
        }
      }
    });
  });

  describe("text, contenthash and name (ENSIP-5, ENSIP-7, ENSIP-3)", () => {
    it("keep values of every length up to 8,192 bytes and leave nothing of a longer one", async () => {
      const { registry } = world();
      for (const size of [BYTES_MAX, 31, 32, 29, 30, 61, 62, 0, 100, 1]) {
        await registry.write.setContenthash([NODE, bytes(size)], alice());
        expect(await registry.read.contenthash([NODE])).to.equal(bytes(size));
        await registry.write.setText([NODE, "key", "é".repeat(size / 2)], alice());
        expect(await registry.read.text([NODE, "key"])).to.equal("é".repeat(size / 2));
        await registry.write.setName([NODE, "n".repeat(size)], alice());
        expect(await registry.read.name([NODE])).to.equal("n".repeat(size));
      }
    });

    it("keep ASCII, which takes seven bits a character, as it came", async () => {
      const { registry } = world();
      const ascii = (size: number) =>
        String.fromCharCode(...Array.from({ length: size }, (_, place) => (37 * place + size) % 128));
      for (const size of [31, 32, 33, 35, 36, 37, 63, 64, 66, 96, 128, 1000, BYTES_MAX]) {
        await registry.write.setText([NODE, "key", ascii(size)], alice());
        expect(await registry.read.text([NODE, "key"]), `${size} characters`).to.equal(ascii(size));
      }
    });

    it("emit what they keep", async () => {
      const { write } = world().registry;
      await emits(write.setName([NODE, "shop.hold"], alice()), "NameChanged", NODE, "shop.hold");
      await emits(write.setContenthash([NODE, "0xe301"], alice()), "ContenthashChanged", NODE, "0xe301");
      await emits(
        write.setText([NODE, "url", "x"], alice()),
        "TextChanged",
        NODE,
        keccak256(stringToHex("url")),
        "url",
        "x",
      );
    });

    it("revert over 8,192 bytes and for keys of none or over 255, with the lengths", async () => {
      const { write } = world().registry;
      const over = BYTES_MAX + 1;
      await refused(
        write.setContenthash([NODE, bytes(over)], alice()),
        "RecordTooLong",
        BigInt(over),
        BigInt(BYTES_MAX),
      );
      await refused(write.setName([NODE, "n".repeat(over)], alice()), "RecordTooLong", BigInt(over), BigInt(BYTES_MAX));
      await refused(
        write.setText([NODE, "k", "v".repeat(over)], alice()),
        "RecordTooLong",
        BigInt(over),
        BigInt(BYTES_MAX),
      );
      await refused(write.setZonehash([NODE, bytes(over)], alice()), "RecordTooLong", BigInt(over), BigInt(BYTES_MAX));
      await refused(write.setText([NODE, "", "v"], alice()), "RecordInvalidKeyLength", 0n, 255n);
      await refused(write.setText([NODE, "k".repeat(256), "v"], alice()), "RecordInvalidKeyLength", 256n, 255n);
      await refused(write.setData([NODE, "", "0x01"], alice()), "RecordInvalidKeyLength", 0n, 255n);
      await refused(write.setData([NODE, "k".repeat(256), "0x01"], alice()), "RecordInvalidKeyLength", 256n, 255n);
      await write.setText([NODE, "k".repeat(255), "v"], alice());
    });
  });

  describe("ABI (ENSIP-4)", () => {
    it("answers with the lowest content type asked for that is set", async () => {
      const { registry } = world();
      expect(await registry.read.ABI([NODE, 2n ** 256n - 1n])).to.deep.equal([0n, "0x"]);
      await emits(registry.write.setABI([NODE, 2n, "0x02"], alice()), "ABIChanged", NODE, 2n);
      await registry.write.setABI([NODE, 8n, bytes(40)], alice());
      expect(await registry.read.ABI([NODE, 15n])).to.deep.equal([2n, "0x02"]);
      expect(await registry.read.ABI([NODE, 12n])).to.deep.equal([8n, bytes(40)]);
      expect(await registry.read.ABI([NODE, 5n])).to.deep.equal([0n, "0x"]);
      expect(await registry.read.ABI([NODE, 2n ** 256n - 1n])).to.deep.equal([2n, "0x02"]);
      await registry.write.setABI([NODE, 2n, "0x"], alice());
      expect(await registry.read.ABI([NODE, 15n])).to.deep.equal([8n, bytes(40)]);
    });

    it("reverts for content types that are not one bit, with the number", async () => {
      for (const contentType of [0n, 3n, 2n ** 255n + 1n]) {
        const call = world().registry.write.setABI([NODE, contentType, "0x01"], alice());
        await refused(call, "RecordInvalidContentType", contentType);
      }
    });

    it("reverts for content types that ABI would never look at", async () => {
      const call = world().registry.write.setABI([NODE, 1n << 16n, "0x01"], alice());
      await refused(call, "RecordInvalidContentType", 1n << 16n);
      await world().registry.write.setABI([NODE, 1n << 15n, "0x01"], alice());
      expect(await world().registry.read.ABI([NODE, 1n << 15n])).to.deep.equal([1n << 15n, "0x01"]);
    });
  });

  describe("pubkey", () => {
    it("keeps a key, and two zeros delete it", async () => {
      const { registry } = world();
      const [x, y] = [keccak256("0x01"), keccak256("0x02")];
      const zero = `0x${"00".repeat(32)}` as const;
      for (const [left, right] of [
        [x, y],
        [x, zero],
        [zero, y],
        [zero, zero],
      ] as const) {
        await emits(registry.write.setPubkey([NODE, left, right], alice()), "PubkeyChanged", NODE, left, right);
        expect(await registry.read.pubkey([NODE])).to.deep.equal([left, right]);
      }
    });
  });

  describe("interfaceImplementer (ENSIP-8)", () => {
    it("answers with the one set, else with the name's address if that has the interface", async () => {
      const { registry } = world();
      const id: Hex = "0x12345678";
      const ask = (which: Hex) => registry.read.interfaceImplementer([NODE, which]);
      expect(await ask(id)).to.equal(zeroAddress);
      await registry.write.setAddr([NODE, registry.address], alice());
      expect(await ask("0x80ac58cd")).to.equal(getAddress(registry.address));
      expect(await ask(id)).to.equal(zeroAddress);
      await emits(
        registry.write.setInterface([NODE, id, ADDRESS], alice()),
        "InterfaceChanged",
        NODE,
        id,
        getAddress(ADDRESS),
      );
      expect(await ask(id)).to.equal(getAddress(ADDRESS));
      await registry.write.setInterface([NODE, id, zeroAddress], alice());
      expect(await ask(id)).to.equal(zeroAddress);
      // An account is no contract, and has none.
      await registry.write.setAddr([NODE, world().bob.account.address], alice());
      expect(await ask("0x80ac58cd")).to.equal(zeroAddress);
    });
  });

  describe("data (ENSIP-24)", () => {
    it("keeps bytes under a key, and says key and hashes", async () => {
      const { registry } = world();
      const set = registry.write.setData([NODE, "agent", bytes(50)], alice());
      await emits(set, "DataChanged", NODE, "agent", keccak256(stringToHex("agent")), keccak256(bytes(50)));
      expect(await registry.read.data([NODE, "agent"])).to.equal(bytes(50));
      await registry.write.setData([NODE, "agent", "0x"], alice());
      expect(await registry.read.data([NODE, "agent"])).to.equal("0x");
    });
  });

  describe("writing", () => {
    it("is the owner's and its operators' alone, for every kind of record", async () => {
      const { registry, bob } = world();
      const as = { account: bob.account };
      const calls = [
        registry.write.setAddr([NODE, ADDRESS], as),
        registry.write.setAddr([NODE, 0n, "0x01"], as),
        registry.write.setText([NODE, "k", "v"], as),
        registry.write.setContenthash([NODE, "0x01"], as),
        registry.write.setName([NODE, "n"], as),
        registry.write.setABI([NODE, 1n, "0x01"], as),
        registry.write.setPubkey([NODE, NODE, NODE], as),
        registry.write.setInterface([NODE, "0x12345678", ADDRESS], as),
        registry.write.setData([NODE, "k", "0x01"], as),
        registry.write.setDNSRecords([NODE, "0x"], as),
        registry.write.setZonehash([NODE, "0x01"], as),
        registry.write.clearDNSZone([NODE], as),
        registry.write.clearRecords([NODE], as),
      ];
      for (const call of calls) await refused(call, "RegistryUnauthorized", NODE, bobs());
    });

    it("is nobody's once the name has expired, and nothing is to be read", async () => {
      const { registry, time } = world();
      await registry.write.setText([NODE, "k", "v"], alice());
      await registry.write.setInterface([NODE, "0x12345678", ADDRESS], alice());
      await time.increase(YEAR_SECONDS);
      await refused(registry.write.setText([NODE, "k", "w"], alice()), "RegistryNameNotLive", NODE);
      await refused(registry.write.setName([NODE, "w"], alice()), "RegistryNameNotLive", NODE);
      expect(await registry.read.text([NODE, "k"])).to.equal("");
      expect(await registry.read.addr([NODE])).to.equal(zeroAddress);
      expect(await registry.read.interfaceImplementer([NODE, "0x12345678"])).to.equal(zeroAddress);
      expect(await registry.read.contenthash([NODE])).to.equal("0x");
      expect(await registry.read.nameOperator([NODE, ADDRESS])).to.equal(0n);
    });
  });

  describe("clearRecords", () => {
    it("deletes all at once, counts versions, and stops at 255 in a tenure", async () => {
      const { registry } = world();
      await registry.write.setText([NODE, "k", "v"], alice());
      const version = await registry.read.recordVersions([NODE]);
      expect(await registry.read.epochOf([NODE])).to.equal(version);
      await emits(registry.write.clearRecords([NODE], alice()), "VersionChanged", NODE, version + 1n);
      expect(await registry.read.text([NODE, "k"])).to.equal("");
      for (let cleared = 1; cleared < 255; cleared += 1) await registry.write.clearRecords([NODE], alice());
      await refused(registry.write.clearRecords([NODE], alice()), "RegistryVersionsExhausted", NODE);
      expect(await registry.read.recordVersions([NODE])).to.equal(version + 255n);
    });

    it("goes past 255 for a plain name", async () => {
      const { registry } = world();
      await registry.write.createSubname([NODE, "www", world().alice.account.address], alice());
      const www = nodeOf("www.shop.hold");
      const version = await registry.read.recordVersions([www]);
      for (let cleared = 0; cleared < 257; cleared += 1) await registry.write.clearRecords([www], alice());
      expect(await registry.read.recordVersions([www])).to.equal(version + 257n);
    });
  });

  describe("multicall and multicallWithNodeCheck (ENSIP-22)", () => {
    const text = (node: Hex, value: string) =>
      encodeFunctionData({ abi: world().registry.abi, functionName: "setText", args: [node, "k", value] });

    it("make all calls or none", async () => {
      const { registry } = world();
      await registry.write.multicall([[text(NODE, "a"), text(OTHER, "b")]], alice());
      expect(await registry.read.text([OTHER, "k"])).to.equal("b");
      const bad = registry.write.multicall([[text(NODE, "c"), text(nodeOf("none.hold"), "d")]], alice());
      await refused(bad, "RegistryNameNotLive", nodeOf("none.hold"));
      expect(await registry.read.text([NODE, "k"])).to.equal("a");
    });

    it("make each call once, with its events in order", async () => {
      const { registry, client } = world();
      const { abi } = registry;
      const calls = [
        encodeFunctionData({ abi, functionName: "setAddr", args: [NODE, ADDRESS] }),
        text(NODE, "a"),
        encodeFunctionData({ abi, functionName: "setContenthash", args: [NODE, "0xe301"] }),
        encodeFunctionData({ abi, functionName: "setDNSRecords", args: [NODE, "0x"] }),
        encodeFunctionData({ abi, functionName: "setName", args: [NODE, "shop.hold"] }),
      ];
      const hash = await registry.write.multicall([calls], alice());
      const logs = parseEventLogs({ abi, logs: (await client.getTransactionReceipt({ hash })).logs });
      expect(logs.map(({ eventName }) => eventName)).to.deep.equal([
        "AddrChanged",
        "TextChanged",
        "ContenthashChanged",
        "NameChanged",
      ]);
    });

    it("keep nothing in a record's slots of what an earlier call had in memory", async () => {
      const { registry, client } = world();
      const { abi, address } = registry;
      const set = (node: Hex, value: Hex) =>
        encodeFunctionData({ abi, functionName: "setContenthash", args: [node, value] });
      await registry.write.multicall([[set(NODE, bytes(200)), set(OTHER, bytes(70))]], alice());
      const kindWord = (3n << 248n) | (await registry.read.epochOf([OTHER]));
      const head = keccak256(concatHex([OTHER, numberToHex(kindWord, { size: 32 }), `0x${"00".repeat(32)}`]));
      const last = numberToHex(BigInt(head) + 2n, { size: 32 });
      expect(await client.getStorageAt({ address, slot: last })).to.equal(`0x${"5a".repeat(9)}${"00".repeat(23)}`);
    });

    it("return each call's result", async () => {
      const { registry } = world();
      await registry.write.setText([NODE, "k", "v"], alice());
      const read = encodeFunctionData({ abi: registry.abi, functionName: "text", args: [NODE, "k"] });
      const { result } = await registry.simulate.multicall([[text(NODE, "w"), read]], {
        account: alice().account.address,
      });
      expect(result[0]).to.equal("0x");
      expect(decodeAbiParameters([{ type: "string" }], result[1]!)[0]).to.equal("w");
    });

    it("revert for a call about another name, or about none, with both", async () => {
      const { registry } = world();
      await registry.write.multicallWithNodeCheck([NODE, [text(NODE, "a")]], alice());
      expect(await registry.read.text([NODE, "k"])).to.equal("a");
      const checked = (call: Hex) => registry.write.multicallWithNodeCheck([NODE, [call]], alice());
      await refused(checked(text(OTHER, "b")), "RecordCallForOtherNode", NODE, OTHER);
      const none = `0x${"00".repeat(32)}` as const;
      await refused(checked("0x10f13a8c"), "RecordCallForOtherNode", NODE, none);
      // Calldata in which a call of four bytes has the node behind it.
      const data = encodeFunctionData({
        abi: registry.abi,
        functionName: "multicallWithNodeCheck",
        args: [NODE, [text(NODE, "a")]],
      });
      const length = 10 + 64 * 4;
      const short = `${data.slice(0, length)}${"0".repeat(63)}4${data.slice(length + 64)}` as Hex;
      const sent = world().alice.sendTransaction({ to: registry.address, data: short });
      await refused(sent, "RecordCallForOtherNode", NODE, none);
      await registry.write.multicallWithNodeCheck([none, [text(OTHER, "c")]], alice());
      expect(await registry.read.text([OTHER, "k"])).to.equal("c");
    });
  });

  describe("resolve(bytes,bytes) (ENSIP-10)", () => {
    const name = toHex(encodeDnsName("shop.hold")) as Hex;

    it("answers every reading function", async () => {
      const { registry } = world();
      await registry.write.setAddr([NODE, ADDRESS], alice());
      await registry.write.setText([NODE, "k", "v"], alice());
      const addr = encodeFunctionData({
        abi: [{ type: "function", name: "addr", inputs: [{ type: "bytes32" }], outputs: [], stateMutability: "view" }],
        functionName: "addr",
        args: [NODE],
      });
      const text = encodeFunctionData({ abi: registry.abi, functionName: "text", args: [NODE, "k"] });
      const both = encodeFunctionData({ abi: registry.abi, functionName: "multicall", args: [[addr, text]] });
      const ask = (call: Hex) => registry.read.resolve([name, call]);
      expect(decodeAbiParameters([{ type: "address" }], await ask(addr))[0]).to.equal(getAddress(ADDRESS));
      expect(decodeAbiParameters([{ type: "string" }], await ask(text))[0]).to.equal("v");
      const [results] = decodeAbiParameters([{ type: "bytes[]" }], await ask(both));
      expect(decodeAbiParameters([{ type: "string" }], results[1]!)[0]).to.equal("v");
      expect(await registry.read.supportsFeature(["0x96b62db8"])).to.equal(true);
      expect(await registry.read.supportsFeature(["0x00000000"])).to.equal(false);
    });

    it("reverts for what is no reading function, and passes on a call's own refusal", async () => {
      const { registry } = world();
      await refused(registry.read.resolve([name, "0x12345678"]), "RecordUnsupportedCall", "0x12345678");
      const set = encodeFunctionData({ abi: registry.abi, functionName: "setText", args: [NODE, "k", "v"] });
      await refused(registry.read.resolve([name, set]), "RegistryUnauthorized", NODE, getAddress(registry.address));
    });
  });

  describe("resolver and ttl of a name", () => {
    it("are the registry and zero, until others are set, and again when they are set back", async () => {
      const { registry } = world();
      const before = await registry.read.nameWord([NODE]);
      await emits(registry.write.setResolver([NODE, ADDRESS], alice()), "NewResolver", NODE, getAddress(ADDRESS));
      await emits(registry.write.setTTL([NODE, 60n], alice()), "NewTTL", NODE, 60n);
      expect(await registry.read.resolver([NODE])).to.equal(getAddress(ADDRESS));
      expect(await registry.read.ttl([NODE])).to.equal(60n);
      await registry.write.setTTL([NODE, 0n], alice());
      await registry.write.setResolver([NODE, registry.address], alice());
      expect(await registry.read.nameWord([NODE])).to.equal(before);
      expect(await registry.read.resolver([NODE])).to.equal(getAddress(registry.address));
      expect(await registry.read.ttl([OTHER])).to.equal(0n);
    });
  });

  it("keeps a resolver of a subname apart from its parent's", async () => {
    const { registry } = world();
    await registry.write.setSubnodeRecord([NODE, labelhash("www"), ADDRESS, ADDRESS, 0n], alice());
    expect(await registry.read.resolver([NODE])).to.equal(getAddress(registry.address));
    expect(await registry.read.resolver([nodeOf("www.shop.hold")])).to.equal(getAddress(ADDRESS));
  });
});
