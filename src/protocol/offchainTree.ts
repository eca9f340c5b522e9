/**
 * The tree of a signed set's records. The keys form a ring in ascending order and a leaf says its key, the next one and the
 * hash of its value, so one leaf shows either a record or, where it spans a key, that there is none. Leaves are hashed twice
 * and pairs in order of value (contracts/offchain/RecordTree.sol).
 */
import { concatBytes, fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import { childNode, type Node } from "../naming/namehash.ts";
import { compareHashes, hashPair, levelsOf, positionOf, siblingsOf } from "./merkle.ts";

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
  /** The lowest key; `undefined` where there is none. */
  readonly firstKey: Hex | undefined;
  readonly lastKey: Hex | undefined;
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

/** The kind of an RRset's kind word. */
const DNS_KIND = 8n;

/**
 * The key of a wildcard's record. An RRset's subkey is its owner's hash elsewhere and 0 here, where the owner is as many names as
 * match.
 */
export function wildcardKeyHash(node: Node, kindWord: bigint, subkey: Hex): Hex {
  return recordKeyHash(wildcardNode(node), kindWord, kindWord >> 248n === DNS_KIND ? EMPTY_ROOT : subkey);
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

/**
 * The tree of a set's records, in any order. Throws `DuplicateRecordError`.
 *
 * @param closingKey The key behind the last one, where the records are a piece of a greater set; their own first by default.
 * @example
 * ```ts
 * const tree = buildRecordTree([{ key, value: "0x1234" }]);
 * tree.prove(key)?.value; // "0x1234"
 * ```
 */
export function buildRecordTree(entries: readonly RecordEntry[], closingKey?: Hex): RecordTree {
  if (entries.length === 0)
    return { root: EMPTY_ROOT, size: 0, firstKey: undefined, lastKey: undefined, prove: () => undefined };
  const sorted = entries
    .map(({ key, value }) => ({ key: fromHex(key), value: fromHex(value) }))
    .sort((left, right) => compareHashes(left.key, right.key));
  const keys = sorted.map(({ key }) => key);
  sorted.forEach(({ key }, index) => {
    if (index > 0 && compareHashes(keys[index - 1]!, key) === 0) throw new DuplicateRecordError(toHex(key));
  });
  const closing = closingKey === undefined ? keys[0]! : fromHex(closingKey);
  const nextOf = (index: number) => keys[index + 1] ?? closing;
  const levels = levelsOf(sorted.map(({ key, value }, index) => hashLeaf(key, nextOf(index), value)));
  return {
    root: toHex(levels.at(-1)![0]!),
    size: sorted.length,
    firstKey: toHex(keys[0]!),
    lastKey: toHex(keys.at(-1)!),
    prove(key) {
      const position = positionOf(keys, fromHex(key));
      const { value } = sorted[position]!;
      return {
        key: toHex(keys[position]!),
        nextKey: toHex(nextOf(position)),
        value: toHex(value),
        proof: siblingsOf(levels, position).map(toHex),
      };
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
