/** One name of the registry, with its subnames, as a DNS zone. */
import { fromHex, type Hex } from "../../base/bytes.ts";
import { shardOf } from "../../directory/directory.ts";
import { TYPE } from "../../dns/codes.ts";
import { type RRset, recordsOf } from "../../dns/message.ts";
import { type DomainName, readName as readDomain } from "../../dns/name.ts";
import type { ZoneData } from "../../dns/zoneFile.ts";
import { type Node, namehash } from "../../naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../proof/layout.ts";
import { ForeignResolverError, readName, readResolver } from "../../proof/readName.ts";
import { CorruptRecordError } from "../../proof/value.ts";
import type { RecordResult } from "../../protocol/answer.ts";
import { parseRecordKey, type RecordKey } from "../../protocol/record.ts";
import type { Replica } from "../../replica/replica.ts";
import { differenceOf, serialOf } from "../dns/memoryZone.ts";
import {
  NO_RRSETS,
  UNKNOWN_NODE,
  withEmptyNonTerminals,
  type Zone,
  type ZoneChange,
  type ZoneNode,
} from "../dns/zoneSource.ts";
import type { SignedZones } from "../sets/signedZones.ts";
import { domainOf } from "./domain.ts";
import { delegationOf, recordsOfNode, syntheticSoa } from "./infrastructure.ts";
import { createSignedNodes, type Holder, type SignedNodes } from "./signedNodes.ts";
import { subnameMarks } from "./subnameMarks.ts";

export interface NameZoneOptions {
  readonly replica: Replica;
  readonly registry: Hex;
  readonly tld: string;
  /** Signed sets and the contract that marks the names which have them; without, such names have no records here. */
  readonly signed?: { readonly zones: SignedZones; readonly resolver: Hex };
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
    for (const text of replica.store.dnsRecordsOf(node)) yield parseRecordKey(text) as DnsKey;
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
  /** How it came to be what it is, oldest step first, as far as it is known; of zones with signed sets it is not kept. */
  readonly history: readonly ZoneChange[];
  /** Names whose signed sets are part of it. */
  readonly setNames: ReadonlySet<string>;
  /** Tells it that one of those sets changed. */
  touch(): void;
}

/** Steps kept for incremental transfer. */
const HISTORY_STEPS_MAX = 100;

const dataOf = (zone: Zone): ZoneData => ({ apex: zone.apex, records: [...recordsOf(zone.soa), ...zone.records!()] });

/** The steps to a zone, where the one before it is known and had another serial. */
function historyOf(zone: Zone, former: NameZone | undefined): readonly ZoneChange[] {
  if (
    former === undefined ||
    former.setNames.size > 0 ||
    serialOf(former.zone.soa.rdatas[0]!) === serialOf(zone.soa.rdatas[0]!)
  )
    return [];
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
  for (const mark of [...subnameMarks(options, name, apex, nodes)]) put(mark.name, mark);
  const read = (slot: Hex) => replica.read(fromHex(slot));
  const timestamp = BigInt(replica.head?.timestamp ?? 0);
  const { status } = readName(read, { name, records: [], tld, registry, timestamp });
  // The servers of the zone are the name's shard, whatever servers its owner's zone file named.
  put(apex, delegationOf(apex, shardOf(replica.directory, namehash(name), status.shardIndex), suffix));
  const holders = holdersOf(options, name, apex);
  const signed = [...holders].filter(([, { setName }]) => setName !== null);
  for (const [domain] of signed) if (!nodes.has(domain)) nodes.set(domain, new Map());
  const holdsUntil = nextExpiryOf(replica, below);
  if (signed.length > 0) {
    const setNames = new Set(signed.flatMap(([, { setName }]) => setName ?? []));
    const sets = createSignedNodes(options.signed!.zones, apex, holders);
    const whole = withEmptyNonTerminals(nodes, apex);
    return { ...signedZone(replica, apex, suffix, whole, sets, former), holdsUntil, setNames, history: [] };
  }
  const serial = Math.max(
    replica.head?.timestamp ?? 0,
    former?.setNames.size ? serialOf(former.zone.soa.rdatas[0]!) + 1 : 0,
  );
  const soa = nodes.get(apex)?.get(TYPE.SOA) ?? syntheticSoa(apex, suffix, serial);
  put(apex, soa);
  let history: readonly ZoneChange[] = [];
  const zone = zoneOver(replica, apex, soa, withEmptyNonTerminals(nodes, apex), () => history);
  history = historyOf(zone, former);
  return { zone, holdsUntil, history, setNames: new Set(), touch: () => {} };
}

/** Who keeps the records of each live name at or below one, by domain name; nothing where the registry keeps all. */
function holdersOf(options: NameZoneOptions, name: string, apex: DomainName): ReadonlyMap<DomainName, Holder> {
  const { replica, registry, tld, signed } = options;
  const holders = new Map<DomainName, Holder>();
  if (signed === undefined) return holders;
  const resolver = signed.resolver.toLowerCase();
  const base = domainOf(name);
  const domainIn = (each: string) => `${domainOf(each).slice(0, -base.length)}${apex}`;
  const read = (slot: Hex) => replica.read(fromHex(slot));
  const timestamp = BigInt(replica.head?.timestamp ?? 0);
  let isAny = false;
  const stack = [{ node: namehash(name), name }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    for (const { node, label } of replica.store.childrenOf(at.node)) stack.push({ node, name: `${label}.${at.name}` });
    const found = readResolver(read, { name: at.name, tld, registry, timestamp });
    if (found === undefined) continue;
    const isSigned = found.resolver === resolver && resolver !== registry.toLowerCase();
    isAny ||= isSigned;
    holders.set(domainIn(at.name), { setName: isSigned ? found.holder : null, base: domainIn(found.holder) });
  }
  return isAny ? holders : new Map();
}

/** A zone of which signed sets are a part. Its data changes as they do, without being built again. */
function signedZone(
  replica: Replica,
  apex: DomainName,
  suffix: DomainName,
  nodes: ReadonlyMap<DomainName, ZoneNode>,
  sets: SignedNodes,
  former: NameZone | undefined,
): { zone: Zone; touch: () => void } {
  const own = nodes.get(apex)?.get(TYPE.SOA);
  const before = former === undefined ? 0 : serialOf(former.zone.soa.rdatas[0]!) + 1;
  let serial = Math.max(replica.head?.timestamp ?? 0, sets.validFrom(), before);
  const soaOf = (): RRset => {
    const soa = sets.soa() ?? own ?? syntheticSoa(apex, suffix, serial);
    return { ...soa, ttlSeconds: sets.boundedTtl(soa.ttlSeconds) };
  };
  const nodeOf = (domain: DomainName): ZoneNode | undefined => {
    const node = sets.node(domain, nodes.get(domain));
    return domain === apex && node !== UNKNOWN_NODE ? new Map([...(node ?? NO_RRSETS), [TYPE.SOA, soaOf()]]) : node;
  };
  const zone: Zone = {
    apex,
    get soa() {
      return soaOf();
    },
    get isReady() {
      return replica.status === "following";
    },
    get isWhole() {
      return sets.isWhole;
    },
    node: nodeOf,
    *records() {
      for (const [domain, node] of nodes) if (!sets.covers(domain)) yield* recordsOfNode(node);
      yield* sets.records(nodes);
    },
  };
  const touch = () => {
    serial = Math.max(serial + 1, sets.validFrom());
  };
  return { zone, touch };
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
