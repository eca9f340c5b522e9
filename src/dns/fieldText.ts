/** The presentation form of single fields: formatting from wire bytes, parsing from words. */

import { formatAddress4, formatAddress6, parseAddress4, parseAddress6 } from "./addressText.ts";
import { typeCode, typeName } from "./codes.ts";
import { formatLocation, parseLocation } from "./locationText.ts";
import { type DomainName, formatDomainName, nameToWire, parseDomainName } from "./name.ts";
import { formatParams, parseParams } from "./paramsText.ts";
import type { Field } from "./schema.ts";
import type { WireField } from "./wireFields.ts";
import { quoteString, UnexpectedWordError, unescapeString, type Word, type WordReader } from "./words.ts";

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `3600`, `1h` or `1w2d3h4m5s`; `undefined` for anything else or above 2^31 - 1 (RFC 2181 section 8). */
export function parseSeconds(text: string): number | undefined {
  if (!/^(?:\d+|(?:\d+[smhdw])+)$/i.test(text)) return undefined;
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)([smhdw]?)/gi)) {
    total += Number(digits) * (UNITS[(unit ?? "").toLowerCase()] ?? 1);
  }
  return total <= 0x7fffffff ? total : undefined;
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex").toUpperCase();

function hexBytes(text: string): Uint8Array | undefined {
  return /^(?:[0-9a-f]{2})*$/i.test(text) ? Uint8Array.from(Buffer.from(text, "hex")) : undefined;
}

function base64Bytes(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  return Uint8Array.from(Buffer.from(text, "base64"));
}

const BASE32 = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

function base32Text(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32[(value >>> (bits - 5)) & 31];
    value &= 0xff;
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text;
}

function base32Bytes(text: string): Uint8Array | undefined {
  const out: number[] = [];
  let bits = 0;
  let value = 0;
  for (const char of text.toUpperCase()) {
    const digit = BASE32.indexOf(char);
    if (digit === -1) return undefined;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      out.push((value >>> (bits - 8)) & 0xff);
      bits -= 8;
    }
  }
  return Uint8Array.from(out);
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/[-:T]/g, "").slice(0, 14);
}

function timeSeconds(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (!parts) return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** The types of a bitmap. */
function typesOf(bytes: Uint8Array): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += 2 + bytes[at + 1]!) {
    for (let bit = 0; bit < bytes[at + 1]! * 8; bit += 1) {
      if (bytes[at + 2 + (bit >>> 3)]! & (0x80 >>> (bit & 7))) types.push(bytes[at]! * 256 + bit);
    }
  }
  return types;
}

function typeBitmap(types: readonly number[]): Uint8Array {
  const windows = new Map<number, Uint8Array>();
  for (const type of [...types].sort((a, b) => a - b)) {
    const low = type & 0xff;
    const old = windows.get(type >>> 8) ?? new Uint8Array(0);
    const bitmap = new Uint8Array(Math.max(old.length, (low >>> 3) + 1));
    bitmap.set(old);
    bitmap[low >>> 3]! |= 0x80 >>> (low & 7);
    windows.set(type >>> 8, bitmap);
  }
  return Uint8Array.from([...windows].flatMap(([window, bitmap]) => [window, bitmap.length, ...bitmap]));
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function numberBytes(value: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  for (let index = size - 1, rest = value; index >= 0; index -= 1, rest = Math.floor(rest / 256))
    out[index] = rest & 0xff;
  return out;
}

/** A field's presentation form. */
export function formatField({ field, bytes, name }: WireField): string {
  switch (field) {
    case "name":
    case "plainName":
      return formatDomainName(name ?? "");
    case "ipv4":
      return formatAddress4(bytes);
    case "ipv6":
      return formatAddress6(bytes);
    case "string":
      return quoteString(bytes.subarray(1));
    case "tag":
      return String.fromCharCode(...bytes.subarray(1));
    case "strings": {
      const strings: string[] = [];
      for (let at = 0; at < bytes.length; at += 1 + bytes[at]!)
        strings.push(quoteString(bytes.subarray(at + 1, at + 1 + bytes[at]!)));
      return strings.join(" ");
    }
    case "text":
      return quoteString(bytes);
    case "hex":
      return hexOf(bytes);
    case "base64":
      return Buffer.from(bytes).toString("base64");
    case "type":
      return typeName(numberOf(bytes));
    case "types":
      return typesOf(bytes).map(typeName).join(" ");
    case "time":
      return timeText(numberOf(bytes));
    case "salt":
      return bytes.length === 1 ? "-" : hexOf(bytes.subarray(1));
    case "hash32":
      return base32Text(bytes.subarray(1));
    case "params":
      return formatParams(bytes);
    case "eui48":
    case "eui64":
      return hexOf(bytes).toLowerCase().match(/../g)!.join("-");
    case "location":
      return formatLocation(bytes);
    default:
      return String(numberOf(bytes));
  }
}

const NUMBER_MAX: Partial<Record<Field, [size: number, max: number]>> = {
  u8: [1, 0xff],
  u16: [2, 0xffff],
  u32: [4, 0xffffffff],
};

function stringBytes(word: Word, index: number, sizeMax: number): Uint8Array {
  const bytes = unescapeString(word.text);
  if (bytes && bytes.length <= sizeMax) return bytes;
  throw new UnexpectedWordError(`a string of at most ${sizeMax} bytes`, word.text, index);
}

function prefixed(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([bytes.length, ...bytes]);
}

/** Fields of one word each: what is expected, and the bytes or `undefined`. */
const ONE_WORD: Partial<Record<Field, [expected: string, parse: (text: string) => Uint8Array | undefined]>> = {
  ipv4: ["an IPv4 address", parseAddress4],
  ipv6: ["an IPv6 address", parseAddress6],
  ttl: ["a time in seconds", (text) => mapped(parseSeconds(text), (value) => numberBytes(value, 4))],
  type: ["a record type", (text) => mapped(typeCode(text), (value) => numberBytes(value, 2))],
  time: ["a time as YYYYMMDDHHmmSS", (text) => mapped(timeSeconds(text), (value) => numberBytes(value, 4))],
  tag: ["letters and digits", (text) => (/^[a-z0-9]{1,255}$/i.test(text) ? prefixed(Buffer.from(text)) : undefined)],
  salt: ["hexadecimal or -", (text) => (text === "-" ? new Uint8Array(1) : mapped(hexBytes(text), prefixed))],
  hash32: ["a base32hex hash", (text) => mapped(base32Bytes(text), prefixed)],
  eui48: ["an EUI-48 address", (text) => (/^(..-){5}..$/.test(text) ? hexBytes(text.replaceAll("-", "")) : undefined)],
  eui64: ["an EUI-64 address", (text) => (/^(..-){7}..$/.test(text) ? hexBytes(text.replaceAll("-", "")) : undefined)],
};

function mapped<From, To>(value: From | undefined, map: (value: From) => To): To | undefined {
  return value === undefined ? undefined : map(value);
}

/** The wire bytes of a field read from `reader`. Throws `UnexpectedWordError`. */
export function parseField(field: Field, reader: WordReader, origin: DomainName): Uint8Array {
  const index = reader.index;
  const limits = NUMBER_MAX[field];
  if (limits) {
    const { text } = reader.next("a number");
    if (/^\d{1,10}$/.test(text) && Number(text) <= limits[1]) return numberBytes(Number(text), limits[0]);
    throw new UnexpectedWordError(`a number from 0 to ${limits[1]}`, text, index);
  }
  const oneWord = ONE_WORD[field];
  if (oneWord) {
    const { text } = reader.next(oneWord[0]);
    const bytes = oneWord[1](text);
    if (bytes) return bytes;
    throw new UnexpectedWordError(oneWord[0], text, index);
  }
  switch (field) {
    case "name":
    case "plainName": {
      const { text } = reader.next("a domain name");
      return nameToWire(parseDomainName(text, origin));
    }
    case "string":
      return prefixed(stringBytes(reader.next("a string"), index, 255));
    case "strings": {
      const parts = [reader.next("a string"), ...reader.rest()].map((word, at) =>
        prefixed(stringBytes(word, index + at, 255)),
      );
      return Uint8Array.from(parts.flatMap((part) => [...part]));
    }
    case "text":
      return stringBytes(reader.next("a string"), index, 65_535);
    case "hex":
    case "base64": {
      const text = reader
        .rest()
        .map((word) => word.text)
        .join("");
      const bytes = text === "" ? undefined : field === "hex" ? hexBytes(text) : base64Bytes(text);
      if (bytes) return bytes;
      throw new UnexpectedWordError(field === "hex" ? "hexadecimal" : "base64", text, index);
    }
    case "types": {
      const types = reader.rest().map((word, at) => {
        const type = typeCode(word.text);
        if (type === undefined) throw new UnexpectedWordError("a record type", word.text, index + at);
        return type;
      });
      return typeBitmap(types);
    }
    case "params":
      return parseParams(reader.rest(), index);
    case "location":
      return parseLocation(reader.rest(), index);
    default:
      throw new UnexpectedWordError(`a field ${field}`, undefined, index);
  }
}
