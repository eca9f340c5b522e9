/**
 * One contract's storage trie (EIP-1186 shape), in memory: a radix tree over hashed slots whose hashes are computed when
 * somebody asks, so that a block that writes a hundred slots rehashes their paths once, and a build rehashes nothing twice.
 *
 * Model: leaves carry (keccak256(slot), value); a branch sits at each depth where keys part and carries that depth, so
 * the Merkle-Patricia extension above it is implied by the distance to its parent. Zero values are absent, as in the EVM.
 */
import { assert } from "../../base/errors.ts";
import { keccak256 } from "../../base/keccak.ts";
import { Branches, KEY_NIBBLES, Leaves, RADIX, ROWS_MIN, WORD_BYTES } from "./arena.ts";
import { NodeWriter } from "./encoding.ts";

/** A contract's storage by hashed slot, with its root and proofs; wherever the slots lie. */
export interface SlotTrie {
  /** How many slots are not zero. */
  readonly slotCount: number;
  /** Bytes of memory held by the arrays. */
  readonly byteCount: number;
  /** A copy of the value under a hashed slot; `undefined` where it is zero. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** Sets the value under a hashed slot; zero takes it away. */
  set(key: Uint8Array, value: Uint8Array): void;
  root(): Uint8Array;
  /** The proof of a hashed slot, root first: of its value, or of its absence. */
  prove(key: Uint8Array): Uint8Array[];
}

/** Root of the trie that holds nothing: keccak256 of the empty string's RLP. */
export const EMPTY_ROOT: Uint8Array = keccak256(new Uint8Array([0x80]));

/** Prefixes by which hashes are computed in turns: `warm` takes a byte. */
export const WARM_PREFIXES = 256;
const WARM_NIBBLES = 2;

function isZero(value: Uint8Array): boolean {
  for (const byte of value) if (byte !== 0) return false;
  return true;
}

function nibbleOf(key: Uint8Array, depth: number): number {
  const byte = key[depth >> 1]!;
  return depth & 1 ? byte & 15 : byte >> 4;
}

/**
 * A storage trie.
 *
 * @example
 * ```ts
 * const trie = new StorageTrie();
 * trie.set(keccak256(slot), value);
 * trie.root(); // the account's storage root
 * trie.prove(keccak256(slot)); // the nodes of EIP-1186's storageProof
 * ```
 */
export class StorageTrie implements SlotTrie {
  readonly #leaves: Leaves;
  readonly #branches: Branches;
  readonly #writer = new NodeWriter();
  #top = 0;

  /** @param rowCount How many leaves and branches there is room for before the arrays grow. */
  constructor(rowCount = ROWS_MIN) {
    this.#leaves = new Leaves(rowCount);
    this.#branches = new Branches(rowCount);
  }

  get slotCount(): number {
    return this.#leaves.count;
  }

  get byteCount(): number {
    return this.#leaves.byteCount + this.#branches.byteCount;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const row = this.#find(key);
    return row === 0 ? undefined : this.#leaves.values.slice(row * WORD_BYTES, (row + 1) * WORD_BYTES);
  }

  set(key: Uint8Array, value: Uint8Array): void {
    assert(key.length === WORD_BYTES && value.length === WORD_BYTES, "a trie holds words of 32 bytes");
    if (isZero(value)) this.#remove(key);
    else this.#insert(key, value);
  }

  /**
   * Lets one leaf stand for several slots, all those under a prefix that no other leaf shares: `key` is any of theirs, `depth`
   * where they part first, `hash` that of the branch there.
   */
  bundle(key: Uint8Array, depth: number, hash: Uint8Array): void {
    this.#insert(key, hash);
    const row = this.#find(key);
    this.#leaves.bundleDepths[row] = depth;
  }

  /** The key of the leaf that shares most of its beginning with `key`; `undefined` in an empty trie. */
  nearestKey(key: Uint8Array): Uint8Array | undefined {
    if (this.#top === 0) return undefined;
    const path: number[] = [];
    const end = this.#descend(key, path);
    const leaf = end === 0 ? this.#anyLeaf(path.at(-1)!) : -end;
    return this.#leaves.keys.slice(leaf * WORD_BYTES, (leaf + 1) * WORD_BYTES);
  }

  /** The depth at which the keys part first; 64 where there are fewer than two. */
  get topDepth(): number {
    return this.#top > 0 ? this.#branches.depths[this.#top]! : KEY_NIBBLES;
  }

  /** Takes everything away and keeps the arrays. */
  clear(): void {
    this.#top = 0;
    this.#leaves.clear();
    this.#branches.clear();
  }

  /** Calls `visit` for every slot, in the order of hashed slots; the arrays are views, to be copied by whoever keeps them. */
  forEach(visit: (key: Uint8Array, value: Uint8Array) => void): void {
    const walk = (child: number): void => {
      if (child < 0) {
        const at = -child * WORD_BYTES;
        visit(this.#leaves.keys.subarray(at, at + WORD_BYTES), this.#leaves.values.subarray(at, at + WORD_BYTES));
        return;
      }
      for (let nibble = 0; nibble < RADIX; nibble += 1) {
        const next = this.#branches.children[child * RADIX + nibble]!;
        if (next !== 0) walk(next);
      }
    };
    if (this.#top !== 0) walk(this.#top);
  }

  /**
   * The storage root. Rehashes what was changed since it was last asked for. With a `depth`, which must always be the same, the hash
   * of what hangs there: all keys are equal in their first `depth` nibbles.
   */
  root(depth = 0): Uint8Array {
    if (this.#top === 0) return EMPTY_ROOT;
    this.#refresh(this.#top, depth);
    const [references, sizes, row] = this.#referenceOf(this.#top);
    const at = row * WORD_BYTES;
    const reference = references.slice(at, at + sizes[row]!);
    return reference.length === WORD_BYTES ? reference : keccak256(reference);
  }

  /**
   * The proof of a hashed slot, root first: of its value, or of its absence. Nodes shorter than a hash lie inside their parents.
   *
   * @param from Depth as for `root`.
   * @param proveInside Goes on below a bundle's hash, from the depth given.
   */
  prove(key: Uint8Array, from = 0, proveInside?: (depth: number) => Uint8Array[]): Uint8Array[] {
    if (this.#top === 0) return [new Uint8Array([0x80])];
    this.#refresh(this.#top, from);
    const nodes: Uint8Array[] = [];
    const keep = (node: Uint8Array) => {
      if (node.length >= WORD_BYTES || nodes.length === 0) nodes.push(node.slice());
    };
    let child = this.#top;
    let depth = from;
    while (child > 0) {
      const branchDepth = this.#branches.depths[child]!;
      if (branchDepth > depth) {
        const body = this.#encodeBranch(child);
        const reference = body.length < WORD_BYTES ? body.slice() : keccak256(body);
        const leaf = this.#anyLeaf(child);
        keep(this.#encodeExtension(leaf, depth, branchDepth, reference));
        if (this.#partingDepth(leaf, key, depth) < branchDepth) return nodes;
      }
      keep(this.#encodeBranch(child));
      child = this.#branches.children[child * RADIX + nibbleOf(key, branchDepth)]!;
      depth = branchDepth + 1;
    }
    if (child === 0) return nodes;
    const inside = this.#leaves.bundleDepths[-child]!;
    if (inside !== depth || inside === 0) keep(this.#encodeLeaf(-child, depth));
    const isInside = inside !== 0 && this.#partingDepth(-child, key, depth) >= inside;
    return isInside && proveInside ? [...nodes, ...proveInside(inside)] : nodes;
  }

  /**
   * Computes the hashes below one of the 256 prefixes of a byte, so that whoever has them all computed in turns finds `root` and
   * `prove` with little left to do.
   */
  warm(prefix: number): void {
    const nibbles = Uint8Array.of(prefix);
    let child = this.#top;
    let depth = 0;
    while (child > 0 && this.#branches.depths[child]! < WARM_NIBBLES) {
      const branchDepth = this.#branches.depths[child]!;
      child = this.#branches.children[child * RADIX + nibbleOf(nibbles, branchDepth)]!;
      depth = branchDepth + 1;
    }
    if (child !== 0) this.#refresh(child, depth);
  }

  #find(key: Uint8Array): number {
    let child = this.#top;
    while (child > 0) child = this.#branches.children[child * RADIX + nibbleOf(key, this.#branches.depths[child]!)]!;
    if (child === 0) return 0;
    return this.#partingDepth(-child, key, 0) === KEY_NIBBLES ? -child : 0;
  }

  /** The first nibble, from `from` on, in which a leaf's key and `key` differ; 64 where they are equal. */
  #partingDepth(leaf: number, key: Uint8Array, from: number): number {
    const { keys } = this.#leaves;
    const at = leaf * WORD_BYTES;
    for (let index = from >> 1; index < WORD_BYTES; index += 1) {
      const difference = keys[at + index]! ^ key[index]!;
      if (difference !== 0) {
        const depth = index * 2 + (difference < 16 ? 1 : 0);
        // An odd `from` starts inside a byte; its first nibble is known to be equal or of no interest.
        if (depth >= from) return depth;
        if ((difference & 15) !== 0) return depth + 1;
      }
    }
    return KEY_NIBBLES;
  }

  #anyLeaf(child: number): number {
    let current = child;
    while (current > 0) {
      let at = current * RADIX;
      while (this.#branches.children[at] === 0) at += 1;
      current = this.#branches.children[at]!;
    }
    return -current;
  }

  /** Branch rows on the way to `key`, and the child the way ends at. */
  #descend(key: Uint8Array, path: number[]): number {
    let child = this.#top;
    while (child > 0) {
      path.push(child);
      child = this.#branches.children[child * RADIX + nibbleOf(key, this.#branches.depths[child]!)]!;
    }
    return child;
  }

  #link(parent: number | undefined, key: Uint8Array, child: number): void {
    if (parent === undefined) this.#top = child;
    else this.#branches.children[parent * RADIX + nibbleOf(key, this.#branches.depths[parent]!)] = child;
  }

  #touch(path: readonly number[]): void {
    for (const branch of path) this.#branches.referenceBytes[branch] = 0;
  }

  #insert(key: Uint8Array, value: Uint8Array): void {
    if (this.#top === 0) {
      this.#top = -this.#leaves.add(key, value);
      return;
    }
    const path: number[] = [];
    const end = this.#descend(key, path);
    const near = end === 0 ? this.#anyLeaf(path.at(-1)!) : -end;
    const parting = this.#partingDepth(near, key, 0);
    if (parting === KEY_NIBBLES) {
      this.#leaves.values.set(value, near * WORD_BYTES);
      this.#leaves.referenceBytes[near] = 0;
      this.#leaves.bundleDepths[near] = 0;
      this.#touch(path);
      return;
    }
    // Branches below the parting depth hold keys that differ from this one: the new branch goes above them.
    while (path.length > 0 && this.#branches.depths[path.at(-1)!]! > parting) path.pop();
    this.#touch(path);
    const leaf = -this.#leaves.add(key, value);
    const parent = path.at(-1);
    if (parent !== undefined && this.#branches.depths[parent] === parting) {
      this.#link(parent, key, leaf);
      return;
    }
    const below = parent === undefined ? this.#top : this.#childOf(parent, key);
    const branch = this.#branches.add(parting);
    this.#branches.children[branch * RADIX + nibbleOf(key, parting)] = leaf;
    this.#branches.children[branch * RADIX + this.#leaves.nibble(near, parting)] = below;
    this.#soil(below);
    this.#link(parent, key, branch);
  }

  #remove(key: Uint8Array): void {
    const path: number[] = [];
    const end = this.#descend(key, path);
    if (end === 0 || this.#partingDepth(-end, key, 0) !== KEY_NIBBLES) return;
    this.#touch(path);
    this.#leaves.release(-end);
    const branch = path.pop();
    this.#link(branch, key, 0);
    if (branch === undefined) return;
    const only = this.#onlyChild(branch);
    if (only === 0) return;
    // A branch with one child left is no branch: the child moves up and its path grows by the distance.
    this.#soil(only);
    this.#link(path.at(-1), key, only);
    this.#branches.release(branch);
  }

  #childOf(branch: number, key: Uint8Array): number {
    return this.#branches.children[branch * RADIX + nibbleOf(key, this.#branches.depths[branch]!)]!;
  }

  #onlyChild(branch: number): number {
    let only = 0;
    for (let at = branch * RADIX; at < (branch + 1) * RADIX; at += 1) {
      const child = this.#branches.children[at]!;
      if (child === 0) continue;
      if (only !== 0) return 0;
      only = child;
    }
    return only;
  }

  /** Forgets a child's reference, which depends on how far below its parent it stands. */
  #soil(child: number): void {
    if (child > 0) this.#branches.referenceBytes[child] = 0;
    else this.#leaves.referenceBytes[-child] = 0;
  }

  #referenceOf(child: number): [Uint8Array, Uint8Array, number] {
    return child > 0
      ? [this.#branches.references, this.#branches.referenceBytes, child]
      : [this.#leaves.references, this.#leaves.referenceBytes, -child];
  }

  /** Makes the references at and below `child` valid; `depth` is where its own path begins. */
  #refresh(child: number, depth: number): void {
    if (child < 0) {
      if (this.#leaves.referenceBytes[-child] !== 0) return;
      const at = -child * WORD_BYTES;
      const isDirect = depth !== 0 && this.#leaves.bundleDepths[-child] === depth;
      if (isDirect) {
        this.#leaves.references.set(this.#leaves.values.subarray(at, at + WORD_BYTES), at);
        this.#leaves.referenceBytes[-child] = WORD_BYTES;
      } else this.#store(child, this.#encodeLeaf(-child, depth));
      return;
    }
    if (this.#branches.referenceBytes[child] !== 0) return;
    const branchDepth = this.#branches.depths[child]!;
    for (let at = child * RADIX; at < (child + 1) * RADIX; at += 1) {
      const next = this.#branches.children[at]!;
      if (next !== 0) this.#refresh(next, branchDepth + 1);
    }
    const body = this.#encodeBranch(child);
    if (branchDepth === depth) {
      this.#store(child, body);
      return;
    }
    const reference = body.length < WORD_BYTES ? body.slice() : keccak256(body);
    this.#store(child, this.#encodeExtension(this.#anyLeaf(child), depth, branchDepth, reference));
  }

  #store(child: number, node: Uint8Array): void {
    const reference = node.length < WORD_BYTES ? node : keccak256(node);
    const [references, sizes, row] = this.#referenceOf(child);
    references.set(reference, row * WORD_BYTES);
    sizes[row] = reference.length;
  }

  #encodeLeaf(leaf: number, depth: number): Uint8Array {
    const inside = this.#leaves.bundleDepths[leaf]!;
    if (inside !== 0) {
      const hash = this.#leaves.values.slice(leaf * WORD_BYTES, (leaf + 1) * WORD_BYTES);
      return this.#encodeExtension(leaf, depth, inside, hash);
    }
    this.#writer.begin();
    this.#writer.path(this.#leaves.keys, leaf * WORD_BYTES, depth, KEY_NIBBLES, true);
    this.#writer.value(this.#leaves.values, leaf * WORD_BYTES);
    return this.#writer.node();
  }

  #encodeExtension(leaf: number, from: number, to: number, reference: Uint8Array): Uint8Array {
    this.#writer.begin();
    this.#writer.path(this.#leaves.keys, leaf * WORD_BYTES, from, to, false);
    this.#writer.reference(reference, 0, reference.length);
    return this.#writer.node();
  }

  #encodeBranch(branch: number): Uint8Array {
    this.#writer.begin();
    for (let at = branch * RADIX; at < (branch + 1) * RADIX; at += 1) {
      const child = this.#branches.children[at]!;
      if (child === 0) {
        this.#writer.empty();
        continue;
      }
      const [references, sizes, row] = this.#referenceOf(child);
      this.#writer.reference(references, row * WORD_BYTES, sizes[row]!);
    }
    this.#writer.empty();
    return this.#writer.node();
  }
}
