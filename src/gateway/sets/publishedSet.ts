/** A record set as it is published: the head its owner signed, and all its records. */
import { z } from "zod";
import type { Hex } from "../../base/bytes.ts";
import { normaliseName } from "../../naming/name.ts";
import { namehash } from "../../naming/namehash.ts";
import type { SignedRecordSet } from "../../protocol/offchainSet.ts";
import { buildRecordTree, type RecordTree } from "../../protocol/offchainTree.ts";
import { ProblemError } from "../http/message.ts";

/** Records in one set. */
const RECORDS_MAX = 10_000;
/** The longest record the registry keeps, in bytes; a set's are no longer. */
const VALUE_BYTES_MAX = 8_192;

const hex = (byteCountMin: number, byteCountMax: number) =>
  z
    .string()
    .max(2 + 2 * byteCountMax)
    .regex(/^0x(?:[0-9a-f]{2})*$/, "not lower-case hexadecimal")
    .refine((text) => text.length >= 2 + 2 * byteCountMin, `under ${byteCountMin} bytes`)
    .transform((text) => text as Hex);
const uint64 = z
  .string()
  .regex(/^\d{1,20}$/, "not a decimal number")
  .transform(BigInt)
  .refine((value) => value < 2n ** 64n, "not below 2^64");
const seconds = z
  .int()
  .min(0)
  .max(2 ** 48 - 1);

const schema = z.object({
  name: z.string().max(255),
  epoch: uint64,
  sequence: uint64,
  validFrom: seconds,
  validUntil: seconds,
  signer: hex(20, 20),
  signature: hex(65, 65),
  records: z.array(z.object({ key: hex(32, 32), value: hex(1, VALUE_BYTES_MAX) })).max(RECORDS_MAX),
});

export interface PublishedSet {
  readonly name: string;
  readonly set: SignedRecordSet;
  readonly tree: RecordTree;
}

function problem(detail: string): ProblemError {
  return new ProblemError(400, "malformed-request", detail);
}

/** The set of a JSON text, its signature unverified. Throws `ProblemError`, which names the field. */
export function parsePublishedSet(text: string): PublishedSet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw problem("The body is not JSON.");
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw problem(`${issue?.path.join(".") || "document"}: ${issue?.message}`);
  }
  const { name, records, ...head } = result.data;
  try {
    if (normaliseName(name) !== name) throw problem("name: not in normal form");
    const tree = buildRecordTree(records);
    return { name, set: { ...head, node: namehash(name), root: tree.root }, tree };
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw problem(error instanceof Error ? (error.message.split("\n", 1)[0] ?? "malformed") : "malformed");
  }
}
