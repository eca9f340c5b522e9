import { createMPT, type MerklePatriciaTrie, verifyMerkleProof } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import { expect } from "chai";
import fc from "fast-check";
import { concatBytes, toHex, utf8Bytes } from "../../src/base/bytes.ts";
import { keccak256 } from "../../src/base/keccak.ts";
import { seededRandom } from "../../src/base/random.ts";
import { EMPTY_ROOT, StorageTrie, WARM_PREFIXES } from "../../src/replica/trie/storageTrie.ts";

function word(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex");
}

/** What the value looks like inside a trie: RLP without leading zeros. */
function inner(value: Uint8Array): Uint8Array {
  const start = value.findIndex((byte) => byte !== 0);
  return RLP.encode(value.subarray(start === -1 ? 32 : start));
}

async function setBoth(ours: StorageTrie, theirs: MerklePatriciaTrie, key: Uint8Array, value: Uint8Array) {
  ours.set(key, value);
  if (value.every((byte) => byte === 0)) await theirs.del(key);
  else await theirs.put(key, inner(value));
}

/** Keys that share long prefixes, so that extensions and nodes shorter than a hash occur. */
const crowdedKey = fc
  .tuple(fc.constantFrom(0, 6, 20, 31), fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }))
  .map(([at, first, second]) => {
    const key = new Uint8Array(32).fill(0x11);
    key[at] = first * 16 + second;
    return key;
  });
const value = fc.oneof(fc.constantFrom(0n, 1n, 0x7fn, 0x80n), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })).map(word);

describe("StorageTrie", () => {
  it("returns the empty root while it holds nothing", () => {
    expect(toHex(new StorageTrie().root())).to.equal(toHex(EMPTY_ROOT));
    expect(toHex(EMPTY_ROOT)).to.equal("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
  });

  it("returns the roots of another implementation, whatever is set and taken away", async () => {
    const steps = fc.array(fc.tuple(crowdedKey, value), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const ours = new StorageTrie();
        const theirs = await createMPT();
        for (const [key, to] of list) {
          await setBoth(ours, theirs, key, to);
          expect(toHex(ours.root())).to.equal(toHex(theirs.root()));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("returns proofs that another implementation accepts, of values and of absence", async () => {
    const steps = fc.array(fc.tuple(crowdedKey, value), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(steps, crowdedKey, async (list, asked) => {
        const ours = new StorageTrie();
        const theirs = await createMPT();
        for (const [key, to] of list) await setBoth(ours, theirs, key, to);
        if (ours.slotCount === 0) return;
        const proven = await verifyMerkleProof(asked, ours.prove(asked), { root: ours.root() } as never);
        const held = ours.get(asked);
        expect(proven === null ? null : toHex(proven)).to.equal(held === undefined ? null : toHex(inner(held)));
      }),
      { numRuns: 60 },
    );
  });

  it("returns the same root for many random slots, in any order, after half were taken away", async () => {
    const random = seededRandom(7, "storage trie");
    const pairs = Array.from({ length: 3_000 }, (_, index) => {
      const key = keccak256(utf8Bytes(`slot ${index}`));
      return [key, concatBytes(new Uint8Array(16), random.bytes(16))] as const;
    });
    const all = new StorageTrie();
    for (const [key, to] of pairs) all.set(key, to);
    all.root();
    for (const [key] of pairs.slice(1_500)) all.set(key, new Uint8Array(32));
    const half = new StorageTrie();
    const theirs = await createMPT();
    for (const [key, to] of pairs.slice(0, 1_500).reverse()) await setBoth(half, theirs, key, to);
    expect(toHex(all.root())).to.equal(toHex(half.root()));
    expect(toHex(all.root())).to.equal(toHex(theirs.root()));
    expect(all.slotCount).to.equal(1_500);
    let previous = "";
    all.forEach((key) => {
      expect(toHex(key) > previous).to.equal(true);
      previous = toHex(key);
    });
  });

  it("returns the same root and proofs when hashes were computed in turns, with changes in between", async () => {
    const pairs = fc.array(fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), value), { maxLength: 300 });
    const crowded = fc.array(fc.tuple(crowdedKey, value), { maxLength: 30 });
    await fc.assert(
      fc.property(pairs, crowded, fc.uint8Array({ maxLength: 300 }), (random, near, prefixes) => {
        const warmed = new StorageTrie();
        const plain = new StorageTrie();
        for (const [index, [key, to]] of [...near, ...random].entries()) {
          warmed.set(key, to);
          plain.set(key, to);
          warmed.warm(prefixes[index] ?? key[0]!);
        }
        for (let prefix = 0; prefix < WARM_PREFIXES; prefix += 1) warmed.warm(prefix);
        expect(toHex(warmed.root())).to.equal(toHex(plain.root()));
        for (const [key] of near) expect(warmed.prove(key).map(toHex)).to.eql(plain.prove(key).map(toHex));
      }),
      { numRuns: 40 },
    );
  });
});
