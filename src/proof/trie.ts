/**
 * Merkle-Patricia proofs (EIP-1186): that a key has a value in the trie of a root, or that it has none. The nodes must be
 * exactly those on the key's way down, in order, with none left over.
 */
import { equalBytes } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import { itemStarts, MalformedRlpError, readItem, stringOf } from "./rlp.ts";

export class InvalidProofError extends BaseError {
  override readonly name = "Proof.InvalidProofError";
  constructor(reason: string) {
    super("PROOF_INVALID", `The proof does not hold: ${reason}.`);
  }
}

/** keccak256 of the empty byte string's RLP: the root of a trie without keys. */
const EMPTY_ROOT = keccak256(Uint8Array.of(0x80));
const BRANCH_ITEMS = 17;
/** A full branch has 532 bytes, a leaf of the state trie less. */
const NODE_BYTES_MAX = 4_096;

/**
 * The hash of a node. Proofs of one answer share their upper nodes, so a caller may remember hashes by the object it hands
 * in.
 */
export type HashNode = (node: Uint8Array) => Uint8Array;

function nibbleAt(key: Uint8Array, index: number): number {
  const byte = key[index >> 1]!;
  return (index & 1) === 0 ? byte >> 4 : byte & 15;
}

/** How many nibbles of a compact path (Yellow Paper, appendix C) match the key from `depth` on; -1 unless all do. */
function matchPath(
  path: Uint8Array,
  key: Uint8Array,
  depth: number,
): { readonly length: number; readonly matches: boolean; readonly isLeaf: boolean } {
  const flag = path[0];
  if (flag === undefined || flag >> 4 > 3) throw new InvalidProofError("a path without its flag");
  const isOdd = (flag & 0x10) !== 0;
  if (!isOdd && (flag & 15) !== 0) throw new InvalidProofError("a path with a padding that is not zero");
  const length = (path.length - 1) * 2 + (isOdd ? 1 : 0);
  const isLeaf = (flag & 0x20) !== 0;
  if (depth + length > key.length * 2) return { length, matches: false, isLeaf };
  for (let index = 0; index < length; index += 1) {
    if (nibbleAt(path, index + (isOdd ? 1 : 2)) !== nibbleAt(key, depth + index))
      return { length, matches: false, isLeaf };
  }
  return { length, matches: true, isLeaf };
}

/**
 * The value of the key whose keccak256 is `key` in the trie of `root`, or `undefined` where the proof shows that it has none.
 * Throws `InvalidProofError` or `MalformedRlpError`.
 */
export function verifyTrieProof(
  root: Uint8Array,
  key: Uint8Array,
  nodes: readonly Uint8Array[],
  hashNode: HashNode = keccak256,
): Uint8Array | undefined {
  if (nodes.length === 0) {
    if (equalBytes(root, EMPTY_ROOT)) return undefined;
    throw new InvalidProofError("it has no nodes");
  }
  let expected: Uint8Array = root;
  let depth = 0;
  let used = 0;
  // A node of fewer than 32 bytes stands inside its parent instead of behind a hash.
  let inline: Uint8Array | undefined;
  for (;;) {
    let node: Uint8Array;
    if (inline === undefined) {
      const next = nodes[used];
      if (next === undefined) throw new InvalidProofError("a node is missing");
      used += 1;
      if (!equalBytes(hashNode(next), expected)) {
        throw new InvalidProofError(`node ${used} is not the one its parent names`);
      }
      node = next;
    } else {
      node = inline;
    }
    const step = descend(node, key, depth);
    if ("value" in step) {
      if (used !== nodes.length) throw new InvalidProofError("nodes are left over");
      return step.value;
    }
    depth = step.depth;
    inline = step.inline;
    expected = step.hash ?? expected;
  }
}

type Step =
  | { readonly value: Uint8Array | undefined }
  | { readonly depth: number; readonly hash?: Uint8Array; readonly inline?: Uint8Array };

/** A node has at most 17 items; nodes are walked one at a time. */
const starts = new Uint16Array(BRANCH_ITEMS);

function stringAt(node: Uint8Array, start: number): Uint8Array {
  return stringOf(node, readItem(node, start, node.length));
}

/** One step down from a node: to a child, to the value, or to the proof that there is none. */
function descend(node: Uint8Array, key: Uint8Array, depth: number): Step {
  if (node.length === 1 && node[0] === 0x80 && depth === 0) return { value: undefined };
  if (node.length > NODE_BYTES_MAX) throw new InvalidProofError("a node too long to be one");
  const count = itemStarts(node, starts);
  if (count === BRANCH_ITEMS) {
    if (depth === key.length * 2) return { value: present(stringAt(node, starts[16]!)) };
    return child(node, starts[nibbleAt(key, depth)]!, depth + 1);
  }
  if (count !== 2) throw new InvalidProofError(`a node of ${count} items`);
  const second = starts[1]!;
  const path = matchPath(stringAt(node, starts[0]!), key, depth);
  if (path.isLeaf) {
    const isWhole = path.matches && depth + path.length === key.length * 2;
    return { value: isWhole ? present(stringAt(node, second)) : undefined };
  }
  if (path.length === 0) throw new InvalidProofError("an extension of no length");
  if (!path.matches) return { value: undefined };
  return child(node, second, depth + path.length);
}

/** An empty value is no value. */
function present(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.length === 0 ? undefined : bytes;
}

function child(node: Uint8Array, start: number, depth: number): Step {
  const item = readItem(node, start, node.length);
  if (item.isList) {
    if (item.end - item.start >= 32) throw new InvalidProofError("a long node inside its parent");
    return { depth, inline: node.subarray(item.start, item.end) };
  }
  const length = item.end - item.payload;
  if (length === 0) return { value: undefined };
  if (length !== 32) throw new MalformedRlpError("a child that is no hash");
  return { depth, hash: node.subarray(item.payload, item.end) };
}
