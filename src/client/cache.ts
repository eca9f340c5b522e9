/**
 * The cache: true to TTLs, bounded, and never a source of outages or of lies. Values and proven absences are kept apart, so
 * that a flood of names that do not exist cannot push out those that do; what nobody vouched for is kept apart from what
 * was verified; an absence that nobody proved is not kept at all.
 */
import type { Clock } from "../base/clock.ts";
import type { Resolution } from "./resolution.ts";

export interface CacheOptions {
  /** Values kept. */
  readonly entryCountMax?: number;
  /** Proven absences kept. */
  readonly absentCountMax?: number;
  /** The longest a value is fresh, whatever its TTL, in seconds. */
  readonly ttlSecondsMax?: number;
  /** How long after its TTL a value may be served when nobody can be reached, in seconds (RFC 8767). */
  readonly staleSecondsMax?: number;
  /** How long after its TTL a value is served at once and refreshed behind the caller's back, in seconds. */
  readonly revalidateSeconds?: number;
}

/** Whether only verified answers serve, or any. */
export type TrustClass = "verified" | "any";

export interface CacheEntry {
  readonly resolution: Resolution;
  readonly storedAtMs: number;
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
}

interface Slot extends CacheEntry {
  /** Met since it was last considered for eviction. */
  wasUsed: boolean;
}

export interface Cache {
  /** An entry, fresh or within its time to be stale. */
  readonly get: (key: string, trust: TrustClass) => CacheEntry | undefined;
  readonly put: (key: string, resolution: Resolution) => void;
  readonly delete: (key: string) => void;
  readonly size: () => number;
  /** Everything kept, for a file. */
  readonly entries: () => Iterable<readonly [string, CacheEntry]>;
  /** Takes back an entry that was kept in a file; ignored where its time is over. */
  readonly restore: (key: string, entry: CacheEntry) => void;
  /** Whether an entry past its TTL may be served at once while it is refreshed. */
  readonly mayRevalidate: (entry: CacheEntry) => boolean;
}

/** Second chances given in a row before the oldest entry goes even if it was used. */
const SECOND_CHANCES_MAX = 16;

/** A bounded map that drops what was stored long ago and not used since. */
class BoundedMap {
  readonly #slots = new Map<string, Slot>();
  readonly #countMax: number;
  constructor(countMax: number) {
    this.#countMax = countMax;
  }
  get size(): number {
    return this.#slots.size;
  }
  get(key: string): Slot | undefined {
    const slot = this.#slots.get(key);
    if (slot !== undefined) slot.wasUsed = true;
    return slot;
  }
  set(key: string, slot: Slot): void {
    if (this.#slots.delete(key) === false && this.#slots.size >= this.#countMax) this.#evict();
    if (this.#countMax > 0) this.#slots.set(key, slot);
  }
  delete(key: string): void {
    this.#slots.delete(key);
  }
  entries(): Iterable<[string, Slot]> {
    return this.#slots.entries();
  }
  #evict(): void {
    for (let chance = 0; ; chance += 1) {
      const [key, slot] = this.#slots.entries().next().value ?? [];
      if (key === undefined || slot === undefined) return;
      this.#slots.delete(key);
      if (!slot.wasUsed || chance >= SECOND_CHANCES_MAX) return;
      slot.wasUsed = false;
      this.#slots.set(key, slot);
    }
  }
}

export function createCache(clock: Clock, options: CacheOptions = {}): Cache {
  const ttlMsMax = (options.ttlSecondsMax ?? 86_400) * 1000;
  const staleMsMax = (options.staleSecondsMax ?? 86_400) * 1000;
  const revalidateMs = (options.revalidateSeconds ?? 30) * 1000;
  const stores = {
    verified: new BoundedMap(options.entryCountMax ?? 50_000),
    unverified: new BoundedMap(options.entryCountMax ?? 50_000),
    absent: new BoundedMap(options.absentCountMax ?? 10_000),
  };
  const alive = (slot: Slot | undefined): Slot | undefined =>
    slot !== undefined && clock.nowMs() < slot.staleUntilMs ? slot : undefined;
  const store = (key: string, entry: CacheEntry) => {
    const { resolution } = entry;
    const isVerified = resolution.evidence !== "none";
    if (resolution.value === null && !isVerified) return;
    const slot: Slot = { ...entry, wasUsed: false };
    if (resolution.value === null) {
      stores.verified.delete(key);
      stores.absent.set(key, slot);
    } else {
      stores.absent.delete(key);
      stores[isVerified ? "verified" : "unverified"].set(key, slot);
    }
  };
  return {
    get(key, trust) {
      const found = alive(stores.verified.get(key)) ?? alive(stores.absent.get(key));
      if (found !== undefined || trust === "verified") return found;
      return alive(stores.unverified.get(key));
    },
    put(key, resolution) {
      const now = clock.nowMs();
      const freshUntilMs = now + Math.min(ttlMsMax, resolution.ttlSeconds * 1000);
      store(key, { resolution, storedAtMs: now, freshUntilMs, staleUntilMs: freshUntilMs + staleMsMax });
    },
    delete(key) {
      for (const kept of Object.values(stores)) kept.delete(key);
    },
    size: () => stores.verified.size + stores.unverified.size + stores.absent.size,
    *entries() {
      for (const kept of Object.values(stores)) yield* kept.entries();
    },
    restore(key, entry) {
      if (clock.nowMs() < entry.staleUntilMs) store(key, entry);
    },
    mayRevalidate: (entry) => clock.nowMs() < entry.freshUntilMs + revalidateMs,
  };
}
