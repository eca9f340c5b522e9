/**
 * Where the DNS front gets its data. Whoever keeps names (a zone file in memory, the replica of the chain) implements
 * `ZoneSource`; the front does the rest: referrals, wildcards, aliases, NODATA, NXDOMAIN, additional data, transfers.
 * Reads are synchronous and never leave the machine.
 */
import { BaseError } from "../../base/errors.ts";
import type { ResourceRecord, RRset } from "../../dns/message.ts";
import { type DomainName, parentDomain } from "../../dns/name.ts";

/** What the zone has at a name cannot be told now, which is not to say that there is nothing. */
export class UnknownNodeError extends BaseError {
  override readonly name = "Gateway.UnknownNodeError";
  constructor(name: string) {
    super("GATEWAY_UNKNOWN_NODE", `What the zone has at ${name} is not at hand.`, { retriable: true });
  }
}

/** The RRsets at one name, by type. Empty at an empty non-terminal. Owner names are lower case. */
export type ZoneNode = ReadonlyMap<number, RRset>;

export const NO_RRSETS: ZoneNode = new Map();
/** Stands for a node that the zone cannot tell now. */
export const UNKNOWN_NODE: ZoneNode = new Map();

/** The nodes of a zone and an empty one for every name between them and the apex (RFC 4592 section 2.2.2). */
export function withEmptyNonTerminals(
  nodes: ReadonlyMap<DomainName, ZoneNode>,
  apex: DomainName,
): Map<DomainName, ZoneNode> {
  const whole = new Map(nodes);
  for (const owner of nodes.keys()) {
    let above = owner === apex ? undefined : parentDomain(owner);
    while (above !== undefined && above !== apex && !whole.has(above)) {
      whole.set(above, NO_RRSETS);
      above = parentDomain(above);
    }
  }
  return whole;
}

/** The difference between two versions of a zone, SOA records left out. */
export interface ZoneChange {
  readonly fromSoa: ResourceRecord;
  readonly toSoa: ResourceRecord;
  readonly removed: readonly ResourceRecord[];
  readonly added: readonly ResourceRecord[];
}

/**
 * A zone this server is authoritative for. `node` returns what the zone's own data has at a name: at a delegation the
 * NS RRset, below one the glue. `undefined` means that neither the name nor anything below it exists; a name with
 * descendants but no records has an empty node. A wildcard is the node of `*.…`. An ALIAS RRset (private type) at a
 * name is flattened to addresses by the front.
 */
export interface Zone {
  /** Lower case. */
  readonly apex: DomainName;
  /** The SOA RRset, one record. */
  readonly soa: RRset;
  /** False while the data is not fit to be served; the front then answers SERVFAIL. */
  readonly isReady?: boolean;
  /** False while a part of the zone is not at hand: the rest is served, but nothing is transferred. */
  readonly isWhole?: boolean;
  /** `name` is lower case and at or below the apex. `UNKNOWN_NODE` makes the front answer SERVFAIL. */
  node(name: DomainName): ZoneNode | undefined;
  /** Every record but the SOA, for transfers and precompilation; left out where the zone cannot be listed. Throws `UnknownNodeError`. */
  records?(): Iterable<ResourceRecord>;
  /** The steps from `serial` to now, oldest first; `undefined` where they are not kept (then a whole transfer is sent). */
  changesSince?(serial: number): readonly ZoneChange[] | undefined;
}

export interface ZoneSource {
  /** The deepest zone at or above `name` (lower case); `undefined` outside all zones. */
  zoneOf(name: DomainName): Zone | undefined;
  /** All zones, for transfers, catalogs and precompilation. */
  zones(): Iterable<Zone>;
  /**
   * Calls `listener` with a zone's apex after its data changed, it came or went, or time alone changed what it says (a
   * name that lapsed); compiled answers are kept until then. Returns how to stop.
   */
  subscribe(listener: (apex: DomainName) => void): () => void;
}
