/** Master files (RFC 1035 section 5, RFC 2308 section 4 for $TTL), several zones in one if need be. */
import { equalBytes } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { CLASS_IN, isMetaType, TYPE, typeCode, typeName } from "./codes.ts";
import { parseSeconds } from "./fieldText.ts";
import type { ResourceRecord } from "./message.ts";
import { type DomainName, isAtOrBelow, lowerName, parseDomainName } from "./name.ts";
import { formatRecord, rdataOfWords } from "./rdataText.ts";
import { UnexpectedWordError } from "./words.ts";
import { type PlacedWord, type ZoneEntry, ZoneFileError, zoneEntries } from "./zoneLexer.ts";

export { ZoneFileError } from "./zoneLexer.ts";

/** One zone: its apex and its records, the SOA first. Owner names are lower case. */
export interface ZoneData {
  readonly apex: DomainName;
  readonly records: readonly ResourceRecord[];
}

export declare namespace parseZoneFile {
  interface Options {
    /** The origin before any `$ORIGIN`; the root by default. */
    readonly origin?: DomainName;
    /** Time to live before any `$TTL`, in seconds; by default the SOA's minimum. */
    readonly ttlSeconds?: number;
    /** Text of a file named by `$INCLUDE`, relative to the including one; without it `$INCLUDE` is refused. */
    readonly include?: (file: string, from: string) => { readonly text: string; readonly file: string };
  }
}

const INCLUDE_DEPTH_MAX = 8;

interface OpenZone {
  readonly apex: DomainName;
  readonly soaMinimum: number;
  readonly records: ResourceRecord[];
  /** The first record of each RRset, by owner and type. */
  readonly firstOf: Map<string, ResourceRecord>;
  /** The data of RRsets of more than one record, to drop repeated ones. */
  readonly dataOf: Map<string, Set<string>>;
  /** The first type seen at each owner, DNSSEC's own apart: a CNAME tolerates no other. */
  readonly typeAt: Map<DomainName, number>;
}

/** What one file's entries share; an included file has its own origin and owner. */
interface FileState {
  readonly file: string;
  readonly depth: number;
  origin: DomainName;
  owner: DomainName | undefined;
}

class ZoneFileReader {
  readonly #options: parseZoneFile.Options;
  readonly zones: OpenZone[] = [];
  readonly #early: { record: ResourceRecord; at: PlacedWord; file: string }[] = [];
  #defaultTtl: number | undefined;
  #lastTtl: number | undefined;

  constructor(options: parseZoneFile.Options) {
    this.#options = options;
    this.#defaultTtl = options.ttlSeconds;
  }

  read(text: string, state: FileState): void {
    for (const entry of zoneEntries(text, state.file)) {
      const first = entry.words[0]!;
      if (first.text.startsWith("$") && !first.isQuoted && !entry.isOwnerBlank) this.#directive(entry, state);
      else this.#record(entry, state);
    }
  }

  finish(): void {
    for (const { record, at, file } of this.#early) this.#place(record, at, file);
  }

  #fail(state: { file: string }, at: PlacedWord, reason: string, cause?: unknown): ZoneFileError {
    return new ZoneFileError(reason, { file: state.file, line: at.line, column: at.column, token: at.text }, cause);
  }

  #directive({ words }: ZoneEntry, state: FileState): void {
    const [directive, argument, second, extra] = words as [PlacedWord, PlacedWord?, PlacedWord?, PlacedWord?];
    const kind = directive.text.toUpperCase();
    if (!["$ORIGIN", "$TTL", "$INCLUDE"].includes(kind))
      throw this.#fail(state, directive, `an unknown directive ${directive.text}`);
    if (!argument) throw this.#fail(state, directive, `${kind} without its value`);
    const surplus = kind === "$INCLUDE" ? extra : second;
    if (surplus) throw this.#fail(state, surplus, `a word too many after ${kind}`);
    if (kind === "$ORIGIN") {
      state.origin = this.#nameOf(argument, state);
    } else if (kind === "$TTL") {
      const seconds = parseSeconds(argument.text);
      if (seconds === undefined) throw this.#fail(state, argument, "$TTL wants a time in seconds");
      this.#defaultTtl = seconds;
    } else {
      this.#include(argument, second, state);
    }
  }

  #include(argument: PlacedWord, origin: PlacedWord | undefined, state: FileState): void {
    if (!this.#options.include) throw this.#fail(state, argument, "$INCLUDE is not allowed here");
    if (state.depth >= INCLUDE_DEPTH_MAX) throw this.#fail(state, argument, "$INCLUDE nested too deeply");
    let included: { text: string; file: string };
    try {
      included = this.#options.include(argument.text, state.file);
    } catch (error) {
      throw this.#fail(state, argument, "$INCLUDE names a file that cannot be read", error);
    }
    const newOrigin = origin ? this.#nameOf(origin, state) : state.origin;
    this.read(included.text, { file: included.file, depth: state.depth + 1, origin: newOrigin, owner: state.owner });
  }

  #nameOf(word: PlacedWord, state: FileState): DomainName {
    try {
      return lowerName(parseDomainName(word.text, state.origin));
    } catch (error) {
      throw this.#fail(state, word, error instanceof BaseError ? error.shortMessage : "no domain name", error);
    }
  }

  #record({ words, isOwnerBlank }: ZoneEntry, state: FileState): void {
    let index = 0;
    if (!isOwnerBlank) {
      const owner = this.#nameOf(words[0]!, state);
      // The same text again is the same string, which a million records are glad of.
      if (owner !== state.owner) state.owner = owner;
      index = 1;
    }
    if (state.owner === undefined) throw this.#fail(state, words[0]!, "the first record has no owner name");
    const { ttl, type, next } = this.#preamble(words, index, state);
    const rdata = this.#rdata(type, words.slice(next), words[next - 1]!, state);
    const soaMinimum =
      type === TYPE.SOA ? new DataView(rdata.buffer, rdata.byteOffset).getUint32(rdata.length - 4) : undefined;
    const ttlSeconds = ttl ?? this.#defaultTtl ?? this.#lastTtl ?? soaMinimum ?? this.zones.at(-1)?.soaMinimum;
    if (ttlSeconds === undefined)
      throw this.#fail(state, words[next - 1]!, "no time to live: give one, or $TTL, before this record");
    const record: ResourceRecord = { name: state.owner, type, class: CLASS_IN, ttlSeconds, rdata };
    if (soaMinimum !== undefined) {
      if (this.zones.some((zone) => zone.apex === record.name)) {
        throw this.#fail(state, words[next - 1]!, `a second SOA for ${record.name}.`);
      }
      this.zones.push({
        apex: record.name,
        soaMinimum,
        records: [],
        firstOf: new Map(),
        dataOf: new Map(),
        typeAt: new Map(),
      });
    }
    this.#place(record, words[0]!, state.file);
  }

  /** Time to live and class, in either order, then the type. */
  #preamble(words: readonly PlacedWord[], start: number, state: FileState) {
    let ttl: number | undefined;
    let hasClass = false;
    for (let index = start; index < words.length; index += 1) {
      const word = words[index]!;
      const seconds = parseSeconds(word.text);
      if (/^(?:IN|CLASS1)$/i.test(word.text) && !hasClass) {
        hasClass = true;
      } else if (/^(?:CH|HS|CS|CLASS\d+)$/i.test(word.text)) {
        throw this.#fail(state, word, `class ${word.text} is not served; only IN is`);
      } else if (seconds !== undefined && /^\d/.test(word.text) && ttl === undefined) {
        ttl = seconds;
        this.#lastTtl = seconds;
      } else {
        const type = word.isQuoted ? undefined : typeCode(word.text);
        if (type === undefined) throw this.#fail(state, word, `"${word.text}" is no record type`);
        if (isMetaType(type)) throw this.#fail(state, word, `${typeName(type)} is not a type of stored records`);
        return { ttl, type, next: index + 1 };
      }
    }
    throw this.#fail(state, words.at(-1)!, "a record without a type");
  }

  #rdata(type: number, words: readonly PlacedWord[], typeWord: PlacedWord, state: FileState): Uint8Array {
    try {
      return rdataOfWords(type, words, state.origin);
    } catch (error) {
      if (!(error instanceof BaseError)) throw error;
      const index = error instanceof UnexpectedWordError ? error.wordIndex : this.#wordOfName(words, error);
      throw this.#fail(state, words[index] ?? words.at(-1) ?? typeWord, error.shortMessage, error);
    }
  }

  /** Which word a name error is about: it quotes the text. */
  #wordOfName(words: readonly PlacedWord[], error: BaseError): number {
    const index = words.findIndex((word) => error.shortMessage.startsWith(`"${word.text.slice(0, 300)}"`));
    return Math.max(index, 0);
  }

  /** Puts a record into the newest zone that encloses it, else the deepest one that does. */
  #place(record: ResourceRecord, at: PlacedWord, file: string): void {
    const newest = this.zones.at(-1);
    if (!newest) {
      this.#early.push({ record, at, file });
      return;
    }
    const zone = isAtOrBelow(record.name, newest.apex) ? newest : this.#deepestZone(record.name);
    if (!zone) throw this.#fail({ file }, at, `${record.name}. lies in none of the file's zones`);
    this.#checkAlias(record, zone, at, file);
    const key = `${record.type} ${record.name}`;
    const first = zone.firstOf.get(key);
    if (first && !isNewInSet(zone, key, first, record)) return;
    // One TTL for the whole set: the first record's (RFC 2181 section 5.2).
    const placed = first ? { ...record, name: first.name, ttlSeconds: first.ttlSeconds } : record;
    if (!first) zone.firstOf.set(key, placed);
    zone.records.push(placed);
  }

  #deepestZone(name: DomainName): OpenZone | undefined {
    return this.zones
      .filter((zone) => isAtOrBelow(name, zone.apex))
      .reduce<OpenZone | undefined>(
        (best, zone) => (best && best.apex.length >= zone.apex.length ? best : zone),
        undefined,
      );
  }

  /** A CNAME stands alone at its name (RFC 2181 section 10.1). */
  #checkAlias(record: ResourceRecord, zone: OpenZone, at: PlacedWord, file: string): void {
    const seen = zone.typeAt.get(record.name);
    if (record.type === TYPE.RRSIG || record.type === TYPE.NSEC) return;
    if (seen === undefined) {
      zone.typeAt.set(record.name, record.type);
      return;
    }
    if (seen === TYPE.CNAME && record.type === TYPE.CNAME) {
      const first = zone.firstOf.get(`${TYPE.CNAME} ${record.name}`);
      if (first && !equalBytes(first.rdata, record.rdata)) {
        throw this.#fail({ file }, at, `${record.name}. has two CNAME records`);
      }
      return;
    }
    if (seen !== TYPE.CNAME && record.type !== TYPE.CNAME) return;
    const other = seen === TYPE.CNAME ? record.type : seen;
    throw this.#fail({ file }, at, `${record.name}. has a CNAME and ${typeName(other)} records`);
  }
}

/** Whether a record adds data to its set; keeps the set's data from its second record on. */
function isNewInSet(zone: OpenZone, key: string, first: ResourceRecord, record: ResourceRecord): boolean {
  const textOf = ({ rdata }: ResourceRecord) => Buffer.from(rdata).toString("latin1");
  const data = zone.dataOf.get(key) ?? new Set([textOf(first)]);
  const sizeBefore = data.size;
  data.add(textOf(record));
  zone.dataOf.set(key, data);
  return data.size > sizeBefore;
}

/**
 * The zones of a master file. A SOA record opens a zone. Throws `ZoneFileError` with file, line, column and word.
 *
 * @example
 * ```ts
 * const [zone] = parseZoneFile("$ORIGIN example.org.\n@ 1h SOA ns hostmaster 1 2h 1h 2w 5m\nwww 60 A 192.0.2.1\n", "example.zone");
 * zone?.records.length; // 2
 * ```
 */
export function parseZoneFile(text: string, file: string, options: parseZoneFile.Options = {}): ZoneData[] {
  const reader = new ZoneFileReader(options);
  reader.read(text, { file, depth: 0, origin: lowerName(options.origin ?? ""), owner: undefined });
  const first = reader.zones[0];
  if (!first) {
    const at = { file, line: 1, column: 1, token: text.slice(0, 20).split("\n")[0] ?? "" };
    throw new ZoneFileError("no SOA record, so no zone", at);
  }
  reader.finish();
  return reader.zones.map(({ apex, records }) => ({ apex, records: soaFirst(records) }));
}

function soaFirst(records: readonly ResourceRecord[]): ResourceRecord[] {
  const soa = records.find((record) => record.type === TYPE.SOA)!;
  return [soa, ...records.filter((record) => record !== soa)];
}

/** The master file of a zone, absolute names throughout. */
export function formatZoneFile(zone: ZoneData): string {
  return zone.records.map((record) => `${formatRecord(record)}\n`).join("");
}
