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

const HEX = /^0x(?:[0-9a-fA-F]{2})*$/;
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function isHex(value: unknown): value is Hex {
  return typeof value === "string" && HEX.test(value);
}

/** Bytes as `0x…`, lower case. */
export function toHex(bytes: Uint8Array): Hex {
  let text = "0x";
  for (const byte of bytes) text += DIGITS[byte];
  return text as Hex;
}

/** The bytes of `0x…`. Throws `MalformedHexError`. */
export function fromHex(text: string): Uint8Array {
  if (!HEX.test(text)) throw new MalformedHexError(text);
  const out = new Uint8Array((text.length - 2) / 2);
  for (let index = 0; index < out.length; index += 1) {
    out[index] = Number.parseInt(text.slice(2 + index * 2, 4 + index * 2), 16);
  }
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
