/** Block headers: the fields that proofs hang from, taken from the RLP whose hash is the block's. */
import { type Hex, toHex } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import type { BlockReference } from "../protocol/answer.ts";
import { MalformedRlpError, readList, stringOf, uintOf } from "./rlp.ts";

/** Forks add fields at the end; more than this are no header. */
const FIELDS_MAX = 40;
const FIELDS_MIN = 15;

/** The block of an RLP header. Throws `MalformedRlpError`. */
export function parseHeader(rlp: Uint8Array): BlockReference {
  const fields = readList(rlp, FIELDS_MAX);
  if (fields.length < FIELDS_MIN) throw new MalformedRlpError(`a header of ${fields.length} fields`);
  const stateRoot = stringOf(rlp, fields[3]);
  if (stateRoot.length !== 32) throw new MalformedRlpError("a state root that is no hash");
  return {
    number: uintOf(rlp, fields[8], 8),
    hash: toHex(keccak256(rlp)) as Hex,
    stateRoot: toHex(stateRoot),
    timestamp: uintOf(rlp, fields[11], 8),
  };
}
