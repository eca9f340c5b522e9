/** A reverse name's reading, in the form of any other name's. */
import { toHex } from "../base/bytes.ts";
import type { NameStatus, RecordResult } from "../protocol/answer.ts";
import type { RecordKey } from "../protocol/record.ts";
import { type NameReading, NEGATIVE_TTL_SECONDS, TTL_SECONDS_DEFAULT } from "./readName.ts";
import { type ReverseQuestion, readPrimaryName } from "./reverse.ts";
import type { ReadSlot } from "./value.ts";

/** Reverse names are in no registry. */
export const REVERSE_STATUS: NameStatus = { closest: null, shardIndex: null, expiry: 0n };

/** What the contract that keeps primary names says of some records of a reverse name, which has no other than `name`. */
export function readReverse(read: ReadSlot, question: ReverseQuestion, records: readonly RecordKey[]): NameReading {
  const name = readPrimaryName(read, question);
  const results = records.map((record): RecordResult => {
    if (record.kind !== "name" || name === undefined) return { record, value: null, ttlSeconds: NEGATIVE_TTL_SECONDS };
    return { record, value: toHex(name), ttlSeconds: TTL_SECONDS_DEFAULT };
  });
  return { status: REVERSE_STATUS, results };
}
