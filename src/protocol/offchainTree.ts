/**
 * The tree of a signed set's records. The keys form a ring in ascending order and a leaf says its key, the next one and the
 * hash of its value, so one leaf shows either a record or, where it spans a key, that there is none. Leaves are hashed twice
 * and pairs in order of value (contracts/offchain/RecordTree.sol).
 */
import { concatBytes, fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import { childNode, type Node } from "../naming/namehash.ts";

/** One record of a set. */
export interface RecordEntry {
  readonly key: Hex;
  /** The bytes as a resolver keeps them, not empty. */
  readonly value: Hex;
}

/** A record's leaf with its place in the tree, as a gateway shows it. */
export interface RecordLeaf {
  readonly key: Hex;
  readonly nextKey: Hex;
  readonly value: Hex;
  readonly proof: readonly Hex[];
}

export interface RecordTree {
  /** 32 zero bytes for a set without records. */
  readonly root: Hex;
  readonly size: number;
  /** The leaf that holds a key, or that spans it; `undefined` where the set has no records. */
  prove(key: Hex): RecordLeaf | undefined;
}

export const EMPTY_ROOT: Hex = `0x${"00".repeat(32)}`;

/**
 * A record's key in a set: keccak256(node ‖ kind word ‖ subkey), the registry's own slot of the record at epoch 0
 * (contracts/registry/LAYOUT.md).
 */
export function recordKeyHash(node: Node, kindWord: bigint, subkey: Hex): Hex {
  const word = fromHex(`0x${kindWord.toString(16).padStart(64, "0")}`);
  return toHex(keccak256(concatBytes(fromHex(node), word, fromHex(subkey))));
}

/** The node under which a set keeps the records of every name below `node` that has none of its own. */
export function wildcardNode(node: Node): Node {
  return childNode(node, "*");
}

export class DuplicateRecordError extends BaseError {
  override readonly name = "Protocol.DuplicateRecordError";
  constructor(key: Hex) {
    super("PROTOCOL_DUPLICATE_RECORD", `The set holds the record ${key} twice.`);
  }
}

function hashLeaf(key: Uint8Array, nextKey: Uint8Array, value: Uint8Array): Uint8Array {
  return keccak256(keccak256(concatBytes(key, nextKey, keccak256(value))));
}

function compare(left: Uint8Array, right: Uint8Array): number {
  return Buffer.compare(left, right);
}

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return keccak256(compare(left, right) < 0 ? concatBytes(left, right) : concatBytes(right, left));
}

/** All levels of a tree, leaves first; the odd one of a level rises as it is. */
function levelsOf(leaves: readonly Uint8Array[]): Uint8Array[][] {
  const levels = [[...leaves]];
  for (let level = levels[0]!; level.length > 1; level = levels.at(-1)!) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const right = level[index + 1];
      above.push(right === undefined ? level[index]! : hashPair(level[index]!, right));
    }
    levels.push(above);
  }
  return levels;
}

/** The last position whose key is not above `key`; the very last where all are: the ring's closing leaf. */
function positionOf(keys: readonly Uint8Array[], key: Uint8Array): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(keys[middle]!, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return (low + keys.length - 1) % keys.length;
}

/**
 * The tree of a set's records, in any order. Throws `DuplicateRecordError`.
 *
 * @example
 * ```ts
 * const tree = buildRecordTree([{ key, value: "0x1234" }]);
 * tree.prove(key)?.value; // "0x1234"
 * ```
 */
export function buildRecordTree(entries: readonly RecordEntry[]): RecordTree {
  if (entries.length === 0) return { root: EMPTY_ROOT, size: 0, prove: () => undefined };
  const sorted = entries
    .map(({ key, value }) => ({ key: fromHex(key), value: fromHex(value) }))
    .sort((left, right) => compare(left.key, right.key));
  const keys = sorted.map(({ key }) => key);
  sorted.forEach(({ key }, index) => {
    if (index > 0 && compare(keys[index - 1]!, key) === 0) throw new DuplicateRecordError(toHex(key));
  });
  const nextOf = (index: number) => keys[(index + 1) % keys.length]!;
  const levels = levelsOf(sorted.map(({ key, value }, index) => hashLeaf(key, nextOf(index), value)));
  return {
    root: toHex(levels.at(-1)![0]!),
    size: sorted.length,
    prove(key) {
      const position = positionOf(keys, fromHex(key));
      const proof: Hex[] = [];
      let index = position;
      for (const level of levels.slice(0, -1)) {
        const sibling = level[index ^ 1];
        if (sibling !== undefined) proof.push(toHex(sibling));
        index >>>= 1;
      }
      const { value } = sorted[position]!;
      return { key: toHex(keys[position]!), nextKey: toHex(nextOf(position)), value: toHex(value), proof };
    },
  };
}

/** The root a leaf leads to. */
export function rootOf(leaf: RecordLeaf): Hex {
  let hash = hashLeaf(fromHex(leaf.key), fromHex(leaf.nextKey), fromHex(leaf.value));
  for (const sibling of leaf.proof) hash = hashPair(hash, fromHex(sibling));
  return toHex(hash);
}

/** Whether a leaf shows that a key other than its own is not in the set. */
export function spansKey(leaf: Pick<RecordLeaf, "key" | "nextKey">, key: Hex): boolean {
  const [low, high, wanted] = [BigInt(leaf.key), BigInt(leaf.nextKey), BigInt(key)];
  // The last leaf closes the ring.
  return low >= high ? wanted > low || wanted < high : wanted > low && wanted < high;
}
