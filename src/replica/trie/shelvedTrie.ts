/**
 * A storage trie whose slots stay in the store. Memory holds one hash for every few dozen of them, so that the whole root can still
 * be held against the chain's and every slot proven; the slots below a hash are read again when one of them is asked for.
 *
 * Model: slots with the same first nibbles form a bucket. The crown is a trie in which each bucket is one leaf: a slot where it holds
 * one, a bundle where it holds more. A bucket is open, its slots in memory, from `hold` or `set` until `settle`.
 *
 * The store runs ahead of the trie: it holds the head, the trie the last checkpoint. So a slot's bucket must be held before the
 * store's value of the slot moves, and may be settled only when both are at the same block. Until the first root or proof is asked for
 * there is no crown, and the trie is what the store holds.
 */
import { assert } from "../../base/errors.ts";
import { KEY_NIBBLES, WORD_BYTES } from "./arena.ts";
import { type SlotTrie, StorageTrie } from "./storageTrie.ts";

/** Where the slots lie, by hashed slot. */
export interface SlotShelf {
  slot(key: Uint8Array): Uint8Array | undefined;
  countSlots(): number;
  forEachSlot(visit: (key: Uint8Array, value: Uint8Array) => void): void;
  forEachSlotFrom(from: Uint8Array, end: Uint8Array, visit: (key: Uint8Array, value: Uint8Array) => void): void;
}

/** Slots that a bucket holds on average, at most. */
const BUCKET_SLOTS_MAX = 48;
/** A million buckets, for fifty million slots. */
const PREFIX_NIBBLES_MAX = 5;
const BUCKET_ROWS = 64;

/** The first nibbles of a hashed slot as a number. */
function prefixOf(key: Uint8Array, nibbleCount: number): number {
  return ((key[0]! << 16) | (key[1]! << 8) | key[2]!) >>> (24 - 4 * nibbleCount);
}

/** The lowest hashed slot with a prefix; that of the next prefix ends the bucket. */
function lowestKey(prefix: number, nibbleCount: number): Uint8Array {
  const number = prefix * 2 ** (24 - 4 * nibbleCount);
  // The end of the last bucket is above every key.
  return number >= 2 ** 24
    ? new Uint8Array(WORD_BYTES + 1).fill(255)
    : Uint8Array.of(number >> 16, number >> 8, number);
}

export class ShelvedTrie implements SlotTrie {
  readonly #shelf: SlotShelf;
  readonly #crown = new StorageTrie();
  readonly #open = new Map<number, StorageTrie>();
  /** Buckets whose hash in the crown is no longer theirs. */
  readonly #changed = new Set<number>();
  /** Slots of each bucket, as the crown has it. */
  #counts: Uint32Array | undefined;
  #nibbleCount = 1;
  #slotCount = 0;
  /** Buckets read for one proof only, built in here. */
  readonly #guest = new StorageTrie(BUCKET_ROWS);

  constructor(shelf: SlotShelf) {
    this.#shelf = shelf;
  }

  get slotCount(): number {
    return this.#counts === undefined ? this.#shelf.countSlots() : this.#slotCount;
  }

  get byteCount(): number {
    let byteCount = this.#crown.byteCount + this.#guest.byteCount + (this.#counts?.byteLength ?? 0);
    for (const bucket of this.#open.values()) byteCount += bucket.byteCount;
    return byteCount;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const bucket = this.#open.get(prefixOf(key, this.#nibbleCount));
    return bucket === undefined ? this.#shelf.slot(key) : bucket.get(key);
  }

  set(key: Uint8Array, value: Uint8Array): void {
    if (this.#counts === undefined) return;
    const prefix = prefixOf(key, this.#nibbleCount);
    this.#openBucket(prefix).set(key, value);
    this.#changed.add(prefix);
  }

  /** Opens the bucket of a slot whose value in the store is about to move away from the trie's. */
  hold(key: Uint8Array): void {
    if (this.#counts !== undefined) this.#openBucket(prefixOf(key, this.#nibbleCount));
  }

  /** Closes all buckets. The store must be where the trie is. */
  settle(): void {
    if (this.#counts === undefined) return;
    this.#rehash();
    this.#open.clear();
  }

  root(): Uint8Array {
    this.#rehash();
    return this.#crown.root();
  }

  prove(key: Uint8Array): Uint8Array[] {
    this.#rehash();
    return this.#crown.prove(key, 0, (depth) => {
      const prefix = prefixOf(key, this.#nibbleCount);
      return (this.#open.get(prefix) ?? this.#read(prefix, this.#guest)).prove(key, depth);
    });
  }

  /** Reads the whole store once and builds the crown; the first root or proof does so if nobody did before. */
  load(): void {
    const slotCount = this.#shelf.countSlots();
    let nibbleCount = 1;
    while (nibbleCount < PREFIX_NIBBLES_MAX && slotCount > BUCKET_SLOTS_MAX * 16 ** nibbleCount) nibbleCount += 1;
    this.#nibbleCount = nibbleCount;
    this.#counts = new Uint32Array(16 ** nibbleCount);
    let current = -1;
    const finish = () => {
      if (current !== -1) this.#crowned(current, this.#guest);
      this.#guest.clear();
    };
    this.#shelf.forEachSlot((key, value) => {
      const prefix = prefixOf(key, nibbleCount);
      if (prefix !== current) finish();
      current = prefix;
      this.#guest.set(key, value);
    });
    finish();
  }

  #openBucket(prefix: number): StorageTrie {
    const known = this.#open.get(prefix);
    if (known !== undefined) return known;
    const bucket = this.#read(prefix, new StorageTrie(BUCKET_ROWS));
    this.#open.set(prefix, bucket);
    return bucket;
  }

  #read(prefix: number, into: StorageTrie): StorageTrie {
    const [from, end] = [lowestKey(prefix, this.#nibbleCount), lowestKey(prefix + 1, this.#nibbleCount)];
    into.clear();
    this.#shelf.forEachSlotFrom(from, end, (key, value) => into.set(key, value));
    return into;
  }

  #rehash(): void {
    if (this.#counts === undefined) this.load();
    for (const prefix of this.#changed) {
      const former = this.#crown.nearestKey(lowestWord(prefix, this.#nibbleCount));
      if (former !== undefined && prefixOf(former, this.#nibbleCount) === prefix) {
        this.#crown.set(former, new Uint8Array(WORD_BYTES));
      }
      this.#crowned(prefix, this.#open.get(prefix)!);
    }
    this.#changed.clear();
  }

  /** Puts a bucket's hash, or its only slot, into the crown. */
  #crowned(prefix: number, bucket: StorageTrie): void {
    const counts = this.#counts!;
    this.#slotCount += bucket.slotCount - counts[prefix]!;
    counts[prefix] = bucket.slotCount;
    const key = bucket.nearestKey(new Uint8Array(WORD_BYTES));
    if (key === undefined) return;
    const depth = bucket.topDepth;
    if (depth === KEY_NIBBLES) {
      this.#crown.set(key, bucket.get(key)!);
      return;
    }
    const hash = bucket.root(depth);
    // A branch shorter than its hash would take keys that share forty nibbles, each a hash itself.
    assert(hash.length === WORD_BYTES, "a bucket's branch is as long as a hash");
    this.#crown.bundle(key, depth, hash);
  }
}

/** `lowestKey` as a whole word. */
function lowestWord(prefix: number, nibbleCount: number): Uint8Array {
  const word = new Uint8Array(WORD_BYTES);
  word.set(lowestKey(prefix, nibbleCount));
  return word;
}
