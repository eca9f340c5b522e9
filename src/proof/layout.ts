/**
 * Where the name registry keeps what: the slots and words of contracts/registry/LAYOUT.md. A client derives every slot by
 * itself, so nobody can answer one question with the proof of another.
 */
import { PACKED_CHARACTERS_MIN, packedLength } from "../base/ascii7.ts";
import { concatBytes, fromHex, type Hex, toHex } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import type { Node } from "../naming/namehash.ts";
import type { StoredRecordKey } from "../protocol/record.ts";
import { placeOf } from "../protocol/recordPlace.ts";

/** Base slots of the registry's mappings. */
const NAMES_SLOT = 1n;
const ANCHORS_SLOT = 2n;
const SETTINGS_SLOT = 3n;

/** Flags of a name's word. */
export const FLAG = {
  leased: 1,
  emancipated: 2,
  /** The same bit as `emancipated`, of a plain name: its epoch counts from its own tenure id. */
  ownEpoch: 2,
  settings: 32,
} as const;

/** The tenure id of the root and of what hangs from it. */
export const ROOT_TENURE = 0xffffffff;

const word = (value: bigint): Uint8Array => fromHex(`0x${value.toString(16).padStart(64, "0")}`);
const entrySlot = (key: Uint8Array, base: bigint): Hex => toHex(keccak256(concatBytes(key, word(base))));

/** The slot of a name's word. */
export function nameSlot(node: Node): Hex {
  return entrySlot(fromHex(node), NAMES_SLOT);
}

/** The slot that holds the node of a tenure's anchor. */
export function anchorSlot(tenureId: number): Hex {
  return entrySlot(word(BigInt(tenureId)), ANCHORS_SLOT);
}

/** The slot of a name's resolver, ttl and zone version. */
export function settingsSlot(node: Node): Hex {
  return entrySlot(fromHex(node), SETTINGS_SLOT);
}

/** A name's word, taken apart. */
export interface NameWord {
  /** 20 bytes, lower case; all zeros where there is none. */
  readonly owner: Hex;
  readonly isLeased: boolean;
  readonly flags: number;
  /** Of a leased name, in seconds since 1970. */
  readonly expiry: bigint;
  /** The tenure id: of a leased name its own (the shard index under the TLD), of a plain one that of what it hangs from. */
  readonly index: number;
  /** Of a plain name: its own tenure id, 0 until it has subnames. */
  readonly ownTenure: number;
  /** 48 bits: records of another epoch are not the name's. */
  readonly epoch: bigint;
  /** What `recordCounts.ts` knows the number of its records by. */
  readonly tally: number;
}

const ZERO_OWNER: Hex = `0x${"00".repeat(20)}`;

/** A name's word, taken apart. */
export function parseNameWord(bytes: Uint8Array): NameWord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32);
  const flags = bytes[5]!;
  const isLeased = (flags & FLAG.leased) !== 0;
  const index = view.getUint32(0);
  const ownTenure = isLeased ? 0 : view.getUint32(8);
  const tenure = !isLeased && (flags & FLAG.ownEpoch) !== 0 ? ownTenure : index;
  const version = isLeased ? bytes[4]! : (bytes[7]! << 8) | bytes[4]!;
  return {
    owner: toHex(bytes.subarray(12)),
    isLeased,
    flags,
    expiry: isLeased ? (BigInt(bytes[7]! & 0x0f) << 32n) | BigInt(view.getUint32(8)) : 0n,
    index,
    ownTenure,
    epoch: (BigInt(tenure) << 16n) | BigInt(version),
    tally: bytes[6]!,
  };
}

/**
 * A word as the registry writes it for a name of somebody's with a lease that does not end, a resolver by default and records never
 * cleared; it has an RRset.
 *
 * @param index The tenure id: of a leased name its own, of a plain one that of what it hangs from.
 */
export function freshNameWord(index: number, kind: "leased" | "plain"): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, index);
  bytes[6] = 1;
  bytes[31] = 1;
  if (kind === "plain") return bytes;
  bytes[5] = FLAG.leased;
  bytes[7] = 0x0f;
  view.setUint32(8, 0xffffffff);
  return bytes;
}

export function hasOwner(parsed: NameWord): boolean {
  return parsed.owner !== ZERO_OWNER;
}

/** A name's settings, taken apart. */
export interface NameSettings {
  /** 20 bytes, lower case. */
  readonly resolver: Hex;
  readonly ttlSeconds: number;
  readonly zoneVersion: number;
}

export function parseSettings(bytes: Uint8Array): NameSettings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32);
  const ttl = view.getBigUint64(4);
  return {
    resolver: toHex(bytes.subarray(12)),
    ttlSeconds: Number(ttl < 0x7fffffffn ? ttl : 0x7fffffffn),
    zoneVersion: view.getUint32(0),
  };
}

/** The head slot of a record of one epoch. */
export function recordSlot(node: Node, record: StoredRecordKey, epoch: bigint, zoneVersion: number): Hex {
  const { kind, rrtype, subkey } = placeOf(record);
  const zone = record.kind === "dns" ? BigInt(zoneVersion) : 0n;
  const kindWord = (BigInt(kind) << 248n) | (BigInt(rrtype) << 232n) | (zone << 64n) | epoch;
  return toHex(keccak256(concatBytes(fromHex(node), word(kindWord), subkey)));
}

/** The slot `offset` places after a record's head. */
export function slotAfter(head: Hex, offset: number): Hex {
  return `0x${((BigInt(head) + BigInt(offset)) & (2n ** 256n - 1n)).toString(16).padStart(64, "0")}`;
}

/** The longest record a contract keeps, in bytes. */
export const RECORD_BYTES_MAX = 8_192;
/** Bytes of a long record that its head holds. */
export const HEAD_BYTES = 29;
const LONG_MARK = 0xff;
/** A long text in seven bits a character; its length is counted in characters. */
const LONG_PACKED_MARK = 0xfe;
/** Added to the number of characters, 32 to 35, of a packed text that fits the head. */
const SHORT_PACKED = 0x80;

/** What a record's head slot says of its value. */
export interface RecordHead {
  /** Bytes stored. */
  readonly length: number;
  /** Whether they go on in further slots. */
  readonly isLong: boolean;
  /** Of a text packed in seven bits a character, the number of characters. */
  readonly characterCount?: number;
}

/** What a record's head slot tells: nothing, the whole of a short value, or the length of a long one. */
export function parseHead(head: Uint8Array): RecordHead | undefined {
  const last = head[31]!;
  const field = (head[29]! << 8) | head[30]!;
  if (last === LONG_MARK) return field > 31 && field <= RECORD_BYTES_MAX ? { length: field, isLong: true } : undefined;
  if (last === LONG_PACKED_MARK) {
    const length = packedLength(field);
    return length > 31 && field <= RECORD_BYTES_MAX ? { length, isLong: true, characterCount: field } : undefined;
  }
  if (last <= 31) return { length: last, isLong: false };
  const characterCount = last - SHORT_PACKED;
  const length = packedLength(characterCount);
  const isPacked = characterCount >= PACKED_CHARACTERS_MIN && length <= 31;
  return isPacked ? { length, isLong: false, characterCount } : undefined;
}
