/**
 * Answers compiled as they are first given, and given again without thinking. Only what is bounded by the zones' own names is
 * kept: answers from wildcards, below cuts and for names that do not exist go the long way, so no flood of random
 * names can fill memory.
 */
import { CLASS_IN, RCODE } from "../../dns/codes.ts";
import { HEADER_BYTES } from "../../dns/decode.ts";
import { UDP_SIZE_BYTES } from "../../dns/edns.ts";
import { encodeMessage, flagsOf, MESSAGE_BYTES_MAX } from "../../dns/encode.ts";
import { createQuery, type Message, type Question, type RRset, recordsOf } from "../../dns/message.ts";
import { type DomainName, lowerName, nameToWire, parentDomain } from "../../dns/name.ts";
import { AnswerTable, type PlainQuery, questionHash, readPlainQuery, writeAnswer } from "./answerTable.ts";
import type { DnsHandler } from "./handler.ts";
import { type Lookup, lookup } from "./lookup.ts";
import { hashText, type Limits, mix32 } from "./rateLimit.ts";
import type { Zone, ZoneSource } from "./zoneSource.ts";

const PLAIN_BYTES_MAX = 512;
/** Larger answers are rare enough to be built each time. */
const REST_BYTES_MAX = 4096;

/** Name in lower case, type and class as they stand in a message. */
export function questionWire(question: Question): Uint8Array {
  const name = nameToWire(lowerName(question.name));
  const wire = new Uint8Array(name.length + 4);
  wire.set(name);
  wire.set([question.type >>> 8, question.type & 0xff, question.class >>> 8, question.class & 0xff], name.length);
  return wire;
}

export interface FastPath extends Pick<DnsHandler, "answerInto" | "hashOf" | "prefetch" | "precompile" | "close"> {
  readonly table: AnswerTable;
  /** Keeps an answer for the next time. */
  learn(question: Question, zone: Zone, found: Lookup): void;
}

export declare namespace createFastPath {
  interface Options {
    readonly source: ZoneSource;
    readonly limits: Limits;
    readonly amplificationMax: number;
  }
}

export function createFastPath({ source, limits, amplificationMax }: createFastPath.Options): FastPath {
  const table = new AnswerTable();
  const indexOf = new Map<DomainName, number>();
  const zoneIndexOf = (apex: DomainName): number => {
    const known = indexOf.get(apex);
    if (known !== undefined) return known;
    indexOf.set(apex, indexOf.size);
    return indexOf.size - 1;
  };
  const close = source.subscribe((apex) => {
    table.invalidate(zoneIndexOf(apex));
    // A zone that came or went changes what the one above it says about its names.
    const above = parentDomain(apex);
    const parent = above === undefined ? undefined : source.zoneOf(above);
    if (parent) table.invalidate(zoneIndexOf(parent.apex));
  });
  const plain: PlainQuery = { questionEnd: 0, hasEdns: false, dnssecOk: false, udpSizeBytes: 0 };

  /** The size limit of `replyBytesMax`, for plain queries. */
  const limitOf = (length: number): number => {
    const size = plain.hasEdns
      ? Math.min(Math.max(plain.udpSizeBytes, PLAIN_BYTES_MAX), UDP_SIZE_BYTES)
      : PLAIN_BYTES_MAX;
    return amplificationMax === 0 ? size : Math.min(size, length * amplificationMax);
  };

  const learn: FastPath["learn"] = (question, zone, found) => {
    if (question.class !== CLASS_IN || found.isGeneric || found.alias || found.rcode !== RCODE.NOERROR) return;
    // Types that no zone holds are not worth keeping, and there are 65,000 of them.
    if (found.answers.length === 0 && question.type > 260) return;
    const answer = compile(question, found);
    if (answer) table.set({ ...answer, zoneIndex: zoneIndexOf(zone.apex), account: hashText(found.account) });
  };

  return {
    table,
    learn,
    close,
    precompile: () => compileAll(source, learn),
    hashOf(bytes, start, length) {
      readPlainQuery(bytes, start, length, plain);
      return plain.questionEnd === 0 ? 0 : questionHash(bytes, start + HEADER_BYTES, plain.questionEnd);
    },
    prefetch: (hashes, count) => table.prefetch(hashes, count),
    answerInto(bytes, start, length, transport, network, out, to, knownHash) {
      readPlainQuery(bytes, start, length, plain);
      if (plain.questionEnd === 0) return -1;
      const from = start + HEADER_BYTES;
      const hash = knownHash ?? questionHash(bytes, from, plain.questionEnd);
      const entry = table.find(bytes, from, plain.questionEnd, hash);
      if (entry === 0) return -1;
      if (transport !== "udp") {
        return writeAnswer(table, entry, bytes, start, plain, out, to, MESSAGE_BYTES_MAX, false);
      }
      let isCut = false;
      if (limits.isOn) {
        const account = table.view.getUint32(entry);
        const isPositive = table.view.getUint16(entry + 14) > 0;
        const verdict = limits.judge(network, account, isPositive ? hash : mix32(account));
        if (verdict === "drop") return 0;
        isCut = verdict === "truncate";
      }
      return writeAnswer(table, entry, bytes, start, plain, out, to, limitOf(length), isCut);
    },
  };
}

/** Learns the answer to every owner and type that the zones list. */
function* compileAll(source: ZoneSource, learn: FastPath["learn"]): Generator<void> {
  for (const zone of source.zones()) {
    if (zone.isWhole === false) continue;
    let [lastName, lastType]: [DomainName, number] = ["", 0];
    for (const { name, type } of zone.records?.() ?? []) {
      if (name === lastName && type === lastType) continue;
      [lastName, lastType] = [name, type];
      learn({ name, type, class: CLASS_IN }, zone, lookup(zone, lowerName(name), type));
      yield;
    }
  }
}

function compile(question: Question, found: Lookup) {
  const records = (rrsets: readonly RRset[]) => rrsets.flatMap(recordsOf);
  const lower = { ...question, name: lowerName(question.name) };
  const message: Message = {
    ...createQuery(0, lower),
    isResponse: true,
    isAuthoritative: found.isAuthoritative,
    answers: records(found.answers),
    authorities: records(found.authorities),
    additionals: records(found.additionals),
  };
  const wire = questionWire(question);
  const bytes = encodeMessage(message);
  const rest = bytes.subarray(HEADER_BYTES + wire.length);
  if (rest.length > REST_BYTES_MAX) return undefined;
  return {
    question: wire,
    rest,
    flags: flagsOf({ ...message, isResponse: false }),
    answerCount: message.answers.length,
    authorityCount: message.authorities.length,
    additionalCount: message.additionals.length,
  };
}
