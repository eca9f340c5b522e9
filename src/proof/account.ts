/** The account of a contract in the state trie: its storage root, once its code is known to be the pinned one. */
import { fromHex, type Hex, toHex } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import { readItem, readList, stringOf, uintOf } from "./rlp.ts";
import { type HashNode, InvalidProofError, verifyTrieProof } from "./trie.ts";

/**
 * The storage root of `contract` under a state root. Throws `InvalidProofError` where the account is not there or its code is
 * not the one pinned, and `MalformedRlpError`.
 */
export function verifyAccount(
  stateRoot: Uint8Array,
  contract: Hex,
  codeHash: Hex,
  nodes: readonly Uint8Array[],
  hashNode?: HashNode,
): Uint8Array {
  const leaf = verifyTrieProof(stateRoot, keccak256(fromHex(contract)), nodes, hashNode);
  if (leaf === undefined) throw new InvalidProofError(`there is no account ${contract}`);
  const items = readList(leaf, 4);
  if (items.length !== 4) throw new InvalidProofError("the account is not one");
  uintOf(leaf, items[0], 8);
  uintOf(leaf, items[1]);
  const storageRoot = stringOf(leaf, items[2]);
  const code = stringOf(leaf, items[3]);
  if (storageRoot.length !== 32 || code.length !== 32) throw new InvalidProofError("the account is not one");
  if (toHex(code) !== codeHash.toLowerCase()) throw new InvalidProofError("the contract's code is not the pinned one");
  return storageRoot;
}

/** The 32-byte word of a storage slot under a storage root; zeros where the proof shows that nothing is there. */
export function verifySlot(
  storageRoot: Uint8Array,
  slot: Hex,
  nodes: readonly Uint8Array[],
  hashNode?: HashNode,
): Uint8Array {
  const value = verifyTrieProof(storageRoot, keccak256(fromHex(slot)), nodes, hashNode);
  const word = new Uint8Array(32);
  if (value === undefined) return word;
  const item = readItem(value, 0, value.length);
  const text = stringOf(value, item);
  if (item.end !== value.length) throw new InvalidProofError("bytes follow a slot's value");
  if (text.length === 0 || text.length > 32 || text[0] === 0) throw new InvalidProofError("a slot's value out of form");
  word.set(text, 32 - text.length);
  return word;
}
