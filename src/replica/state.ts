/**
 * The registry's storage in memory, at two blocks at once: the trie holds it at the base block, which is the last checkpoint,
 * so that proofs can be given for a block that other gateways give them for; the overlay holds what changed since, up to the head.
 */
import { assert } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import { hashedSlotOf, type SlotKey, slotKeyOf } from "./store/store.ts";
import { ShelvedTrie, type SlotShelf } from "./trie/shelvedTrie.ts";
import { type SlotTrie, StorageTrie } from "./trie/storageTrie.ts";

const ZERO = new Uint8Array(32);
/** Below this, all hashes take some ten milliseconds. */
const WARM_SLOTS_MIN = 10_000;

export class SlotState {
  readonly #shelf: SlotShelf | undefined;
  readonly #overlay = new Map<SlotKey, Uint8Array>();
  #trie: SlotTrie;

  /** @param shelf The store that keeps the slots, which are then held in memory no longer than needed. */
  constructor(shelf?: SlotShelf) {
    this.#shelf = shelf;
    this.#trie = this.#emptyTrie();
  }

  get trie(): SlotTrie {
    return this.#trie;
  }

  /** Values changed since the base. */
  get overlayCount(): number {
    return this.#overlay.size;
  }

  /** The value at the head. */
  read(slot: Uint8Array): Uint8Array {
    const hashed = keccak256(slot);
    if (this.#overlay.size === 0) return this.trie.get(hashed) ?? ZERO;
    return this.#overlay.get(slotKeyOf(hashed)) ?? this.trie.get(hashed) ?? ZERO;
  }

  /** The value at the base. */
  readAtBase(slot: Uint8Array): Uint8Array {
    return this.trie.get(keccak256(slot)) ?? ZERO;
  }

  /** The value at the head under a hashed slot; `undefined` for zero. */
  valueOf(key: SlotKey): Uint8Array | undefined {
    const value = this.#overlay.get(key) ?? this.trie.get(hashedSlotOf(key));
    return value === undefined || value.every((byte) => byte === 0) ? undefined : value;
  }

  /** Takes in what the store holds: the base is its head. */
  load(forEachSlot: SlotShelf["forEachSlot"]): void {
    if (this.#trie instanceof ShelvedTrie) this.#trie.load();
    else forEachSlot((key, value) => this.#trie.set(key, value));
  }

  /**
   * Computes a part of the hashes that the first root or proof needs; 256 parts are all. True where that was work worth
   * spreading out.
   */
  warm(part: number): boolean {
    if (!(this.#trie instanceof StorageTrie) || this.#trie.slotCount < WARM_SLOTS_MIN) return false;
    this.#trie.warm(part);
    return true;
  }

  /** To be called before the store's value of a hashed slot moves. */
  hold(key: SlotKey): void {
    if (this.#trie instanceof ShelvedTrie) this.#trie.hold(hashedSlotOf(key));
  }

  /** To be called when the base is at the head for good. */
  settle(): void {
    assert(this.#overlay.size === 0, "the base is at the head");
    if (this.#trie instanceof ShelvedTrie) this.#trie.settle();
  }

  /** Forgets everything; the store holds nothing either. */
  clear(): void {
    this.#overlay.clear();
    this.#trie = this.#emptyTrie();
  }

  #emptyTrie(): SlotTrie {
    return this.#shelf === undefined ? new StorageTrie() : new ShelvedTrie(this.#shelf);
  }

  /** Moves the head: new values by hashed slot, `undefined` or zeros for none. */
  apply(writes: Iterable<readonly [SlotKey, Uint8Array | undefined]>): void {
    for (const [key, value] of writes) this.#overlay.set(key, value ?? ZERO);
  }

  /** Moves head and base, where both are at one block and stay so. */
  applyToBase(writes: Iterable<readonly [SlotKey, Uint8Array | undefined]>): void {
    if (this.#overlay.size > 0) {
      this.apply(writes);
      this.fold();
    } else {
      this.setBase(writes);
    }
    this.settle();
  }

  /** Moves the base up to the head. Returns what the base held before, for `unfold`. */
  fold(): ReadonlyMap<SlotKey, Uint8Array> {
    const before = new Map<SlotKey, Uint8Array>();
    for (const [key, value] of this.#overlay) {
      const hashed = hashedSlotOf(key);
      before.set(key, this.trie.get(hashed) ?? ZERO);
      this.trie.set(hashed, value);
    }
    this.#overlay.clear();
    return before;
  }

  /** Takes a `fold` back: the base moves down, the head stays. Only right after it. */
  unfold(before: ReadonlyMap<SlotKey, Uint8Array>): void {
    for (const [key, value] of before) {
      const hashed = hashedSlotOf(key);
      this.#overlay.set(key, this.trie.get(hashed) ?? ZERO);
      this.trie.set(hashed, value);
    }
  }

  /** Sets values of the base itself, below the overlay. */
  setBase(writes: Iterable<readonly [SlotKey, Uint8Array | undefined]>): void {
    for (const [key, value] of writes) this.trie.set(hashedSlotOf(key), value ?? ZERO);
  }
}
