/**
 * RLP of trie nodes (Ethereum yellow paper, appendices B and D), written into one scratch buffer. Nodes of a storage trie
 * are short enough that a list's length needs at most two bytes.
 */
import { RADIX, WORD_BYTES } from "./arena.ts";

/** A branch of sixteen hashes: 16 x 33 bytes, an empty value, a list header of 3. */
const NODE_BYTES_MAX = 3 + RADIX * (WORD_BYTES + 1) + 1;
/** A list's items are written from here on, its header right before them once their length is known. */
const BODY_AT = 3;
const EMPTY_ITEM = 0x80;

/** Writes one node at a time; `node` is valid until the next `begin`. */
export class NodeWriter {
  readonly #buffer = new Uint8Array(NODE_BYTES_MAX);
  #end = BODY_AT;

  begin(): void {
    this.#end = BODY_AT;
  }

  /** A child that is not there, or a branch's value, which a storage trie never has. */
  empty(): void {
    this.#buffer[this.#end++] = EMPTY_ITEM;
  }

  /** A child by its reference: a hash as a string of 32 bytes, a shorter node as it is. */
  reference(bytes: Uint8Array, offset: number, byteCount: number): void {
    if (byteCount === WORD_BYTES) this.#buffer[this.#end++] = EMPTY_ITEM + WORD_BYTES;
    this.#copy(bytes, offset, offset + byteCount);
  }

  /** Nibbles `[from, to)` of a key in hex-prefix form. */
  path(key: Uint8Array, offset: number, from: number, to: number, isLeaf: boolean): void {
    const isOdd = ((to - from) & 1) === 1;
    const byteCount = 1 + ((to - from) >> 1);
    const flag = (isLeaf ? 0x20 : 0) + (isOdd ? 0x10 : 0);
    const nibble = (depth: number) => {
      const byte = key[offset + (depth >> 1)]!;
      return depth & 1 ? byte & 15 : byte >> 4;
    };
    // A single byte below 0x80 is its own RLP, and every hex-prefix flag is below it.
    if (byteCount > 1) this.#buffer[this.#end++] = EMPTY_ITEM + byteCount;
    let depth = from;
    this.#buffer[this.#end++] = isOdd ? flag + nibble(depth++) : flag;
    for (; depth < to; depth += 2) this.#buffer[this.#end++] = (nibble(depth) << 4) | nibble(depth + 1);
  }

  /** A storage value: the RLP of its bytes without leading zeros, as a string item. */
  value(values: Uint8Array, offset: number): void {
    let start = offset;
    const end = offset + WORD_BYTES;
    while (start < end && values[start] === 0) start += 1;
    const byteCount = end - start;
    if (byteCount === 1 && values[start]! < EMPTY_ITEM) {
      this.#buffer[this.#end++] = values[start]!;
      return;
    }
    this.#buffer[this.#end++] = EMPTY_ITEM + byteCount + 1;
    this.#buffer[this.#end++] = EMPTY_ITEM + byteCount;
    this.#copy(values, start, end);
  }

  /** The finished node: list header and items. A view, gone at the next `begin`. */
  node(): Uint8Array {
    const byteCount = this.#end - BODY_AT;
    let start = BODY_AT;
    if (byteCount <= 55) this.#buffer[--start] = 0xc0 + byteCount;
    else {
      this.#buffer[--start] = byteCount & 0xff;
      if (byteCount > 0xff) this.#buffer[--start] = byteCount >> 8;
      this.#buffer[--start] = byteCount > 0xff ? 0xf9 : 0xf8;
    }
    return this.#buffer.subarray(start, this.#end);
  }

  #copy(bytes: Uint8Array, from: number, to: number): void {
    // Short copies: a loop beats a view made for `set`.
    for (let index = from; index < to; index += 1) this.#buffer[this.#end++] = bytes[index]!;
  }
}
