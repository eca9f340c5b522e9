/**
 * Records of a set as their owner writes them in a file: YAML or JSON, or a DNS zone file.
 *
 * ```yaml
 * ttl: 300
 * records:
 *   "@":                                     # the name itself
 *     addr: "0x52908400098527886E0F7030069857D2E4169EE7"
 *     text:url: https://example.org/
 *     A: [192.0.2.1, 192.0.2.2]
 *     text:phone: { private: "+1 555 0100", to: [alice.hold, "0x04…"] }
 *   www:
 *     A: 192.0.2.1
 *   "*":                                     # every other name below it
 *     A: 192.0.2.9
 * ```
 */
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { fromHex, type Hex, isHex, toHex, utf8Bytes } from "../base/bytes.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import { TYPE } from "../dns/codes.ts";
import { parseRdata } from "../dns/rdataText.ts";
import { parseZoneFile } from "../dns/zoneFile.ts";
import { normaliseName } from "../naming/name.ts";
import type { SetRecord } from "../protocol/offchainRecords.ts";
import { isStored, type StoredRecordKey } from "../protocol/record.ts";
import { encodeRRset } from "../protocol/rrset.ts";
import { recordOfType } from "./recordText.ts";

/** A record that only some may read, not encrypted yet. */
export interface PlainPrivateRecord {
  readonly name: string;
  readonly record: StoredRecordKey;
  readonly plain: Uint8Array;
  /** Public keys in hexadecimal, or names whose `pubkey` record holds one. */
  readonly to: readonly string[];
}

export interface RecordFile {
  readonly records: readonly SetRecord[];
  readonly privateRecords: readonly PlainPrivateRecord[];
}

export class MalformedRecordFileError extends BaseError {
  override readonly name = "Client.MalformedRecordFileError";
  constructor(file: string, reason: string, cause?: unknown) {
    super("CLIENT_MALFORMED_RECORD_FILE", `${file}: ${reason}`, { cause });
  }
}

const values = z.union([z.string(), z.array(z.string()).min(1)]);
const sealed = z.strictObject({ private: values, to: z.array(z.string()).min(1) });
const schema = z.strictObject({
  ttl: z
    .string()
    .regex(/^\d{1,9}$/, "no number of seconds")
    .default("300"),
  records: z.record(z.string(), z.record(z.string(), z.union([values, sealed]))),
});

const TEXT_KINDS = new Set(["text", "name"]);

/** The name that a file's key means: `@` is the set's own, `www` and `*` are below it, `www.shop.hold` is itself. */
function nameOf(key: string, setName: string): string {
  if (key === "@") return setName;
  const full = key === setName || key.endsWith(`.${setName}`) ? key : `${key}.${setName}`;
  return full.startsWith("*.") ? `*.${normaliseName(full.slice(2))}` : normaliseName(full);
}

/** A record's bytes. Throws where the texts are not such a record's. */
function bytesOf(record: StoredRecordKey, texts: readonly string[], ttlSeconds: number): Hex {
  if (record.kind === "dns") {
    const { owner, rrtype } = record;
    const rdatas = texts.map((text) => parseRdata(rrtype, text));
    return encodeRRset({ name: owner, type: rrtype, ttlSeconds, rdatas });
  }
  const [text = "", ...rest] = texts;
  if (rest.length > 0) throw new TypeError(`${record.kind} takes one value, not ${texts.length}`);
  if (TEXT_KINDS.has(record.kind)) return toHex(utf8Bytes(text));
  if (!isHex(text)) throw new TypeError(`${record.kind} takes 0x and hexadecimal digits`);
  return text.toLowerCase() as Hex;
}

function recordOf(name: string, type: string): StoredRecordKey {
  const record = recordOfType(name, type);
  if (!isStored(record)) throw new TypeError(`${type} cannot be set`);
  return record;
}

function parseYaml(text: string, file: string): z.output<typeof schema> {
  const lines = new LineCounter();
  // Failsafe: every scalar is a text, so that no address is taken for a number.
  const document = parseDocument(text, { schema: "failsafe", lineCounter: lines, prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw new MalformedRecordFileError(`${file}:${line}:${col}`, problem.message, problem);
  }
  const result = schema.safeParse(document.toJS());
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new MalformedRecordFileError(file, `${issue?.path.join(".") || "document"}: ${issue?.message}.`);
}

function parseRecords(setName: string, text: string, file: string): RecordFile {
  const { ttl, records: told } = parseYaml(text, file);
  const records: SetRecord[] = [];
  const privateRecords: PlainPrivateRecord[] = [];
  for (const [key, byType] of Object.entries(told)) {
    for (const [type, value] of Object.entries(byType)) {
      try {
        const name = nameOf(key, setName);
        const record = recordOf(name, type);
        const isSealed = typeof value === "object" && "private" in value;
        const texts = [isSealed ? value.private : value].flat();
        const bytes = bytesOf(record, texts, Number(ttl));
        if (isSealed) privateRecords.push({ name, record, plain: fromHex(bytes), to: value.to });
        else records.push({ name, record, value: bytes });
      } catch (error) {
        throw new MalformedRecordFileError(file, `records.${key}.${type}: ${messageOf(error)}.`, error);
      }
    }
  }
  return { records, privateRecords };
}

function parseZone(setName: string, text: string, file: string): RecordFile {
  const sets = new Map<string, { name: string; type: number; ttlSeconds: number; rdatas: Uint8Array[] }>();
  for (const { records } of parseZoneFile(text, file, { origin: setName })) {
    for (const { name, type, ttlSeconds, rdata } of records) {
      if (type === TYPE.SOA) continue;
      const key = `${name}/${type}`;
      const set = sets.get(key) ?? { name, type, ttlSeconds, rdatas: [] };
      set.rdatas.push(rdata);
      sets.set(key, set);
    }
  }
  const records = [...sets.values()].map((set): SetRecord => {
    return { name: set.name, record: { kind: "dns", owner: set.name, rrtype: set.type }, value: encodeRRset(set) };
  });
  return { records, privateRecords: [] };
}

/**
 * The records of a file's text. Throws `MalformedRecordFileError`, which says where, or `ZoneFileError`.
 *
 * @param file The file's name: one that ends in `.zone` is a DNS zone file, all others are YAML.
 */
export function parseRecordFile(setName: string, text: string, file: string): RecordFile {
  return file.endsWith(".zone") ? parseZone(setName, text, file) : parseRecords(setName, text, file);
}
