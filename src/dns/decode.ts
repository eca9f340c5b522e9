/** Messages from bytes. Strict: what it returns re-encodes to an equal message, and anything odd is malformed. */
import { BaseError } from "../base/errors.ts";
import { TYPE } from "./codes.ts";
import type { Edns, EdnsOption, Message, Question, ResourceRecord } from "./message.ts";
import { readName } from "./name.ts";
import { mayHoldPointers } from "./schema.ts";
import { joinFields, readFields } from "./wireFields.ts";

export class MalformedMessageError extends BaseError {
  override readonly name = "Dns.MalformedMessageError";
  readonly offset: number;
  constructor(reason: string, offset: number) {
    super("DNS_MALFORMED_MESSAGE", `The message is malformed at byte ${offset}: ${reason}.`);
    this.offset = offset;
  }
}

export const HEADER_BYTES = 12;

function readQuestion(bytes: Uint8Array, offset: number): { question: Question; end: number } {
  const read = readName(bytes, offset);
  if (typeof read === "string") throw new MalformedMessageError(read, offset);
  const at = read.end;
  if (at + 4 > bytes.length) throw new MalformedMessageError("a question is cut off", at);
  const type = (bytes[at]! << 8) | bytes[at + 1]!;
  const questionClass = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return { question: { name: read.name, type, class: questionClass }, end: at + 4 };
}

function readRecord(bytes: Uint8Array, offset: number): { record: ResourceRecord; end: number } {
  const read = readName(bytes, offset);
  if (typeof read === "string") throw new MalformedMessageError(read, offset);
  const at = read.end;
  if (at + 10 > bytes.length) throw new MalformedMessageError("a record is cut off", at);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 10);
  const type = view.getUint16(0);
  const end = at + 10 + view.getUint16(8);
  if (end > bytes.length) throw new MalformedMessageError("a record's data runs past the end", at + 8);
  return {
    record: {
      name: read.name,
      type,
      class: view.getUint16(2),
      ttlSeconds: view.getUint32(4),
      rdata: readRdata(type, bytes, at + 10, end),
    },
    end,
  };
}

function readRdata(type: number, bytes: Uint8Array, offset: number, end: number): Uint8Array {
  // Records without data carry deletions in dynamic updates; the handler refuses those, the codec need not.
  if (offset === end || !mayHoldPointers(type)) return new Uint8Array(bytes.subarray(offset, end));
  const fields = readFields(type, bytes, offset, end, "allowed");
  if (typeof fields === "string") throw new MalformedMessageError(fields, offset);
  return joinFields(fields);
}

function readEdns(record: ResourceRecord, offset: number): { edns: Edns; rcodeHigh: number } {
  if (record.name !== "") throw new MalformedMessageError("OPT has an owner name", offset);
  const options: EdnsOption[] = [];
  const data = record.rdata;
  let at = 0;
  while (at < data.length) {
    if (at + 4 > data.length) throw new MalformedMessageError("an EDNS option is cut off", offset);
    const code = (data[at]! << 8) | data[at + 1]!;
    const end = at + 4 + ((data[at + 2]! << 8) | data[at + 3]!);
    if (end > data.length) throw new MalformedMessageError("an EDNS option runs past the end", offset);
    options.push({ code, data: data.subarray(at + 4, end) });
    at = end;
  }
  return {
    edns: {
      version: (record.ttlSeconds >>> 16) & 0xff,
      udpSizeBytes: record.class,
      dnssecOk: (record.ttlSeconds & 0x8000) !== 0,
      options,
    },
    rcodeHigh: record.ttlSeconds >>> 24,
  };
}

/**
 * The message of `bytes`. Throws `MalformedMessageError`, which names the byte, in time linear in the length.
 *
 * @example
 * ```ts
 * const message = decodeMessage(encodeMessage(createQuery(7, { name: "www.example.org", type: TYPE.A })));
 * message.questions[0]?.name; // "www.example.org"
 * ```
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length < HEADER_BYTES) throw new MalformedMessageError("it is shorter than a header", bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const flags = view.getUint16(2);
  let offset = HEADER_BYTES;
  const questions: Question[] = [];
  for (let left = view.getUint16(4); left > 0; left -= 1) {
    const { question, end } = readQuestion(bytes, offset);
    questions.push(question);
    offset = end;
  }
  const sections: ResourceRecord[][] = [[], [], []];
  let edns: { edns: Edns; rcodeHigh: number } | undefined;
  let tsig: { record: ResourceRecord; offset: number } | undefined;
  for (const [index, section] of sections.entries()) {
    for (let left = view.getUint16(6 + index * 2); left > 0; left -= 1) {
      const { record, end } = readRecord(bytes, offset);
      if (tsig) throw new MalformedMessageError("a record follows TSIG", offset);
      if (record.type === TYPE.OPT) {
        if (edns || index !== 2) throw new MalformedMessageError("OPT is misplaced or repeated", offset);
        edns = readEdns(record, offset);
      } else if (record.type === TYPE.TSIG) {
        if (index !== 2) throw new MalformedMessageError("TSIG is misplaced", offset);
        tsig = { record, offset };
      } else {
        section.push(record);
      }
      offset = end;
    }
  }
  if (offset !== bytes.length) throw new MalformedMessageError("bytes follow the last record", offset);
  return {
    id: view.getUint16(0),
    opcode: (flags >>> 11) & 15,
    rcode: (flags & 15) | ((edns?.rcodeHigh ?? 0) << 4),
    isResponse: (flags & 0x8000) !== 0,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    questions,
    answers: sections[0]!,
    authorities: sections[1]!,
    additionals: sections[2]!,
    ...(edns ? { edns: edns.edns } : {}),
    ...(tsig ? { tsig } : {}),
  };
}
