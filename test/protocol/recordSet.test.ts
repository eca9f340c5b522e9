import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Hex } from "../../src/base/bytes.ts";
import { recoverAddress } from "../../src/proof/recoverAddress.ts";
import { isSignedByKey } from "../../src/proof/signedSet.ts";
import { placesOfCall, recordOfCall } from "../../src/protocol/offchainMessages.ts";
import { entryOfRecord, MalformedSetRecordError } from "../../src/protocol/offchainRecords.ts";
import { recordSetDigest } from "../../src/protocol/offchainSet.ts";
import { buildRecordTree, rootOf, spansKey } from "../../src/protocol/offchainTree.ts";

/** The contract is held against the same file, in test/contracts/offchain: vectors.test.ts and RecordSetVectors.t.sol. */
const VECTORS = JSON.parse(readFileSync(new URL("./recordSet.vectors.json", import.meta.url), "utf8"));

describe("record sets, by the vectors they share with the contract", () => {
  for (const { chainId, set: told, digest, signature } of VECTORS.sets) {
    const set = { ...told, epoch: BigInt(told.epoch), sequence: BigInt(told.sequence) };
    const domain = { chainId, resolver: VECTORS.resolver };
    const signed = { ...set, signer: VECTORS.signer, signature };
    const what = `chain ${chainId}, sequence ${set.sequence}`;

    it(`returns the digest and knows the signer: ${what}`, () => {
      expect(recordSetDigest(domain, set)).to.equal(digest);
      expect(isSignedByKey(domain, signed, recoverAddress)).to.equal(true);
    });

    it(`rejects a change of any field, of the domain and of the signature: ${what}`, () => {
      const other = (hex: Hex): Hex => `${hex.slice(0, -1)}${hex.endsWith("0") ? "1" : "0"}` as Hex;
      const nextTo = (value: number) => (value === 0 ? 1 : value - 1);
      const mutations: readonly object[] = [
        { node: other(set.node) },
        { epoch: set.epoch ^ 1n },
        { sequence: set.sequence ^ 1n },
        { validFrom: nextTo(set.validFrom) },
        { validUntil: nextTo(set.validUntil) },
        { root: other(set.root) },
        { signer: other(VECTORS.signer) },
        { signature: `${signature.slice(0, 40)}${signature[40] === "0" ? "1" : "0"}${signature.slice(41)}` },
        { signature: signature.slice(0, -2) },
        // v of 0 and 1, which the contract does not take.
        { signature: `${signature.slice(0, -2)}${signature.endsWith("1b") ? "00" : "01"}` },
      ];
      for (const mutation of mutations) {
        const changed = { ...signed, ...mutation };
        expect(isSignedByKey(domain, changed, recoverAddress), JSON.stringify(Object.keys(mutation))).to.equal(false);
      }
      expect(isSignedByKey({ ...domain, chainId: chainId + 1 }, signed, recoverAddress)).to.equal(false);
      expect(isSignedByKey({ ...domain, resolver: other(VECTORS.resolver) }, signed, recoverAddress)).to.equal(false);
    });
  }

  for (const { entries, root, leaves } of VECTORS.trees) {
    const tree = buildRecordTree(entries.toReversed());

    it(`builds the tree of ${entries.length} records, and shows each, or that there is none`, () => {
      expect(tree.root).to.equal(root);
      for (const { wanted, ...leaf } of leaves) {
        expect(tree.prove(wanted)).to.deep.equal(leaf);
        expect(rootOf(leaf)).to.equal(root);
        expect(spansKey(leaf, wanted)).to.equal(wanted !== leaf.key);
      }
    });

    it(`comes to another root when any field of a leaf changes: ${entries.length} records`, () => {
      const other = (hex: Hex): Hex => `${hex.slice(0, -1)}${hex.endsWith("0") ? "1" : "0"}` as Hex;
      for (const { wanted: _, ...leaf } of leaves) {
        const mutations: readonly object[] = [
          { key: other(leaf.key) },
          { nextKey: other(leaf.nextKey) },
          { value: other(leaf.value) },
          { proof: [...leaf.proof, root] },
          ...leaf.proof.map((hash: Hex, index: number) => ({ proof: leaf.proof.with(index, other(hash)) })),
        ];
        for (const mutation of mutations) expect(rootOf({ ...leaf, ...mutation })).to.not.equal(root);
      }
    });
  }

  it("returns the record that each resolver call reads", () => {
    for (const { call, kindWord, subkey } of VECTORS.calls) {
      expect(recordOfCall(call)).to.deep.equal({ kindWord: BigInt(kindWord), subkey });
    }
  });

  it("rejects addresses of EVM chains that are not 20 bytes, as the registry does, and takes those of other coins", () => {
    const entry = (coinType: bigint, byteCount: number) =>
      entryOfRecord("shop.hold", {
        name: "shop.hold",
        record: { kind: "addr", coinType },
        value: `0x${"ab".repeat(byteCount)}`,
      });
    for (const coinType of [60n, 0x80000000n, 0x80000001n, 0xffffffffn]) {
      expect(() => entry(coinType, 32)).to.throw(MalformedSetRecordError, "is no address");
      expect(entry(coinType, 20).key).to.match(/^0x/);
    }
    for (const coinType of [0n, 0x7fffffffn, 0x100000000n]) expect(entry(coinType, 32).key).to.match(/^0x/);
  });

  it("returns the places where a set may hold what each call reads, in the order in which they count", () => {
    for (const { setNode, nameNode, call, keys } of VECTORS.reads) {
      const places = placesOfCall(setNode, nameNode, call);
      expect(places.map(({ key }) => key)).to.deep.equal(keys);
      const ownCount = nameNode === setNode ? keys.length : keys.length / 2;
      expect(places.map(({ isWildcard }) => isWildcard)).to.deep.equal(
        keys.map((_: Hex, index: number) => index >= ownCount),
      );
    }
    // One name's addresses on EVM chains have two places, those of the others one; below it each has as many again.
    const counts = VECTORS.reads.map(({ keys }: { keys: readonly Hex[] }) => keys.length);
    expect(counts).to.deep.equal([2, 1, 1, 2, 1, 1, 2, 2, 1, 1, 1, 4, 2, 2, 4, 2, 2, 4, 4, 2, 2, 2]);
  });
});
