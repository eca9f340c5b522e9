/** Words of presentation text and the character strings they stand for. */
import { utf8Bytes } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";

/** A word of presentation text: as written, escapes kept, quotes taken off. */
export interface Word {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** A word is not what the field wants; `wordIndex` says which word. */
export class UnexpectedWordError extends BaseError {
  override readonly name = "Dns.UnexpectedWordError";
  readonly wordIndex: number;
  constructor(expected: string, found: string | undefined, wordIndex: number) {
    super(
      "DNS_UNEXPECTED_WORD",
      `Expected ${expected}, found ${found === undefined ? "the end of the record" : `"${found.slice(0, 80)}"`}.`,
    );
    this.wordIndex = wordIndex;
  }
}

/** The bytes of a character string; `\DDD` and `\X` unescaped, other characters as UTF-8. */
export function unescapeString(text: string): Uint8Array | undefined {
  const bytes = utf8Bytes(text);
  if (!bytes.includes(0x5c)) return bytes;
  const out: number[] = [];
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index]!;
    if (byte !== 0x5c) {
      out.push(byte);
      continue;
    }
    const digits = String.fromCharCode(...bytes.subarray(index + 1, index + 4));
    if (/^\d{3}$/.test(digits) && Number(digits) < 256) {
      out.push(Number(digits));
      index += 3;
    } else if (index + 1 < bytes.length && !/^\d/.test(digits)) {
      out.push(bytes[index + 1]!);
      index += 1;
    } else {
      return undefined;
    }
  }
  return Uint8Array.from(out);
}

/** Bytes as a quoted character string. */
export function quoteString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else text += byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, "0")}` : String.fromCharCode(byte);
  }
  return `"${text}"`;
}

/** Reads words one by one, remembering which was last. */
export class WordReader {
  readonly #words: readonly Word[];
  index = 0;
  constructor(words: readonly Word[]) {
    this.#words = words;
  }
  peek(): Word | undefined {
    return this.#words[this.index];
  }
  next(expected: string): Word {
    const word = this.#words[this.index];
    if (!word) throw new UnexpectedWordError(expected, undefined, this.index);
    this.index += 1;
    return word;
  }
  rest(): readonly Word[] {
    const words = this.#words.slice(this.index);
    this.index = this.#words.length;
    return words;
  }
}
