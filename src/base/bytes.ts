/** Bytes and their hexadecimal text. */
import { BaseError } from "./errors.ts";

/** `0x` and an even number of hexadecimal digits. */
export type Hex = `0x${string}`;

export class MalformedHexError extends BaseError {
  override readonly name = "Bytes.MalformedHexError";
  constructor(text: string) {
    super("BYTES_MALFORMED_HEX", `"${text.slice(0, 80)}" is not hexadecimal.`, {
      metaMessages: ["Expected 0x followed by an even number of digits 0-9, a-f."],
    });
  }
}

const HEX = /^0x[0-9a-fA-F]*$/;
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
/** The value of each ASCII character as a hexadecimal digit; 255 where it is none. */
const DIGIT_VALUES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 255 : value;
});

export function isHex(value: unknown): value is Hex {
  return typeof value === "string" && value.length % 2 === 0 && HEX.test(value);
}

/** Bytes as `0x…`, lower case. */
export function toHex(bytes: Uint8Array): Hex {
  let text = "0x";
  for (const byte of bytes) text += DIGITS[byte];
  return text as Hex;
}

/** Longer texts are worth the platform's own conversion, where it has one. */
const LOOP_CHARS_MAX = 96;

/** Node's conversion of hexadecimal into bytes at hand; how many bytes it could read. */
const writeHex: ((text: string, out: Uint8Array<ArrayBuffer>) => number) | undefined =
  typeof globalThis.Buffer === "function"
    ? (text, out) => globalThis.Buffer.from(out.buffer).write(text, "hex")
    : undefined;

/** The bytes of `0x…`. Throws `MalformedHexError`. Proofs spend their time here, so it looks at each digit once. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const byteCount = (text.length - 2) / 2;
  if (!Number.isInteger(byteCount) || byteCount < 0 || !text.startsWith("0x")) throw new MalformedHexError(text);
  const out = new Uint8Array(byteCount);
  if (text.length > LOOP_CHARS_MAX && writeHex !== undefined) {
    // It stops at the first character that is no digit.
    if (writeHex(text.slice(2), out) !== byteCount) throw new MalformedHexError(text);
    return out;
  }
  for (let index = 0, at = 2; index < byteCount; index += 1, at += 2) {
    const high = DIGIT_VALUES[text.charCodeAt(at)] ?? 255;
    const low = DIGIT_VALUES[text.charCodeAt(at + 1)] ?? 255;
    if ((high | low) > 15) throw new MalformedHexError(text);
    out[index] = (high << 4) | low;
  }
  return out;
}

/** Characters made of bytes at once: more arguments than this a call may not take. */
const CHARACTERS_AT_ONCE = 8_192;

/** Bytes as base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHARACTERS_AT_ONCE) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHARACTERS_AT_ONCE));
  }
  return btoa(text);
}

/** The bytes of base64; `undefined` where the text is something else. White space and missing padding are let pass. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let characters: string;
  try {
    characters = atob(text);
  } catch {
    return undefined;
  }
  const out = new Uint8Array(characters.length);
  for (let at = 0; at < out.length; at += 1) out[at] = characters.charCodeAt(at);
  return out;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes; `undefined` where they are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
