/**
 * The replica as DNS zones. The TLD is one zone, in which every registered name is a delegation to its four virtual gateways,
 * as in a parent zone; a name this gateway serves is a zone of its own, built from its records when it is first asked for and
 * thrown away when one of them changes. The same names may appear once more under a mirror suffix.
 */

import { fromHex, type Hex } from "../../base/bytes.ts";
import { shardOf } from "../../directory/directory.ts";
import { TYPE } from "../../dns/codes.ts";
import type { ResourceRecord } from "../../dns/message.ts";
import { type DomainName, isAtOrBelow } from "../../dns/name.ts";
import { labelsOf, registeredNameOf } from "../../naming/name.ts";
import { type Node, namehash, ROOT_NODE } from "../../naming/namehash.ts";
import { readName } from "../../proof/readName.ts";
import type { NameStatus } from "../../protocol/answer.ts";
import type { Replica, ReplicaChange } from "../../replica/replica.ts";
import { NO_RRSETS, type Zone, type ZoneNode, type ZoneSource } from "../dns/zoneSource.ts";
import type { Gateway } from "../gateway.ts";
import type { SignedZones } from "../sets/signedZones.ts";
import { domainOf, nameOf } from "./domain.ts";
import {
  delegationOf,
  isServerLabel,
  recordsOfNode,
  serverNode,
  serverRecords,
  syntheticSoa,
} from "./infrastructure.ts";
import { buildNameZone, type NameZone } from "./nameZone.ts";
import { type Delegation, TldHistory } from "./tldHistory.ts";

export interface ReplicaZonesOptions {
  readonly replica: Replica;
  readonly gateway: Gateway;
  readonly registry: Hex;
  readonly tld: string;
  /** A further suffix under which all names appear, such as `names.example.com`. */
  readonly mirrorSuffix?: DomainName;
  /** Signed sets and the contract that marks the names which have them. */
  readonly signed?: { readonly zones: SignedZones; readonly resolver: Hex };
  /** Zones of names kept built. */
  readonly zonesMax?: number;
  /** Notes how zones change, for secondaries that take the steps (IXFR). */
  readonly keepsHistory?: boolean;
}

/** The zones of one suffix. */
interface View {
  readonly suffix: DomainName;
  readonly suffixDepth: number;
  readonly tldZone: Zone;
  /** Where steps are kept. */
  readonly tldHistory: TldHistory | undefined;
  /** The next time at which a delegation that was handed out lapses, in seconds since 1970. */
  delegationsHoldUntil: number;
  /** Of names that this gateway serves, by domain name. */
  readonly nameZones: Map<DomainName, NameZone>;
  /** Zones that changed and were not built again yet, where their history is kept. */
  readonly formerZones: Map<DomainName, NameZone>;
}

/** The names of a replica as a source of zones. */
export function createReplicaZones(options: ReplicaZonesOptions): ZoneSource {
  const { replica, tld, mirrorSuffix, zonesMax = 10_000, keepsHistory = false } = options;
  const listeners = new Set<(apex: DomainName) => void>();
  const suffixes = mirrorSuffix === undefined ? [tld] : [tld, mirrorSuffix];
  const views = suffixes.map((suffix) => createView(options, suffix));

  let isolated = new Map(replica.directory.isolated);

  const drop = (view: View, apex: DomainName) => dropZone(view, apex, keepsHistory ? zonesMax : 0);
  const zoneOfName = (view: View, domain: DomainName): Zone | undefined => {
    const known = view.nameZones.get(domain);
    if (known !== undefined && (replica.head?.timestamp ?? 0) < known.holdsUntil) return known.zone;
    drop(view, domain);
    const name = nameUnderTld(view, domain, tld);
    // Only registered names served here are zones and remembered: random ones, asked for by the million, must not push them out, and
    // that they are not there is for the zone above them to say.
    if (name === undefined || view.tldZone.node(domain) === undefined || !options.gateway.serves(name))
      return undefined;
    const built = buildNameZone(options, name, domain, view.suffix, view.formerZones.get(domain));
    view.formerZones.delete(domain);
    if (view.nameZones.size >= zonesMax) view.nameZones.delete(view.nameZones.keys().next().value!);
    view.nameZones.set(domain, built);
    return built.zone;
  };

  replica.onChange((change) => {
    const { touched, directoryChanged } = change;
    const moved = directoryChanged ? movedNodes(isolated, replica.directory.isolated) : [];
    if (directoryChanged) isolated = new Map(replica.directory.isolated);
    for (const view of views) {
      noteTldStep(view, options, touched === "all" ? "all" : [...touched, ...moved], directoryChanged);
    }
    const apexes = new Set(views.flatMap((view) => [...changedApexes(options, view, change, drop)]));
    for (const listener of listeners) for (const apex of apexes) listener(apex);
  });
  options.signed?.zones.subscribe((name) => {
    for (const apex of touchSets(views, name, tld)) for (const listener of listeners) listener(apex);
  });

  return {
    zoneOf(domain) {
      const view = views.find(({ suffix }) => isAtOrBelow(domain, suffix));
      if (view === undefined) return undefined;
      const labels = labelsOf(domain);
      const top = labels.at(-1 - view.suffixDepth);
      if (top === undefined || isServerLabel(top)) return view.tldZone;
      return zoneOfName(view, `${top}.${view.suffix}`) ?? view.tldZone;
    },
    *zones() {
      for (const view of views) {
        yield view.tldZone;
        for (const { label } of replica.store.childrenOf(namehash(tld))) {
          const zone = zoneOfName(view, `${domainOf(label)}.${view.suffix}`);
          if (zone !== undefined) yield zone;
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The zones of a suffix that a change of the copy touches; those that were built are dropped. */
function* changedApexes(
  { replica, tld }: ReplicaZonesOptions,
  view: View,
  { head, touched, directoryChanged }: ReplicaChange,
  drop: (view: View, apex: DomainName) => void,
): Iterable<DomainName> {
  yield* lapsedApexes(view, head?.timestamp ?? 0);
  if (touched === "all" || directoryChanged) {
    const apexes = [...view.nameZones.keys()];
    for (const apex of apexes) drop(view, apex);
    // After a reorganisation the steps are not those that were handed out.
    if (touched === "all") view.formerZones.clear();
    yield* apexes;
    yield view.suffix;
    return;
  }
  for (const node of touched) {
    const apex = topDomainOf(replica, node, tld, view.suffix);
    if (apex === undefined) continue;
    drop(view, apex);
    yield apex;
    yield view.suffix;
  }
}

/** Tells the built zones of a name that its signed set changed; theirs are the apexes. */
function* touchSets(views: readonly View[], setName: string, tld: string): Iterable<DomainName> {
  const registered = registeredNameOf(setName, tld);
  if (registered === undefined) return;
  const relative = domainOf(registered).slice(0, -tld.length);
  for (const { nameZones, suffix } of views) {
    const known = nameZones.get(`${relative}${suffix}`);
    if (known === undefined || !known.setNames.has(setName)) continue;
    known.touch();
    yield known.zone.apex;
  }
}

/** Forgets a built zone, but for the difference to the next one where at most `formerMax` are kept for that. */
function dropZone({ nameZones, formerZones }: View, apex: DomainName, formerMax: number): void {
  const zone = nameZones.get(apex);
  nameZones.delete(apex);
  if (zone === undefined || formerMax === 0) return;
  if (formerZones.size >= formerMax) formerZones.delete(formerZones.keys().next().value!);
  formerZones.set(apex, zone);
}

/** Leases end without an event: zones, and the zone above them, that no longer hold at a block's time. */
function* lapsedApexes(view: View, timestamp: number): Iterable<DomainName> {
  for (const [apex, { holdsUntil }] of view.nameZones) {
    if (timestamp < holdsUntil) continue;
    view.nameZones.delete(apex);
    yield apex;
    yield view.suffix;
  }
  if (timestamp < view.delegationsHoldUntil) return;
  view.delegationsHoldUntil = Number.POSITIVE_INFINITY;
  yield view.suffix;
}

/** The registry name that a domain name under a suffix stands for. */
export function nameUnderTld(view: Pick<View, "suffix">, domain: DomainName, tld: string): string | undefined {
  return nameOf(`${domain.slice(0, domain.length - view.suffix.length)}${tld}`);
}

/** Nodes that were put on an isolated shard, or taken off one. */
function movedNodes(before: ReadonlyMap<Node, number>, after: ReadonlyMap<Node, number>): readonly Node[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((node) => before.get(node) !== after.get(node));
}

/** Tells the history of a view's TLD which names to look at again. */
function noteTldStep(
  { tldHistory, suffix }: View,
  { replica, tld }: ReplicaZonesOptions,
  touched: readonly Node[] | "all",
  directoryChanged: boolean,
): void {
  if (tldHistory === undefined) return;
  if (directoryChanged) tldHistory.touchInfrastructure();
  if (touched === "all") tldHistory.forget();
  else
    for (const node of touched) {
      const owner = topDomainOf(replica, node, tld, suffix);
      if (owner !== undefined) tldHistory.touch(owner);
    }
}

/** The domain directly under a suffix that stands for the name at or above a node, as far as events told it. */
function topDomainOf(replica: Replica, node: Node, tld: string, suffix: DomainName): DomainName | undefined {
  const tldNode = namehash(tld);
  let at = node;
  // A name has at most 127 labels.
  for (let depth = 0; depth < 128 && at !== ROOT_NODE; depth += 1) {
    const entry = replica.store.nameEntry(at);
    if (entry === undefined) return undefined;
    if (entry.parent === tldNode) return `${domainOf(entry.label)}.${suffix}`;
    at = entry.parent;
  }
  return undefined;
}

/** How the names directly under a view's suffix are delegated; takes note of when the first of those read lapses. */
function leaseReader({ replica, tld, registry }: ReplicaZonesOptions, view: View) {
  const statusOf = (name: string): NameStatus | undefined => {
    const { head } = replica;
    if (head === undefined) return undefined;
    const timestamp = BigInt(head.timestamp);
    return readName((slot) => replica.read(fromHex(slot)), { name, records: [], tld, registry, timestamp }).status;
  };
  return (domain: DomainName): Delegation | undefined => {
    const name = nameUnderTld(view, domain, tld);
    const status = name === undefined ? undefined : statusOf(name);
    if (name === undefined || status === undefined || status.shardIndex === null) return undefined;
    const slots = shardOf(replica.directory, namehash(name), status.shardIndex);
    const expiry = Number(status.expiry);
    view.delegationsHoldUntil = Math.min(view.delegationsHoldUntil, expiry);
    return { slots, expiry };
  };
}

function createView(options: ReplicaZonesOptions, suffix: DomainName): View {
  const { replica, tld } = options;
  const suffixDepth = labelsOf(suffix).length;
  const view: View = {
    suffix,
    suffixDepth,
    tldZone: undefined as never,
    tldHistory: undefined,
    delegationsHoldUntil: Number.POSITIVE_INFINITY,
    nameZones: new Map(),
    formerZones: new Map(),
  };

  const leaseOf = leaseReader(options, view);
  const delegation = (domain: DomainName): ZoneNode | undefined => {
    const lease = leaseOf(domain);
    return lease && new Map([[TYPE.NS, delegationOf(domain, lease.slots, suffix)]]);
  };
  const apexNode = (): ZoneNode => {
    const slots = shardOf(replica.directory, namehash(tld), null);
    const rrsets = [soaOf(), delegationOf(suffix, slots, suffix)];
    return new Map(rrsets.map((rrset) => [rrset.type, rrset]));
  };
  const soaOf = () => syntheticSoa(suffix, suffix, replica.head?.number ?? 0);
  function* owners(): Iterable<DomainName> {
    for (const { label } of replica.store.childrenOf(namehash(tld))) yield `${domainOf(label)}.${suffix}`;
  }
  function* infrastructure(): Iterable<ResourceRecord> {
    yield* recordsOfNode(apexNode());
    yield* serverRecords(suffix, replica.directory);
  }
  const timestamp = () => replica.head?.timestamp ?? 0;
  const content = { suffix, soa: soaOf, timestamp, owners, delegation: leaseOf, infrastructure };
  const tldHistory = options.keepsHistory ? new TldHistory(content) : undefined;

  const tldZone: Zone = {
    apex: suffix,
    get soa() {
      return soaOf();
    },
    get isReady() {
      return replica.head !== undefined && replica.status === "following";
    },
    node(domain) {
      if (domain === suffix) return apexNode();
      const depth = labelsOf(domain).length - suffixDepth;
      const label = labelsOf(domain).at(-1 - suffixDepth) ?? "";
      if (isServerLabel(label)) {
        return depth === 1 ? serverNode(domain, label, replica.directory) : undefined;
      }
      return depth === 1 ? delegation(domain) : delegation(`${label}.${suffix}`) && NO_RRSETS;
    },
    *records() {
      if (tldHistory !== undefined) return yield* tldHistory.records();
      yield* infrastructure();
      for (const owner of owners()) yield* recordsOfNode(delegation(owner) ?? NO_RRSETS);
    },
    changesSince: (serial) => tldHistory?.changesSince(serial),
  };
  return Object.assign(view, { tldZone, tldHistory });
}
