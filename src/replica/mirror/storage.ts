/** The registry's storage as the mirror reads and writes it, and where its entries lie (contracts/registry/LAYOUT.md). */
import { packAscii, packedLength } from "../../base/ascii7.ts";
import { concatBytes, fromHex, type Hex } from "../../base/bytes.ts";
import { keccak256 } from "../../base/keccak.ts";

/** Storage of one contract: 32 bytes a slot, zeros where nothing is. */
export interface Storage {
  get(slot: Uint8Array): Uint8Array;
  set(slot: Uint8Array, value: Uint8Array): void;
}

/** Base slots of the registry's variables. */
export const BASE_SLOT = {
  state: 0n,
  names: 1n,
  anchors: 2n,
  settings: 3n,
  tokenApprovals: 4n,
  balances: 5n,
  operators: 6n,
};

/** A 32-byte word of a number. */
export function wordOf(value: bigint): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(64, "0")}`);
}

/** A number of bytes. */
export function numberOf(bytes: Uint8Array): bigint {
  return bytes.length === 0
    ? 0n
    : BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")}`);
}

/** An address or another short value as a word, left-padded. */
export function paddedWord(value: Hex): Uint8Array {
  return wordOf(BigInt(value));
}

/** The slot of a mapping's entry. */
export function entrySlot(key: Uint8Array, base: Uint8Array): Uint8Array {
  return keccak256(concatBytes(key, base));
}

/** Bits `[from, from + count)` of a number. */
export function bitsOf(word: bigint, from: number, count: number): bigint {
  return (word >> BigInt(from)) & ((1n << BigInt(count)) - 1n);
}

/** A number with bits `[from, from + count)` replaced. */
export function withBits(word: bigint, from: number, count: number, value: bigint): bigint {
  const mask = ((1n << BigInt(count)) - 1n) << BigInt(from);
  return (word & ~mask) | ((value << BigInt(from)) & mask);
}

const HEAD_BYTES = 29;
const SHORT_BYTES_MAX = 31;
const LONG_MARK = 0xff;
const LONG_PACKED_MARK = 0xfe;
const SHORT_PACKED = 0x80;

/** How many slots after its head a record takes. */
function tailCount(head: Uint8Array): number {
  const field = (head[29]! << 8) + head[30]!;
  if (head[31] === LONG_MARK) return Math.ceil((field - HEAD_BYTES) / 32);
  return head[31] === LONG_PACKED_MARK ? Math.ceil((packedLength(field) - HEAD_BYTES) / 32) : 0;
}

/** Writes a record's bytes at its head slot, and zeros over what a longer one before it left behind. */
export function writeRecord(storage: Storage, head: Uint8Array, value: Uint8Array): void {
  writeTagged(storage, head, value, value.length, value.length, LONG_MARK);
}

/** The same, of a text: one of 32 characters and more that is all ASCII is stored in seven bits a character. */
export function writeText(storage: Storage, head: Uint8Array, value: Uint8Array): void {
  const packed = packAscii(value);
  if (packed === undefined) writeRecord(storage, head, value);
  else writeTagged(storage, head, packed, SHORT_PACKED + value.length, value.length, LONG_PACKED_MARK);
}

function writeTagged(
  storage: Storage,
  head: Uint8Array,
  stored: Uint8Array,
  shortTag: number,
  longLength: number,
  longMark: number,
): void {
  const before = tailCount(storage.get(head));
  const first = new Uint8Array(32);
  if (stored.length <= SHORT_BYTES_MAX) {
    first.set(stored);
    first[31] = shortTag;
  } else {
    first.set(stored.subarray(0, HEAD_BYTES));
    first.set([longLength >> 8, longLength & 0xff, longMark], HEAD_BYTES);
  }
  storage.set(head, first);
  const headNumber = numberOf(head);
  const after = tailCount(first);
  for (let index = 1; index <= Math.max(before, after); index += 1) {
    const word = new Uint8Array(32);
    const at = HEAD_BYTES + (index - 1) * 32;
    if (index <= after) word.set(stored.subarray(at, at + 32));
    storage.set(wordOf((headNumber + BigInt(index)) & ((1n << 256n) - 1n)), word);
  }
}

/** Whether a record's head says that there is one. */
export function hasRecord(storage: Storage, head: Uint8Array): boolean {
  return storage.get(head).some((byte) => byte !== 0);
}
