/**
 * The RRsets of one signed set, as a DNS front asks for them. Owners are written as the labels below the set's name, highest
 * first, in the form that DNS has them in: `b.a` is `a.b.shop.hold` in a set of `shop.hold`, `*` its wildcard, nothing its own name.
 */
import { fromHex, type Hex, toHex } from "../../base/bytes.ts";
import { type DomainName, domainLabels } from "../../dns/name.ts";
import type { SetRecord } from "../../protocol/offchainRecords.ts";
import type { PublishedSet } from "../../protocol/publishedSet.ts";
import { decodeRRset } from "../../protocol/rrset.ts";
import { domainOf } from "../zone/domain.ts";
import type { HeldRRset, SetStore, StoredRRset } from "./setStore.ts";

/** An RRset without its owner. */
export interface OwnerlessRRset {
  readonly ttlSeconds: number;
  readonly rdatas: readonly Uint8Array[];
}

export interface RRsetIndex {
  at(owner: string): ReadonlyMap<number, OwnerlessRRset>;
  /** Whether there is any below an owner. */
  hasBelow(owner: string): boolean;
  /** Every owner once, in order. */
  owners(): Iterable<string>;
}

/** Owners looked at below one, where most of what is held is of pieces of another set; more than these are taken to be of this one. */
const OWNERS_MAX = 1_000;
const PAGE = 1_000;

/** A domain name at or below another as an owner. */
export function ownerOf(domain: DomainName, base: DomainName): string {
  if (domain === base) return "";
  return domainLabels(domain.slice(0, -1 - base.length))
    .reverse()
    .join(".");
}

/** The domain name of an owner. */
export function domainOfOwner(owner: string, base: DomainName): DomainName {
  return owner === "" ? base : `${owner.split(".").reverse().join(".")}.${base}`;
}

/** The RRsets among a set's records. */
export function* rrsetsOfRecords(setName: string, records: readonly SetRecord[]): Generator<StoredRRset> {
  const base = domainOf(setName);
  for (const { name, record, value } of records) {
    if (record.kind !== "dns") continue;
    yield { owner: ownerOf(domainOf(name), base), rrtype: record.rrtype, value: fromHex(value) };
  }
}

function ownerless(value: Uint8Array): OwnerlessRRset {
  const { ttlSeconds, rdatas } = decodeRRset(toHex(value));
  return { ttlSeconds, rdatas };
}

/** Of a set that is one document: in memory. */
function indexOfRecords(setName: string, records: readonly SetRecord[]): RRsetIndex {
  const byOwner = new Map<string, Map<number, OwnerlessRRset>>();
  const above = new Set<string>();
  for (const { owner, rrtype, value } of rrsetsOfRecords(setName, records)) {
    const types = byOwner.get(owner) ?? new Map<number, OwnerlessRRset>();
    byOwner.set(owner, types.set(rrtype, ownerless(value)));
    for (let dot = owner.lastIndexOf("."); dot !== -1; dot = owner.lastIndexOf(".", dot - 1)) {
      above.add(owner.slice(0, dot));
    }
  }
  const none: ReadonlyMap<number, OwnerlessRRset> = new Map();
  return {
    at: (owner) => byOwner.get(owner) ?? none,
    hasBelow: (owner) => above.has(owner),
    owners: () => [...byOwner.keys()].sort(),
  };
}

/** Of a set in pieces: in the store. */
function indexOfPieces(setName: string, roots: ReadonlySet<Hex>, store: SetStore): RRsetIndex {
  return {
    at(owner) {
      const present = store.rrsetsAt(setName, owner).filter(({ root }) => roots.has(root));
      return new Map(present.map(({ rrtype, value }) => [rrtype, ownerless(value)]));
    },
    hasBelow(owner) {
      const found = store.ownersBelow(setName, owner, OWNERS_MAX);
      return found.length === OWNERS_MAX || found.some(({ root }) => roots.has(root));
    },
    *owners() {
      let last: HeldRRset | undefined;
      let told: string | undefined;
      for (;;) {
        const page = store.rrsetsAfter(setName, last, PAGE);
        for (const { owner, root } of page) {
          if (owner === told || !roots.has(root)) continue;
          told = owner;
          yield owner;
        }
        last = page.at(-1);
        if (page.length < PAGE) return;
      }
    },
  };
}

/** The RRsets of a set. */
export function indexOfSet({ name, records, pieces }: PublishedSet, store: SetStore): RRsetIndex {
  if (records !== undefined) return indexOfRecords(name, records);
  return indexOfPieces(name, new Set(pieces.map(({ root }) => root)), store);
}
