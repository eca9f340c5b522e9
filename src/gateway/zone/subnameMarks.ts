/**
 * Registered subnames as names that exist. Wildcards stop at names that exist (RFC 4592 section 2.2.2), and a registered subname does,
 * whether or not it has an RRset: it has a resolver of its own (ENSIP-10) and perhaps another owner, for whom the wildcard of the name
 * above does not speak. Proofs say the same, since an RRset is looked for under the closest registered name alone. In DNS a name exists
 * by its data, so where a wildcard would otherwise answer, such a subname gets an RRset that says nothing: in the zone, and not only in
 * this front, so that secondaries that were sent the zone answer alike.
 */
import { fromHex, type Hex } from "../../base/bytes.ts";
import type { RRset } from "../../dns/message.ts";
import { type DomainName, isAtOrBelow } from "../../dns/name.ts";
import { type Node, namehash } from "../../naming/namehash.ts";
import { readName } from "../../proof/readName.ts";
import type { Replica } from "../../replica/replica.ts";
import { withEmptyNonTerminals, type ZoneNode } from "../dns/zoneSource.ts";
import { domainOf } from "./domain.ts";

/** A type for private use (RFC 6895 section 3.1); its data are empty. */
export const REGISTERED_TYPE = 65_402;
const MARK_TTL_SECONDS = 300;
const WILDCARD = "*.";

export interface SubnameMarksOptions {
  readonly replica: Pick<Replica, "head" | "read" | "store">;
  readonly registry: Hex;
  readonly tld: string;
}

/** The names below one that events told of. */
function* subnamesBelow(replica: SubnameMarksOptions["replica"], top: string): Iterable<string> {
  const stack: { readonly node: Node; readonly name: string }[] = [{ node: namehash(top), name: top }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    for (const { node, label } of replica.store.childrenOf(at.node)) {
      const name = `${label}.${at.name}`;
      yield name;
      stack.push({ node, name });
    }
  }
}

/**
 * The RRsets to be added to the zone of a name, so that registered subnames exist where a wildcard is above them.
 *
 * @param name In the registry.
 * @param apex In DNS.
 * @param nodes What the zone has so far.
 */
export function* subnameMarks(
  { replica, registry, tld }: SubnameMarksOptions,
  name: string,
  apex: DomainName,
  nodes: ReadonlyMap<DomainName, ZoneNode>,
): Iterable<RRset> {
  const covered = [...nodes.keys()].filter((owner) => owner.startsWith(WILDCARD)).map((owner) => owner.slice(2));
  if (covered.length === 0) return;
  const existing = withEmptyNonTerminals(nodes, apex);
  const base = domainOf(name);
  const timestamp = BigInt(replica.head?.timestamp ?? 0);
  const read = (slot: Hex) => replica.read(fromHex(slot));
  for (const subname of subnamesBelow(replica, name)) {
    const domain = `${domainOf(subname).slice(0, -base.length)}${apex}`;
    if (existing.has(domain) || !covered.some((above) => isAtOrBelow(domain, above))) continue;
    const { status } = readName(read, { name: subname, records: [], tld, registry, timestamp });
    if (status.closest !== subname) continue;
    yield { name: domain, type: REGISTERED_TYPE, ttlSeconds: MARK_TTL_SECONDS, rdatas: [new Uint8Array(0)] };
  }
}
