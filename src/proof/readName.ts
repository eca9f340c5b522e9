/**
 * Reads records of a name out of the registry's storage, slot by slot, by the rules of the contract: liveness at every
 * depth, record epochs, values of any length. Whoever can read slots can run it: a client over storage proofs, a gateway
 * over its trie, in which case the slots it touches are those that a proof must hold.
 */
import { type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { labelsOf, parentOf } from "../naming/name.ts";
import { type Node, namehash } from "../naming/namehash.ts";
import type { NameStatus, RecordResult } from "../protocol/answer.ts";
import { type Authority, encodeAuthority, MIN_SEQUENCE_KEY } from "../protocol/offchainAuthority.ts";
import { COIN_TYPE_DEFAULT, isEvmCoinType, type RecordKey, type StoredRecordKey } from "../protocol/record.ts";
import { mayWriteRecords, minSequenceOf } from "./authority.ts";
import {
  anchorSlot,
  FLAG,
  hasOwner,
  type NameSettings,
  type NameWord,
  nameSlot,
  parseNameWord,
  parseSettings,
  ROOT_TENURE,
  recordSlot,
  settingsSlot,
} from "./layout.ts";
import { unpackRRset } from "./packedRRset.ts";
import { countsOf, countsSlot } from "./recordCounts.ts";
import { CorruptRecordError, type ReadSlot, readValue } from "./value.ts";
import { synthesised, type ZoneKey } from "./zone.ts";

/** How long a record without a TTL of its own, and a proven absence, may be kept, in seconds. */
export const TTL_SECONDS_DEFAULT = 300;
export const NEGATIVE_TTL_SECONDS = 60;
const ZERO_RESOLVER = `0x${"00".repeat(20)}`;
const UNKNOWN_STATUS: NameStatus = { closest: null, shardIndex: null, expiry: 0n };
/** Plain names hang from their leased ancestor by at most this many others. */
const ANCHORS_MAX = 16;

/** A name whose records are in another contract than the registry, and what the registry's storage says of it. */
export interface ForeignName {
  /** The name that was asked for. */
  readonly name: string;
  /** The closest name at or above it that has a resolver set (ENSIP-10); `name` itself, or one above. */
  readonly holder: string;
  /** Lower case. */
  readonly resolver: Hex;
  /** The holder's word: its owner, and the epoch that its records belong to. */
  readonly word: Pick<NameWord, "owner" | "epoch">;
  /** The value of the asked name's `registration` record; `null` where only a name above it is registered. */
  readonly registration: Hex | null;
  /** The holder's own TTL for its records, in seconds; 0 where it has none. */
  readonly ttlSeconds: number;
  readonly status: NameStatus;
}

/** The name keeps its records in another contract than the registry, so the registry's storage does not tell them. */
export class ForeignResolverError extends BaseError {
  override readonly name = "Proof.ForeignResolverError";
  readonly foreign: ForeignName;
  constructor(foreign: ForeignName) {
    super("PROOF_FOREIGN_RESOLVER", `${foreign.holder} keeps its records in another resolver, ${foreign.resolver}.`);
    this.foreign = foreign;
  }
}

export interface ReadNameParameters {
  /** A normalised name below the TLD. */
  readonly name: string;
  readonly records: readonly RecordKey[];
  readonly tld: string;
  /** The registry's own address, which is a name's resolver unless it has set another. */
  readonly registry: Hex;
  /** The block's timestamp, in seconds since 1970: leases are judged by it. */
  readonly timestamp: bigint;
  /** RRsets that the name is said to have; see `zone.ts`. */
  readonly zone?: readonly ZoneKey[];
  /** Whether RRsets are read as they are kept, a wildcard's under its own name alone. */
  readonly isLiteral?: boolean;
}

export interface NameReading {
  readonly status: NameStatus;
  readonly results: readonly RecordResult[];
}

interface Reader {
  readonly parameters: ReadNameParameters;
  readonly read: ReadSlot;
  readonly words: Map<Node, NameWord>;
  /** Nodes by name: hashing a name costs more than all else here. */
  readonly nodes: Map<string, Node>;
  readonly status: NameStatus;
}

function nodeOf(reader: Reader, name: string): Node {
  let node = reader.nodes.get(name);
  if (node === undefined) {
    node = namehash(name);
    reader.nodes.set(name, node);
  }
  return node;
}

function wordOf(reader: Reader, node: Node): NameWord {
  let word = reader.words.get(node);
  if (word === undefined) {
    word = parseNameWord(reader.read(nameSlot(node)));
    reader.words.set(node, word);
  }
  return word;
}

/** The rule of LAYOUT.md, "When a name is live". */
function isLive(reader: Reader, start: NameWord): boolean {
  let word = start;
  for (let step = 0; step <= ANCHORS_MAX; step += 1) {
    if (!hasOwner(word)) return false;
    if (word.isLeased) return reader.parameters.timestamp < word.expiry;
    if (word.index === ROOT_TENURE) return true;
    const anchor = toHex(reader.read(anchorSlot(word.index)));
    const above = wordOf(reader, anchor);
    if ((above.isLeased ? above.index : above.ownTenure) !== word.index) return false;
    word = above;
  }
  return false;
}

/** The deepest live name at or above `name` and below the TLD. */
function closestOf(reader: Reader, name: string): string | undefined {
  const tldDepth = labelsOf(reader.parameters.tld).length;
  for (let at = name; labelsOf(at).length > tldDepth; at = parentOf(at)) {
    if (isLive(reader, wordOf(reader, nodeOf(reader, at)))) return at;
  }
  return undefined;
}

function settingsOf(reader: Reader, node: Node): NameSettings {
  if ((wordOf(reader, node).flags & FLAG.settings) === 0) {
    return { resolver: reader.parameters.registry.toLowerCase() as Hex, ttlSeconds: 0, zoneVersion: 0 };
  }
  return parseSettings(reader.read(settingsSlot(node)));
}

function resultOf(reader: Reader, record: RecordKey): RecordResult {
  const absent: RecordResult = { record, value: null, ttlSeconds: NEGATIVE_TTL_SECONDS };
  if (record.kind === "authority") return authorityResult(reader, record.account, absent);
  const name = record.kind === "dns" ? record.owner : reader.parameters.name;
  const closest = closestOf(reader, name);
  if (closest === undefined) return absent;
  // RRsets are kept under the closest name at or above their owner; everything else under the name itself.
  const isOwn = record.kind === "dns" || closest === name;
  if (record.kind === "registration") {
    return isOwn ? { record, value: registrationOf(reader, name), ttlSeconds: TTL_SECONDS_DEFAULT } : absent;
  }
  checkResolver(reader, name, closest);
  return isOwn ? ownResult(reader, record, closest) : absent;
}

function registrationOf(reader: Reader, name: string): Hex {
  return toHex(reader.read(nameSlot(nodeOf(reader, name))));
}

/** A record that the registry keeps under a live name. */
function ownResult(reader: Reader, record: StoredRecordKey, name: string): RecordResult {
  const node = nodeOf(reader, name);
  const settings = settingsOf(reader, node);
  const { epoch } = wordOf(reader, node);
  const slot = recordSlot(node, record, epoch, settings.zoneVersion);
  let bytes = readValue(reader.read, slot);
  if (bytes === undefined && record.kind === "addr" && isEvmCoinType(record.coinType)) {
    bytes = readValue(reader.read, recordSlot(node, { kind: "addr", coinType: COIN_TYPE_DEFAULT }, epoch, 0));
  }
  if (bytes === undefined && record.kind === "dns") bytes = wildcardBytes(reader, record, name, settings.zoneVersion);
  if (bytes === undefined) return { record, value: null, ttlSeconds: NEGATIVE_TTL_SECONDS };
  if (record.kind !== "dns") {
    return { record, value: toHex(bytes), ttlSeconds: settings.ttlSeconds || TTL_SECONDS_DEFAULT };
  }
  const rrset = unpackRRset(record.owner, record.rrtype, bytes);
  if (rrset === undefined) throw new CorruptRecordError(slot);
  return { record, value: rrset.value, ttlSeconds: rrset.ttlSeconds };
}

/** Who signs for the name, where the resolver in force is another contract (contracts/offchain); else nobody does. */
function authorityResult(reader: Reader, account: Hex, absent: RecordResult): RecordResult {
  const { name, registry } = reader.parameters;
  for (let holder = closestOf(reader, name); holder !== undefined; holder = closestOf(reader, parentOf(holder))) {
    const authority = authorityAt(reader, holder, account);
    if (authority.resolver === registry.toLowerCase()) return absent;
    if (authority.resolver === ZERO_RESOLVER) continue;
    return { record: absent.record, value: encodeAuthority(authority), ttlSeconds: TTL_SECONDS_DEFAULT };
  }
  return absent;
}

/** Who signs sets of a live name. */
function authorityAt(reader: Reader, name: string, account: Hex): Authority {
  const node = nodeOf(reader, name);
  const word = wordOf(reader, node);
  const { owner, epoch } = word;
  const { resolver } = settingsOf(reader, node);
  const minimum = readValue(reader.read, recordSlot(node, { kind: "data", key: MIN_SEQUENCE_KEY }, epoch, 0));
  const mayWrite = mayWriteRecords((slot) => reader.read(toHex(slot)), node, word, account);
  return { node, resolver, owner, epoch, minSequence: minSequenceOf(minimum), mayWrite };
}

/** The RRset that a wildcard of the name gives an owner below it. */
function wildcardBytes(
  reader: Reader,
  record: Extract<RecordKey, { kind: "dns" }>,
  holder: string,
  zoneVersion: number,
): Uint8Array | undefined {
  const node = nodeOf(reader, holder);
  const { epoch, tally } = wordOf(reader, node);
  const { rrsets: count } = countsOf(tally, () => reader.read(countsSlot(node, epoch)));
  if (count === 0 || reader.parameters.isLiteral) return undefined;
  const read = ({ owner, rrtype }: ZoneKey) =>
    readValue(reader.read, recordSlot(node, { kind: "dns", owner, rrtype }, epoch, zoneVersion));
  return synthesised({ holder, count, claimed: reader.parameters.zone, read }, record);
}

/**
 * Throws where another contract than the registry answers for a name: its own resolver, or where that is none, the closest
 * one above (ENSIP-10). The TLD's resolver is the registry.
 */
function checkResolver(reader: Reader, name: string, closest: string): void {
  const registry = reader.parameters.registry.toLowerCase();
  for (let holder: string | undefined = closest; holder !== undefined; holder = closestOf(reader, parentOf(holder))) {
    const node = nodeOf(reader, holder);
    const { resolver, ttlSeconds } = settingsOf(reader, node);
    if (resolver === registry) return;
    if (resolver === ZERO_RESOLVER) continue;
    const word = wordOf(reader, node);
    const registration = closest === name ? registrationOf(reader, name) : null;
    throw new ForeignResolverError({ name, holder, resolver, word, registration, ttlSeconds, status: reader.status });
  }
}

/**
 * What the registry's storage says about some records of a name. Throws `ForeignResolverError` where the records are kept
 * elsewhere, `UnknownZoneError` where a wildcard may answer and `zone` is not the whole of the name's, `CorruptRecordError` where storage cannot be the registry's, and whatever `read` throws.
 */
export function readName(read: ReadSlot, parameters: ReadNameParameters): NameReading {
  const base = { parameters, read, words: new Map(), nodes: new Map() };
  const status = statusOf({ ...base, status: UNKNOWN_STATUS });
  const reader: Reader = { ...base, status };
  return { status, results: parameters.records.map((record) => resultOf(reader, record)) };
}

function statusOf(reader: Reader): NameStatus {
  const { name, tld } = reader.parameters;
  const closest = closestOf(reader, name);
  const registered = labelsOf(name)
    .slice(-1 - labelsOf(tld).length)
    .join(".");
  const top = wordOf(reader, nodeOf(reader, registered));
  const isRegistered = isLive(reader, top);
  return {
    closest: closest ?? null,
    shardIndex: isRegistered ? top.index : null,
    expiry: isRegistered ? top.expiry : 0n,
  };
}

/** Who may sign sets for a name, whatever its resolver; `undefined` where it is not live. Throws as `readName` does. */
export function readAuthority(
  read: ReadSlot,
  parameters: Omit<ReadNameParameters, "records">,
  account: Hex,
): Authority | undefined {
  const base = { parameters: { ...parameters, records: [] }, read, words: new Map(), nodes: new Map() };
  const reader: Reader = { ...base, status: UNKNOWN_STATUS };
  return closestOf(reader, parameters.name) === parameters.name
    ? authorityAt(reader, parameters.name, account)
    : undefined;
}

/**
 * Which contract keeps the records of a live name, by its address in lower case, and the name, itself or one above, that says so
 * (ENSIP-10); `undefined` where the name is not live or nobody says. Throws as `readName` does.
 */
export function readResolver(
  read: ReadSlot,
  parameters: Omit<ReadNameParameters, "records">,
): { readonly holder: string; readonly resolver: Hex } | undefined {
  const base = { parameters: { ...parameters, records: [] }, read, words: new Map(), nodes: new Map() };
  const reader: Reader = { ...base, status: UNKNOWN_STATUS };
  if (closestOf(reader, parameters.name) !== parameters.name) return undefined;
  for (let at: string | undefined = parameters.name; at !== undefined; at = closestOf(reader, parentOf(at))) {
    const { resolver } = settingsOf(reader, nodeOf(reader, at));
    if (resolver !== ZERO_RESOLVER) return { holder: at, resolver };
  }
  return undefined;
}

/** The slots that reading some records touches, in the order in which they are first touched. */
export function slotsOfReading(read: ReadSlot, parameters: ReadNameParameters): readonly Hex[] {
  const touched = new Set<Hex>();
  readName((slot) => {
    touched.add(slot);
    return read(slot);
  }, parameters);
  return [...touched];
}
