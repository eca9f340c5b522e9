import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { keccak256 } from "../../src/base/keccak.ts";
import { silentLog } from "../../src/base/log.ts";
import { verifySlot } from "../../src/proof/account.ts";
import { ShelvedTrie, type SlotShelf } from "../../src/replica/trie/shelvedTrie.ts";
import { StorageTrie } from "../../src/replica/trie/storageTrie.ts";
import { openSynthetic } from "../support/gateway/synthetic.ts";

const RUNS = Number(process.env.FC_NUM_RUNS ?? 30);

function word(index: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, index);
  return bytes;
}
const keyOf = (index: number) => keccak256(word(index));

/** A shelf over a map, as the store is one over a table. */
function shelfOf(slots: Map<number, Uint8Array>): SlotShelf & { reads: number } {
  const sorted = () =>
    [...slots].map(([index, value]) => [keyOf(index), value] as const).sort(([a], [b]) => Buffer.compare(a, b));
  const shelf = {
    reads: 0,
    slot: (key: Uint8Array) => sorted().find(([each]) => Buffer.compare(each, key) === 0)?.[1],
    countSlots: () => slots.size,
    forEachSlot(visit: (key: Uint8Array, value: Uint8Array) => void) {
      for (const [key, value] of sorted()) visit(key, value);
    },
    forEachSlotFrom(from: Uint8Array, end: Uint8Array, visit: (key: Uint8Array, value: Uint8Array) => void) {
      shelf.reads += 1;
      for (const [key, value] of sorted()) {
        if (Buffer.compare(key, from) >= 0 && Buffer.compare(key, end) < 0) visit(key, value);
      }
    },
  };
  return shelf;
}

describe("ShelvedTrie", () => {
  it("keeps the root and gives the proofs of a trie in memory, through any course of blocks", () => {
    const block = fc.array(fc.tuple(fc.nat(1_500), fc.nat(3)), { maxLength: 60 });
    fc.assert(
      fc.property(fc.nat(1_500), fc.array(block, { maxLength: 5 }), (first, blocks) => {
        const slots = new Map(Array.from({ length: first }, (_, index) => [index, word(index + 1)] as const));
        const shelved = new ShelvedTrie(shelfOf(slots));
        const whole = new StorageTrie();
        for (const [index, value] of slots) whole.set(keyOf(index), value);
        shelved.load();
        for (const [number, writes] of blocks.entries()) {
          for (const [index] of writes) shelved.hold(keyOf(index));
          // The store is at the new block before the trie is; proofs are still of the old one.
          const before = toHex(whole.root());
          for (const [index, value] of writes) {
            if (value === 0) slots.delete(index);
            else slots.set(index, word(value));
          }
          expect(toHex(shelved.root())).to.equal(before);
          for (const index of [0, first, ...writes.map(([each]) => each)].slice(0, 8)) {
            expect(shelved.prove(keyOf(index)).map(toHex)).to.deep.equal(whole.prove(keyOf(index)).map(toHex));
          }
          for (const [index, value] of writes) {
            shelved.set(keyOf(index), word(value));
            whole.set(keyOf(index), word(value));
          }
          expect(toHex(shelved.root())).to.equal(toHex(whole.root()));
          expect(shelved.slotCount).to.equal(whole.slotCount);
          if (number % 2 === 1) shelved.settle();
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("proves presence and absence to a verifier, reading one bucket each", () => {
    const slots = new Map(Array.from({ length: 5_000 }, (_, index) => [index, word(index + 1)] as const));
    const shelf = shelfOf(slots);
    const trie = new ShelvedTrie(shelf);
    const root = trie.root();
    for (const index of [0, 17, 4_999, 5_000, 70_000]) {
      const value = verifySlot(root, toHex(word(index)), trie.prove(keyOf(index)));
      expect(toHex(value)).to.equal(toHex(index < 5_000 ? word(index + 1) : word(0)));
    }
    expect(shelf.reads).to.be.at.most(5);
  });
});

describe("Replica with isPartition", function () {
  this.timeout(20_000);

  it("holds the same storage in a small part of the memory, after a restart too", async () => {
    const NAMES = 3_000;
    const folder = mkdtempSync(join(tmpdir(), "holdfast-partition-"));
    const path = join(folder, "replica.db");
    try {
      const first = openSynthetic(path, NAMES, systemClock, silentLog);
      await first.step();
      const wholeBytes = first.storageBytes;
      const { slotCount, head } = first;
      await first.stop();
      const part = openSynthetic(path, NAMES, systemClock, silentLog, { isPartition: true });
      expect(part.slotCount).to.equal(slotCount);
      expect(part.head?.number).to.equal(head?.number);
      expect(part.storageBytes).to.be.below(wholeBytes / 5);
      const resident = new StorageTrie();
      part.store.forEachSlot((key, value) => resident.set(key, value));
      expect(keccak256(part.prove(keyOf(1))[0]!)).to.deep.equal(resident.root());
      await part.stop();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
