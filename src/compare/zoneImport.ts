/**
 * What becomes of an ordinary DNS zone under the TLD: each registrable domain (Public Suffix List) becomes one name, and its
 * records move with it, targets inside the domain included. `www.shop.example.com` becomes `www.shop.hold` where
 * `shop.example.com` is registrable.
 */
import { getDomain } from "tldts";
import { BaseError } from "../base/errors.ts";
import { TYPE, typeName } from "../dns/codes.ts";
import type { ResourceRecord, RRset } from "../dns/message.ts";
import { type DomainName, isAtOrBelow, nameToWire } from "../dns/name.ts";
import { fieldsOf, joinFields } from "../dns/wireFields.ts";
import type { ZoneData } from "../dns/zoneFile.ts";
import { normaliseName } from "../naming/name.ts";

export interface ImportedName {
  /** `shop.hold` */
  readonly name: string;
  /** `shop.example.com` */
  readonly domain: DomainName;
  /** The RRsets that go on chain, owners and targets under the TLD. */
  readonly rrsets: readonly RRset[];
  /** What probes ask for: an address of the service; `undefined` where it has none, and is registered but not probed. */
  readonly probe: ProbeTarget | undefined;
}

export interface ProbeTarget {
  /** Owner under the TLD. */
  readonly owner: string;
  readonly type: number;
}

export interface ImportPlan {
  readonly names: readonly ImportedName[];
  /** What stays behind, and why; for people. */
  readonly skipped: readonly string[];
}

/** Registrable domain to the name under the TLD, where the user settles it: `shop.example.com` -> `other.hold`. */
export type NameMap = ReadonlyMap<DomainName, string>;

export class NameClashError extends BaseError {
  override readonly name = "Compare.NameClashError";
  constructor(name: string, domains: readonly string[]) {
    super("COMPARE_NAME_CLASH", `${domains.join(" and ")} would both become ${name}.`, {
      metaMessages: [`Settle it with --map FILE and a line such as: ${domains.at(-1)} other-${name}`],
    });
  }
}

export class MalformedNameMapError extends BaseError {
  override readonly name = "Compare.MalformedNameMapError";
  constructor(file: string, line: number, text: string) {
    super("COMPARE_MALFORMED_NAME_MAP", `${file}:${line}: "${text}" maps nothing.`, {
      metaMessages: ["Each line holds a registrable domain and the name it becomes: shop.example.com shop.hold"],
    });
  }
}

/** Reads a map file: `DOMAIN NAME` a line, `#` comments. Throws `MalformedNameMapError`, or what `normaliseName` throws. */
export function parseNameMap(text: string, file: string, tld: string): NameMap {
  const map = new Map<DomainName, string>();
  text.split("\n").forEach((raw, index) => {
    const line = raw.replace(/#.*/, "").trim();
    if (line === "") return;
    const [domain, target, extra] = line.split(/\s+/);
    const name = target === undefined ? "" : normaliseName(target);
    if (!domain || extra !== undefined || !name.endsWith(`.${tld}`) || name.split(".").length !== 2) {
      throw new MalformedNameMapError(file, index + 1, line);
    }
    map.set(domain.toLowerCase().replace(/\.$/, ""), name);
  });
  return map;
}

/**
 * Plans the import of zones. The zone's own SOA and NS records stay behind, since under the TLD the name's four gateways
 * answer for it. Throws `NameClashError`, and what `normaliseName` throws for a label that cannot be a name.
 */
export function planImport(zones: readonly ZoneData[], tld: string, map: NameMap = new Map()): ImportPlan {
  const skipped: string[] = [];
  const recordsOf = new Map<DomainName, ResourceRecord[]>();
  for (const { apex, records } of zones) {
    for (const record of records) {
      const domain = getDomain(record.name, { allowPrivateDomains: true, validateHostname: false });
      if (domain === null) skipped.push(`${record.name} ${typeName(record.type)}: no registrable domain`);
      else if (record.name === apex && (record.type === TYPE.SOA || record.type === TYPE.NS)) continue;
      else recordsOf.set(domain, [...(recordsOf.get(domain) ?? []), record]);
    }
  }
  const domainOf = new Map<string, DomainName>();
  const names: ImportedName[] = [];
  for (const [domain, records] of recordsOf) {
    const name = map.get(domain) ?? normaliseName(`${domain.slice(0, domain.indexOf("."))}.${tld}`);
    const other = domainOf.get(name);
    if (other !== undefined) throw new NameClashError(name, [other, domain]);
    domainOf.set(name, domain);
    const rrsets = rrsetsOf(records, (owner) => moved(owner, domain, name));
    const probe = probeOf(rrsets, name);
    if (probe === undefined) skipped.push(`${domain}: no address to probe for; registered all the same`);
    names.push({ name, domain, rrsets, probe });
  }
  return { names, skipped };
}

function moved(owner: DomainName, domain: DomainName, name: string): DomainName {
  return isAtOrBelow(owner, domain) ? owner.slice(0, owner.length - domain.length) + name : owner;
}

/** Groups records into sets, with owners and in-domain targets moved. */
function rrsetsOf(records: readonly ResourceRecord[], move: (owner: DomainName) => DomainName): RRset[] {
  const sets = new Map<string, { name: string; type: number; ttlSeconds: number; rdatas: Uint8Array[] }>();
  for (const record of records) {
    const name = move(record.name);
    const key = `${name} ${record.type}`;
    const set = sets.get(key) ?? { name, type: record.type, ttlSeconds: record.ttlSeconds, rdatas: [] };
    set.rdatas.push(movedRdata(record, move));
    sets.set(key, set);
  }
  return [...sets.values()];
}

function movedRdata(record: ResourceRecord, move: (owner: DomainName) => DomainName): Uint8Array {
  const fields = fieldsOf(record.type, record.rdata).map((field) => {
    if (field.name === undefined) return field;
    const name = move(field.name.toLowerCase());
    return { ...field, name, bytes: nameToWire(name) };
  });
  return joinFields(fields);
}

/** The address people use: of `www`, else of the domain itself, else the first. */
function probeOf(rrsets: readonly RRset[], name: string): ProbeTarget | undefined {
  const found =
    rrsets.find((set) => set.type === TYPE.A && set.name === `www.${name}`) ??
    rrsets.find((set) => set.type === TYPE.A && set.name === name) ??
    rrsets.find((set) => set.type === TYPE.A || set.type === TYPE.AAAA);
  return found && { owner: found.name, type: found.type };
}
