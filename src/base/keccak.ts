/** keccak256, the hash of names, storage slots and tries (the original Keccak padding, not SHA3-256's). */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { type Hex, toHex, utf8Bytes } from "./bytes.ts";

/** The 32-byte keccak256 of `bytes`. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak_256(bytes);
}

/** The keccak256 of a text's UTF-8 bytes, as hexadecimal. */
export function keccak256Text(text: string): Hex {
  return toHex(keccak256(utf8Bytes(text)));
}
