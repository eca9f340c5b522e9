/**
 * RLP, read strictly: what a proof holds is hashed, so there must be one way to write it. Items are offsets into the bytes,
 * not copies.
 */
import { BaseError } from "../base/errors.ts";

export class MalformedRlpError extends BaseError {
  override readonly name = "Proof.MalformedRlpError";
  constructor(reason: string) {
    super("PROOF_MALFORMED_RLP", `The RLP is malformed: ${reason}.`);
  }
}

/** One item of a list: where its payload is, and where the item as a whole is. */
export interface RlpItem {
  readonly isList: boolean;
  /** Where the item begins, its length prefix included. */
  readonly start: number;
  readonly payload: number;
  readonly end: number;
}

/** Reads the item at `at`, which must end by `limit`. */
export function readItem(bytes: Uint8Array, at: number, limit: number): RlpItem {
  const first = bytes[at];
  if (first === undefined || at >= limit) throw new MalformedRlpError("it is cut off");
  if (first < 0x80) return { isList: false, start: at, payload: at, end: at + 1 };
  const isList = first >= 0xc0;
  const short = first - (isList ? 0xc0 : 0x80);
  let payload = at + 1;
  let length = short;
  if (short > 55) {
    const lengthBytes = short - 55;
    if (lengthBytes > 4) throw new MalformedRlpError("a length of more than four bytes");
    length = 0;
    for (let index = 0; index < lengthBytes; index += 1) length = length * 256 + (bytes[payload + index] ?? 0);
    if (bytes[payload] === 0 || length <= 55) throw new MalformedRlpError("a length not in its shortest form");
    payload += lengthBytes;
  }
  const end = payload + length;
  if (end > limit) throw new MalformedRlpError("an item runs past the end");
  if (!isList && length === 1 && bytes[payload]! < 0x80 && short <= 55) {
    throw new MalformedRlpError("a byte not in its shortest form");
  }
  return { isList, start: at, payload, end };
}

/** The items of the list that fills `bytes`; at most `itemCountMax`. */
export function readList(bytes: Uint8Array, itemCountMax: number, start = 0, end = bytes.length): RlpItem[] {
  const list = readItem(bytes, start, end);
  if (!list.isList) throw new MalformedRlpError("not a list");
  if (list.end !== end) throw new MalformedRlpError("bytes follow the list");
  const items: RlpItem[] = [];
  for (let at = list.payload; at < list.end; ) {
    if (items.length >= itemCountMax) throw new MalformedRlpError(`more than ${itemCountMax} items`);
    const item = readItem(bytes, at, list.end);
    items.push(item);
    at = item.end;
  }
  return items;
}

/** The payload of a byte string. */
export function stringOf(bytes: Uint8Array, item: RlpItem | undefined): Uint8Array {
  if (item === undefined || item.isList) throw new MalformedRlpError("a list where a byte string belongs");
  return bytes.subarray(item.payload, item.end);
}

/** The number of a byte string of at most `bytesMax` bytes without leading zeros. */
export function uintOf(bytes: Uint8Array, item: RlpItem | undefined, bytesMax = 32): bigint {
  const text = stringOf(bytes, item);
  if (text.length > bytesMax || text[0] === 0) throw new MalformedRlpError("a number out of form");
  let value = 0n;
  for (const byte of text) value = (value << 8n) | BigInt(byte);
  return value;
}

/** Where an item that begins at `at` ends; its form is checked by whoever reads it. */
function endOfItem(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return at + 1;
  const short = first - (first >= 0xc0 ? 0xc0 : 0x80);
  if (short <= 55) return at + 1 + short;
  let length = 0;
  const lengthBytes = short - 55;
  if (lengthBytes > 4) throw new MalformedRlpError("a length of more than four bytes");
  for (let index = 1; index <= lengthBytes; index += 1) length = length * 256 + (bytes[at + index] ?? 0);
  return at + 1 + lengthBytes + length;
}

/**
 * Writes where the items of the list that fills `bytes` begin into `starts`, and returns their number; at most
 * `starts.length`. Allocates nothing, since a proof is mostly lists of which one item matters.
 */
export function itemStarts(bytes: Uint8Array, starts: Uint16Array): number {
  const list = readItem(bytes, 0, bytes.length);
  if (!list.isList || list.end !== bytes.length) throw new MalformedRlpError("not a list");
  let count = 0;
  let at = list.payload;
  while (at < list.end) {
    if (count >= starts.length) throw new MalformedRlpError(`more than ${starts.length} items`);
    starts[count] = at;
    count += 1;
    at = endOfItem(bytes, at);
  }
  if (at !== list.end) throw new MalformedRlpError("an item runs past the end");
  return count;
}
