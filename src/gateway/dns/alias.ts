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
import { UnknownNodeError, type ZoneSource } from "./zoneSource.ts";

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

/** Addresses found outside, each asked for once at a time. */
class AddressCache {
  readonly #clock: Clock;
  readonly #resolve: AddressResolver | undefined;
  readonly #entries = new Map<string, CacheEntry>();
  readonly #pending = new Map<string, Promise<Flattened>>();

  constructor(clock: Clock, resolve: AddressResolver | undefined) {
    this.#clock = clock;
    this.#resolve = resolve;
  }

  get(target: DomainName, type: number): Flattened | Promise<Flattened> {
    const key = `${type}/${target}`;
    const kept = this.#entries.get(key);
    if (kept && this.#clock.monotonicMs() < kept.freshUntilMs) {
      return kept.isFailure ? { kind: "failed" } : { kind: "addresses", rrset: kept.rrset };
    }
    const running = this.#pending.get(key);
    if (running) return running;
    if (!this.#resolve || this.#pending.size >= PENDING_MAX) return this.#failed(key);
    const started = this.#ask(key, target, type, this.#resolve);
    this.#pending.set(key, started);
    return started;
  }

  #keep(key: string, entry: CacheEntry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > CACHE_ENTRIES_MAX) this.#entries.delete(this.#entries.keys().next().value!);
  }

  #failed(key: string): Flattened {
    const nowMs = this.#clock.monotonicMs();
    const freshUntilMs = nowMs + NEGATIVE_SECONDS * 1000;
    const old = this.#entries.get(key);
    if (old && !old.isFailure && nowMs < old.staleUntilMs) {
      const rrset = old.rrset && { ...old.rrset, ttlSeconds: STALE_TTL_SECONDS };
      this.#keep(key, { ...old, freshUntilMs });
      return { kind: "addresses", rrset };
    }
    this.#keep(key, { rrset: undefined, isFailure: true, freshUntilMs, staleUntilMs: 0 });
    return { kind: "failed" };
  }

  async #ask(key: string, target: DomainName, type: number, resolve: AddressResolver): Promise<Flattened> {
    try {
      const found = await resolve(target, type);
      const ttlSeconds = found ? Math.min(found.ttlSeconds, TTL_SECONDS_MAX) : NEGATIVE_SECONDS;
      const rrset = found && { name: target, type, ttlSeconds, rdatas: found.rdatas };
      const freshUntilMs = this.#clock.monotonicMs() + Math.max(1, ttlSeconds) * 1000;
      const staleUntilMs = freshUntilMs + STALE_SECONDS_MAX * 1000;
      this.#keep(key, { rrset, isFailure: false, freshUntilMs, staleUntilMs });
      return { kind: "addresses", rrset };
    } catch {
      return this.#failed(key);
    } finally {
      this.#pending.delete(key);
    }
  }
}

export function createAliasFlattener(source: ZoneSource, clock: Clock, resolve?: AddressResolver): AliasFlattener {
  const cache = new AddressCache(clock, resolve);
  return {
    flatten(target, type, ttlSeconds) {
      try {
        return follow(source, cache, target, type, ttlSeconds);
      } catch (error) {
        if (error instanceof UnknownNodeError) return { kind: "failed" };
        throw error;
      }
    },
  };
}

/** The addresses at the end of a chain of aliases. Throws `UnknownNodeError`. */
function follow(
  source: ZoneSource,
  cache: AddressCache,
  target: DomainName,
  type: number,
  ttlSeconds: number,
): Flattened | Promise<Flattened> {
  let at = target;
  for (let depth = 0; depth < ALIAS_CHAIN_MAX; depth += 1) {
    const zone = source.zoneOf(at);
    if (!zone) return cache.get(at, type);
    const found = lookup(zone, at, type);
    if (found.alias) {
      at = found.alias.target;
      continue;
    }
    const address = found.answers.find((rrset) => rrset.type === type);
    if (address) {
      return {
        kind: "addresses",
        rrset: { ...address, ttlSeconds: Math.min(address.ttlSeconds, ttlSeconds) },
      };
    }
    const last = found.answers.findLast((rrset) => rrset.type === TYPE.CNAME);
    const next = last && cnameTarget(last);
    if (next === undefined || found.rcode !== 0 || next === at) return { kind: "addresses", rrset: undefined };
    at = next;
  }
  return { kind: "failed" };
}

function cnameTarget(rrset: RRset): DomainName | undefined {
  const read = readName(rrset.rdatas[0]!, 0, "refused");
  return typeof read === "string" ? undefined : lowerName(read.name);
}
