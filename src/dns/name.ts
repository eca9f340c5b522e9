/**
 * Domain names as DNS has them: up to 255 bytes, labels of any bytes. Inside Holdfast a `DomainName` is the presentation
 * form without the final dot ("" is the root), in which a dot inside a label is `\.` and unprintable bytes are `\DDD`;
 * it compares as text once lower-cased (RFC 4343).
 */
import { utf8Bytes } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { LABEL_BYTES_MAX, NAME_BYTES_MAX } from "../naming/name.ts";

export type DomainName = string;

export class MalformedDomainNameError extends BaseError {
  override readonly name = "Dns.MalformedDomainNameError";
  constructor(text: string, reason: string) {
    super("DNS_MALFORMED_NAME", `"${text.slice(0, 300)}" is no domain name: ${reason}.`);
  }
}

/** A name has at most 127 labels, so no more pointers than that are ever of use. */
const POINTERS_MAX = 127;
const DOT = 0x2e;
const BACKSLASH = 0x5c;
/** Bytes that mean something in zone files and are escaped by a backslash. */
const SPECIAL = new Set([...'"().;\\@$'].map((char) => char.charCodeAt(0)));
const BYTE_TEXT = Array.from({ length: 256 }, (_, byte) => {
  if (byte < 0x21 || byte > 0x7e) return `\\${String(byte).padStart(3, "0")}`;
  return SPECIAL.has(byte) ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte);
});

/** Labels of a text, as bytes, and whether it ended in a dot. */
function splitLabels(text: string): { labels: Uint8Array[]; absolute: boolean } {
  const bytes = utf8Bytes(text);
  const labels: Uint8Array[] = [];
  let label: number[] = [];
  let index = 0;
  while (index < bytes.length) {
    const byte = bytes[index]!;
    if (byte === DOT) {
      if (label.length === 0) throw new MalformedDomainNameError(text, "it has an empty label");
      labels.push(Uint8Array.from(label));
      label = [];
      index += 1;
    } else if (byte === BACKSLASH) {
      const [value, width] = unescapeAt(bytes, index, text);
      label.push(value);
      index += width;
    } else {
      label.push(byte);
      index += 1;
    }
    if (label.length > LABEL_BYTES_MAX) {
      throw new MalformedDomainNameError(text, `a label has more than ${LABEL_BYTES_MAX} bytes`);
    }
  }
  const absolute = label.length === 0;
  if (!absolute) labels.push(Uint8Array.from(label));
  return { labels, absolute };
}

/** The byte of the escape that starts at `index`, and how many characters it takes. */
function unescapeAt(bytes: Uint8Array, index: number, text: string): [value: number, width: number] {
  const next = bytes[index + 1];
  if (next === undefined) throw new MalformedDomainNameError(text, "it ends in a backslash");
  if (next < 0x30 || next > 0x39) return [next, 2];
  const digits = String.fromCharCode(...bytes.subarray(index + 1, index + 4));
  if (!/^\d{3}$/.test(digits) || Number(digits) > 255) {
    throw new MalformedDomainNameError(text, "an escape is \\ and three digits up to 255");
  }
  return [Number(digits), 4];
}

function labelText(label: Uint8Array): string {
  let text = "";
  for (const byte of label) text += BYTE_TEXT[byte]!;
  return text;
}

/**
 * The domain name of a presentation form. Names without a final dot are completed by `origin` where one is given.
 *
 * @example
 * ```ts
 * parseDomainName("www", "example.org"); // "www.example.org"
 * parseDomainName("www.example.org."); // "www.example.org"
 * ```
 */
export function parseDomainName(text: string, origin: DomainName = ""): DomainName {
  if (text === ".") return "";
  if (text === "@") return origin;
  if (text === "") throw new MalformedDomainNameError(text, "it is empty");
  const { labels, absolute } = splitLabels(text);
  const own = labels.map(labelText).join(".");
  const name = absolute || origin === "" ? own : `${own}.${origin}`;
  const size = nameToWire(name).length;
  if (size > NAME_BYTES_MAX) {
    throw new MalformedDomainNameError(text, `it has ${size} bytes; at most ${NAME_BYTES_MAX} fit`);
  }
  return name;
}

/** The wire form of a name without escapes, by far the commonest kind; `undefined` for any other. */
function plainToWire(name: DomainName): Uint8Array | undefined {
  const wire = new Uint8Array(name.length + 2);
  let start = 0;
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    if (code === DOT) {
      if (index === start || index - start > LABEL_BYTES_MAX) return undefined;
      wire[start] = index - start;
      start = index + 1;
    } else if (code === BACKSLASH || code > 0x7e) {
      return undefined;
    } else {
      wire[index + 1] = code;
    }
  }
  const last = name.length - start;
  if (last === 0 || last > LABEL_BYTES_MAX) return undefined;
  wire[start] = last;
  return wire;
}

/** The uncompressed wire form (RFC 1035 section 3.1). */
export function nameToWire(name: DomainName): Uint8Array {
  const plain = plainToWire(name);
  if (plain) return plain;
  const { labels } = splitLabels(name);
  const wire = new Uint8Array(labels.reduce((sum, label) => sum + label.length + 1, 1));
  let offset = 0;
  for (const label of labels) {
    wire[offset] = label.length;
    wire.set(label, offset + 1);
    offset += label.length + 1;
  }
  return wire;
}

/**
 * Reads a name at `offset`. Compression pointers may only point backwards, each further than the last, and the name may
 * not exceed 255 bytes, so every name ends after a bounded number of steps.
 *
 * @returns the name and the offset behind it, or the reason it is malformed
 */
export function readName(
  bytes: Uint8Array,
  offset: number,
  compression: "allowed" | "refused" = "allowed",
): { name: DomainName; end: number } | string {
  let name = "";
  let size = 1;
  let position = offset;
  let end = -1;
  let floor = offset;
  let pointerCount = 0;
  for (;;) {
    const length = bytes[position];
    if (length === undefined) return "a name runs past the end";
    if (length === 0) return { name, end: end === -1 ? position + 1 : end };
    if (length >= 0xc0) {
      const low = bytes[position + 1];
      if (low === undefined) return "a compression pointer runs past the end";
      if (compression === "refused") return "a compression pointer where none may be";
      const target = ((length & 0x3f) << 8) | low;
      if (target >= floor) return "a compression pointer does not point backwards";
      if (end === -1) end = position + 2;
      floor = target;
      position = target;
      pointerCount += 1;
      if (pointerCount > POINTERS_MAX) return "a chain of compression pointers";
    } else if (length > LABEL_BYTES_MAX) {
      return "a label of an unknown kind";
    } else {
      if (position + 1 + length > bytes.length) return "a label runs past the end";
      size += length + 1;
      if (name !== "") name += ".";
      for (let index = position + 1; index <= position + length; index += 1) name += BYTE_TEXT[bytes[index]!]!;
      position += length + 1;
    }
    if (size > NAME_BYTES_MAX) return "a name of more than 255 bytes";
  }
}

/** Lower case, the form in which names are compared. Only ASCII letters change (RFC 4343). */
export function lowerName(name: DomainName): DomainName {
  return name.toLowerCase();
}

/** Labels in presentation form, leftmost first. */
export function domainLabels(name: DomainName): string[] {
  if (name === "") return [];
  return name.includes("\\") ? (name.match(/(?:\\.|[^.\\])+/gs) ?? []) : name.split(".");
}

/** The name above; the root for a single label, `undefined` above the root. */
export function parentDomain(name: DomainName): DomainName | undefined {
  if (name === "") return undefined;
  if (!name.includes("\\")) {
    const dot = name.indexOf(".");
    return dot === -1 ? "" : name.slice(dot + 1);
  }
  return domainLabels(name).slice(1).join(".");
}

/** Whether `name` is `ancestor` or lies below it; both lower case. */
export function isAtOrBelow(name: DomainName, ancestor: DomainName): boolean {
  if (ancestor === "" || name === ancestor) return true;
  if (!name.endsWith(`.${ancestor}`)) return false;
  // The dot before the suffix must be a separator, not an escaped character of a label.
  let backslashes = 0;
  for (let index = name.length - ancestor.length - 2; index >= 0 && name[index] === "\\"; index -= 1) backslashes += 1;
  return backslashes % 2 === 0;
}

/** The name with its final dot, as zone files write it. */
export function formatDomainName(name: DomainName): string {
  return `${name}.`;
}
