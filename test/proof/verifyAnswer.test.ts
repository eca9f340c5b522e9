import { expect } from "chai";
import fc from "fast-check";
import { BaseError } from "../../src/base/errors.ts";
import { createHeaderTrust } from "../../src/proof/headerTrust.ts";
import { recoverAddress } from "../../src/proof/recoverAddress.ts";
import { recoverAddressFast } from "../../src/proof/recoverAddressFast.ts";
import { verifyAnswer } from "../../src/proof/verifyAnswer.ts";
import type { StorageProof } from "../../src/protocol/answer.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { aRecords, type ChainWorld, createChainWorld, namehash } from "../support/client/chainWorld.ts";
import {
  attest,
  attesterAddress,
  createProvenWorld,
  DOMAIN,
  type ProvenAnswer,
  type ProvenWorld,
} from "../support/client/provenWorld.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };
/** The same type with everything writable. */
type Draft<Value> = Value extends object ? { -readonly [Key in keyof Value]: Draft<Value[Key]> } : Value;

const LONG = "long ".repeat(50);

describe("verifyAnswer", () => {
  let chain: ChainWorld;
  let world: ProvenWorld;
  let shop: ProvenAnswer;
  let empty: ProvenAnswer;
  let older: ProvenAnswer;
  const texts: readonly RecordKey[] = [ADDR, { kind: "text", key: "about" }, { kind: "text", key: "missing" }];

  before(async () => {
    chain = await createChainWorld();
    const { holdfast, call } = chain;
    const owner = holdfast.alice.account.address;
    for (const [label, digit] of [
      ["shop", "a"],
      ["bank", "b"],
    ] as const) {
      const node = namehash(`${label}.hold`);
      const data = [
        call("setAddr", [node, `0x${digit.repeat(40)}`]),
        call("setText", [node, "about", LONG + label]),
        call("setDNSRecords", [node, aRecords(`www.${label}.hold`, "192.0.2.1")]),
      ];
      await holdfast.register({ label, owner, data });
    }
    world = await createProvenWorld(holdfast);
    older = await world.prove("shop.hold", texts);
    await holdfast.registry.write.setAddr([namehash("shop.hold"), `0x${"c".repeat(40)}`], {
      account: holdfast.alice.account,
    });
    shop = await world.prove("shop.hold", texts);
    empty = await world.prove("www.nobody.hold", [ADDR]);
  });

  const verify = (answer: ProvenAnswer, records = texts) => verifyAnswer(world.pinned, answer, records);
  const withStorage = (
    answer: ProvenAnswer,
    change: (storage: readonly StorageProof[]) => readonly StorageProof[],
  ) => ({
    ...answer,
    evidence: { ...answer.evidence, storage: change(answer.evidence.storage) },
  });
  const rejects = (answer: ProvenAnswer, code: RegExp, records = texts) => {
    expect(() => verify(answer, records))
      .to.throw(BaseError)
      .with.property("code")
      .that.matches(code);
  };

  it("returns what the proof shows: values of any length, and absences", () => {
    const { reading } = verify(shop);
    expect(reading.results[0]?.value).to.equal(`0x${"c".repeat(40)}`);
    expect(Buffer.from(reading.results[1]!.value!.slice(2), "hex").toString()).to.equal(`${LONG}shop`);
    expect(reading.results[2]?.value).to.equal(null);
    expect(reading.status).to.include({ closest: "shop.hold", shardIndex: 0 });
    expect(verify(empty, [ADDR]).reading.status.closest).to.equal(null);
  });

  it("rejects a changed value, status, block or slot value", () => {
    const [first, ...rest] = shop.results;
    rejects({ ...shop, results: [{ ...first!, value: "0xdead" }, ...rest] }, /CONTRADICTION/);
    rejects({ ...shop, results: [{ ...first!, value: null }, ...rest] }, /CONTRADICTION/);
    rejects({ ...shop, status: { ...shop.status, shardIndex: 9 } }, /CONTRADICTION/);
    rejects({ ...shop, status: { ...shop.status, closest: null } }, /CONTRADICTION/);
    rejects({ ...shop, block: { ...shop.block, timestamp: shop.block.timestamp + 1n } }, /CONTRADICTION/);
    rejects({ ...shop, block: older.block }, /CONTRADICTION/);
    rejects(
      withStorage(shop, (storage) => storage.map((proof) => ({ ...proof, value: `0x${"01".repeat(32)}` }))),
      /CONTRADICTION/,
    );
  });

  it("rejects the proof of another name, block, slot or contract", async () => {
    const bank = await world.prove("bank.hold", texts);
    rejects({ ...shop, evidence: bank.evidence }, /WITHHELD|CONTRADICTION/);
    rejects({ ...shop, evidence: { ...older.evidence, header: shop.evidence.header } }, /INVALID/);
    rejects({ ...shop, evidence: { ...shop.evidence, header: older.evidence.header } }, /CONTRADICTION/);
    const [first, second] = shop.evidence.storage;
    rejects(
      withStorage(shop, () =>
        shop.evidence.storage.map((proof) =>
          proof === first ? { ...proof, nodes: second!.nodes, value: second!.value } : proof,
        ),
      ),
      /INVALID|CONTRADICTION/,
    );
    const other = { ...world.pinned, registry: chain.holdfast.controller.address };
    expect(() => verifyAnswer(other, shop, texts))
      .to.throw(BaseError)
      .with.property("code", "PROOF_INVALID");
    const recoded = { ...world.pinned, codeHash: `0x${"11".repeat(32)}` as const };
    expect(() => verifyAnswer(recoded, shop, texts))
      .to.throw(BaseError)
      .with.property("code", "PROOF_INVALID");
  });

  it("rejects withheld slots, and truncated, reordered and duplicated nodes", () => {
    rejects(
      withStorage(shop, (storage) => storage.slice(1)),
      /WITHHELD/,
    );
    rejects(
      withStorage(shop, () => []),
      /WITHHELD/,
    );
    const nodes = (change: (nodes: StorageProof["nodes"]) => StorageProof["nodes"]) =>
      withStorage(shop, (storage) => storage.map((proof) => ({ ...proof, nodes: change(proof.nodes) })));
    rejects(
      nodes((all) => all.slice(0, -1)),
      /INVALID/,
    );
    rejects(
      nodes((all) => all.slice(1)),
      /INVALID/,
    );
    rejects(
      nodes(() => []),
      /INVALID/,
    );
    rejects(
      nodes((all) => [...all, ...all]),
      /INVALID/,
    );
    rejects(
      nodes((all) => [...all, all.at(-1)!]),
      /INVALID/,
    );
    rejects(
      nodes((all) => [...all].reverse()),
      /INVALID|RLP/,
    );
    const account = { ...shop.evidence, account: shop.evidence.account.slice(0, -1) };
    rejects({ ...shop, evidence: account }, /INVALID/);
  });

  it("rejects an exclusion proof for a slot that exists", () => {
    const absent = shop.evidence.storage.find((proof) => BigInt(proof.value) === 0n)!;
    for (const target of shop.evidence.storage.filter((proof) => proof !== absent)) {
      const forged = withStorage(shop, (storage) =>
        storage.map((proof) => (proof === target ? { ...proof, value: absent.value, nodes: absent.nodes } : proof)),
      );
      rejects(forged, /INVALID|CONTRADICTION/);
    }
  });

  it("never accepts another reading, whatever is changed in the evidence", () => {
    const truth = JSON.stringify(verify(shop).reading, (_, value) => (typeof value === "bigint" ? `${value}` : value));
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom("node", "account", "header", "slot"),
        (which, at, bits, part) => {
          const flip = (hex: `0x${string}`) => {
            const bytes = Buffer.from(hex.slice(2), "hex");
            bytes[at % bytes.length]! ^= bits;
            return `0x${bytes.toString("hex")}` as const;
          };
          const evidence = structuredClone(shop.evidence) as Draft<ProvenAnswer["evidence"]>;
          const proof = evidence.storage[which % evidence.storage.length]!;
          if (part === "node") proof.nodes[which % proof.nodes.length] = flip(proof.nodes[which % proof.nodes.length]!);
          if (part === "slot") proof.slot = flip(proof.slot);
          if (part === "account")
            evidence.account[which % evidence.account.length] = flip(
              evidence.account[which % evidence.account.length]!,
            );
          if (part === "header") evidence.header = flip(evidence.header);
          try {
            const { reading } = verify({ ...shop, evidence });
            expect(JSON.stringify(reading, (_, value) => (typeof value === "bigint" ? `${value}` : value))).to.equal(
              truth,
            );
            // The evidence may hold slots that the answer does not depend on.
            expect(part).to.be.oneOf(["node", "slot"]);
          } catch (error) {
            if (!(error instanceof BaseError)) throw error;
            expect(error.code).to.match(/^(PROOF_|BYTES_)/);
          }
        },
      ),
    );
  });

  describe("createHeaderTrust", () => {
    const trustOf = (operators: Readonly<Record<number, string>>, quorum = 2) =>
      createHeaderTrust({
        domain: DOMAIN,
        quorum,
        attesterOf: (id) =>
          operators[id] === undefined
            ? undefined
            : {
                operator: operators[id] as `0x${string}`,
                signer: attesterAddress(id),
                active: operators[id] !== "0xretired",
              },
        recoverAddress: recoverAddressFast,
      });

    it("trusts a header that enough distinct operators attest, and no other", () => {
      const trust = trustOf({ 1: "0xaa", 2: "0xbb", 3: "0xbb" });
      const { block } = shop;
      trust.add(block, [attest(1, block)]);
      expect(trust.missing(block)).to.equal(1);
      trust.add(block, [attest(1, block), attest(1, block)]);
      expect(trust.isTrusted(block)).to.equal(false);
      trust.add(block, [attest(2, block)]);
      expect(trust.isTrusted(block)).to.equal(true);
      expect(trust.isTrusted(older.block)).to.equal(false);
    });

    it("never counts the same operator twice, strangers, the retired, or statements for another chain or contract", () => {
      const { block } = shop;
      const same = trustOf({ 2: "0xbb", 3: "0xbb" });
      same.add(block, [attest(2, block), attest(3, block)]);
      expect(same.missing(block)).to.equal(1);
      const trust = trustOf({ 1: "0xretired", 2: "0xbb", 3: "0xcc" });
      trust.add(block, [
        attest(1, block),
        attest(9, block),
        attest(2, block, { ...DOMAIN, chainId: 1 }),
        attest(2, block, { ...DOMAIN, directory: `0x${"00".repeat(20)}` }),
        attest(2, older.block),
        { ...attest(3, block), gatewayId: 2 },
        { gatewayId: 2, signature: "0x" },
      ]);
      expect(trust.missing(block)).to.equal(2);
    });
  });

  describe("recoverAddress", () => {
    it("returns the same in JavaScript and in WebAssembly, and nothing for what is no signature", () => {
      const digest = new Uint8Array(32).fill(7);
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 60, maxLength: 70 }), (signature) => {
          expect(recoverAddress(digest, signature)).to.equal(recoverAddressFast(digest, signature));
        }),
        { numRuns: 50 },
      );
      const { signature } = attest(1, shop.block);
      const bytes = Buffer.from(signature.slice(2), "hex");
      expect(recoverAddress(digest, bytes)).to.equal(recoverAddressFast(digest, bytes));
    });
  });
});
