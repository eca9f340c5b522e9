/** What the offchain resolver answers and refuses, without gateways: questions, answers by hand, callbacks. */
import { expect } from "chai";
import {
  type Abi,
  concatHex,
  decodeAbiParameters,
  decodeErrorResult,
  encodeAbiParameters,
  encodeErrorResult,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  parseAbi,
  toHex,
  zeroHash,
} from "viem";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { callOfRecord, encodeSignedAnswer, leavesOf, recordOfCall } from "../../../src/protocol/offchainMessages.ts";
import { recordKeyHash, wildcardKeyHash, wildcardNode } from "../../../src/protocol/offchainTree.ts";
import type { StoredRecordKey } from "../../../src/protocol/record.ts";
import { type HeldSet, signSet } from "../../support/offchain/gateways.ts";
import { nodeOf, refuses, revertData, useHoldfast, YEAR_SECONDS } from "../support/holdfast.ts";

/** That of alice, the second account of every development chain. */
const ALICE_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const NODE = nodeOf("shop.hold");
const NAME = "shop.hold";
const ADDRESS: Hex = "0x00000000000000000000000000000000000000aa";
const DAY = 86_400;
const wire = (name: string) => toHex(encodeDnsName(name));
const MULTICALL = parseAbi(["function multicall(bytes[] calls)"]);
const LOOKUP = parseAbi([
  "error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData)",
]);
const BATCH = parseAbi(["function query((address sender, string[] urls, bytes data)[] requests)"]);

/** Every kind of record a set can hold, its value, and what its call returns. */
const RECORDS: readonly (readonly [StoredRecordKey, Hex, Hex])[] = (
  [
    [{ kind: "addr", coinType: 60n }, ADDRESS],
    [{ kind: "addr", coinType: 0n }, "0x0014"],
    [{ kind: "text", key: "url" }, toHex("https://example.org/")],
    [{ kind: "data", key: "agent" }, "0x0102"],
    [{ kind: "contenthash" }, "0xe301"],
    [{ kind: "name" }, toHex("shop.hold")],
    [{ kind: "zonehash" }, "0xabcd"],
    [{ kind: "dns", owner: "www.shop.hold", rrtype: 1 }, "0x0000012c0004c0000201"],
  ] as readonly (readonly [StoredRecordKey, Hex])[]
).map(([record, value]) => [record, value, encodeAbiParameters([{ type: "bytes" }], [value])] as const);
const PUBKEY: Hex = `0x${"11".repeat(32)}${"22".repeat(32)}`;

describe("OffchainResolver, by hand", () => {
  const world = useHoldfast(async ({ viem, manager, registry, register, alice, time }) => {
    const directory = await viem.deployContract("GatewayDirectory", [manager.address, registry.address]);
    const offchain = await viem.deployContract("OffchainResolver", [registry.address, directory.address]);
    await register({ label: "shop", owner: alice.account.address });
    await registry.write.setResolver([NODE, offchain.address], { account: alice.account });
    const now = await time.latest();
    const head = {
      node: NODE,
      epoch: await registry.read.epochOf([NODE]),
      sequence: 5n,
      validFrom: now - DAY,
      validUntil: now + DAY,
    };
    const entry = (node: Hex, call: Hex, value: Hex) => {
      const { kindWord, subkey } = recordOfCall(call);
      return { key: recordKeyHash(node, kindWord, subkey), value };
    };
    const pubkey = callOfRecord(NAME, { kind: "pubkey" });
    const wildText = recordOfCall(callOfRecord(NAME, { kind: "text", key: "note" }));
    const domain = { chainId: 31337, resolver: offchain.address };
    const held = await signSet(ALICE_KEY, domain, head, [
      ...RECORDS.map(([record, value]) => entry(NODE, callOfRecord(NAME, record), value)),
      entry(NODE, pubkey, PUBKEY),
      { key: wildcardKeyHash(NODE, wildText.kindWord, wildText.subkey), value: toHex("wild") },
    ]);
    const empty = await signSet(ALICE_KEY, domain, head, []);
    return { directory, offchain, held, empty, domain, head };
  });
  const prepared = () => world().prepared;
  const offchain = () => prepared().offchain;
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, offchain(), error, values);
  const question = (calls: readonly Hex[], name = NAME) => ({ resolver: offchain().address, node: NODE, name, calls });
  const verify = (answer: Hex, calls: readonly Hex[], name = NAME) =>
    offchain().read.verifyAnswer([answer, NODE, wire(name), [...calls]]);
  const answerTo = (calls: readonly Hex[], name = NAME, held: HeldSet = prepared().held) =>
    encodeSignedAnswer(held.set, leavesOf(question(calls, name), held.tree));
  const text = (key: string, name = NAME) => callOfRecord(name, { kind: "text", key });
  const setMinimum = (value: Hex) =>
    world().registry.write.setData([NODE, "holdfast.minSequence", value], { account: world().alice.account });
  const asBytes = (result: Hex) => decodeAbiParameters([{ type: "bytes" }], result)[0];

  describe("verifyAnswer", () => {
    it("answers every kind of record that a set can hold, alone and together", async () => {
      const calls = RECORDS.map(([record]) => callOfRecord(NAME, record));
      const [results, sequence] = await verify(answerTo(calls), calls);
      expect(sequence).to.equal(5n);
      expect(results).to.deep.equal(RECORDS.map(([, , result]) => result));
      for (const [index, call] of calls.entries()) {
        expect((await verify(answerTo([call]), [call]))[0]).to.deep.equal([results[index]]);
      }
    });

    it("answers addr and pubkey in their own shapes, and with zeros where there is none", async () => {
      const addr = encodeFunctionData({
        abi: parseAbi(["function addr(bytes32 node)"]),
        functionName: "addr",
        args: [NODE],
      });
      const pubkey = callOfRecord(NAME, { kind: "pubkey" });
      const [results] = await verify(answerTo([addr, pubkey]), [addr, pubkey]);
      expect(results).to.deep.equal([encodeAbiParameters([{ type: "address" }], [ADDRESS]), PUBKEY]);
      const none = await verify(answerTo([addr, pubkey], NAME, prepared().empty), [addr, pubkey]);
      expect(none[0]).to.deep.equal([zeroHash, `0x${"00".repeat(64)}`]);
    });

    it("answers absent records with nothing, and those of names below with the wildcard's", async () => {
      const absent = text("absent");
      expect(asBytes((await verify(answerTo([absent]), [absent]))[0][0]!)).to.equal("0x");
      const below = "a.shop.hold";
      const calls = [text("note", below), text("absent", below)];
      const [results] = await verify(answerTo(calls, below), calls, below);
      expect(results.map(asBytes)).to.deep.equal([toHex("wild"), "0x"]);
      // The name that signs has no wildcard above it.
      expect(asBytes((await verify(answerTo([text("note")]), [text("note")]))[0][0]!)).to.equal("0x");
    });

    it("reverts for another number of leaves than needed, with both", async () => {
      const { held } = prepared();
      const [call, other] = [text("url"), text("absent", "a.shop.hold")];
      const leaves = leavesOf(question([call]), held.tree);
      await refused(verify(encodeSignedAnswer(held.set, []), [call]), "RecordSetWrongLeafCount", 0n, 1n);
      await refused(verify(encodeSignedAnswer(held.set, leaves), []), "RecordSetWrongLeafCount", 1n, 0n);
      await refused(verify(encodeSignedAnswer(held.set, [[]]), [call]), "RecordSetWrongLeafCount", 0n, 1n);
      const [both] = leavesOf(question([other], "a.shop.hold"), held.tree);
      const first = encodeSignedAnswer(held.set, [both!.slice(0, 1)]);
      await refused(verify(first, [other], "a.shop.hold"), "RecordSetWrongLeafCount", 1n, 2n);
    });

    it("reverts for a leaf that is none of the set's, or says nothing about the record", async () => {
      const { held } = prepared();
      const leaf = leavesOf(question([text("url")]), held.tree)[0]![0]!;
      const forged = encodeSignedAnswer(held.set, [[{ ...leaf, value: "0xbad0" }]]);
      await refused(verify(forged, [text("url")]), "RecordSetInvalidProof", leaf.key);
      const { kindWord, subkey } = recordOfCall(text("absent"));
      const wanted = recordKeyHash(NODE, kindWord, subkey);
      const all = RECORDS.map(([record]) => leavesOf(question([callOfRecord(NAME, record)]), held.tree)[0]![0]!);
      const spans = ({ key, nextKey }: { key: Hex; nextKey: Hex }) =>
        key < nextKey ? key < wanted && wanted < nextKey : key < wanted || wanted < nextKey;
      for (const unrelated of all.filter((candidate) => !spans(candidate))) {
        const withheld = encodeSignedAnswer(held.set, [[unrelated]]);
        await refused(
          verify(withheld, [text("absent")]),
          "RecordSetUnrelatedLeaf",
          wanted,
          unrelated.key,
          unrelated.nextKey,
        );
      }
    });

    it("reverts for sets that do not count, with what is and what should be", async () => {
      const { held, head } = prepared();
      const { viem, time } = world();
      const call = text("url");
      const leaves = leavesOf(question([call]), held.tree);
      const changed = (change: object) => verify(encodeSignedAnswer({ ...held.set, ...change }, leaves), [call]);
      const [other, stranger] = [nodeOf("other.hold"), getAddress(world().bob.account.address)];
      await refused(changed({ node: other }), "RecordSetWrongNode", other, NODE);
      await refused(changed({ epoch: head.epoch + 1n }), "RecordSetWrongEpoch", head.epoch + 1n, head.epoch);
      await refused(changed({ signer: stranger }), "RecordSetSignerUnauthorized", NODE, stranger);
      await refused(changed({ sequence: 6n }), "RecordSetInvalidSignature", getAddress(world().alice.account.address));
      const zero = `0x${"00".repeat(20)}` as const;
      await refused(changed({ signer: zero }), "RecordSetSignerUnauthorized", NODE, zero);
      const client = await viem.getPublicClient();
      const { timestamp } = await client.getBlock();
      const [from, until] = [head.validFrom, Number(timestamp) - 1];
      await refused(changed({ validUntil: until }), "RecordSetNotValidAt", timestamp, from, until);
      const later = Number(timestamp) + DAY;
      await refused(changed({ validFrom: later }), "RecordSetNotValidAt", timestamp, later, head.validUntil);
      await setMinimum("0x06");
      await refused(changed({}), "RecordSetRevoked", 5n, 6n);
      // A set that outlives its name: nobody may write the records of a name that has expired.
      const outliving = { ...head, sequence: 7n, validUntil: head.validUntil + 2 * Number(YEAR_SECONDS) };
      const { set } = await signSet(ALICE_KEY, prepared().domain, outliving, []);
      await time.increase(YEAR_SECONDS);
      const outlived = verify(encodeSignedAnswer(set, [[]]), [call]);
      await refused(outlived, "RecordSetSignerUnauthorized", NODE, getAddress(world().alice.account.address));
    });

    it("accepts a signature of an account the owner approved for all its names", async () => {
      const { registry, alice, bob } = world();
      const { domain, head } = prepared();
      // The third account of every development chain, which is bob's.
      const key = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
      const held = await signSet(key, domain, head, []);
      const call = text("url");
      const attempt = () => verify(encodeSignedAnswer(held.set, [[]]), [call]);
      await refused(attempt(), "RecordSetSignerUnauthorized", NODE, getAddress(bob.account.address));
      await registry.write.setApprovalForAll([bob.account.address, true], { account: alice.account });
      expect((await attempt())[1]).to.equal(5n);
    });
  });

  describe("minSequence", () => {
    it("is the name's data record of that name, whoever may write it, and zero without", async () => {
      const min = () => offchain().read.minSequence([NODE]);
      expect(await min()).to.equal(0n);
      for (const [value, number] of [
        ["0x", 0n],
        ["0x05", 5n],
        ["0x0005", 5n],
        ["0x0100", 256n],
        [`0x${"ff".repeat(32)}`, 2n ** 256n - 1n],
        [`0x${"00".repeat(33)}`, 2n ** 256n - 1n],
      ] as const) {
        await setMinimum(value);
        expect(await min()).to.equal(number);
      }
    });

    it("never goes down, by whichever way it is written, until the name is cleared", async () => {
      const { registry, alice, bob } = world();
      const min = () => offchain().read.minSequence([NODE]);
      await setMinimum("0x0200");
      await registry.write.approve([NODE, bob.account.address, true], { account: alice.account });
      const lower = encodeFunctionData({
        abi: registry.abi as Abi,
        functionName: "setData",
        args: [NODE, "holdfast.minSequence", "0x01ff"],
      });
      const refusesIt = (call: Promise<unknown>, next: bigint) =>
        refuses(world(), call, registry, "RecordMinSequenceLowered", [NODE, 0x200n, next]);
      for (const account of [alice.account, bob.account]) {
        const set = (value: Hex) => registry.write.setData([NODE, "holdfast.minSequence", value], { account });
        await refusesIt(set("0x01ff"), 0x1ffn);
        await refusesIt(set("0x"), 0n);
        await refusesIt(registry.write.multicall([[lower]], { account }), 0x1ffn);
      }
      expect(await min()).to.equal(0x200n);
      // Other data records come and go as ever.
      await registry.write.setData([NODE, "other", "0x02"], { account: bob.account });
      await registry.write.setData([NODE, "other", "0x01"], { account: bob.account });
      const epoch = await registry.read.epochOf([NODE]);
      await registry.write.clearRecords([NODE], { account: alice.account });
      expect(await min()).to.equal(0n);
      // No set of before is of the new epoch.
      expect(await registry.read.epochOf([NODE])).not.to.equal(epoch);
    });
  });

  describe("resolve", () => {
    const resolve = (name: string, data: Hex) => offchain().read.resolve([wire(name), data]);

    it("reverts for names that have another resolver or none, with the name", async () => {
      const { registry, alice } = world();
      await refused(resolve("other.hold", text("url")), "OffchainResolverNotResolverOf", wire("other.hold"));
      await refused(resolve("elsewhere", text("url")), "OffchainResolverNotResolverOf", wire("elsewhere"));
      await registry.write.createSubname([NODE, "www", alice.account.address], { account: alice.account });
      // The subname has the registry for a resolver, which stands between it and its parent's.
      await refused(resolve("www.shop.hold", text("url")), "OffchainResolverNotResolverOf", wire("www.shop.hold"));
    });

    it("reverts for records that no set can hold, alone or among others", async () => {
      const odd = "0x12345678" as const;
      await refused(resolve(NAME, odd), "UnsupportedResolverProfile", odd);
      const many = encodeFunctionData({ abi: MULTICALL, functionName: "multicall", args: [[text("url"), odd]] });
      await refused(resolve(NAME, many), "UnsupportedResolverProfile", odd);
    });

    it("reverts while no gateway stands behind the name's shard, and for what is no wire name", async () => {
      await refused(resolve(NAME, text("url")), "OffchainResolverNoGateways", NODE);
      await refused(resolve("a.b.shop.hold", text("url", "a.b.shop.hold")), "OffchainResolverNoGateways", NODE);
      const malformed = offchain().read.resolve(["0x0161", text("url")]);
      await refused(malformed, "DNSDecodingFailed", "0x0161");
    });
  });

  describe("with gateways listed", () => {
    const urls = ["http://a.example.org", "http://b.example.org"];
    beforeEach(async () => {
      const { directory } = prepared();
      const { governor } = world();
      for (const [zone, httpUrl] of urls.entries()) {
        const account = governor.account.address;
        const entry = { operator: account, signer: account, zone, httpUrl, dnsEndpoint: `${zone}.example.org:53` };
        await directory.write.registerGateway([entry]);
        const word = BigInt(`0x${(zone + 1).toString(16).padStart(4, "0").repeat(16)}`);
        await directory.write.seedZone([zone, Array.from({ length: 32 }, () => word) as never]);
      }
    });
    const lookup = async (call: Promise<unknown>) => {
      const error = await call.catch((cause: unknown) => cause);
      const data = revertData(error);
      const { args } = decodeErrorResult({ abi: LOOKUP, data });
      const [, asked, callData, , extraData] = args;
      const { args: batch } = decodeAbiBatch(callData);
      return { asked, requests: batch[0], extraData };
    };
    const decodeAbiBatch = (data: Hex) => ({
      args: decodeAbiParameters(
        [{ type: "tuple[]", components: [{ type: "address" }, { type: "string[]" }, { type: "bytes" }] }],
        `0x${data.slice(10)}`,
      ),
    });
    const response = (failures: readonly boolean[], answers: readonly Hex[]) =>
      encodeAbiParameters([{ type: "bool[]" }, { type: "bytes[]" }], [failures, answers]);
    const start = () => lookup(raw("resolve", [wire(NAME), text("url")]));
    const callback = (answer: Hex, extraData: Hex, gas = 10_000_000) =>
      raw("resolveCallback", [answer, extraData], gas);
    /** An `eth_call` without the client's own following of lookups. */
    async function raw(
      functionName: "resolve" | "resolveCallback",
      args: readonly [Hex, Hex],
      gas = 10_000_000,
    ): Promise<Hex> {
      const data = encodeFunctionData({ abi: offchain().abi, functionName, args });
      const to = offchain().address;
      const { provider } = world().connection;
      return (await provider.request({ method: "eth_call", params: [{ to, data, gas: toHex(gas) }, "latest"] })) as Hex;
    }

    it("asks all of them at once, by the batch scheme first, then each alone", async () => {
      const { asked, requests } = await start();
      const paths = urls.map((url) => `${url}/ccip`);
      expect(asked).to.deep.equal(["x-batch-gateway:true", ...paths]);
      expect(requests.map(([, [url]]) => url)).to.deep.equal(paths);
    });

    it("takes the newest answer that verifies, whatever the others said", async () => {
      const { extraData } = await start();
      const good = answerTo([text("url")]);
      const result = await callback(response([true, false], ["0x", good]), extraData);
      expect(asBytes(decodeAbiParameters([{ type: "bytes" }], result)[0])).to.equal(toHex("https://example.org/"));
      const both = await callback(response([false, false, false], [good, "0x1234", good]), extraData);
      expect(both).to.equal(result);
    });

    it("asks the rest when nothing verifies, and at last says for which name and why", async () => {
      const { held } = prepared();
      const { extraData } = await start();
      const forged = encodeSignedAnswer({ ...held.set, epoch: 9n << 20n }, []);
      const again = await lookup(callback(response([false], [forged]), extraData));
      expect(again.asked).to.deep.equal(["x-batch-gateway:true", `${urls[1]}/ccip`]);
      const reason = encodeErrorResult({
        abi: offchain().abi,
        errorName: "RecordSetWrongEpoch",
        args: [9n << 20n, prepared().head.epoch],
      });
      const last = callback(response([false], [forged]), again.extraData);
      const { errorName, args } = decodeErrorResult({
        abi: offchain().abi,
        data: revertData(await last.catch((e) => e)),
      });
      expect(errorName).to.equal("OffchainResolverNoValidAnswer");
      expect(args).to.deep.equal([NODE, reason]);
    });

    it("is not thrown by a response that is no batch, nor by lists of unequal length", async () => {
      const { extraData } = await start();
      for (const junk of [
        "0x",
        "0x1234",
        `0x${"ff".repeat(64)}`,
        response([], []),
        response([false, false], []),
      ] as const) {
        const again = await lookup(callback(junk, extraData));
        expect(again.asked).to.deep.equal(["x-batch-gateway:true", `${urls[1]}/ccip`]);
      }
      const short = await callback(response([false], [answerTo([text("url")]), "0x"]), extraData);
      expect(short).to.match(/^0x/);
    });

    it("has gas left to ask the rest when a response burns what its reading gets", async () => {
      const { extraData } = await start();
      // 300 answers that are all the same 8 kB: small to send, and 2.4 MB of memory to read.
      const count = 300;
      const words = [0x40, 0x60, 0, count, ...Array.from({ length: count }, () => 32 * count), 8_192];
      const bomb = concatHex([...words.map((word) => toHex(word, { size: 32 })), `0x${"00".repeat(8_192)}`]);
      // Of so little a sixty-fourth, which is all that a call can leave behind, would not do.
      const again = await lookup(callback(bomb, extraData, 260_000));
      expect(again.asked).to.deep.equal(["x-batch-gateway:true", `${urls[1]}/ccip`]);
    });
  });

  it("tells its interfaces and features, and how a batch's call is named", async () => {
    for (const id of ["0x01ffc9a7", "0x9061b923", "0x582de3e7"] as const) {
      expect(await offchain().read.supportsInterface([id])).to.equal(true);
    }
    expect(await offchain().read.supportsInterface(["0xffffffff"])).to.equal(false);
    const feature = keccak256(toHex("eth.ens.resolver.extended.multicall")).slice(0, 10) as Hex;
    expect(await offchain().read.supportsFeature([feature])).to.equal(true);
    expect(await offchain().read.supportsFeature(["0x00000000"])).to.equal(false);
    expect(BATCH[0].name).to.equal("query");
    expect(wildcardNode(NODE)).to.equal(nodeOf("*.shop.hold"));
  });
});
