/**
 * ALIAS flattening: a name whose ALIAS record points elsewhere answers address queries with the addresses found there,
 * as the apex of a zone may not have a CNAME. Targets in zones served here are looked up directly; others come from a
 * resolver behind a small cache.
 */
import type { Clock } from "../../base/clock.ts";
import { TYPE } from "../../dns/codes.ts";
import type { RRset } from "../../dns/message.ts";
import { type DomainName, lowerName, readName } from "../../dns/name.ts";
import { lookup } from "./lookup.ts";
import type { ZoneSource } from "./zoneSource.ts";

/** Finds addresses outside. `undefined` means that the target has none of the type; a rejection that nobody could say. */
export type AddressResolver = (
  target: DomainName,
  type: number,
) => Promise<{ readonly ttlSeconds: number; readonly rdatas: readonly Uint8Array[] } | undefined>;

/** How many ALIAS records may lead to one another. */
const ALIAS_CHAIN_MAX = 4;
const CACHE_ENTRIES_MAX = 10_000;
/** Failures and absences are kept this long (RFC 9520 asks for at least a second). */
const NEGATIVE_SECONDS = 5;
const TTL_SECONDS_MAX = 3600;
/** An address that can no longer be refreshed is served this long past its time (RFC 8767). */
const STALE_SECONDS_MAX = 86_400;
const STALE_TTL_SECONDS = 30;
/** Questions to the resolver under way at once. */
const PENDING_MAX = 256;

export type Flattened = { readonly kind: "addresses"; readonly rrset: RRset | undefined } | { readonly kind: "failed" };

interface CacheEntry {
  readonly rrset: RRset | undefined;
  readonly isFailure: boolean;
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
}

export interface AliasFlattener {
  flatten(target: DomainName, type: number, ttlSeconds: number): Flattened | Promise<Flattened>;
}

export function createAliasFlattener(source: ZoneSource, clock: Clock, resolve?: AddressResolver): AliasFlattener {
  const cache = new Map<string, CacheEntry>();
  const pending = new Map<string, Promise<Flattened>>();

  const keep = (key: string, entry: CacheEntry) => {
    cache.delete(key);
    cache.set(key, entry);
    if (cache.size > CACHE_ENTRIES_MAX) cache.delete(cache.keys().next().value!);
  };

  const failed = (key: string): Flattened => {
    const nowMs = clock.monotonicMs();
    const old = cache.get(key);
    if (old && !old.isFailure && nowMs < old.staleUntilMs) {
      const rrset = old.rrset && { ...old.rrset, ttlSeconds: STALE_TTL_SECONDS };
      keep(key, { ...old, freshUntilMs: nowMs + NEGATIVE_SECONDS * 1000 });
      return { kind: "addresses", rrset };
    }
    keep(key, { rrset: undefined, isFailure: true, freshUntilMs: nowMs + NEGATIVE_SECONDS * 1000, staleUntilMs: 0 });
    return { kind: "failed" };
  };

  const ask = async (key: string, target: DomainName, type: number): Promise<Flattened> => {
    try {
      const found = await resolve!(target, type);
      const ttlSeconds = found ? Math.min(found.ttlSeconds, TTL_SECONDS_MAX) : NEGATIVE_SECONDS;
      const rrset = found && { name: target, type, ttlSeconds, rdatas: found.rdatas };
      const freshUntilMs = clock.monotonicMs() + Math.max(1, ttlSeconds) * 1000;
      keep(key, { rrset, isFailure: false, freshUntilMs, staleUntilMs: freshUntilMs + STALE_SECONDS_MAX * 1000 });
      return { kind: "addresses", rrset };
    } catch {
      return failed(key);
    } finally {
      pending.delete(key);
    }
  };

  const outside = (target: DomainName, type: number): Flattened | Promise<Flattened> => {
    const key = `${type}/${target}`;
    const kept = cache.get(key);
    if (kept && clock.monotonicMs() < kept.freshUntilMs) {
      return kept.isFailure ? { kind: "failed" } : { kind: "addresses", rrset: kept.rrset };
    }
    const running = pending.get(key);
    if (running) return running;
    if (!resolve || pending.size >= PENDING_MAX) return failed(key);
    const started = ask(key, target, type);
    pending.set(key, started);
    return started;
  };

  return {
    flatten(target, type, ttlSeconds) {
      let at = target;
      for (let depth = 0; depth < ALIAS_CHAIN_MAX; depth += 1) {
        const zone = source.zoneOf(at);
        if (!zone) return outside(at, type);
        const found = lookup(zone, at, type);
        if (found.alias) {
          at = found.alias.target;
          continue;
        }
        const address = found.answers.find((rrset) => rrset.type === type);
        if (address)
          return { kind: "addresses", rrset: { ...address, ttlSeconds: Math.min(address.ttlSeconds, ttlSeconds) } };
        const last = found.answers.findLast((rrset) => rrset.type === TYPE.CNAME);
        const next = last && cnameTarget(last);
        if (next === undefined || found.rcode !== 0 || next === at) return { kind: "addresses", rrset: undefined };
        at = next;
      }
      return { kind: "failed" };
    },
  };
}

function cnameTarget(rrset: RRset): DomainName | undefined {
  const read = readName(rrset.rdatas[0]!, 0, "refused");
  return typeof read === "string" ? undefined : lowerName(read.name);
}
