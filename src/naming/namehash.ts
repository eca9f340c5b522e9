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
  const labels = labelsOf(name);
  const top = labels.pop();
  if (top === undefined) return ROOT_NODE;
  let node = topNode(top);
  for (let label = labels.pop(); label !== undefined; label = labels.pop()) node = childHash(node, label);
  return toHex(node);
}

function childHash(parent: Uint8Array, label: string): Uint8Array {
  return keccak256(concatBytes(parent, keccak256(utf8Bytes(label))));
}

/** The top-level label hashed last, with its node: nearly all names of a program are under the same one. */
let lastTop: { readonly label: string; readonly node: Uint8Array } | undefined;

function topNode(label: string): Uint8Array {
  if (lastTop?.label !== label) lastTop = { label, node: childHash(new Uint8Array(32), label) };
  return lastTop.node;
}

/** The node of `label` under `parent`. */
export function childNode(parent: Node, label: string): Node {
  return toHex(keccak256(concatBytes(fromHex(parent), keccak256(utf8Bytes(label)))));
}
