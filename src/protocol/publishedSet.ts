/** A record set as it is published, kept and exported: the head its owner signed, with its records or the list of its pieces. */
import * as z from "zod/mini";
import type { Hex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { normaliseName } from "../naming/name.ts";
import { namehash } from "../naming/namehash.ts";
import { buildPiecesTree, decodePieceHeads, type PieceHead, parseStoredRecord } from "./offchainPieces.ts";
import { entryOfRecord, MalformedSetRecordError, SET_VALUE_BYTES_MAX, type SetRecord } from "./offchainRecords.ts";
import type { SignedRecordSet } from "./offchainSet.ts";
import { buildRecordTree, type RecordTree } from "./offchainTree.ts";
import { formatRecordKey } from "./record.ts";

/** Records in a set that is not in pieces. */
export const INLINE_RECORDS_MAX = 1_000;
/** The longest published set, in bytes of its JSON; greater ones are cut into pieces. */
export const SET_BYTES_MAX = 512 * 1024;
/** The longest signature: a contract's may hold those of many owners (ERC-1271). */
const SIGNATURE_BYTES_MAX = 8_192;

export interface PublishedSet {
  readonly name: string;
  readonly set: SignedRecordSet;
  /** All records; `undefined` where they are in pieces. */
  readonly records: readonly SetRecord[] | undefined;
  /** Empty where the records are not in pieces. */
  readonly pieces: readonly PieceHead[];
}

/** What is wrong with a published set's form. */
export type SetFormFlaw =
  | "malformed-request"
  | "malformed-rrset"
  | "malformed-record"
  | "too-many-records"
  | "too-large";

export class MalformedSetError extends BaseError {
  override readonly name = "Protocol.MalformedSetError";
  readonly flaw: SetFormFlaw;
  constructor(flaw: SetFormFlaw, reason: string, cause?: unknown) {
    super("PROTOCOL_MALFORMED_SET", reason, { cause });
    this.flaw = flaw;
  }
}

const text = (charactersMax: number) => z.string().check(z.maxLength(charactersMax));
const hex = (byteCountMin: number, byteCountMax: number) =>
  z.pipe(
    text(2 + 2 * byteCountMax).check(
      z.regex(/^0x(?:[0-9a-f]{2})*$/, "not lower-case hexadecimal"),
      z.minLength(2 + 2 * byteCountMin, `under ${byteCountMin} bytes`),
    ),
    z.transform((digits) => digits as Hex),
  );
const uint64 = z
  .pipe(
    z.string().check(z.regex(/^\d{1,20}$/, "not a decimal number")),
    z.transform((digits: string) => BigInt(digits)),
  )
  .check(z.refine((value) => value < 2n ** 64n, "not below 2^64"));
const seconds = z.int().check(z.nonnegative(), z.maximum(2 ** 48 - 1));
const record = z.object({ name: text(255), record: text(1_024), value: hex(1, SET_VALUE_BYTES_MAX) });

const schema = z.object({
  name: text(255),
  epoch: uint64,
  sequence: uint64,
  validFrom: seconds,
  validUntil: seconds,
  signer: hex(20, 20),
  signature: hex(1, SIGNATURE_BYTES_MAX),
  records: z.optional(z.array(z.unknown())),
  pieces: z.optional(hex(1, SET_BYTES_MAX)),
});

function firstIssue(error: z.core.$ZodError, prefix = ""): MalformedSetError {
  const issue = error.issues[0];
  return new MalformedSetError(
    "malformed-request",
    `${prefix}${issue?.path.join(".") || "document"}: ${issue?.message}`,
  );
}

function readRecord(value: unknown, index: number): SetRecord {
  const result = record.safeParse(value);
  if (!result.success) throw firstIssue(result.error, `records.${index}.`);
  return { name: result.data.name, record: parseStoredRecord(result.data.record), value: result.data.value };
}

/** The parts of a set's JSON text, its signature unverified. Throws `MalformedSetError`, which names the field. */
export function parsePublishedSet(text: string): { readonly published: PublishedSet; readonly tree: RecordTree } {
  if (text.length > SET_BYTES_MAX) {
    throw new MalformedSetError("too-large", `A set has at most ${SET_BYTES_MAX} bytes; greater ones go in pieces.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MalformedSetError("malformed-request", "The body is not JSON.", error);
  }
  const result = schema.safeParse(value);
  if (!result.success) throw firstIssue(result.error);
  try {
    return treeOf(result.data);
  } catch (error) {
    if (error instanceof MalformedSetError || !(error instanceof BaseError)) throw error;
    const flaw =
      error instanceof MalformedSetRecordError
        ? error.isRRset
          ? "malformed-rrset"
          : "malformed-record"
        : "malformed-request";
    throw new MalformedSetError(flaw, error.shortMessage, error);
  }
}

/** The tree of a set in pieces, as far as their heads tell: it has the root, and proves nothing. */
function headTree(pieces: readonly PieceHead[]): RecordTree {
  return buildPiecesTree(pieces, () => {
    throw new MalformedSetError("malformed-request", "The pieces are not at hand.");
  });
}

function treeOf(data: z.output<typeof schema>) {
  const { name, records: told, pieces: list, ...head } = data;
  if (normaliseName(name) !== name) throw new MalformedSetError("malformed-request", "name: not in normal form");
  if ((told === undefined) === (list === undefined)) {
    throw new MalformedSetError("malformed-request", "records: one of records and pieces is needed");
  }
  if (told !== undefined && told.length > INLINE_RECORDS_MAX) {
    const reason = `${told.length} records; at most ${INLINE_RECORDS_MAX} go in one document, more in pieces.`;
    throw new MalformedSetError("too-many-records", reason);
  }
  const records = told?.map(readRecord);
  const pieces = list === undefined ? [] : decodePieceHeads(list);
  const tree =
    records === undefined ? headTree(pieces) : buildRecordTree(records.map((each) => entryOfRecord(name, each)));
  const set = { ...head, node: namehash(name), root: tree.root };
  return { published: { name, set, records, pieces }, tree };
}

/** The JSON text of a set. `pieces` is the list's wire form (`encodePieceHeads`). */
export function encodePublishedSet(
  name: string,
  set: Omit<SignedRecordSet, "node" | "root">,
  content: { readonly records: readonly SetRecord[] } | { readonly pieces: Hex },
): string {
  const { epoch, sequence, validFrom, validUntil, signer, signature } = set;
  const head = {
    name,
    epoch: epoch.toString(),
    sequence: sequence.toString(),
    validFrom,
    validUntil,
    signer: signer.toLowerCase(),
    signature: signature.toLowerCase(),
  };
  if ("pieces" in content) return JSON.stringify({ ...head, pieces: content.pieces });
  const records = content.records.map(({ name: owner, record: key, value }) => ({
    name: owner,
    record: formatRecordKey(key),
    value: value.toLowerCase(),
  }));
  return JSON.stringify({ ...head, records });
}
