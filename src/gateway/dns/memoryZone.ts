/** Zones held in memory: what the centralized server and secondary data are served from. */
import { BaseError } from "../../base/errors.ts";
import { TYPE } from "../../dns/codes.ts";
import type { ResourceRecord, RRset } from "../../dns/message.ts";
import { type DomainName, isAtOrBelow, lowerName, parentDomain } from "../../dns/name.ts";
import type { ZoneData } from "../../dns/zoneFile.ts";
import { withEmptyNonTerminals, type Zone, type ZoneChange, type ZoneNode, type ZoneSource } from "./zoneSource.ts";

export class NoSoaError extends BaseError {
  override readonly name = "Gateway.NoSoaError";
  constructor(apex: DomainName) {
    super("GATEWAY_NO_SOA", `The zone ${apex}. has no SOA record at its apex.`);
  }
}

/** How many steps of a zone's history are kept for incremental transfer. */
const HISTORY_STEPS_MAX = 100;

/** The RRsets of records, grouped by owner, and every name above an owner up to the apex. */
function nodesOf(apex: DomainName, records: Iterable<ResourceRecord>): Map<DomainName, ZoneNode> {
  const nodes = new Map<DomainName, Map<number, RRset & { readonly rdatas: Uint8Array[] }>>();
  for (const record of records) {
    const owner = lowerName(record.name);
    const node = nodes.get(owner) ?? new Map<number, RRset & { readonly rdatas: Uint8Array[] }>();
    if (node.size === 0) nodes.set(owner, node);
    const rrset = node.get(record.type);
    if (rrset) rrset.rdatas.push(record.rdata);
    else
      node.set(record.type, { name: owner, type: record.type, ttlSeconds: record.ttlSeconds, rdatas: [record.rdata] });
  }
  return withEmptyNonTerminals(nodes, apex);
}

/** A zone over a map. */
export interface MemoryZone extends Zone {
  records(): Iterable<ResourceRecord>;
}

export function createMemoryZone(data: ZoneData, history: readonly ZoneChange[] = []): MemoryZone {
  const nodes = nodesOf(data.apex, data.records);
  const soa = nodes.get(data.apex)?.get(TYPE.SOA);
  if (!soa) throw new NoSoaError(data.apex);
  return {
    apex: data.apex,
    soa,
    node: (name) => nodes.get(name),
    *records() {
      for (const record of data.records) if (record.type !== TYPE.SOA) yield record;
    },
    changesSince(serial) {
      const first = history.findIndex((change) => serialOf(change.fromSoa.rdata) === serial);
      return first === -1 ? undefined : history.slice(first);
    },
  };
}

/** The serial of a SOA record's data. */
export function serialOf(soaRdata: Uint8Array): number {
  return new DataView(soaRdata.buffer, soaRdata.byteOffset).getUint32(soaRdata.length - 20);
}

const keyOf = (record: ResourceRecord) =>
  `${record.name}/${record.type}/${record.ttlSeconds}/${Buffer.from(record.rdata).toString("latin1")}`;

/** What turns `from` into `to`. */
export function differenceOf(from: ZoneData, to: ZoneData): ZoneChange {
  const before = new Map(from.records.map((record) => [keyOf(record), record]));
  const after = new Map(to.records.map((record) => [keyOf(record), record]));
  const only = (left: Map<string, ResourceRecord>, right: Map<string, ResourceRecord>) =>
    [...left].filter(([key, record]) => record.type !== TYPE.SOA && !right.has(key)).map(([, record]) => record);
  const soaOf = (data: ZoneData) => {
    const soa = data.records.find((record) => record.type === TYPE.SOA);
    if (!soa) throw new NoSoaError(data.apex);
    return soa;
  };
  return { fromSoa: soaOf(from), toSoa: soaOf(to), removed: only(before, after), added: only(after, before) };
}

export interface MemoryZoneSource extends ZoneSource {
  /** Adds a zone or replaces it; where the serial moved forward, the step is kept for incremental transfer. */
  set(data: ZoneData): void;
  delete(apex: DomainName): void;
}

/** A source over zones in memory. */
export function createMemoryZoneSource(zones: readonly ZoneData[]): MemoryZoneSource {
  const byApex = new Map<DomainName, { zone: MemoryZone; data: ZoneData; history: ZoneChange[] }>();
  const listeners = new Set<(apex: DomainName) => void>();
  const set = (data: ZoneData) => {
    const old = byApex.get(data.apex);
    const change = old ? differenceOf(old.data, data) : undefined;
    const isStep = change !== undefined && serialOf(change.fromSoa.rdata) !== serialOf(change.toSoa.rdata);
    const history = isStep ? [...(old?.history ?? []), change].slice(-HISTORY_STEPS_MAX) : [];
    byApex.set(data.apex, { zone: createMemoryZone(data, history), data, history });
    for (const listener of listeners) listener(data.apex);
  };
  for (const data of zones) set(data);
  return {
    set,
    delete(apex) {
      byApex.delete(apex);
      for (const listener of listeners) listener(apex);
    },
    zoneOf(name) {
      for (let at: DomainName | undefined = name; at !== undefined; at = parentDomain(at)) {
        const found = byApex.get(at);
        if (found) return found.zone;
      }
      return undefined;
    },
    *zones() {
      for (const { zone } of byApex.values()) yield zone;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Several sources as one: the deepest zone of any wins. */
export function combineSources(sources: readonly ZoneSource[]): ZoneSource {
  return {
    zoneOf(name) {
      let best: Zone | undefined;
      for (const source of sources) {
        const zone = source.zoneOf(name);
        if (zone && (!best || (zone.apex !== best.apex && isAtOrBelow(zone.apex, best.apex)))) best = zone;
      }
      return best;
    },
    *zones() {
      for (const source of sources) yield* source.zones();
    },
    subscribe(listener) {
      const stops = sources.map((source) => source.subscribe(listener));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
