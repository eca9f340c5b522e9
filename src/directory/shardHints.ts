/**
 * Shard hints: a guess at the index of a name that one has never met, so that its own gateways can be asked at once instead of being
 * referred to. Indices are handed out in order, so a table needs no more than a fingerprint per index, and where it stands in the
 * table is the index. A name registered anew has a new index; the entry of its old one goes stale and the higher one counts.
 *
 * A hint carries no trust: the answer proves the index, and a wrong or missing hint costs the referral that there would be without.
 * In binary form:
 *
 * | bytes | what |
 * |---|---|
 * | 0..3 | `HSH` and the version, 1 |
 * | 4..7 | the index of the first entry, big-endian |
 * | 8.. | per index, the first 3 bytes of the name's node; zeros where nothing is known |
 */
import { concatBytes, fromBase64, fromHex, toBase64, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import type { Node } from "../naming/namehash.ts";

/** Bytes of a node that an entry keeps: of 262,144 names, one in 64 shares its fingerprint with another. */
export const FINGERPRINT_BYTES = 3;
/** Names that a table covers at most, the newest; 768 KiB. */
export const HINTED_NAMES_MAX = 262_144;
/** Indices of names directly under the TLD lie below this. */
export const HINTED_INDEX_END = 2 ** 31;

const HEAD = Uint8Array.of(0x48, 0x53, 0x48, 1);
const HEAD_BYTES = 8;
/** The longest binary form, in bytes. */
export const SHARD_HINTS_BYTES_MAX = HEAD_BYTES + FINGERPRINT_BYTES * HINTED_NAMES_MAX;

/** Fingerprints of the names with the indices from `firstIndex` on. */
export interface ShardHints {
  readonly firstIndex: number;
  /** 3 bytes per index. */
  readonly fingerprints: Uint8Array;
}

export class MalformedShardHintsError extends BaseError {
  override readonly name = "Directory.MalformedShardHintsError";
  constructor(reason: string) {
    super("DIRECTORY_MALFORMED_SHARD_HINTS", `The bytes are no table of shard hints: ${reason}.`);
  }
}

/** The fingerprint of a node, a number of 24 bits; 0 is nobody's. */
export function fingerprintOf(node: Node): number {
  return Number.parseInt(node.slice(2, 2 + 2 * FINGERPRINT_BYTES), 16);
}

/** How many indices a table covers. */
export function hintCountOf(hints: ShardHints): number {
  return hints.fingerprints.length / FINGERPRINT_BYTES;
}

/** The entry at a position of a table, a number of 24 bits. */
export function hintAt(fingerprints: Uint8Array, position: number): number {
  const at = position * FINGERPRINT_BYTES;
  return ((fingerprints[at] ?? 0) << 16) | ((fingerprints[at + 1] ?? 0) << 8) | (fingerprints[at + 2] ?? 0);
}

/** A table in binary form. */
export function encodeShardHints({ firstIndex, fingerprints }: ShardHints): Uint8Array {
  const first = new Uint8Array(4);
  new DataView(first.buffer).setUint32(0, firstIndex);
  return concatBytes(HEAD, first, fingerprints);
}

/** The table of a binary form. Throws `MalformedShardHintsError`. */
export function decodeShardHints(bytes: Uint8Array): ShardHints {
  if (bytes.length < HEAD_BYTES) throw new MalformedShardHintsError("they are too few");
  if (bytes.length > SHARD_HINTS_BYTES_MAX) throw new MalformedShardHintsError("they are too many");
  if (HEAD.some((byte, at) => bytes[at] !== byte)) throw new MalformedShardHintsError("they have another head");
  const fingerprints = bytes.slice(HEAD_BYTES);
  if (fingerprints.length % FINGERPRINT_BYTES !== 0) throw new MalformedShardHintsError("the last entry is cut off");
  const firstIndex = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
  const hints = { firstIndex, fingerprints };
  if (firstIndex + hintCountOf(hints) > HINTED_INDEX_END)
    throw new MalformedShardHintsError("no name has such an index");
  return hints;
}

/** A table as base64, for JSON documents. */
export function formatShardHints(hints: ShardHints): string {
  return toBase64(encodeShardHints(hints));
}

/** The table of a base64 text. Throws `MalformedShardHintsError`. */
export function parseShardHints(text: string): ShardHints {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw new MalformedShardHintsError("the text is not base64");
  return decodeShardHints(bytes);
}

/** An HTTP entity tag of a binary form, the same at every gateway that has the same table (RFC 9110 section 8.8.3). */
export function shardHintsTag(encoded: Uint8Array): string {
  return `"${toHex(keccak256(encoded).subarray(0, 16)).slice(2)}"`;
}

/** A table that grows with the registry. */
export interface ShardHintTable {
  /** A name directly under the TLD was registered and got this index. */
  readonly note: (node: Node, index: number) => void;
  /** The table as it is; the same object until the next change. */
  readonly hints: () => ShardHints;
}

/** An empty table. Beyond its bound it keeps the newest indices. */
export function createShardHintTable(namesMax: number = HINTED_NAMES_MAX): ShardHintTable {
  const ring = new Uint8Array(namesMax * FINGERPRINT_BYTES);
  /** One above the highest index. */
  let end = 0;
  let made: ShardHints | undefined;
  const placeOf = (index: number) => (index % namesMax) * FINGERPRINT_BYTES;
  const oldest = () => Math.max(0, end - namesMax);
  return {
    note(node, index) {
      if (index >= HINTED_INDEX_END || index < oldest()) return;
      for (let skipped = Math.max(end, index - namesMax + 1); skipped < index; skipped += 1) {
        ring.fill(0, placeOf(skipped), placeOf(skipped) + FINGERPRINT_BYTES);
      }
      end = Math.max(end, index + 1);
      ring.set(fromHex(node.slice(0, 2 + 2 * FINGERPRINT_BYTES)), placeOf(index));
      made = undefined;
    },
    hints() {
      if (made !== undefined) return made;
      const firstIndex = oldest();
      const split = placeOf(firstIndex);
      const fingerprints =
        firstIndex === 0
          ? ring.slice(0, end * FINGERPRINT_BYTES)
          : concatBytes(ring.subarray(split), ring.subarray(0, split));
      made = { firstIndex, fingerprints };
      return made;
    },
  };
}
