/**
 * Signed sets for the DNS front: what the newest set of a name that counts now says, its TTLs bounded by the time for which it
 * counts, and word of whenever that changes: a newer set came, its time is running out, or whoever signed it may no longer.
 */
import { type Clock, nowSeconds, type Timer } from "../../base/clock.ts";
import type { Replica } from "../../replica/replica.ts";
import type { SetStore } from "./setStore.ts";
import type { CountingSet, Sets } from "./sets.ts";
import { indexOfSet, type OwnerlessRRset, type RRsetIndex } from "./signedZone.ts";

export interface SignedZone extends RRsetIndex {
  /** Seconds since 1970. */
  readonly validFrom: number;
  /** A TTL as it may be told now. */
  boundedTtl(ttlSeconds: number): number;
}

export interface SignedZones {
  /** What the newest set of a name says; `undefined` where none is held that counts. */
  of(name: string): SignedZone | undefined;
  /** Calls a listener with a name whenever what was told of its set no longer holds. Returns how to stop. */
  subscribe(listener: (name: string) => void): () => void;
  close(): void;
}

export interface SignedZonesOptions {
  readonly sets: Sets;
  readonly store: SetStore;
  readonly replica: Replica;
  readonly clock: Clock;
}

interface Known {
  readonly counting: CountingSet | undefined;
  readonly zone: SignedZone | undefined;
  /** Who may sign is judged by the block. */
  readonly blockNumber: number | undefined;
}

/** Names whose sets are kept taken apart. */
const NAMES_MAX = 1_000;
const DAY_MS = 86_400_000;

/** Calls back once for each key when its time has come; an earlier time replaces a later one. */
function createAlarms(clock: Clock, ring: (key: string) => void) {
  const times = new Map<string, number>();
  let timer: Timer | undefined;
  let armedAt = Number.POSITIVE_INFINITY;
  const arm = () => {
    timer?.cancel();
    armedAt = Number.POSITIVE_INFINITY;
    for (const at of times.values()) armedAt = Math.min(armedAt, at);
    if (armedAt === Number.POSITIVE_INFINITY) return;
    timer = clock.schedule(Math.min(DAY_MS, Math.max(0, armedAt * 1_000 - clock.nowMs())), () => {
      const now = clock.nowMs();
      const due = [...times].filter(([, at]) => at * 1_000 <= now).map(([key]) => key);
      for (const key of due) times.delete(key);
      arm();
      for (const key of due) ring(key);
    });
  };
  return {
    /** @param atSeconds Since 1970. */
    set(key: string, atSeconds: number) {
      if (atSeconds >= (times.get(key) ?? Number.POSITIVE_INFINITY)) return;
      times.set(key, atSeconds);
      if (atSeconds < armedAt) arm();
    },
    close: () => timer?.cancel(),
  };
}

export function createSignedZones({ sets, store, replica, clock }: SignedZonesOptions): SignedZones {
  const known = new Map<string, Known>();
  const listeners = new Set<(name: string) => void>();
  const changed = (name: string) => {
    known.delete(name);
    for (const listener of listeners) listener(name);
  };
  const alarms = createAlarms(clock, changed);

  const zoneOf = ({ published }: CountingSet): SignedZone => {
    const { name, set } = published;
    const index = indexOfSet(published, store);
    const boundedTtl = (ttlSeconds: number) => {
      const now = nowSeconds(clock);
      const leftSeconds = Math.max(0, set.validUntil - now);
      // What was compiled with the whole TTL is good until less than that is left, and with less for a second.
      alarms.set(name, leftSeconds > ttlSeconds ? set.validUntil - ttlSeconds : now + 1);
      return Math.min(ttlSeconds, leftSeconds);
    };
    const bounded = (rrset: OwnerlessRRset) => ({ ...rrset, ttlSeconds: boundedTtl(rrset.ttlSeconds) });
    return {
      ...index,
      validFrom: set.validFrom,
      boundedTtl,
      at: (owner) => new Map([...index.at(owner)].map(([type, rrset]) => [type, bounded(rrset)])),
    };
  };
  const look = (name: string, before: Known | undefined): Known => {
    const counting = sets.open(name);
    const isSame = counting !== undefined && counting.published === before?.counting?.published;
    const zone = isSame ? before?.zone : counting && zoneOf(counting);
    return { counting, zone, blockNumber: replica.head?.number };
  };
  const stops = [
    sets.subscribe(changed),
    replica.onChange(() => {
      for (const [name, { counting }] of known) {
        // Changes of an owner's own rights are changes of the name, which is read again; a delegate's are told of nowhere near it.
        if (counting?.isOwners === false && sets.open(name) === undefined) changed(name);
      }
    }),
  ];

  return {
    of(name) {
      const before = known.get(name);
      const validUntil = before?.counting?.published.set.validUntil ?? Number.POSITIVE_INFINITY;
      if (before?.blockNumber === replica.head?.number && before !== undefined && nowSeconds(clock) <= validUntil) {
        return before.zone;
      }
      const now = look(name, before);
      known.delete(name);
      if (known.size >= NAMES_MAX) known.delete(known.keys().next().value!);
      known.set(name, now);
      return now.zone;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      alarms.close();
      for (const stop of stops) stop();
    },
  };
}
