/** Byte strings of any length as the contracts keep them, in a head slot and those behind it (LAYOUT.md, "Slot of a record"). */
import { unpackAscii } from "../base/ascii7.ts";
import type { Hex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { HEAD_BYTES, parseHead, slotAfter } from "./layout.ts";

/** The 32 bytes at a slot of a contract; zeros where nothing was ever written. May throw where it cannot tell. */
export type ReadSlot = (slot: Hex) => Uint8Array;

/** A record in a form that the contract would not have written. */
export class CorruptRecordError extends BaseError {
  override readonly name = "Proof.CorruptRecordError";
  constructor(slot: Hex) {
    super("PROOF_CORRUPT_RECORD", `The record at slot ${slot} is not in the contract's form.`);
  }
}

/** The bytes of the value whose head is at a slot; `undefined` where there is none. Throws `CorruptRecordError`. */
export function readValue(read: ReadSlot, head: Hex): Uint8Array | undefined {
  const first = read(head);
  const parsed = parseHead(first);
  if (parsed === undefined) throw new CorruptRecordError(head);
  if (parsed.length === 0) return undefined;
  const stored = parsed.isLong ? longBytes(read, head, first, parsed.length) : first.subarray(0, parsed.length);
  return parsed.characterCount === undefined ? stored : unpackAscii(stored, parsed.characterCount);
}

/** The stored bytes of a value that goes on behind its head. */
function longBytes(read: ReadSlot, head: Hex, first: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(first.subarray(0, HEAD_BYTES));
  for (let offset = HEAD_BYTES, index = 1; offset < length; offset += 32, index += 1) {
    bytes.set(read(slotAfter(head, index)).subarray(0, Math.min(32, length - offset)), offset);
  }
  return bytes;
}
