/**
 * Wildcards among the RRsets of one name (RFC 1034 section 4.3.3, RFC 4592). Storage is looked up by key and cannot be listed, so
 * that a name is not there is shown by the whole zone: the name's word counts its RRsets, and as many distinct ones that are
 * proven to be there are all of them. Which ones those are anybody may say; it is checked.
 */
import { BaseError } from "../base/errors.ts";
import { parentOf } from "../naming/name.ts";

/** An RRset of a zone: whose, and of which type. */
export interface ZoneKey {
  readonly owner: string;
  readonly rrtype: number;
}

/** A wildcard may answer, but which names are in the zone is not known, so neither is whether it does. */
export class UnknownZoneError extends BaseError {
  override readonly name = "Proof.UnknownZoneError";
  /** The name whose RRsets would have to be known. */
  readonly holder: string;
  constructor(holder: string) {
    super("PROOF_UNKNOWN_ZONE", `A wildcard below ${holder} may answer, but which names it has is not known.`);
    this.holder = holder;
  }
}

/** What a wildcard needs to know of a zone. */
export interface ZoneView {
  /** The name that the RRsets are kept under. */
  readonly holder: string;
  /** How many RRsets it has. */
  readonly count: number;
  /** Those that somebody says it has; `undefined` where nobody said anything. */
  readonly claimed: readonly ZoneKey[] | undefined;
  /** The packed RRset of a key; `undefined` where there is none. */
  readonly read: (key: ZoneKey) => Uint8Array | undefined;
}

/** The wildcards that might answer for a name, the closest first. */
function wildcardsOf(owner: string, holder: string): readonly string[] {
  const wildcards: string[] = [];
  for (let at = owner; at !== holder; ) {
    at = parentOf(at);
    wildcards.push(`*.${at}`);
  }
  return wildcards;
}

/** Every owner name of the zone. Throws `UnknownZoneError` unless the claim is the whole of it. */
function ownersOf(zone: ZoneView): ReadonlySet<string> {
  const distinct = new Map<string, ZoneKey>();
  for (const key of zone.claimed ?? []) distinct.set(`${key.rrtype} ${key.owner}`, key);
  // More than there can be is no claim to look into.
  if (distinct.size !== zone.count) throw new UnknownZoneError(zone.holder);
  const owners = new Set<string>();
  for (const key of distinct.values()) {
    const isWithin = key.owner === zone.holder || key.owner.endsWith(`.${zone.holder}`);
    if (!isWithin || zone.read(key) === undefined) throw new UnknownZoneError(zone.holder);
    owners.add(key.owner);
  }
  return owners;
}

/** The deepest name at or above `owner` that exists: it or one below it has an RRset. */
function closestEncloser(owner: string, holder: string, owners: ReadonlySet<string>): string {
  const existing = new Set<string>([holder]);
  for (const each of owners) {
    for (let at = each; at !== holder && !existing.has(at); at = parentOf(at)) existing.add(at);
  }
  let at = owner;
  while (!existing.has(at)) at = parentOf(at);
  return at;
}

/**
 * The packed RRset that a wildcard gives an owner name which has none of that type; `undefined` where none does: there is no such
 * wildcard, or the name exists, or one between it and the wildcard. Throws `UnknownZoneError`.
 */
export function synthesised(zone: ZoneView, { owner, rrtype }: ZoneKey): Uint8Array | undefined {
  const wildcards = wildcardsOf(owner, zone.holder);
  // All are looked at, so that whoever fetches slots fetches them together.
  const found = wildcards.map((wildcard) => zone.read({ owner: wildcard, rrtype }));
  if (found.every((packed) => packed === undefined)) return undefined;
  const encloser = closestEncloser(owner, zone.holder, ownersOf(zone));
  return encloser === owner ? undefined : found[wildcards.indexOf(`*.${encloser}`)];
}
