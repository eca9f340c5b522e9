/**
 * Fuzzing of every decoder of what strangers send to a client: gateways, RPC providers, DNS servers, contracts, files. A thousand inputs
 * each, or `FUZZ_RUNS`; they come from valid ones by mutation, all from one seed (`FUZZ_SEED`), which is printed with whatever fails.
 * A decoder returns or throws one of the errors it is allowed.
 */
import { expect } from "chai";
import { encodeAbiParameters, encodeFunctionData, parseAbi, toRlp } from "viem";
import { fromHex, type Hex, toBase64, toHex, utf8Bytes } from "../../src/base/bytes.ts";
import { BaseError } from "../../src/base/errors.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { decodeBatch } from "../../src/client/dropins/ccipBatch.ts";
import { parseServer } from "../../src/client/nodeTransport.ts";
import { findingOf } from "../../src/client/paths/dnsAnswer.ts";
import { unwrapped, valueOfResult } from "../../src/client/paths/resolverProfiles.ts";
import { parseRpcBlock } from "../../src/client/paths/rpcBlock.ts";
import { provenSlots } from "../../src/client/paths/rpcSlots.ts";
import { optionsOfProfile } from "../../src/client/profile.ts";
import { decodeShardHints, parseShardHints } from "../../src/directory/shardHints.ts";
import { formatSnapshot, parseSnapshot } from "../../src/directory/snapshot.ts";
import { readDirectoryState, tableOfImage } from "../../src/directory/state.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { decodeDnsName } from "../../src/naming/dnsName.ts";
import { verifySlot } from "../../src/proof/account.ts";
import { parseHeader } from "../../src/proof/header.ts";
import { parseNameWord, parseSettings } from "../../src/proof/layout.ts";
import { unpackRRset } from "../../src/proof/packedRRset.ts";
import { readName } from "../../src/proof/readName.ts";
import { recoverAddressFast } from "../../src/proof/recoverAddressFast.ts";
import { parseReverseName, readPrimaryName } from "../../src/proof/reverse.ts";
import { verifyTrieProof } from "../../src/proof/trie.ts";
import { readValue } from "../../src/proof/value.ts";
import { verifyAnswer } from "../../src/proof/verifyAnswer.ts";
import { decodeAnswer, decodeQuery, encodeAnswer, encodeQuery } from "../../src/protocol/json.ts";
import { decodeQuestion, decodeSignedAnswer } from "../../src/protocol/offchainMessages.ts";
import { parseRecordKey, type RecordKey } from "../../src/protocol/record.ts";
import { decodeRRset } from "../../src/protocol/rrset.ts";
import { aRecords, type ChainWorld, createChainWorld, namehash } from "../support/client/chainWorld.ts";
import { createDirectory } from "../support/client/gatewayWorld.ts";
import { createProvenWorld, type ProvenAnswer, type ProvenWorld } from "../support/client/provenWorld.ts";
import { mutate } from "../support/mutate.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 1_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);
const ADDR: RecordKey = { kind: "addr", coinType: 60n };
const A: RecordKey = { kind: "dns", owner: "www.shop.hold", rrtype: 1 };

/** JSON with one value somewhere in it replaced. */
function mutatedJson(value: unknown, random: Random): unknown {
  const odd = [null, "", "0x", -1, 1e99, [], {}, `0x${"ff".repeat(40)}`, true, "é".repeat(300)];
  const copy = structuredClone(value);
  for (let at = copy as Record<string, unknown>; ; ) {
    const keys = Object.keys(at);
    const key = keys[random.below(Math.max(1, keys.length))];
    if (key === undefined) return copy;
    const inner = at[key];
    if (typeof inner !== "object" || inner === null || random.below(4) === 0) {
      at[key] = odd[random.below(odd.length)];
      return copy;
    }
    at = inner as Record<string, unknown>;
  }
}

interface Decoder {
  /** Makes the next input from the seed. */
  readonly input: (random: Random) => unknown;
  readonly decode: (input: never) => unknown;
  /** Codes of the errors it may throw. */
  readonly allowed: RegExp;
}

const ofBytes = (seeds: readonly Uint8Array[], decode: (bytes: Uint8Array) => unknown, allowed: RegExp): Decoder => ({
  input: (random) => mutate(seeds, random),
  decode,
  allowed,
});
const ofHex = (seeds: readonly Hex[], decode: (hex: Hex) => unknown, allowed: RegExp): Decoder =>
  ofBytes(seeds.map(fromHex), (bytes) => decode(toHex(bytes)), allowed);
const ofText = (seeds: readonly string[], decode: (text: string) => unknown, allowed: RegExp): Decoder =>
  ofBytes(seeds.map(utf8Bytes), (bytes) => decode(Buffer.from(bytes).toString("utf8")), allowed);
const ofJson = (seed: unknown, decode: (value: unknown) => unknown, allowed: RegExp): Decoder => ({
  input: (random) => mutatedJson(seed, random),
  decode,
  allowed,
});

/** Storage of which every slot that is asked for is made up from the input. */
const slotsFrom = (bytes: Uint8Array) => {
  let at = 0;
  return () => {
    const word = new Uint8Array(32);
    for (let index = 0; index < 32 && bytes.length > 0; index += 1) word[index] = bytes[(at + index) % bytes.length]!;
    at += 7;
    return word;
  };
};

describe("decoders of what strangers send", function () {
  this.timeout(RUNS * 60 + 20_000);
  let chain: ChainWorld;
  let world: ProvenWorld;
  let answer: ProvenAnswer;
  const decoders = new Map<string, Decoder>();

  before(async () => {
    chain = await createChainWorld();
    const { holdfast, call } = chain;
    const node = namehash("shop.hold");
    const data = [
      call("setAddr", [node, `0x${"ab".repeat(20)}`]),
      call("setText", [node, "about", "long ".repeat(30)]),
      call("setDNSRecords", [node, aRecords("*.shop.hold", "192.0.2.1")]),
    ];
    await holdfast.register({ label: "shop", owner: holdfast.alice.account.address, data });
    world = await createProvenWorld(holdfast);
    answer = await world.prove("shop.hold", [ADDR, { kind: "text", key: "about" }]);
    declare();
  });

  const declare = () => {
    const { evidence } = answer;
    const hints = fromHex("0x48534801000000050a0b0c0d0e0f000000101112");
    const [slot] = evidence.storage;
    const root = fromHex(answer.block.stateRoot);
    const nodes = evidence.account.map(fromHex);
    const rrset = fromHex(aRecords("www.shop.hold", "192.0.2.1", "192.0.2.2"));
    const string = encodeAbiParameters([{ type: "string" }], ["https://example.org"]);
    const bytes = encodeAbiParameters([{ type: "bytes" }], [aRecords("www.shop.hold", "192.0.2.1")]);
    const abi = parseAbi([
      "function signedRecords(address resolver, bytes32 node, bytes name, bytes[] calls)",
      "function query((address sender, string[] urls, bytes data)[] requests)",
    ]);
    const zero = `0x${"11".repeat(20)}` as const;
    const question = encodeFunctionData({
      abi,
      functionName: "signedRecords",
      args: [zero, answer.node, "0x0473686f7004686f6c6400", ["0x3b3b57de"]],
    });
    const batch = encodeFunctionData({
      abi,
      functionName: "query",
      args: [[{ sender: zero, urls: ["https://g1.example.org/"], data: question }]],
    });
    const parameters = { name: "shop.hold", records: [ADDR, A], tld: "hold", registry: zero, timestamp: 1n };
    const block = { number: "0x10", hash: answer.block.hash, stateRoot: answer.block.stateRoot, timestamp: "0x10" };
    const slots = evidence.storage.map((each) => each.slot);
    const proof = {
      accountProof: evidence.account,
      storageProof: evidence.storage.map((each) => ({ proof: each.nodes })),
    };
    const account = { address: world.pinned.registry, codeHash: world.pinned.codeHash };
    const dnsResponse = fromHex(
      "0x00018180000100010000000003777777076578616d706c65036f72670000010001c00c00010001000000ed0004c0000201",
    );
    const all: Readonly<Record<string, Decoder>> = {
      decodeAnswer: ofText([encodeAnswer(answer)], decodeAnswer, /^(PROTOCOL|NAMING|BYTES)_/),
      "decodeAnswer of odd JSON": ofJson(
        JSON.parse(encodeAnswer(answer)),
        (value) => decodeAnswer(JSON.stringify(value)),
        /^(PROTOCOL|NAMING|BYTES)_/,
      ),
      verifyAnswer: ofJson(
        JSON.parse(encodeAnswer(answer)),
        (value) => {
          const told = decodeAnswer(JSON.stringify(value));
          if (told.evidence.kind !== "proof") return undefined;
          return verifyAnswer(world.pinned, { ...told, evidence: told.evidence }, [ADDR]);
        },
        /^(PROTOCOL|NAMING|BYTES|PROOF)_/,
      ),
      decodeQuery: ofText(
        [encodeQuery({ name: "shop.hold", records: [ADDR, A], evidence: "proof" })],
        decodeQuery,
        /^(PROTOCOL|NAMING)_/,
      ),
      decodeRRset: ofHex([toHex(rrset)], decodeRRset, /^PROTOCOL_MALFORMED_RRSET$/),
      parseRecordKey: ofText(
        ["addr:60", "dns:1:www.shop.hold", "text:url"],
        parseRecordKey,
        /^PROTOCOL_MALFORMED_RECORD_KEY$/,
      ),
      parseHeader: ofHex([evidence.header], (hex) => parseHeader(fromHex(hex)), /^PROOF_MALFORMED_RLP$/),
      verifyTrieProof: {
        input: (random) =>
          nodes.map((each, index) => (random.below(3) === 0 || index === 0 ? mutate([each], random) : each)),
        // Whoever forges a node also names its hash; the walk is what is fuzzed.
        decode: (input: readonly Uint8Array[]) =>
          verifyTrieProof(new Uint8Array(32), root, input, () => new Uint8Array(32)),
        allowed: /^PROOF_(INVALID|MALFORMED_RLP)$/,
      },
      verifySlot: ofHex(
        [toRlp(toRlp("0x1234"))],
        (hex) => verifySlot(root, slot!.slot, [fromHex(hex)]),
        /^PROOF_(INVALID|MALFORMED_RLP)$/,
      ),
      provenSlots: ofJson(
        proof,
        (value) => provenSlots(account).parse(slots, answer.block, [value]),
        /^(PROOF_(INVALID|MALFORMED_RLP)|CLIENT_RPC|BYTES_MALFORMED_HEX)$/,
      ),
      parseRpcBlock: ofJson(block, parseRpcBlock, /^CLIENT_RPC$/),
      readName: ofBytes(
        [new Uint8Array(64).fill(1)],
        (input) => readName(slotsFrom(input), parameters),
        /^PROOF_(CORRUPT_RECORD|FOREIGN_RESOLVER|UNKNOWN_ZONE)$/,
      ),
      readValue: ofBytes(
        [new Uint8Array(40).fill(1)],
        (input) => readValue(slotsFrom(input), slot!.slot),
        /^PROOF_CORRUPT_RECORD$/,
      ),
      readPrimaryName: ofBytes(
        [new Uint8Array(40).fill(1)],
        (input) => readPrimaryName(slotsFrom(input), { account: zero, coinType: 60n }),
        /^PROOF_CORRUPT_RECORD$/,
      ),
      parseReverseName: ofText([`${"ab".repeat(20)}.addr.reverse`], parseReverseName, /^never$/),
      parseNameWord: ofBytes(
        [new Uint8Array(32).fill(3)],
        (input) => (input.length < 32 ? 0 : [parseNameWord(input), parseSettings(input)]),
        /^never$/,
      ),
      unpackRRset: ofBytes(
        [Uint8Array.from([0, 0, 0, 60, 0, 4, 192, 0, 2, 1])],
        (input) => unpackRRset("www.shop.hold", 1, input),
        /^never$/,
      ),
      recoverAddressFast: ofBytes(
        [fromHex(evidence.attestations[0]!.signature)],
        (input) => recoverAddressFast(root, input),
        /^never$/,
      ),
      decodeDnsName: ofBytes([fromHex("0x0473686f7004686f6c6400")], decodeDnsName, /^NAMING_/),
      "decodeMessage and findingOf": ofBytes(
        [dnsResponse],
        (input) => findingOf(decodeMessage(input), "www.example.org", 1),
        /^DNS_/,
      ),
      decodeQuestion: ofHex([question], decodeQuestion, /^PROTOCOL_MALFORMED_QUESTION$/),
      decodeSignedAnswer: ofHex([string, bytes], decodeSignedAnswer, /^PROTOCOL_MALFORMED_QUESTION$/),
      decodeBatch: ofHex([batch], decodeBatch, /^CLIENT_MALFORMED_BATCH$/),
      "valueOfResult, text": ofHex(
        [string],
        (hex) => valueOfResult({ kind: "text", key: "url" }, hex),
        /^CLIENT_MALFORMED_RESULT$/,
      ),
      "valueOfResult, addr": ofHex(
        [string.slice(0, 66) as Hex],
        (hex) => valueOfResult({ kind: "addr", coinType: 60n }, hex),
        /^CLIENT_MALFORMED_RESULT$/,
      ),
      "valueOfResult, dns": ofHex([bytes], (hex) => valueOfResult(A as never, hex), /^CLIENT_MALFORMED_RESULT$/),
      unwrapped: ofHex([bytes], (hex) => unwrapped(ADDR, hex), /^CLIENT_MALFORMED_RESULT$/),
      decodeShardHints: ofBytes([hints], decodeShardHints, /^DIRECTORY_MALFORMED_SHARD_HINTS$/),
      parseShardHints: ofText([toBase64(hints)], parseShardHints, /^DIRECTORY_MALFORMED_SHARD_HINTS$/),
      parseSnapshot: ofJson(
        formatSnapshot({ ...createDirectory(), shardHints: decodeShardHints(hints) }),
        parseSnapshot,
        /^DIRECTORY_MALFORMED_SNAPSHOT$/,
      ),
      readDirectoryState: ofBytes(
        [new Uint8Array(64).fill(0)],
        (input) => {
          const read = slotsFrom(input);
          const head = read();
          // As many gateways as a fleet has; the number alone is not what is fuzzed.
          head.set([0, random4(input)], 1);
          let isFirst = true;
          return readDirectoryState(() => {
            if (!isFirst) return read();
            isFirst = false;
            return head;
          }, []);
        },
        /^DIRECTORY_CORRUPT_STATE$/,
      ),
      tableOfImage: ofBytes([new Uint8Array(4_353)], tableOfImage, /^DIRECTORY_CORRUPT_STATE$/),
      parseServer: ofText(["192.0.2.1:53", "[2001:db8::1]:53"], (text) => parseServer(text), /^never$/),
    };
    for (const [name, decoder] of Object.entries(all)) decoders.set(name, decoder);
  };
  const random4 = (input: Uint8Array) => (input[0] ?? 0) & 3;

  const NAMES = [
    "decodeAnswer",
    "decodeAnswer of odd JSON",
    "verifyAnswer",
    "decodeQuery",
    "decodeRRset",
    "parseRecordKey",
    "parseHeader",
    "verifyTrieProof",
    "verifySlot",
    "provenSlots",
    "parseRpcBlock",
    "readName",
    "readValue",
    "readPrimaryName",
    "parseReverseName",
    "parseNameWord",
    "unpackRRset",
    "recoverAddressFast",
    "decodeDnsName",
    "decodeMessage and findingOf",
    "decodeQuestion",
    "decodeSignedAnswer",
    "decodeBatch",
    "valueOfResult, text",
    "valueOfResult, addr",
    "valueOfResult, dns",
    "unwrapped",
    "decodeShardHints",
    "parseShardHints",
    "parseSnapshot",
    "readDirectoryState",
    "tableOfImage",
    "parseServer",
  ] as const;

  for (const name of NAMES) {
    it(`${name} returns, or throws an error it is allowed`, () => {
      const decoder = decoders.get(name)!;
      const random = seededRandom(SEED, name);
      for (let run = 0; run < RUNS; run += 1) {
        const input = decoder.input(random);
        try {
          decoder.decode(input as never);
        } catch (error) {
          const code = error instanceof BaseError ? error.code : String(error);
          expect(code, `seed ${SEED}, run ${run}`).to.match(decoder.allowed);
        }
      }
    });
  }

  it("fuzzes every decoder that is declared", () => {
    expect([...decoders.keys()].sort()).to.deep.equal([...NAMES].sort());
  });

  it("profiles are rejected as profiles, whatever they hold", async () => {
    const random = seededRandom(SEED, "profile");
    const profile = {
      deployment: {},
      rpcUrls: ["https://rpc.example.org"],
      dns: ["192.0.2.1:53"],
      domains: { a: "b" },
    };
    for (let run = 0; run < Math.min(RUNS, 1_000); run += 1) {
      const told = await optionsOfProfile(mutatedJson(profile, random), "profile.json").catch(
        (error: unknown) => error,
      );
      if (told instanceof Error) {
        expect(told).to.be.instanceOf(BaseError);
        expect((told as BaseError).code).to.match(/^(CLIENT_MALFORMED_PROFILE|CHAIN_MALFORMED_DEPLOYMENT|DIRECTORY_)/);
      }
    }
  });
});
