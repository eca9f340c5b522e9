/**
 * The part of a name's zone that comes out of signed sets: the names whose resolver in force is the OffchainResolver, each with all
 * below it up to the next registered name that says otherwise. A set's wildcard gives every name below the set's own what that
 * name has not itself, as the resolver's callback and the name client have it; a zone's wildcard (RFC 4592) would stop at names
 * that exist, so those are shown with what the wildcard adds, and a wildcard of their own.
 */
import { TYPE } from "../../dns/codes.ts";
import type { ResourceRecord, RRset } from "../../dns/message.ts";
import { type DomainName, parentDomain } from "../../dns/name.ts";
import { NO_RRSETS, UNKNOWN_NODE, UnknownNodeError, type ZoneNode } from "../dns/zoneSource.ts";
import { domainOfOwner, ownerOf } from "../sets/signedZone.ts";
import type { SignedZone, SignedZones } from "../sets/signedZones.ts";
import { recordsOfNode } from "./infrastructure.ts";

/** Who keeps the records of a registered name and of what lies below it. */
export interface Holder {
  /** The name whose signed set it is; `null` where it is the registry. */
  readonly setName: string | null;
  /** The set's name in DNS. */
  readonly base: DomainName;
}

export interface SignedNodes {
  /** Whether a set says what is at a domain name. */
  covers(domain: DomainName): boolean;
  /** Whether every set is at hand. */
  readonly isWhole: boolean;
  /** The apex's SOA, where a set has one. */
  soa(): RRset | undefined;
  /** A TTL as it may be told of the apex now. */
  boundedTtl(ttlSeconds: number): number;
  /** When the newest set of all began to count, in seconds since 1970. */
  validFrom(): number;
  /** `UNKNOWN_NODE` where no set that counts is at hand. */
  node(domain: DomainName, own: ZoneNode | undefined): ZoneNode | undefined;
  /** Every record of what is covered. Throws `UnknownNodeError`. */
  records(nodes: ReadonlyMap<DomainName, ZoneNode>): Iterable<ResourceRecord>;
}

const WILDCARD = "*";
/** What no wildcard gives to a name that exists: it would cut the zone there. */
const NOT_GIVEN: ReadonlySet<number> = new Set([TYPE.SOA, TYPE.NS, TYPE.DNAME]);

function withOwner(zone: SignedZone, owner: string, name: DomainName): Map<number, RRset> {
  return new Map([...zone.at(owner)].map(([type, rrset]) => [type, { ...rrset, name, type }]));
}

/** What a set has at a domain name; `undefined` where neither it nor anything below it is there. */
function nodeIn(zone: SignedZone, base: DomainName, domain: DomainName, isThere: boolean): ZoneNode | undefined {
  const owner = ownerOf(domain, base);
  const isWildcard = domain.startsWith(`${WILDCARD}.`);
  const node = withOwner(zone, owner, domain);
  if (!isThere && !isWildcard && node.size === 0 && owner !== "" && !zone.hasBelow(owner)) return undefined;
  if (owner === "" || owner === WILDCARD) return isWildcard && node.size === 0 ? undefined : node;
  // A CNAME stands alone (RFC 1034 section 3.6.2).
  if (!node.has(TYPE.CNAME)) {
    for (const [type, rrset] of withOwner(zone, WILDCARD, domain)) {
      const isOdd = NOT_GIVEN.has(type) || (type === TYPE.CNAME && node.size > 0);
      if (!node.has(type) && !isOdd) node.set(type, rrset);
    }
  }
  return isWildcard && node.size === 0 ? undefined : node;
}

/** Domain names between one and the apex, itself left out. */
function* above(domain: DomainName, apex: DomainName): Iterable<DomainName> {
  for (let at = parentDomain(domain); at !== undefined && domain !== apex && at !== apex; at = parentDomain(at))
    yield at;
}

/** The sets' part of the zone of `apex`. `holders` has every live name of it. */
export function createSignedNodes(
  sets: SignedZones,
  apex: DomainName,
  holders: ReadonlyMap<DomainName, Holder>,
): SignedNodes {
  const holderOf = (domain: DomainName): Holder | undefined => {
    for (let at: DomainName | undefined = domain; at !== undefined; at = at === apex ? undefined : parentDomain(at)) {
      const holder = holders.get(at);
      if (holder !== undefined) return holder;
    }
    return undefined;
  };
  const signed = [...new Map([...holders.values()].map((holder) => [holder.setName, holder])).values()].filter(
    (holder): holder is Holder & { setName: string } => holder.setName !== null,
  );
  const zoneAt = (setName: string): SignedZone => {
    const zone = sets.of(setName);
    if (zone === undefined) throw new UnknownNodeError(setName);
    return zone;
  };
  const apexZone = (): SignedZone | undefined => {
    const setName = holders.get(apex)?.setName;
    return setName === null || setName === undefined ? undefined : sets.of(setName);
  };
  const node: SignedNodes["node"] = (domain, own) => {
    const holder = holderOf(domain);
    if (holder === undefined || holder.setName === null) return own;
    const zone = sets.of(holder.setName);
    if (zone === undefined) return UNKNOWN_NODE;
    const found = nodeIn(zone, holder.base, domain, own !== undefined);
    return found === undefined || own === undefined || own.size === 0 ? found : new Map([...found, ...own]);
  };
  const isCovered = (domain: DomainName) => (holderOf(domain)?.setName ?? null) !== null;

  return {
    covers: isCovered,
    get isWhole() {
      return signed.every(({ setName }) => sets.of(setName) !== undefined);
    },
    soa() {
      const soa = apexZone()?.at("").get(TYPE.SOA);
      return soa && { ...soa, name: apex, type: TYPE.SOA };
    },
    boundedTtl: (ttlSeconds) => apexZone()?.boundedTtl(ttlSeconds) ?? ttlSeconds,
    validFrom: () => Math.max(0, ...signed.map(({ setName }) => sets.of(setName)?.validFrom ?? 0)),
    node,
    *records(nodes) {
      const domains = new Set([...nodes.keys()].filter(isCovered));
      const zones = signed.map((holder) => ({ ...holder, zone: zoneAt(holder.setName) }));
      for (const { zone, base, setName } of zones) {
        for (const owner of zone.owners()) {
          const domain = domainOfOwner(owner, base);
          // Records below a registered name that keeps its own are void.
          if (holderOf(domain)?.setName !== setName) continue;
          domains.add(domain);
          for (const between of above(domain, base)) domains.add(between);
        }
      }
      for (const domain of domains) {
        const own = node(domain, nodes.get(domain) ?? NO_RRSETS);
        if (own !== undefined) yield* recordsOfNode(own);
        const wildcard = domain.startsWith(`${WILDCARD}.`) ? undefined : `${WILDCARD}.${domain}`;
        if (wildcard === undefined || domains.has(wildcard)) continue;
        const given = node(wildcard, undefined);
        if (given !== undefined) yield* recordsOfNode(given);
      }
      for (const { zone, setName } of zones) if (sets.of(setName) !== zone) throw new UnknownNodeError(setName);
    },
  };
}
