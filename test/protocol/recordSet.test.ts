import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Hex } from "../../src/base/bytes.ts";
import { recoverAddress } from "../../src/proof/recoverAddress.ts";
import { isSignedByKey } from "../../src/proof/signedSet.ts";
import { recordOfCall } from "../../src/protocol/offchainMessages.ts";
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
});
