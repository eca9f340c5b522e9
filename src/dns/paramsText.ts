/** Service parameters of SVCB and HTTPS records (RFC 9460 section 2.1). */
import { concatBytes } from "../base/bytes.ts";
import { formatAddress4, formatAddress6, parseAddress4, parseAddress6 } from "./addressText.ts";
import { quoteString, UnexpectedWordError, unescapeString, type Word } from "./words.ts";

const KEYS = ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"];

const COMMA = 0x2c;
const BACKSLASH = 0x5c;

function keyName(key: number): string {
  return KEYS[key] ?? `key${key}`;
}

function keyNumber(text: string): number | undefined {
  const known = KEYS.indexOf(text.toLowerCase());
  if (known !== -1) return known;
  const generic = /^key(\d{1,5})$/i.exec(text);
  return generic && Number(generic[1]) < 0xffff ? Number(generic[1]) : undefined;
}

const u16 = (value: number) => Uint8Array.of(value >>> 8, value & 0xff);

function chunks(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, index * size + size),
  );
}

function formatValue(key: number, bytes: Uint8Array): string {
  switch (key) {
    case 0:
      return chunks(bytes, 2)
        .map((pair) => keyName((pair[0]! << 8) | pair[1]!))
        .join(",");
    case 1: {
      // Commas and backslashes inside a protocol id are escaped for the list, then all of it for the string.
      const list: number[] = [];
      for (let at = 0; at < bytes.length; at += 1 + bytes[at]!) {
        if (at > 0) list.push(COMMA);
        for (const byte of bytes.subarray(at + 1, at + 1 + bytes[at]!)) {
          if (byte === COMMA || byte === BACKSLASH) list.push(BACKSLASH);
          list.push(byte);
        }
      }
      return quoteString(Uint8Array.from(list));
    }
    case 3:
      return bytes.length === 2 ? String((bytes[0]! << 8) | bytes[1]!) : quoteString(bytes);
    case 4:
      return chunks(bytes, 4).map(formatAddress4).join(",");
    case 5:
      return Buffer.from(bytes).toString("base64");
    case 6:
      return chunks(bytes, 16).map(formatAddress6).join(",");
    default:
      return quoteString(bytes);
  }
}

export function formatParams(bytes: Uint8Array): string {
  const words: string[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const key = (bytes[at]! << 8) | bytes[at + 1]!;
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const value = bytes.subarray(at + 4, at + 4 + length);
    words.push(length === 0 ? keyName(key) : `${keyName(key)}=${formatValue(key, value)}`);
    at += 4 + length;
  }
  return words.join(" ");
}

/** Splits a value list at commas that no backslash escapes. */
function splitList(bytes: Uint8Array): Uint8Array[] {
  const items: number[][] = [[]];
  for (let index = 0; index < bytes.length; index += 1) {
    if (bytes[index] === BACKSLASH && index + 1 < bytes.length) {
      index += 1;
      items.at(-1)!.push(bytes[index]!);
    } else if (bytes[index] === COMMA) {
      items.push([]);
    } else {
      items.at(-1)!.push(bytes[index]!);
    }
  }
  return items.map((item) => Uint8Array.from(item));
}

function joined(parts: (Uint8Array | undefined)[], sizeOk: (part: Uint8Array) => boolean): Uint8Array | undefined {
  const whole = parts.filter((part) => part !== undefined && sizeOk(part)) as Uint8Array[];
  return parts.length > 0 && whole.length === parts.length ? concatBytes(...whole) : undefined;
}

function valueBytes(key: number, text: string): Uint8Array | undefined {
  const raw = unescapeString(text);
  if (!raw) return undefined;
  const items = () => text.split(",");
  switch (key) {
    case 0: {
      const keys = items().map(keyNumber);
      if (keys.includes(undefined)) return undefined;
      return concatBytes(...(keys as number[]).sort((a, b) => a - b).map(u16));
    }
    case 1:
      return joined(
        splitList(raw).map((item) => Uint8Array.from([item.length, ...item])),
        (part) => part.length > 1 && part.length < 257,
      );
    case 3:
      return /^\d{1,5}$/.test(text) && Number(text) <= 0xffff ? u16(Number(text)) : undefined;
    case 4:
      return joined(items().map(parseAddress4), () => true);
    case 5:
      return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Uint8Array.from(Buffer.from(text, "base64")) : undefined;
    case 6:
      return joined(items().map(parseAddress6), () => true);
    default:
      return raw;
  }
}

/** The wire form of `key=value` words, keys sorted. Throws `UnexpectedWordError`. */
export function parseParams(words: readonly Word[], index: number): Uint8Array {
  const values = new Map<number, Uint8Array>();
  for (const [at, word] of words.entries()) {
    const equals = word.text.indexOf("=");
    const key = keyNumber(equals === -1 ? word.text : word.text.slice(0, equals));
    const valueText = equals === -1 ? "" : word.text.slice(equals + 1).replace(/^"(.*)"$/s, "$1");
    const value =
      key === undefined || values.has(key)
        ? undefined
        : valueText === ""
          ? new Uint8Array(0)
          : valueBytes(key, valueText);
    const needsValue = key !== undefined && [0, 1, 3, 4, 5, 6].includes(key);
    if (
      key === undefined ||
      value === undefined ||
      (needsValue && value.length === 0) ||
      (key === 2 && value.length > 0)
    ) {
      throw new UnexpectedWordError("a service parameter", word.text, index + at);
    }
    values.set(key, value);
  }
  const mandatory = values.get(0);
  if (mandatory) {
    const missing = chunks(mandatory, 2).find((pair) => !values.has((pair[0]! << 8) | pair[1]!));
    if (missing)
      throw new UnexpectedWordError(
        `the mandatory parameter ${keyName((missing[0]! << 8) | missing[1]!)}`,
        undefined,
        index,
      );
  }
  const sorted = [...values].sort(([a], [b]) => a - b);
  return concatBytes(...sorted.flatMap(([key, value]) => [u16(key), u16(value.length), value]));
}
