/** One name of the registry, with its subnames, as a DNS zone. */
import { fromHex, type Hex } from "../../base/bytes.ts";
import { shardOf } from "../../directory/directory.ts";
import { TYPE } from "../../dns/codes.ts";
import { type RRset, recordsOf } from "../../dns/message.ts";
import { type DomainName, readName as readDomain } from "../../dns/name.ts";
import type { ZoneData } from "../../dns/zoneFile.ts";
import { type Node, namehash } from "../../naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../proof/layout.ts";
import { ForeignResolverError, readName } from "../../proof/readName.ts";
import { CorruptRecordError } from "../../proof/value.ts";
import type { RecordResult } from "../../protocol/answer.ts";
import { parseRecordKey, type RecordKey } from "../../protocol/record.ts";
import type { Replica } from "../../replica/replica.ts";
import { differenceOf, serialOf } from "../dns/memoryZone.ts";
import { withEmptyNonTerminals, type Zone, type ZoneChange, type ZoneNode } from "../dns/zoneSource.ts";
import { domainOf } from "./domain.ts";
import { delegationOf, recordsOfNode, syntheticSoa } from "./infrastructure.ts";

export interface NameZoneOptions {
  readonly replica: Replica;
  readonly registry: Hex;
  readonly tld: string;
}

type DnsKey = Extract<RecordKey, { kind: "dns" }>;

/** A node and all below it that events named. */
function* nodesBelow(replica: Replica, node: Node): Iterable<Node> {
  const stack = [node];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    yield at;
    for (const child of replica.store.childrenOf(at)) stack.push(child.node);
  }
}

/** Every DNS record key that events told of, of some nodes. */
function* keysOf(replica: Replica, nodes: Iterable<Node>): Iterable<DnsKey> {
  for (const node of nodes) {
    for (const text of replica.store.recordsOf(node)) {
      const key = parseRecordKey(text);
      if (key.kind === "dns") yield key;
    }
  }
}

/** The next time at which one of some leases is over, in seconds since 1970; `Infinity` where none runs. */
function nextExpiryOf(replica: Replica, nodes: Iterable<Node>): number {
  const timestamp = BigInt(replica.head?.timestamp ?? 0);
  let next = Number.POSITIVE_INFINITY;
  for (const node of nodes) {
    const word = parseNameWord(replica.read(fromHex(nameSlot(node))));
    if (word.isLeased && word.expiry > timestamp) next = Math.min(next, Number(word.expiry));
  }
  return next;
}

/** A built zone, and until when it holds if nothing is written: leases lapse without an event. */
export interface NameZone {
  readonly zone: Zone;
  /** Seconds since 1970. */
  readonly holdsUntil: number;
  /** How it came to be what it is, oldest step first, as far as it is known. */
  readonly history: readonly ZoneChange[];
}

/** Steps kept for incremental transfer. */
const HISTORY_STEPS_MAX = 100;

const dataOf = (zone: Zone): ZoneData => ({ apex: zone.apex, records: [...recordsOf(zone.soa), ...zone.records!()] });

/** The steps to a zone, where the one before it is known and had another serial. */
function historyOf(zone: Zone, former: NameZone | undefined): readonly ZoneChange[] {
  if (former === undefined || serialOf(former.zone.soa.rdatas[0]!) === serialOf(zone.soa.rdatas[0]!)) return [];
  return [...former.history, differenceOf(dataOf(former.zone), dataOf(zone))].slice(-HISTORY_STEPS_MAX);
}

/** The record as the copy has it now; `undefined` where there is none any more, or its name keeps records elsewhere. */
function currentResult(options: NameZoneOptions, name: string, key: DnsKey): RecordResult | undefined {
  const { replica, tld, registry } = options;
  const timestamp = BigInt(replica.head?.timestamp ?? 0);
  try {
    const read = (slot: Hex) => replica.read(fromHex(slot));
    return readName(read, { name, records: [key], tld, registry, timestamp, isLiteral: true }).results[0];
  } catch (error) {
    if (error instanceof ForeignResolverError || error instanceof CorruptRecordError) return undefined;
    throw error;
  }
}

/** The RRset of whole resource records in wire form, under the domain name that the front knows its owner by. */
function rrsetOf(owner: DomainName, type: number, wire: Uint8Array): RRset | undefined {
  const view = new DataView(wire.buffer, wire.byteOffset, wire.length);
  const rdatas: Uint8Array[] = [];
  let ttlSeconds = 0;
  for (let offset = 0; offset < wire.length; ) {
    const read = readDomain(wire, offset, "refused");
    if (typeof read === "string") return undefined;
    const at = read.end;
    ttlSeconds = view.getUint32(at + 4);
    const end = at + 10 + view.getUint16(at + 8);
    rdatas.push(wire.subarray(at + 10, end));
    offset = end;
  }
  return rdatas.length === 0 ? undefined : { name: owner, type, ttlSeconds, rdatas };
}

/**
 * The zone of a name directly under the TLD.
 *
 * @param name In the registry, such as `shop.hold`.
 * @param apex In DNS: the same, or `shop.names.example.com` under a mirror suffix.
 * @param former What the zone was before, for those who take the difference.
 */
export function buildNameZone(
  options: NameZoneOptions,
  name: string,
  apex: DomainName,
  suffix: DomainName,
  former?: NameZone,
): NameZone {
  const { replica, registry, tld } = options;
  const nodes = new Map<DomainName, Map<number, RRset>>();
  const put = (owner: DomainName, rrset: RRset) => {
    const node = nodes.get(owner) ?? new Map<number, RRset>();
    nodes.set(owner, node.set(rrset.type, rrset));
  };
  const base = domainOf(name);
  const below = [...nodesBelow(replica, namehash(name))];
  for (const key of keysOf(replica, below)) {
    const domain = domainOf(key.owner);
    if (domain !== base && !domain.endsWith(`.${base}`)) continue;
    const result = currentResult(options, name, key);
    if (result === undefined || result.value === null) continue;
    const owner = `${domain.slice(0, domain.length - base.length)}${apex}`;
    const rrset = rrsetOf(owner, key.rrtype, fromHex(result.value));
    if (rrset !== undefined) put(owner, rrset);
  }
  const read = (slot: Hex) => replica.read(fromHex(slot));
  const timestamp = BigInt(replica.head?.timestamp ?? 0);
  const { status } = readName(read, { name, records: [], tld, registry, timestamp });
  // The servers of the zone are the name's shard, whatever servers its owner's zone file named.
  put(apex, delegationOf(apex, shardOf(replica.directory, namehash(name), status.shardIndex), suffix));
  const soa = nodes.get(apex)?.get(TYPE.SOA) ?? syntheticSoa(apex, suffix, replica.head?.number ?? 0);
  put(apex, soa);
  let history: readonly ZoneChange[] = [];
  const zone = zoneOver(replica, apex, soa, withEmptyNonTerminals(nodes, apex), () => history);
  history = historyOf(zone, former);
  return { zone, holdsUntil: nextExpiryOf(replica, below), history };
}

function zoneOver(
  replica: Replica,
  apex: DomainName,
  soa: RRset,
  nodes: ReadonlyMap<DomainName, ZoneNode>,
  history: () => readonly ZoneChange[],
): Zone {
  return {
    apex,
    soa,
    get isReady() {
      return replica.status === "following";
    },
    node: (domain) => nodes.get(domain),
    *records() {
      for (const node of nodes.values()) yield* recordsOfNode(node);
    },
    changesSince(serial) {
      const first = history().findIndex(({ fromSoa }) => serialOf(fromSoa.rdata) === serial);
      return first === -1 ? undefined : history().slice(first);
    },
  };
}
