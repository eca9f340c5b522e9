/**
 * The names of the service itself: virtual gateways as name servers. `g-2-17.hold` is virtual gateway 17 of zone 2; its address
 * is that of the gateway that holds the slot now, so names need no change when gateways come and go. Labels of this form are
 * the service's own under every suffix, whoever registers them.
 */
import { isIPv4, isIPv6 } from "node:net";
import type { Directory } from "../../directory/directory.ts";
import { CLASS_IN, TYPE } from "../../dns/codes.ts";
import type { ResourceRecord, RRset } from "../../dns/message.ts";
import { type DomainName, nameToWire } from "../../dns/name.ts";
import { SLOT_COUNT, type Slots, virtualGatewayIdOf, ZONE_COUNT } from "../../sharding/shard.ts";
import { addressBytes } from "../dns/request.ts";
import { NO_RRSETS, type ZoneNode } from "../dns/zoneSource.ts";

/** Delegations and server addresses: as long as a moved slot's previous holder serves on. */
const INFRASTRUCTURE_TTL_SECONDS = 300;
const SOA_TIMERS = { refresh: 300, retry: 60, expire: 1_209_600, minimum: 60 };
const SERVER_LABEL = /^g-([0-3])-(0|[1-9]\d{0,2})$/;

function placeOf(label: string): { zone: number; slot: number } | undefined {
  const match = SERVER_LABEL.exec(label);
  const zone = Number(match?.[1]);
  const slot = Number(match?.[2]);
  return match !== null && zone < ZONE_COUNT && slot < SLOT_COUNT ? { zone, slot } : undefined;
}

/** Whether a label under a suffix is a virtual gateway's. */
export function isServerLabel(label: string): boolean {
  return placeOf(label) !== undefined;
}

/** A shard as the NS RRset of a delegation. */
export function delegationOf(owner: DomainName, slots: Slots, suffix: DomainName): RRset {
  const rdatas = slots.map((slot, zone) => nameToWire(`g-${zone}-${slot}.${suffix}`));
  return { name: owner, type: TYPE.NS, ttlSeconds: INFRASTRUCTURE_TTL_SECONDS, rdatas };
}

/** The addresses of a virtual gateway; empty where nobody holds the slot or its endpoint is a host name. */
export function serverNode(domain: DomainName, label: string, directory: Directory): ZoneNode | undefined {
  const place = placeOf(label);
  if (place === undefined) return undefined;
  const id = directory.table[virtualGatewayIdOf(place.zone, place.slot)] ?? 0;
  const endpoint = directory.gateways.get(id)?.dnsEndpoint ?? "";
  const host = endpoint.slice(0, endpoint.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  const type = isIPv4(host) ? TYPE.A : isIPv6(host) ? TYPE.AAAA : undefined;
  if (type === undefined) {
    // An alias may not be a name server, but a resolver that meets one follows it, which beats no answer.
    return host === "" ? NO_RRSETS : new Map([[TYPE.CNAME, rrsetOf(domain, TYPE.CNAME, nameToWire(host))]]);
  }
  return new Map([[type, rrsetOf(domain, type, addressBytes(host))]]);
}

/** Addresses of every virtual gateway that has one. */
export function* serverRecords(suffix: DomainName, directory: Directory): Iterable<ResourceRecord> {
  for (let zone = 0; zone < ZONE_COUNT; zone += 1) {
    for (let slot = 0; slot < SLOT_COUNT; slot += 1) {
      const label = `g-${zone}-${slot}`;
      yield* recordsOfNode(serverNode(`${label}.${suffix}`, label, directory) ?? NO_RRSETS);
    }
  }
}

function rrsetOf(name: DomainName, type: number, rdata: Uint8Array): RRset {
  return { name, type, ttlSeconds: INFRASTRUCTURE_TTL_SECONDS, rdatas: [rdata] };
}

/** A SOA for a zone whose owner published none. */
export function syntheticSoa(apex: DomainName, suffix: DomainName, serial: number): RRset {
  const { refresh, retry, expire, minimum } = SOA_TIMERS;
  const numbers = Buffer.alloc(20);
  [serial >>> 0, refresh, retry, expire, minimum].forEach((value, index) => {
    numbers.writeUInt32BE(value, index * 4);
  });
  const rdata = Buffer.concat([nameToWire(`g-0-0.${suffix}`), nameToWire(`hostmaster.${suffix}`), numbers]);
  return { name: apex, type: TYPE.SOA, ttlSeconds: INFRASTRUCTURE_TTL_SECONDS, rdatas: [new Uint8Array(rdata)] };
}

/** The resource records of a node, SOA left out. */
export function* recordsOfNode(node: ZoneNode): Iterable<ResourceRecord> {
  for (const { name, type, ttlSeconds, rdatas } of node.values()) {
    if (type === TYPE.SOA) continue;
    for (const rdata of rdatas) yield { name, type, class: CLASS_IN, ttlSeconds, rdata };
  }
}
