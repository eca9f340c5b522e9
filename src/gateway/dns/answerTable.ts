/**
 * Compiled answers in flat memory: a hash table over typed arrays whose entries point into one arena of bytes. A query that
 * hits is answered by copying: header, its own question (so the asker's case is kept), the compiled rest. Nothing is
 * allocated. Names cannot move inside a message whose question has the same length, so compiled compression pointers
 * stay right.
 *
 * An entry in the arena:
 *
 *     0  u32 account hash     4  u32 zone     8  u32 generation    12  u16 flags   14  u16 answers
 *     16 u16 authorities      18 u16 additionals                   20  u16 question bytes   22  u16 rest bytes
 *     24 question in lower case: name, type, class, then the rest of the message
 */
import { HEADER_BYTES } from "../../dns/decode.ts";
import { UDP_SIZE_BYTES } from "../../dns/edns.ts";
import { mix32 } from "./rateLimit.ts";

const ENTRY_HEAD_BYTES = 24;
const CACHE_LINE_BYTES = 64;
/** Hashes that one call of `prefetch` takes. */
export const PREFETCH_MAX = 256;
const FIRST_SLOTS = 1024;
const FIRST_ARENA_BYTES = 256 * 1024;

export interface CompiledAnswer {
  /** Name, type and class in wire form, the name in lower case. */
  readonly question: Uint8Array;
  /** Everything behind the question, without OPT. */
  readonly rest: Uint8Array;
  /** AA and the response code: the bits that the answer determines. */
  readonly flags: number;
  readonly answerCount: number;
  readonly authorityCount: number;
  readonly additionalCount: number;
  /** Which zone the answer was compiled from; a newer generation of the zone makes it void. */
  readonly zoneIndex: number;
  /** Whose budget the answer is charged to, hashed. */
  readonly account: number;
}

/** The hash of a question, letters folded to lower case. The length bytes of labels are below those of letters. */
export function questionHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) {
    let byte = bytes[at]!;
    if (byte > 0x40 && byte < 0x5b && at < end - 4) byte += 0x20;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return mix32(hash);
}

export class AnswerTable {
  /** Hash and arena offset of each slot; an offset of 0 marks a free one. */
  #slots = new Uint32Array(FIRST_SLOTS * 2);
  #mask = FIRST_SLOTS - 1;
  #count = 0;
  #arena: Uint8Array = new Uint8Array(FIRST_ARENA_BYTES);
  #view = new DataView(this.#arena.buffer);
  // Offset 0 means "none", so the first entry starts behind it.
  #used = 8;
  #wasted = 0;
  readonly #arenaBytesMax: number;
  readonly #entries = new Uint32Array(PREFETCH_MAX);
  readonly generations: number[] = [];

  constructor(arenaBytesMax = 2 ** 31) {
    this.#arenaBytesMax = arenaBytesMax;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes held, slots included. */
  get sizeBytes(): number {
    return this.#arena.length + this.#slots.byteLength;
  }

  get arena(): Uint8Array {
    return this.#arena;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Makes every answer compiled from a zone void. */
  invalidate(zoneIndex: number): void {
    this.generations[zoneIndex] = ((this.generations[zoneIndex] ?? 0) + 1) >>> 0;
  }

  /** The arena offset of the answer to the question at `[start, end)` of `bytes`; 0 where there is none that is current. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const arena = this.#arena;
    const length = end - start;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = slots[slot * 2 + 1]!;
      if (entry === 0) return 0;
      if (slots[slot * 2] !== hash || ((arena[entry + 20]! << 8) | arena[entry + 21]!) !== length) continue;
      if (!this.#sameQuestion(bytes, start, entry + ENTRY_HEAD_BYTES, length)) continue;
      return this.#view.getUint32(entry + 8) === (this.generations[this.#view.getUint32(entry + 4)] ?? 0) ? entry : 0;
    }
  }

  /**
   * Reads the memory that `find` and `writeAnswer` will read for the first `count` hashes. The reads of one pass do not
   * depend on one another, so their cache misses overlap; in a table far larger than the caches that saves most of them.
   */
  prefetch(hashes: Uint32Array, count: number): number {
    const slots = this.#slots;
    const arena = this.#arena;
    const entries = this.#entries;
    let sum = 0;
    for (let index = 0; index < count; index += 1) entries[index] = slots[(hashes[index]! & this.#mask) * 2 + 1]!;
    for (let index = 0; index < count; index += 1)
      sum ^= arena[entries[index]!]! ^ arena[entries[index]! + CACHE_LINE_BYTES]!;
    return sum;
  }

  #sameQuestion(bytes: Uint8Array, start: number, at: number, length: number): boolean {
    const arena = this.#arena;
    const nameLength = length - 4;
    for (let index = 0; index < length; index += 1) {
      let byte = bytes[start + index]!;
      if (byte > 0x40 && byte < 0x5b && index < nameLength) byte += 0x20;
      if (byte !== arena[at + index]) return false;
    }
    return true;
  }

  /** Keeps an answer, in place of an older one for the same question. Does nothing once the arena is full. */
  set(answer: CompiledAnswer): void {
    const { question, rest } = answer;
    const size = ENTRY_HEAD_BYTES + question.length + rest.length;
    // Voided answers leave holes; when most of the arena is holes, all of it is compiled anew.
    if (this.#wasted > FIRST_ARENA_BYTES && this.#wasted * 2 > this.#used) this.clear();
    if (!this.#reserve(size)) return;
    const entry = this.#used;
    this.#used += size;
    this.#write(entry, answer);
    const hash = questionHash(question, 0, question.length);
    if ((this.#count + 1) * 4 > (this.#mask + 1) * 3) this.#grow();
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const old = this.#slots[slot * 2 + 1]!;
      if (old !== 0) {
        const isSame =
          this.#slots[slot * 2] === hash &&
          this.#view.getUint16(old + 20) === question.length &&
          this.#sameQuestion(question, 0, old + ENTRY_HEAD_BYTES, question.length);
        if (!isSame) continue;
        this.#wasted += ENTRY_HEAD_BYTES + question.length + this.#view.getUint16(old + 22);
        this.#count -= 1;
      }
      this.#slots[slot * 2] = hash;
      this.#slots[slot * 2 + 1] = entry;
      this.#count += 1;
      return;
    }
  }

  clear(): void {
    this.#slots.fill(0);
    this.#count = 0;
    this.#used = 8;
    this.#wasted = 0;
  }

  #write(entry: number, answer: CompiledAnswer): void {
    const view = this.#view;
    view.setUint32(entry, answer.account);
    view.setUint32(entry + 4, answer.zoneIndex);
    view.setUint32(entry + 8, this.generations[answer.zoneIndex] ?? 0);
    view.setUint16(entry + 12, answer.flags);
    view.setUint16(entry + 14, answer.answerCount);
    view.setUint16(entry + 16, answer.authorityCount);
    view.setUint16(entry + 18, answer.additionalCount);
    view.setUint16(entry + 20, answer.question.length);
    view.setUint16(entry + 22, answer.rest.length);
    this.#arena.set(answer.question, entry + ENTRY_HEAD_BYTES);
    this.#arena.set(answer.rest, entry + ENTRY_HEAD_BYTES + answer.question.length);
  }

  #reserve(size: number): boolean {
    const needed = this.#used + size;
    if (needed <= this.#arena.length) return true;
    const length = Math.max(needed, Math.min(this.#arena.length * 2, this.#arenaBytesMax));
    if (length > this.#arenaBytesMax) return false;
    const larger = new Uint8Array(length);
    larger.set(this.#arena.subarray(0, this.#used));
    this.#arena = larger;
    this.#view = new DataView(larger.buffer);
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#mask = (this.#mask + 1) * 2 - 1;
    this.#slots = new Uint32Array((this.#mask + 1) * 2);
    for (let index = 0; index < old.length; index += 2) {
      if (old[index + 1] === 0) continue;
      let slot = old[index]! & this.#mask;
      while (this.#slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot * 2] = old[index]!;
      this.#slots[slot * 2 + 1] = old[index + 1]!;
    }
  }
}

const OPT_BYTES = 11;

/** Where a plain query's question ends and what follows it. One object, filled anew for every query. */
export interface PlainQuery {
  /** Behind the question; 0 where the query is not plain. */
  questionEnd: number;
  hasEdns: boolean;
  dnssecOk: boolean;
  /** The size the asker says it takes, in bytes. */
  udpSizeBytes: number;
}

/**
 * Recognises the queries that the table may answer: opcode QUERY, one question without compression, and behind it nothing
 * or an OPT of version 0 without options. Everything else goes the long way.
 */
export function readPlainQuery(bytes: Uint8Array, start: number, length: number, into: PlainQuery): void {
  into.questionEnd = 0;
  const end = start + length;
  if (length < HEADER_BYTES + 5 || (bytes[start + 2]! & 0xf8) !== 0) return;
  // One question, no answers, no authorities, at most one additional record.
  if (bytes[start + 4] !== 0 || bytes[start + 5] !== 1 || bytes[start + 10] !== 0) return;
  if ((bytes[start + 6]! | bytes[start + 7]! | bytes[start + 8]! | bytes[start + 9]!) !== 0) return;
  const additionalCount = bytes[start + 11]!;
  let at = start + HEADER_BYTES;
  for (;;) {
    const label = bytes[at]!;
    if (label === 0) break;
    at += label + 1;
    if (label > 63 || at >= end || at - start > HEADER_BYTES + 254) return;
  }
  const questionEnd = at + 5;
  into.hasEdns = additionalCount === 1;
  if (!into.hasEdns) {
    if (additionalCount === 0 && questionEnd === end) into.questionEnd = questionEnd;
    return;
  }
  if (questionEnd + OPT_BYTES !== end || bytes[questionEnd] !== 0) return;
  if (bytes[questionEnd + 1] !== 0 || bytes[questionEnd + 2] !== 41) return;
  // Version and length of options must be zero.
  if (bytes[questionEnd + 6] !== 0 || bytes[questionEnd + 9] !== 0 || bytes[questionEnd + 10] !== 0) return;
  into.udpSizeBytes = (bytes[questionEnd + 3]! << 8) | bytes[questionEnd + 4]!;
  into.dnssecOk = (bytes[questionEnd + 7]! & 0x80) !== 0;
  into.questionEnd = questionEnd;
}

/**
 * Writes the answer of `entry` to `out` at `to`, or with `isCut` an empty one with the TC bit set; returns its length, or -1
 * where it exceeds `limit`.
 */
export function writeAnswer(
  table: AnswerTable,
  entry: number,
  bytes: Uint8Array,
  start: number,
  query: PlainQuery,
  out: Uint8Array,
  to: number,
  limit: number,
  isCut: boolean,
): number {
  const arena = table.arena;
  const questionLength = query.questionEnd - start - HEADER_BYTES;
  const restLength = isCut ? 0 : (arena[entry + 22]! << 8) | arena[entry + 23]!;
  const length = HEADER_BYTES + questionLength + restLength + (query.hasEdns ? OPT_BYTES : 0);
  if (length > limit || to + length > out.length) return -1;
  out[to] = bytes[start]!;
  out[to + 1] = bytes[start + 1]!;
  // QR, then RD and CD as asked.
  out[to + 2] = 0x80 | arena[entry + 12]! | (bytes[start + 2]! & 1) | (isCut ? 2 : 0);
  out[to + 3] = arena[entry + 13]! | (bytes[start + 3]! & 0x10);
  out[to + 4] = 0;
  out[to + 5] = 1;
  for (let index = 0; index < 6; index += 1) out[to + 6 + index] = isCut ? 0 : arena[entry + 14 + index]!;
  let at = to + HEADER_BYTES;
  for (let from = start + HEADER_BYTES; from < query.questionEnd; from += 1) out[at++] = bytes[from]!;
  const restStart = entry + ENTRY_HEAD_BYTES + questionLength;
  for (let from = restStart; from < restStart + restLength; from += 1) out[at++] = arena[from]!;
  if (query.hasEdns) {
    out[to + 11]! += 1;
    out[at] = 0;
    out[at + 1] = 0;
    out[at + 2] = 41;
    out[at + 3] = UDP_SIZE_BYTES >>> 8;
    out[at + 4] = UDP_SIZE_BYTES & 0xff;
    out[at + 5] = 0;
    out[at + 6] = 0;
    out[at + 7] = query.dnssecOk ? 0x80 : 0;
    out[at + 8] = 0;
    out[at + 9] = 0;
    out[at + 10] = 0;
  }
  return length;
}
