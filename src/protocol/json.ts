/**
 * The JSON that carries queries and answers over HTTP: `POST /v1/answer` with a query's text returns an answer's.
 *
 * Bigints are decimal strings, records their text forms (`dns:1:www.shop.hold`), bytes `0x…`. Decoding validates every
 * field and bounds every list, since both sides read what strangers sent. Unknown fields are left alone, so that a newer
 * peer can add some.
 */
import { type Hex, isHex, utf8Bytes } from "../base/bytes.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import { NAME_BYTES_MAX, normaliseName } from "../naming/name.ts";
import type {
  Answer,
  BlockReference,
  Evidence,
  HeaderAttestation,
  NameStatus,
  RecordResult,
  StorageProof,
} from "./answer.ts";
import { type EvidenceKind, QUERY_RECORDS_MAX, type Query } from "./query.ts";
import { formatRecordKey, parseRecordKey, type RecordKey } from "./record.ts";

/** The longest query read, in bytes of UTF-8. */
export const QUERY_BYTES_MAX = 32 * 1024;
/** The longest answer read, in bytes of UTF-8. */
export const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
/** The longest record value, in bytes: what two length bytes count on chain. */
export const VALUE_BYTES_MAX = 65_535;
/** More storage slots than 64 records of the greatest size need in one answer that fits `ANSWER_BYTES_MAX`. */
const STORAGE_PROOFS_MAX = 4_096;
/** RRsets that a name can have. */
const ZONE_KEYS_MAX = 255;
/** A trie of keccak256 keys has at most 64 levels and a leaf. */
const PROOF_NODES_MAX = 65;
/** A full branch node is 532 bytes; a leaf or an account is shorter. */
const PROOF_NODE_BYTES_MAX = 1_024;
const HEADER_BYTES_MAX = 4_096;
const ATTESTATIONS_MAX = 64;
const UINT64_MAX = 2n ** 64n - 1n;

export class MalformedMessageError extends BaseError {
  override readonly name = "Protocol.MalformedMessageError";
  /** Where in the message, such as `results[2].value`. */
  readonly path: string;
  constructor(path: string, reason: string, cause?: unknown) {
    super("PROTOCOL_MALFORMED_MESSAGE", `${path === "" ? "The message" : path} ${reason}.`, { cause });
    this.path = path;
  }
}

export class MessageTooLargeError extends BaseError {
  override readonly name = "Protocol.MessageTooLargeError";
  constructor(byteCount: number, byteCountMax: number) {
    super("PROTOCOL_MESSAGE_TOO_LARGE", `The message has ${byteCount} bytes; at most ${byteCountMax} are read.`);
  }
}

/**
 * The JSON text of a query.
 *
 * @example
 * ```ts
 * encodeQuery({ name: "shop.hold", records: [{ kind: "addr", coinType: 60n }], evidence: "signature" });
 * // {"name":"shop.hold","records":["addr:60"],"evidence":"signature"}
 * ```
 */
export function encodeQuery(query: Query): string {
  const { name, records, evidence, blockNumberMin } = query;
  return JSON.stringify({
    name,
    records: records.map(formatRecordKey),
    evidence,
    ...(blockNumberMin === undefined ? {} : { blockNumberMin: blockNumberMin.toString() }),
  });
}

/** The query of a JSON text. Throws `MalformedMessageError` or `MessageTooLargeError`. */
export function decodeQuery(text: string): Query {
  const message = readObject(parseText(text, QUERY_BYTES_MAX), "");
  const blockNumberMin = message.blockNumberMin;
  return {
    name: readName(message.name, "name"),
    records: readList(message.records, "records", QUERY_RECORDS_MAX, readRecord),
    evidence: readEvidenceKind(message.evidence),
    ...(blockNumberMin === undefined ? {} : { blockNumberMin: readUint64(blockNumberMin, "blockNumberMin") }),
  };
}

/** The JSON text of an answer. */
export function encodeAnswer(answer: Answer): string {
  return JSON.stringify({
    kind: answer.kind,
    name: answer.name,
    node: answer.node,
    block: {
      number: answer.block.number.toString(),
      hash: answer.block.hash,
      stateRoot: answer.block.stateRoot,
      timestamp: answer.block.timestamp.toString(),
    },
    status: { ...answer.status, expiry: answer.status.expiry.toString() },
    ...(answer.kind === "referral"
      ? {}
      : {
          results: answer.results.map(({ record, value, ttlSeconds }) => ({
            record: formatRecordKey(record),
            value,
            ttlSeconds,
          })),
        }),
    evidence: writeEvidence(answer.evidence),
  });
}

function writeEvidence(evidence: Evidence): unknown {
  if (evidence.kind === "signature" || evidence.zone === undefined) return evidence;
  return { ...evidence, zone: evidence.zone.map(formatRecordKey) };
}

/** The answer of a JSON text, its evidence unverified. Throws `MalformedMessageError` or `MessageTooLargeError`. */
export function decodeAnswer(text: string): Answer {
  const message = readObject(parseText(text, ANSWER_BYTES_MAX), "");
  const common = {
    name: readName(message.name, "name"),
    node: readBytes(message.node, "node", 32, 32),
    block: readBlock(message.block),
    status: readStatus(message.status),
    evidence: readEvidence(message.evidence),
  };
  if (message.kind === "referral") return { kind: "referral", ...common };
  if (message.kind !== "records") throw new MalformedMessageError("kind", "is neither records nor referral");
  return { kind: "records", ...common, results: readList(message.results, "results", QUERY_RECORDS_MAX, readResult) };
}

type Fields = Readonly<Record<string, unknown>>;

function parseText(text: string, byteCountMax: number): unknown {
  // A character is at least one byte, so the cheap length decides most cases before anything is copied.
  const byteCount = text.length > byteCountMax ? text.length : utf8Bytes(text).length;
  if (byteCount > byteCountMax) throw new MessageTooLargeError(byteCount, byteCountMax);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MalformedMessageError("", "is not JSON", error);
  }
}

function readObject(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MalformedMessageError(path, "is not an object");
  }
  return value as Fields;
}

function readList<Item>(
  value: unknown,
  path: string,
  countMax: number,
  readItem: (item: unknown, path: string) => Item,
): Item[] {
  if (!Array.isArray(value)) throw new MalformedMessageError(path, "is not a list");
  if (value.length > countMax) throw new MalformedMessageError(path, `has ${value.length} items, over ${countMax}`);
  return value.map((item, index) => readItem(item, `${path}[${index}]`));
}

function readBytes(value: unknown, path: string, byteCountMin: number, byteCountMax: number): Hex {
  // The size is looked at before the pattern, so that an oversized text costs nothing.
  if (typeof value !== "string" || value.length > 2 + 2 * byteCountMax || !isHex(value)) {
    throw new MalformedMessageError(path, `is not 0x and at most ${byteCountMax} bytes in hexadecimal`);
  }
  if (value.length < 2 + 2 * byteCountMin) throw new MalformedMessageError(path, `is under ${byteCountMin} bytes`);
  return value;
}

function readUint64(value: unknown, path: string): bigint {
  if (typeof value !== "string" || !/^(?:0|[1-9]\d{0,19})$/.test(value) || BigInt(value) > UINT64_MAX) {
    throw new MalformedMessageError(path, "is not a decimal string below 2^64");
  }
  return BigInt(value);
}

function readInteger(value: unknown, path: string, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
    throw new MalformedMessageError(path, `is not an integer from 0 to ${max}`);
  }
  return value;
}

const PLAIN_NAME = /^(?!-)(?!..--)[a-z0-9-]+(?:\.(?!..--)[a-z0-9-]+)*$/;

function readName(value: unknown, path: string): string {
  if (typeof value !== "string" || value === "" || value.length > NAME_BYTES_MAX) {
    throw new MalformedMessageError(path, `is not a name of 1 to ${NAME_BYTES_MAX} characters`);
  }
  // Letters, digits and hyphens are their own normal form (ENSIP-15); sizes are still to be looked at.
  if (PLAIN_NAME.test(value) && value.split(".").every((label) => label.length <= 63)) return value;
  let normal: string;
  try {
    normal = normaliseName(value);
  } catch (error) {
    throw new MalformedMessageError(path, `is not a name: ${messageOf(error)}`, error);
  }
  if (normal !== value) throw new MalformedMessageError(path, "is not in normal form");
  return value;
}

function readRecord(value: unknown, path: string): RecordKey {
  if (typeof value !== "string" || value.length > 1_024) {
    throw new MalformedMessageError(path, "is not a record key of at most 1024 characters");
  }
  try {
    return parseRecordKey(value);
  } catch (error) {
    throw new MalformedMessageError(path, "names no record", error);
  }
}

function readZoneKey(value: unknown, path: string): Extract<RecordKey, { kind: "dns" }> {
  const key = readRecord(value, path);
  if (key.kind !== "dns") throw new MalformedMessageError(path, "is no RRset");
  return key;
}

function readEvidenceKind(value: unknown): EvidenceKind {
  if (value !== "signature" && value !== "proof") {
    throw new MalformedMessageError("evidence", "is neither signature nor proof");
  }
  return value;
}

function readBlock(value: unknown): BlockReference {
  const fields = readObject(value, "block");
  return {
    number: readUint64(fields.number, "block.number"),
    hash: readBytes(fields.hash, "block.hash", 32, 32),
    stateRoot: readBytes(fields.stateRoot, "block.stateRoot", 32, 32),
    timestamp: readUint64(fields.timestamp, "block.timestamp"),
  };
}

function readStatus(value: unknown): NameStatus {
  const { closest, shardIndex, expiry } = readObject(value, "status");
  return {
    closest: closest === null ? null : readName(closest, "status.closest"),
    shardIndex: shardIndex === null ? null : readInteger(shardIndex, "status.shardIndex", 0xffffffff),
    expiry: readUint64(expiry, "status.expiry"),
  };
}

function readResult(value: unknown, path: string): RecordResult {
  const fields = readObject(value, path);
  return {
    record: readRecord(fields.record, `${path}.record`),
    value: fields.value === null ? null : readBytes(fields.value, `${path}.value`, 0, VALUE_BYTES_MAX),
    ttlSeconds: readInteger(fields.ttlSeconds, `${path}.ttlSeconds`, 0x7fffffff),
  };
}

function readEvidence(value: unknown): Evidence {
  const fields = readObject(value, "evidence");
  if (fields.kind === "signature") return { kind: "signature", ...readAttestation(fields, "evidence") };
  if (fields.kind !== "proof") throw new MalformedMessageError("evidence.kind", "is neither signature nor proof");
  return {
    kind: "proof",
    header: readBytes(fields.header, "evidence.header", 1, HEADER_BYTES_MAX),
    attestations: readList(fields.attestations, "evidence.attestations", ATTESTATIONS_MAX, readAttestation),
    account: readList(fields.account, "evidence.account", PROOF_NODES_MAX, readProofNode),
    storage: readList(fields.storage, "evidence.storage", STORAGE_PROOFS_MAX, readStorageProof),
    ...(fields.zone === undefined ? {} : { zone: readList(fields.zone, "evidence.zone", ZONE_KEYS_MAX, readZoneKey) }),
  };
}

function readAttestation(value: unknown, path: string): HeaderAttestation {
  const fields = readObject(value, path);
  return {
    gatewayId: readInteger(fields.gatewayId, `${path}.gatewayId`, 0xffff),
    signature: readBytes(fields.signature, `${path}.signature`, 65, 65),
  };
}

function readProofNode(value: unknown, path: string): Hex {
  return readBytes(value, path, 1, PROOF_NODE_BYTES_MAX);
}

function readStorageProof(value: unknown, path: string): StorageProof {
  const fields = readObject(value, path);
  return {
    slot: readBytes(fields.slot, `${path}.slot`, 32, 32),
    value: readBytes(fields.value, `${path}.value`, 0, 32),
    nodes: readList(fields.nodes, `${path}.nodes`, PROOF_NODES_MAX, readProofNode),
  };
}
