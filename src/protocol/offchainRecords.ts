/** Records of a signed set by name and kind, as their owner writes them, and the keys under which the set's tree holds them. */
import { type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { childNode, namehash } from "../naming/namehash.ts";
import { type RecordEntry, recordKeyHash, wildcardKeyHash } from "./offchainTree.ts";
import { formatRecordKey, isEvmCoinType, type StoredRecordKey } from "./record.ts";
import { placeOf } from "./recordPlace.ts";
import { decodeRRset } from "./rrset.ts";

/** The longest record of a set, in bytes: what the registry would keep. */
export const SET_VALUE_BYTES_MAX = 8_192;

/** One record of a set. */
export interface SetRecord {
  /** The set's own name, a name below it, or `*.` and the set's name: every name below it that has no such record itself. */
  readonly name: string;
  readonly record: StoredRecordKey;
  /** The bytes as a resolver keeps them, not empty; an RRset in wire form under `name` (ENSIP-6). */
  readonly value: Hex;
}

export class MalformedSetRecordError extends BaseError {
  override readonly name = "Protocol.MalformedSetRecordError";
  /** Whether it is an RRset. */
  readonly isRRset: boolean;
  constructor({ name, record }: Pick<SetRecord, "name" | "record">, reason: string, cause?: unknown) {
    super("PROTOCOL_MALFORMED_SET_RECORD", `The record ${formatRecordKey(record)} of ${name} ${reason}.`, { cause });
    this.isRRset = record.kind === "dns";
  }
}

function checkValue(setRecord: SetRecord): void {
  const { name, record, value } = setRecord;
  const byteCount = (value.length - 2) / 2;
  const refuse = (reason: string, cause?: unknown) => {
    throw new MalformedSetRecordError(setRecord, reason, cause);
  };
  if (byteCount === 0) refuse("is empty");
  if (byteCount > SET_VALUE_BYTES_MAX) refuse(`has ${byteCount} bytes; at most ${SET_VALUE_BYTES_MAX} fit`);
  if (record.kind === "addr" && isEvmCoinType(record.coinType) && byteCount !== 20) refuse("is no address");
  if (record.kind === "pubkey" && byteCount !== 64) refuse("is no public key of 64 bytes");
  if (record.kind !== "dns") return;
  if (record.owner !== name) refuse("is of another owner than its name");
  try {
    const rrset = decodeRRset(value);
    if (rrset.name !== name) refuse(`holds records of ${rrset.name}`);
    if (rrset.type !== record.rrtype) refuse(`holds records of type ${rrset.type}`);
  } catch (error) {
    if (error instanceof MalformedSetRecordError || !(error instanceof BaseError)) throw error;
    refuse(`is malformed: ${error.shortMessage}`, error);
  }
}

/** A record as the tree of `setName`'s set holds it. Throws `MalformedSetRecordError`. */
export function entryOfRecord(setName: string, setRecord: SetRecord): RecordEntry {
  const { name, record, value } = setRecord;
  const wildcard = `*.${setName}`;
  if (name !== setName && !name.endsWith(`.${setName}`)) {
    throw new MalformedSetRecordError(setRecord, `is not at or below ${setName}`);
  }
  if (name.includes("*") && name !== wildcard) {
    throw new MalformedSetRecordError(setRecord, `has a wildcard elsewhere than in ${wildcard}`);
  }
  checkValue(setRecord);
  const node = namehash(setName);
  const place = placeOf(record);
  const kindWord = (BigInt(place.kind) << 248n) | (BigInt(place.rrtype) << 232n);
  const subkey = toHex(place.subkey);
  if (name === wildcard) return { key: wildcardKeyHash(node, kindWord, subkey), value };
  const dot = name.indexOf(".");
  // Most records of a great set are of names right below it.
  const owner = name.slice(dot + 1) === setName ? childNode(node, name.slice(0, dot)) : namehash(name);
  return { key: recordKeyHash(owner, kindWord, subkey), value };
}
