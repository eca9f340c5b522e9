/** The wire side of the schema: splits a record's data into fields, and thereby checks it. */
import { concatBytes } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { typeName } from "./codes.ts";
import { type DomainName, nameToWire, readName } from "./name.ts";
import { type Field, schemaOf } from "./schema.ts";

export class MalformedRdataError extends BaseError {
  override readonly name = "Dns.MalformedRdataError";
  constructor(type: number, reason: string) {
    super("DNS_MALFORMED_RDATA", `The data of a ${typeName(type)} record is malformed: ${reason}.`);
  }
}

/** One field of a record's data: its bytes, and the name where it is one. */
export interface WireField {
  readonly field: Field;
  readonly bytes: Uint8Array;
  readonly name?: DomainName;
}

const FIXED: Partial<Record<Field, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  ttl: 4,
  time: 4,
  type: 2,
  ipv4: 4,
  ipv6: 16,
  eui48: 6,
  eui64: 8,
};
const TO_THE_END = new Set<Field>(["text", "hex", "base64"]);

/** The length of a whole run of length-prefixed strings, or a reason. */
function checkStrings(bytes: Uint8Array, offset: number, end: number): string | undefined {
  if (offset === end) return "no string";
  let position = offset;
  while (position < end) position += 1 + bytes[position]!;
  return position === end ? undefined : "a string runs past the end";
}

function checkTypes(bytes: Uint8Array, offset: number, end: number): string | undefined {
  let position = offset;
  let window = -1;
  while (position < end) {
    const length = bytes[position + 1] ?? 0;
    if (position + 2 > end || length < 1 || length > 32 || position + 2 + length > end)
      return "a type bitmap is cut off";
    if (bytes[position]! <= window) return "a type bitmap is out of order";
    window = bytes[position]!;
    position += 2 + length;
  }
  return undefined;
}

function checkParams(bytes: Uint8Array, offset: number, end: number): string | undefined {
  let position = offset;
  let last = -1;
  while (position < end) {
    if (position + 4 > end) return "a service parameter is cut off";
    const key = (bytes[position]! << 8) | bytes[position + 1]!;
    const length = (bytes[position + 2]! << 8) | bytes[position + 3]!;
    if (key <= last) return "service parameters are out of order";
    if (position + 4 + length > end) return "a service parameter runs past the end";
    last = key;
    position += 4 + length;
  }
  return undefined;
}

/** Where a variable field ends, or a reason. */
function endOfField(field: Field, bytes: Uint8Array, offset: number, end: number): number | string {
  if (TO_THE_END.has(field)) return end;
  switch (field) {
    case "string":
    case "tag":
    case "salt":
    case "hash32": {
      const length = bytes[offset];
      if (offset >= end || length === undefined || offset + 1 + length > end) return `a ${field} runs past the end`;
      return offset + 1 + length;
    }
    case "strings":
      return checkStrings(bytes, offset, end) ?? end;
    case "types":
      return checkTypes(bytes, offset, end) ?? end;
    case "params":
      return checkParams(bytes, offset, end) ?? end;
    case "location":
      return end - offset === 16 && bytes[offset] === 0 ? end : "a location of an unknown version or length";
    default:
      return `an unknown field ${field}`;
  }
}

/**
 * The fields of the data at `[offset, end)` of `bytes`, compression pointers followed when allowed; or the reason it is
 * malformed. Types without a schema are one opaque field.
 */
export function readFields(
  type: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  compression: "allowed" | "refused",
): WireField[] | string {
  const schema = schemaOf(type);
  if (schema === undefined) return [{ field: "hex", bytes: bytes.subarray(offset, end) }];
  const fields: WireField[] = [];
  let position = offset;
  for (const field of schema) {
    if (field === "name" || field === "plainName") {
      const read = readName(bytes, position, compression);
      if (typeof read === "string") return read;
      if (read.end > end) return "a name runs past the end of the data";
      fields.push({ field, bytes: nameToWire(read.name), name: read.name });
      position = read.end;
      continue;
    }
    const size = FIXED[field];
    const next = size === undefined ? endOfField(field, bytes, position, end) : position + size;
    if (typeof next === "string") return next;
    if (next > end) return `the field ${field} is cut off`;
    fields.push({ field, bytes: bytes.subarray(position, next) });
    position = next;
  }
  return position === end ? fields : "bytes follow the last field";
}

/** The fields of uncompressed data. Throws `MalformedRdataError`. */
export function fieldsOf(type: number, rdata: Uint8Array): WireField[] {
  const fields = readFields(type, rdata, 0, rdata.length, "refused");
  if (typeof fields === "string") throw new MalformedRdataError(type, fields);
  return fields;
}

/** The data of fields, uncompressed. */
export function joinFields(fields: readonly WireField[]): Uint8Array {
  return concatBytes(...fields.map(({ bytes }) => bytes));
}
