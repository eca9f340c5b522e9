/** namehash (EIP-137): the recursive hash that turns a name into its node. */
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import { labelsOf } from "./name.ts";

/** The node of a name: 32 bytes, the key of everything the registry keeps about it. */
export type Node = Hex;

/** The node of the root. */
export const ROOT_NODE: Node = `0x${"00".repeat(32)}`;

/** keccak256 of one label's UTF-8 bytes. */
export function labelhash(label: string): Hex {
  return toHex(keccak256(utf8Bytes(label)));
}

/**
 * The node of a normalised name (EIP-137).
 *
 * @example
 * ```ts
 * namehash("eth"); // "0x93cdeb708b7545dc668eb9280176169d1c33cfd8ed6f04690a0bcc88a93fc4ae"
 * ```
 */
export function namehash(name: string): Node {
  let node: Uint8Array = new Uint8Array(32);
  for (const label of labelsOf(name).reverse()) node = keccak256(concatBytes(node, keccak256(utf8Bytes(label))));
  return toHex(node);
}

/** The node of `label` under `parent`. */
export function childNode(parent: Node, label: string): Node {
  return toHex(keccak256(concatBytes(fromHex(parent), keccak256(utf8Bytes(label)))));
}
