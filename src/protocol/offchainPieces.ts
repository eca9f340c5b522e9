/**
 * Great sets in pieces. The records, in the order of their keys, are cut into runs; each run is a tree of its own, whose last leaf
 * points at the first key of the next, and the set's root is that of a tree over the roots of the runs. So a change of one record
 * is a new head and one new piece, and an answer takes one piece into memory. For whoever checks a leaf nothing differs.
 */
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes, utf8Text } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { compareHashes, levelsOf, positionOf, siblingsOf } from "./merkle.ts";
import { entryOfRecord, type SetRecord } from "./offchainRecords.ts";
import { buildRecordTree, EMPTY_ROOT, type RecordTree } from "./offchainTree.ts";
import { formatRecordKey, isStored, parseRecordKey, type StoredRecordKey } from "./record.ts";

/** The longest piece, in bytes of its wire form. */
export const PIECE_BYTES_MAX = 256 * 1024;
/** Pieces of one set. */
export const PIECES_MAX = 2_048;
/** Records of one piece. */
export const PIECE_RECORDS_MAX = 4_096;
/** Records of one piece that a publisher aims at. */
const PIECE_RECORDS_GOAL = 768;

/** One piece as a set's head lists it. */
export interface PieceHead {
  readonly root: Hex;
  /** Its lowest key. */
  readonly firstKey: Hex;
  readonly recordCount: number;
}

export interface Piece extends PieceHead {
  /** The records in wire form: `encodeRecords`. */
  readonly bytes: Uint8Array;
}

export class MalformedPieceError extends BaseError {
  override readonly name = "Protocol.MalformedPieceError";
  constructor(reason: string, cause?: unknown) {
    super("PROTOCOL_MALFORMED_PIECE", `The piece is malformed: ${reason}.`, { cause });
  }
}

const HEAD_BYTES = 68;

/** A list of piece heads as one byte string: root, first key, number of records (4 bytes) of each. */
export function encodePieceHeads(heads: readonly PieceHead[]): Hex {
  const parts = heads.map(({ root, firstKey, recordCount }) => {
    const count = recordCount.toString(16).padStart(8, "0");
    return `${root.slice(2)}${firstKey.slice(2)}${count}`;
  });
  return `0x${parts.join("")}`;
}

/** The heads of such a byte string, their keys ascending. Throws `MalformedPieceError`. */
export function decodePieceHeads(value: Hex): readonly PieceHead[] {
  const bytes = fromHex(value);
  const count = bytes.length / HEAD_BYTES;
  if (!Number.isInteger(count) || count === 0 || count > PIECES_MAX) {
    throw new MalformedPieceError(`${bytes.length} bytes are no list of 1 to ${PIECES_MAX} pieces`);
  }
  return Array.from({ length: count }, (_, index) => {
    const at = index * HEAD_BYTES;
    const firstKey = bytes.subarray(at + 32, at + 64);
    if (index > 0 && compareHashes(bytes.subarray(at + 32 - HEAD_BYTES, at + 64 - HEAD_BYTES), firstKey) >= 0) {
      throw new MalformedPieceError("the pieces are not in the order of their keys");
    }
    const recordCount = new DataView(bytes.buffer, bytes.byteOffset + at + 64, 4).getUint32(0);
    if (recordCount === 0 || recordCount > PIECE_RECORDS_MAX) {
      throw new MalformedPieceError(`piece ${index} has ${recordCount} records, not 1 to ${PIECE_RECORDS_MAX}`);
    }
    return { root: toHex(bytes.subarray(at, at + 32)), firstKey: toHex(firstKey), recordCount };
  });
}

function sized(bytes: Uint8Array, sizeBytes: 1 | 2): Uint8Array {
  const size = sizeBytes === 1 ? Uint8Array.of(bytes.length) : Uint8Array.of(bytes.length >> 8, bytes.length & 0xff);
  return concatBytes(size, bytes);
}

/** Records in wire form: of each the name (length in 1 byte), the record's text (2) and the value (2). */
export function encodeRecords(records: readonly SetRecord[]): Uint8Array {
  return concatBytes(
    ...records.flatMap(({ name, record, value }) => [
      sized(utf8Bytes(name), 1),
      sized(utf8Bytes(formatRecordKey(record)), 2),
      sized(fromHex(value), 2),
    ]),
  );
}

/** The records of their wire form. Throws `MalformedPieceError`. */
export function decodeRecords(bytes: Uint8Array): readonly SetRecord[] {
  let offset = 0;
  const take = (sizeBytes: 1 | 2): Uint8Array => {
    const start = offset + sizeBytes;
    const size = sizeBytes === 1 ? bytes[offset] : ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
    offset = start + (size ?? 0);
    if (size === undefined || start > bytes.length || offset > bytes.length)
      throw new MalformedPieceError("it is cut off");
    return bytes.subarray(start, offset);
  };
  const takeText = (sizeBytes: 1 | 2): string => {
    const text = utf8Text(take(sizeBytes));
    if (text === undefined) throw new MalformedPieceError("a text is not UTF-8");
    return text;
  };
  const records: SetRecord[] = [];
  while (offset < bytes.length) {
    const name = takeText(1);
    records.push({ name, record: parseStoredRecord(takeText(2)), value: toHex(take(2)) });
    if (records.length > PIECE_RECORDS_MAX) throw new MalformedPieceError(`over ${PIECE_RECORDS_MAX} records`);
  }
  return records;
}

/** The record of a text. Throws `MalformedPieceError` for what no set holds. */
export function parseStoredRecord(text: string): StoredRecordKey {
  try {
    const record = parseRecordKey(text);
    if (isStored(record)) return record;
  } catch (error) {
    throw new MalformedPieceError(`"${text.slice(0, 80)}" names no record`, error);
  }
  throw new MalformedPieceError(`${text} cannot be set`);
}

/** The tree of a piece's records, checked against its head. Throws `MalformedPieceError` and the errors of its records. */
export function treeOfPiece(
  setName: string,
  heads: readonly PieceHead[],
  index: number,
  bytes: Uint8Array,
): RecordTree {
  const entries = decodeRecords(bytes).map((record) => entryOfRecord(setName, record));
  const closingKey = (heads[index + 1] ?? heads[0]!).firstKey;
  const tree = buildRecordTree(entries, closingKey);
  const head = heads[index]!;
  const isBefore = index === heads.length - 1 || (tree.lastKey !== undefined && tree.lastKey < closingKey);
  if (tree.root !== head.root || tree.firstKey !== head.firstKey || tree.size !== head.recordCount || !isBefore) {
    throw new MalformedPieceError(`its records are not those of root ${head.root}`);
  }
  return tree;
}

/**
 * The tree of a set in pieces.
 *
 * @param treeOf The tree of the piece at an index; called once for each proof.
 */
export function buildPiecesTree(heads: readonly PieceHead[], treeOf: (index: number) => RecordTree): RecordTree {
  const first = heads[0];
  if (first === undefined)
    return { root: EMPTY_ROOT, size: 0, firstKey: undefined, lastKey: undefined, prove: () => undefined };
  const keys = heads.map(({ firstKey }) => fromHex(firstKey));
  const levels = levelsOf(heads.map(({ root }) => fromHex(root)));
  return {
    root: toHex(levels.at(-1)![0]!),
    size: heads.reduce((sum, { recordCount }) => sum + recordCount, 0),
    firstKey: first.firstKey,
    lastKey: undefined,
    prove(key) {
      const index = positionOf(keys, fromHex(key));
      const leaf = treeOf(index).prove(key);
      return leaf && { ...leaf, proof: [...leaf.proof, ...siblingsOf(levels, index).map(toHex)] };
    },
  };
}

/**
 * Cuts a set's records into pieces, at keys that do not move as records come and go, so that the next set has most pieces in
 * common with this one. Throws the errors of records, and `MalformedPieceError` where they are too many or too large.
 */
export function cutIntoPieces(setName: string, records: readonly SetRecord[]): readonly Piece[] {
  const keyed = records.map((record) => ({ record, ...entryOfRecord(setName, record) }));
  keyed.sort((left, right) => (left.key < right.key ? -1 : 1));
  let bits = Math.max(0, Math.ceil(Math.log2(keyed.length / PIECE_RECORDS_GOAL)));
  for (; 2 ** bits <= PIECES_MAX; bits += 1) {
    const prefixOf = (key: Hex) => Math.floor(Number.parseInt(key.slice(2, 10), 16) / 2 ** (32 - bits));
    const runs = [...Map.groupBy(keyed, ({ key }) => prefixOf(key)).values()];
    const wire = runs.map((run) => encodeRecords(run.map(({ record }) => record)));
    const fits = wire.every(
      (bytes, index) => bytes.length <= PIECE_BYTES_MAX && runs[index]!.length <= PIECE_RECORDS_MAX,
    );
    if (!fits) continue;
    return runs.map((run, index) => {
      const closing = (runs[index + 1] ?? runs[0]!)[0]!.key;
      const { root } = buildRecordTree(run, closing);
      return { root, firstKey: run[0]!.key, recordCount: run.length, bytes: wire[index]! };
    });
  }
  throw new MalformedPieceError(
    `${records.length} records do not fit ${PIECES_MAX} pieces of ${PIECE_BYTES_MAX} bytes`,
  );
}
