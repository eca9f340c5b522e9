/** Messages to bytes, names compressed where they may be (RFC 1035 section 4.1.4, RFC 3597 section 4). */
import { BaseError } from "../base/errors.ts";
import { TYPE } from "./codes.ts";
import type { Edns, Message, ResourceRecord } from "./message.ts";
import { type DomainName, nameToWire } from "./name.ts";
import { schemaOf } from "./schema.ts";
import { readFields } from "./wireFields.ts";

export const MESSAGE_BYTES_MAX = 65_535;

export class MessageTooLargeError extends BaseError {
  override readonly name = "Dns.MessageTooLargeError";
  constructor(limitBytes: number) {
    super("DNS_MESSAGE_TOO_LARGE", `The message does not fit in ${limitBytes} bytes.`);
  }
}

/** A growing buffer that remembers where names stand. */
export class MessageWriter {
  #bytes: Uint8Array;
  #length = 0;
  readonly #offsets = new Map<DomainName, number>();

  constructor(sizeBytes = 1232) {
    this.#bytes = new Uint8Array(sizeBytes);
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, at + count));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    this.#length = at + count;
    return at;
  }

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.#reserve(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  setU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  /**
   * A name, as a pointer to an equal earlier one where there is one. Suffixes are compared without regard to case for
   * owner names; an asker that checks the case of its question (0x20) finds it kept, since pointers lead there.
   */
  name(name: DomainName): void {
    const wire = nameToWire(name);
    const lower = name.toLowerCase();
    // Where each label starts, in the wire form and in the text.
    for (let at = 0, textAt = 0; wire[at] !== 0; ) {
      const suffix = textAt === 0 ? lower : lower.slice(textAt);
      const seen = this.#offsets.get(suffix);
      if (seen !== undefined) {
        this.u16(0xc000 | seen);
        return;
      }
      if (this.#length < 0x4000) this.#offsets.set(suffix, this.#length);
      const next = at + 1 + wire[at]!;
      this.raw(wire.subarray(at, next));
      textAt = name.length + 2 === wire.length ? next : textAt + labelTextLength(name, textAt) + 1;
      at = next;
    }
    this.u8(0);
  }

  /** Forgets everything written at or after `length`. */
  truncateTo(length: number): void {
    this.#length = length;
    for (const [name, offset] of this.#offsets) if (offset >= length) this.#offsets.delete(name);
  }

  record(record: ResourceRecord): void {
    this.name(record.name);
    this.u16(record.type);
    this.u16(record.class);
    this.u32(record.ttlSeconds);
    const lengthAt = this.#reserve(2);
    const start = this.#length;
    if (record.rdata.length > 0 && schemaOf(record.type)?.includes("name")) this.#compressed(record);
    else this.raw(record.rdata);
    this.setU16(lengthAt, this.#length - start);
  }

  #compressed(record: ResourceRecord): void {
    const fields = readFields(record.type, record.rdata, 0, record.rdata.length, "refused");
    if (typeof fields === "string") {
      this.raw(record.rdata);
      return;
    }
    for (const field of fields) {
      if (field.field === "name") this.name(field.name ?? "");
      else this.raw(field.bytes);
    }
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Characters of the label that starts at `from`, escapes included. */
function labelTextLength(name: DomainName, from: number): number {
  let index = from;
  while (index < name.length && name[index] !== ".") index += name[index] === "\\" ? 2 : 1;
  return index - from;
}

export function writeEdns(writer: MessageWriter, edns: Edns, rcode: number): void {
  writer.u8(0);
  writer.u16(TYPE.OPT);
  writer.u16(edns.udpSizeBytes);
  writer.u8(rcode >>> 4);
  writer.u8(edns.version);
  writer.u16(edns.dnssecOk ? 0x8000 : 0);
  writer.u16(edns.options.reduce((sum, option) => sum + 4 + option.data.length, 0));
  for (const option of edns.options) {
    writer.u16(option.code);
    writer.u16(option.data.length);
    writer.raw(option.data);
  }
}

/** The message's second header word. */
export function flagsOf(message: Message): number {
  return (
    (message.isResponse ? 0x8000 : 0) |
    ((message.opcode & 15) << 11) |
    (message.isAuthoritative ? 0x0400 : 0) |
    (message.isTruncated ? 0x0200 : 0) |
    (message.recursionDesired ? 0x0100 : 0) |
    (message.recursionAvailable ? 0x0080 : 0) |
    (message.authenticData ? 0x0020 : 0) |
    (message.checkingDisabled ? 0x0010 : 0) |
    (message.rcode & 15)
  );
}

function ednsBytes(edns: Edns | undefined): number {
  return edns ? edns.options.reduce((sum, option) => sum + 4 + option.data.length, 11) : 0;
}

/** Same owner and type: one RRset, which goes in whole or not at all (RFC 2181 section 9). */
function sameSet(left: ResourceRecord | undefined, right: ResourceRecord): boolean {
  return left?.name === right.name && left.type === right.type && left.class === right.class;
}

/** Writes whole RRsets until one does not fit; returns how many records went in. */
function writeSection(writer: MessageWriter, records: readonly ResourceRecord[], limit: number): number {
  let written = 0;
  while (written < records.length) {
    const start = writer.length;
    let next = written;
    do {
      writer.record(records[next]!);
      next += 1;
    } while (next < records.length && writer.length <= limit && sameSet(records[next - 1], records[next]!));
    if (writer.length > limit) {
      writer.truncateTo(start);
      return written;
    }
    written = next;
  }
  return written;
}

/**
 * The bytes of a message. Where it exceeds `limitBytes` whole RRsets are left out from the end: additional ones silently,
 * others, and the first `glueCount` additional ones (RFC 9471), with the TC bit set (RFC 2181 section 9). TSIG is not
 * written; `tsig.ts` appends it.
 */
export function encodeMessage(message: Message, limitBytes: number = MESSAGE_BYTES_MAX, glueCount = 0): Uint8Array {
  const writer = new MessageWriter(Math.min(limitBytes, 1232));
  const limit = limitBytes - ednsBytes(message.edns);
  writer.u16(message.id);
  writer.u16(flagsOf(message));
  writer.u16(message.questions.length);
  writer.u32(0);
  writer.u16(0);
  for (const question of message.questions) {
    writer.name(question.name);
    writer.u16(question.type);
    writer.u16(question.class);
  }
  if (writer.length > limit) throw new MessageTooLargeError(limitBytes);
  let full = false;
  for (const [index, section] of [message.answers, message.authorities, message.additionals].entries()) {
    const written: number = full ? 0 : writeSection(writer, section, limit);
    const isCut: boolean = written < section.length;
    if (isCut && !full && (index < 2 || written < glueCount))
      writer.setU16(2, flagsOf({ ...message, isTruncated: true }));
    full ||= isCut;
    const extra = index === 2 && message.edns ? 1 : 0;
    writer.setU16(6 + index * 2, written + extra);
  }
  if (message.edns) writeEdns(writer, message.edns, message.rcode);
  return writer.finish();
}
