/** Splits a master file (RFC 1035 section 5.1) into entries: lines, joined where parentheses say so, of placed words. */
import { BaseError } from "../base/errors.ts";
import type { Word } from "./words.ts";

/** A word with the place it starts at, both counted from 1. */
export interface PlacedWord extends Word {
  readonly line: number;
  readonly column: number;
}

/** One entry of the file: the words of a record or directive. */
export interface ZoneEntry {
  readonly words: readonly PlacedWord[];
  /** Whether the line begins with a blank, so that the owner is the one before. */
  readonly isOwnerBlank: boolean;
}

export class ZoneFileError extends BaseError {
  override readonly name = "Dns.ZoneFileError";
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly token: string;
  constructor(reason: string, at: { file: string; line: number; column: number; token: string }, cause?: unknown) {
    super("DNS_ZONE_FILE", `${at.file}:${at.line}:${at.column}: ${reason}`, {
      cause,
      metaMessages: [`At "${at.token.slice(0, 80)}".`],
    });
    this.file = at.file;
    this.line = at.line;
    this.column = at.column;
    this.token = at.token;
  }
}

const BLANK = /[ \t\r\f\v\uFEFF]/;
const PLAIN_END = /[ \t\r\n\f\v;()"]/;

/** The entries of a text, one by one, so that a file of millions of records is never held as words. */
export function* zoneEntries(text: string, file: string): Generator<ZoneEntry> {
  let line = 1;
  let lineStart = 0;
  let open: PlacedWord | undefined;
  let words: PlacedWord[] = [];
  let isOwnerBlank = false;
  let isLineStart = true;
  let index = 0;
  const place = (at: number, word: string, isQuoted = false): PlacedWord => ({
    text: word,
    isQuoted,
    line,
    column: at - lineStart + 1,
  });
  const fail = (reason: string, at: PlacedWord) =>
    new ZoneFileError(reason, { file, line: at.line, column: at.column, token: at.text });
  while (index < text.length) {
    const char = text[index]!;
    if (isLineStart && !open) isOwnerBlank = BLANK.test(char) && char !== "\uFEFF";
    isLineStart = false;
    if (char === "\n") {
      if (!open && words.length > 0) {
        yield { words, isOwnerBlank };
        words = [];
      }
      line += 1;
      index += 1;
      lineStart = index;
      isLineStart = true;
    } else if (BLANK.test(char)) {
      index += 1;
    } else if (char === ";") {
      const end = text.indexOf("\n", index);
      index = end === -1 ? text.length : end;
    } else if (char === "(") {
      if (open) throw fail("a parenthesis inside parentheses", place(index, char));
      open = place(index, char);
      index += 1;
    } else if (char === ")") {
      if (!open) throw fail("a closing parenthesis without an opening one", place(index, char));
      open = undefined;
      index += 1;
    } else {
      const end = endOfWord(text, index);
      if (end === -1)
        throw fail("a string without its closing quote", place(index, text.slice(index, index + 20).split("\n")[0]!));
      const isQuoted = char === '"';
      words.push(place(index, isQuoted ? text.slice(index + 1, end - 1) : text.slice(index, end), isQuoted));
      index = end;
    }
  }
  if (open) throw fail("a parenthesis that is never closed", open);
  if (words.length > 0) yield { words, isOwnerBlank };
}

/** The index behind the word at `start`; -1 where a quote is never closed on its line. */
function endOfWord(text: string, start: number): number {
  const isQuoted = text[start] === '"';
  let inQuotes = isQuoted;
  let index = isQuoted ? start + 1 : start;
  for (; index < text.length; index += 1) {
    const char = text[index]!;
    if (char === "\\") {
      index += 1;
    } else if (inQuotes) {
      if (char === "\n") return -1;
      if (char === '"') {
        if (isQuoted) return index + 1;
        inQuotes = false;
      }
    } else if (char === '"' && text[index - 1] === "=") {
      // alpn="h2,h3": quotes after an equals sign belong to the word (RFC 9460 appendix A).
      inQuotes = true;
    } else if (PLAIN_END.test(char)) {
      return index;
    }
  }
  return inQuotes ? -1 : Math.min(index, text.length);
}
