/**
 * The authoritative lookup (RFC 1034 section 4.3.2, RFC 4592 for wildcards, RFC 6672 for DNAME) over one zone: sections of
 * RRsets, not yet bytes.
 */
import { RCODE, TYPE } from "../../dns/codes.ts";
import type { RRset } from "../../dns/message.ts";
import {
  type DomainName,
  domainLabels,
  isAtOrBelow,
  lowerName,
  nameToWire,
  parentDomain,
  readName,
} from "../../dns/name.ts";
import { NAME_BYTES_MAX } from "../../naming/name.ts";
import { UNKNOWN_NODE, UnknownNodeError, type Zone, type ZoneNode } from "./zoneSource.ts";

/** Response code for a DNAME whose result is too long a name (RFC 6672 section 2.2). */
const RCODE_YXDOMAIN = 6;
/** CNAMEs followed in one answer; longer chains end where they stand, for the asker to go on. */
const CHAIN_MAX = 16;
/** Targets whose addresses are added to one answer. */
const ADDITIONAL_TARGETS_MAX = 16;

export interface Lookup {
  readonly rcode: number;
  readonly isAuthoritative: boolean;
  readonly answers: readonly RRset[];
  readonly authorities: readonly RRset[];
  readonly additionals: readonly RRset[];
  /** How many of `additionals` are glue that a referral is no use without (RFC 9471). */
  readonly glueCount: number;
  /** Which name the answer is charged to when names have budgets: the delegated name, else the zone's apex. */
  readonly account: DomainName;
  /** An ALIAS to be flattened to addresses of the asked type before the answer is complete. */
  readonly alias?: { readonly owner: DomainName; readonly target: DomainName; readonly ttlSeconds: number };
  /** Whether the answer holds for endlessly many names: from a wildcard, a DNAME or below a zone cut. */
  readonly isGeneric: boolean;
}

/** Where a name leads: to a node of its own, out through a zone cut or a DNAME, to nothing, or nobody can say now. */
type Found =
  | { readonly kind: "node"; readonly node: ZoneNode; readonly isWildcard: boolean }
  | { readonly kind: "cut"; readonly ns: RRset }
  | { readonly kind: "dname"; readonly dname: RRset }
  | { readonly kind: "nothing" }
  | { readonly kind: "unknown" };

/** Names from just below the apex down to `name`. */
function namesBelow(apex: DomainName, name: DomainName): DomainName[] {
  const names: DomainName[] = [];
  for (let at: DomainName = name; at !== apex; ) {
    names.push(at);
    const above = parentDomain(at);
    if (above === undefined) break;
    at = above;
  }
  return names.reverse();
}

function find(zone: Zone, name: DomainName, type: number): Found {
  let node = zone.node(zone.apex);
  let encloser = zone.apex;
  if (!node) return { kind: "nothing" };
  for (const at of namesBelow(zone.apex, name)) {
    const dname = node.get(TYPE.DNAME);
    if (dname) return { kind: "dname", dname };
    const next = zone.node(at);
    if (!next) {
      const wildcard = zone.node(encloser === "" ? "*" : `*.${encloser}`);
      if (wildcard === UNKNOWN_NODE) return { kind: "unknown" };
      return wildcard ? { kind: "node", node: wildcard, isWildcard: true } : { kind: "nothing" };
    }
    const ns = next.get(TYPE.NS);
    if (ns && !(at === name && type === TYPE.DS)) return { kind: "cut", ns };
    node = next;
    encloser = at;
  }
  return node === UNKNOWN_NODE ? { kind: "unknown" } : { kind: "node", node, isWildcard: false };
}

/** The SOA for negative answers: its own minimum caps the time to live (RFC 2308 section 3). */
export function negativeSoa(zone: Zone): RRset {
  const rdata = zone.soa.rdatas[0]!;
  const minimum = new DataView(rdata.buffer, rdata.byteOffset).getUint32(rdata.length - 4);
  return { ...zone.soa, ttlSeconds: Math.min(zone.soa.ttlSeconds, minimum) };
}

/** The name inside data that starts `offset` bytes in, in lower case. */
function targetOf(rdata: Uint8Array, offset: number): DomainName {
  const read = readName(rdata, offset, "refused");
  return typeof read === "string" ? "" : lowerName(read.name);
}

/** Where the target name stands in data of types whose addresses are worth adding. */
const TARGET_OFFSET = new Map<number, number>([
  [TYPE.NS, 0],
  [TYPE.MX, 2],
  [TYPE.SRV, 6],
]);

/** The addresses at a name, be it the zone's own, glue below a cut, or a wildcard's. */
function addressesAt(zone: Zone, name: DomainName): RRset[] {
  const found = find(zone, name, TYPE.A);
  if (found.kind !== "node" && found.kind !== "cut") return [];
  const node = found.kind === "cut" ? zone.node(name) : found.node;
  const addresses = [node?.get(TYPE.A), node?.get(TYPE.AAAA)].filter((rrset) => rrset !== undefined);
  return found.kind === "node" && found.isWildcard ? addresses.map((rrset) => ({ ...rrset, name })) : addresses;
}

/** Addresses of the targets of `rrsets`, as far as the zone has them. */
function additionalsOf(zone: Zone, rrsets: readonly RRset[], present: readonly RRset[]): RRset[] {
  const seen = new Set<DomainName>();
  const found: RRset[] = [];
  for (const rrset of rrsets) {
    const offset = TARGET_OFFSET.get(rrset.type);
    if (offset === undefined) continue;
    for (const rdata of rrset.rdatas) {
      const target = targetOf(rdata, offset);
      if (seen.has(target) || seen.size >= ADDITIONAL_TARGETS_MAX || !isAtOrBelow(target, zone.apex)) continue;
      seen.add(target);
      for (const address of addressesAt(zone, target)) {
        const isPresent = present.some((set) => set.type === address.type && set.name === target);
        if (!isPresent) found.push(address);
      }
    }
  }
  return found;
}

/** The RRsets of a node that answer `type`. ANY gets one set, not all (RFC 8482 section 4.1). */
function matching(node: ZoneNode, type: number): RRset | undefined {
  if (type !== TYPE.ANY) return node.get(type);
  let best: RRset | undefined;
  for (const rrset of node.values()) if (rrset.type !== TYPE.ALIAS && (!best || rrset.type < best.type)) best = rrset;
  return best;
}

/** The CNAME a DNAME stands for at `name`; `undefined` where the new name is too long. */
function synthesised(dname: RRset, name: DomainName): RRset | undefined {
  const labels = domainLabels(name);
  const prefix = labels.slice(0, labels.length - domainLabels(dname.name).length);
  const target = targetOfExact(dname.rdatas[0]!);
  const wire = Buffer.concat([...prefix.map((label) => nameToWire(label).subarray(0, -1)), nameToWire(target)]);
  if (wire.length > NAME_BYTES_MAX) return undefined;
  return { name, type: TYPE.CNAME, ttlSeconds: dname.ttlSeconds, rdatas: [Uint8Array.from(wire)] };
}

function targetOfExact(rdata: Uint8Array): DomainName {
  const read = readName(rdata, 0, "refused");
  return typeof read === "string" ? "" : read.name;
}

interface Draft {
  rcode: number;
  isAuthoritative: boolean;
  answers: RRset[];
  authorities: RRset[];
  glue: RRset[];
  isGeneric: boolean;
  account: DomainName;
  alias?: { owner: DomainName; target: DomainName; ttlSeconds: number };
}

/** One step of the lookup for `name`; returns the next name where an alias leads on inside the zone. */
function step(zone: Zone, name: DomainName, type: number, draft: Draft): DomainName | undefined {
  const found = find(zone, name, type);
  switch (found.kind) {
    case "unknown":
      throw new UnknownNodeError(name);
    case "nothing":
      draft.rcode = RCODE.NXDOMAIN;
      draft.authorities.push(negativeSoa(zone));
      return undefined;
    case "cut":
      draft.isAuthoritative = draft.answers.length > 0;
      draft.authorities.push(found.ns);
      draft.glue = additionalsOf(zone, [found.ns], []);
      draft.account = found.ns.name;
      draft.isGeneric ||= found.ns.name !== name;
      return undefined;
    case "dname": {
      draft.answers.push(found.dname);
      const cname = synthesised(found.dname, name);
      if (!cname) {
        draft.rcode = RCODE_YXDOMAIN;
        return undefined;
      }
      draft.answers.push(cname);
      draft.isGeneric = true;
      return type === TYPE.CNAME ? undefined : targetOf(cname.rdatas[0]!, 0);
    }
    case "node":
      return stepAt(zone, name, type, found.node, draft, found.isWildcard);
  }
}

function stepAt(
  zone: Zone,
  name: DomainName,
  type: number,
  node: ZoneNode,
  draft: Draft,
  isWildcard: boolean,
): DomainName | undefined {
  draft.isGeneric ||= isWildcard;
  const own = (rrset: RRset) => (isWildcard ? { ...rrset, name } : rrset);
  const rrset = matching(node, type);
  if (rrset) {
    draft.answers.push(own(rrset));
    return undefined;
  }
  const cname = node.get(TYPE.CNAME);
  if (cname) {
    draft.answers.push(own(cname));
    return targetOf(cname.rdatas[0]!, 0);
  }
  const alias = type === TYPE.A || type === TYPE.AAAA ? node.get(TYPE.ALIAS) : undefined;
  if (alias) draft.alias = { owner: name, target: targetOf(alias.rdatas[0]!, 0), ttlSeconds: alias.ttlSeconds };
  else draft.authorities.push(negativeSoa(zone));
  return undefined;
}

/**
 * What `zone` says about `name` and `type`. Aliases are followed inside the zone, a bounded number of them and never
 * twice to the same name. Throws `UnknownNodeError`.
 */
export function lookup(zone: Zone, name: DomainName, type: number): Lookup {
  const draft: Draft = {
    rcode: RCODE.NOERROR,
    isAuthoritative: true,
    answers: [],
    authorities: [],
    glue: [],
    isGeneric: false,
    account: zone.apex,
  };
  const visited = new Set<DomainName>();
  let at: DomainName | undefined = name;
  while (at !== undefined && !visited.has(at) && visited.size < CHAIN_MAX && isAtOrBelow(at, zone.apex)) {
    visited.add(at);
    at = step(zone, at, type, draft);
  }
  const additionals = draft.glue.length > 0 ? draft.glue : additionalsOf(zone, draft.answers, draft.answers);
  const { rcode, isAuthoritative, answers, authorities, isGeneric, account, alias } = draft;
  const glueCount = draft.glue.length;
  return {
    rcode,
    isAuthoritative,
    answers,
    authorities,
    additionals,
    glueCount,
    account,
    isGeneric,
    ...(alias ? { alias } : {}),
  };
}
