/** Record data in presentation form (RFC 1035 section 5, RFC 3597 section 5 for unknown types). */
import { concatBytes, toHex } from "../base/bytes.ts";
import { typeName } from "./codes.ts";
import { formatField, parseField } from "./fieldText.ts";
import type { ResourceRecord } from "./message.ts";
import { type DomainName, formatDomainName } from "./name.ts";
import { schemaOf } from "./schema.ts";
import { fieldsOf, MalformedRdataError, readFields } from "./wireFields.ts";
import { UnexpectedWordError, type Word, WordReader } from "./words.ts";

/** The data of a record as zone files write it; unknown types as `\# length hex`. */
export function formatRdata(type: number, rdata: Uint8Array): string {
  const fields = schemaOf(type) ? readFields(type, rdata, 0, rdata.length, "refused") : "unknown";
  if (typeof fields !== "string") return fields.map(formatField).join(" ").trimEnd();
  return `\\# ${rdata.length}${rdata.length === 0 ? "" : ` ${toHex(rdata).slice(2).toUpperCase()}`}`;
}

/** The data of words in presentation form; names completed by `origin`. Throws `UnexpectedWordError`. */
export function rdataOfWords(type: number, words: readonly Word[], origin: DomainName): Uint8Array {
  const reader = new WordReader(words);
  const first = reader.peek();
  if (first?.text === "\\#" && !first.isQuoted) return genericRdata(type, words);
  const schema = schemaOf(type);
  if (!schema) throw new UnexpectedWordError(`\\# and the data of ${typeName(type)} in hexadecimal`, first?.text, 0);
  const parts = schema.map((field) => parseField(field, reader, origin));
  const extra = reader.peek();
  if (extra) throw new UnexpectedWordError("the end of the record", extra.text, reader.index);
  return parts.length === 1 ? parts[0]! : concatBytes(...parts);
}

function genericRdata(type: number, words: readonly Word[]): Uint8Array {
  const reader = new WordReader(words);
  reader.next("\\#");
  const { text: lengthText } = reader.next("a length");
  const hex = reader
    .rest()
    .map(({ text }) => text)
    .join("");
  if (!/^\d{1,5}$/.test(lengthText)) throw new UnexpectedWordError("a length in bytes", lengthText, 1);
  if (!/^(?:[0-9a-f]{2})*$/i.test(hex) || hex.length !== Number(lengthText) * 2) {
    throw new UnexpectedWordError(`${lengthText} bytes in hexadecimal`, hex, 2);
  }
  const rdata = Uint8Array.from(Buffer.from(hex, "hex"));
  try {
    fieldsOf(type, rdata);
  } catch (error) {
    if (!(error instanceof MalformedRdataError)) throw error;
    throw new UnexpectedWordError(`the data of ${typeName(type)}`, hex, 2);
  }
  return rdata;
}

/**
 * The data of a record from presentation text.
 *
 * @example
 * ```ts
 * parseRdata(TYPE.MX, "10 mail.example.org."); // preference and uncompressed name
 * ```
 */
export function parseRdata(type: number, text: string, origin: DomainName = ""): Uint8Array {
  const words = [...text.matchAll(/"((?:\\.|[^"\\])*)"|((?:\\.|[^\s"\\]|"(?:\\.|[^"\\])*")+)/gs)];
  return rdataOfWords(
    type,
    words.map((word) => ({ text: word[1] ?? word[2] ?? "", isQuoted: word[1] !== undefined })),
    origin,
  );
}

/** A record on one line, as a zone file has it. */
export function formatRecord(record: ResourceRecord): string {
  const { name, type, ttlSeconds, rdata } = record;
  return `${formatDomainName(name)}\t${ttlSeconds}\tIN\t${typeName(type)}\t${formatRdata(type, rdata)}`;
}
