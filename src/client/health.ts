/**
 * What the client has learned about each endpoint: how long to wait before it asks the next one too, and whom to leave
 * alone for a while. Learned from answers to real queries only; there are no background pings.
 *
 *   good --failure or hang--> quarantined --time is up--> probation --answer--> good
 *                                  ^                          |
 *                                  +---- failure, twice as long
 *
 * A quarantined endpoint is asked last. One on probation is asked together with the next, so that trying it costs no time.
 * One that said when to come back (Retry-After) is not asked before.
 */
import type { Clock } from "../base/clock.ts";

export interface HealthOptions {
  /** Wait before the second endpoint is asked when nothing is known about the first, in milliseconds. */
  readonly hedgeDelayMs?: number;
  readonly hedgeDelayMsMin?: number;
  readonly hedgeDelayMsMax?: number;
  /** The first quarantine; each further one without an answer in between is twice as long. */
  readonly quarantineMs?: number;
  readonly quarantineMsMax?: number;
}

export type Standing = "good" | "probation" | "quarantined" | "barred";

export interface Health {
  readonly standing: (endpoint: string) => Standing;
  /** How long to wait for this endpoint before asking the next one as well: its usual latency and four deviations. */
  readonly hedgeDelayMs: (endpoint: string) => number;
  readonly answered: (endpoint: string, latencyMs: number) => void;
  /** It failed, hung or lied. `barredMs`: what its Retry-After asked for. */
  readonly failed: (endpoint: string, barredMs?: number) => void;
}

interface Entry {
  /** Smoothed latency and its mean deviation, as RFC 6298 computes them. `undefined` before the first answer. */
  meanMs: number | undefined;
  deviationMs: number;
  failureCount: number;
  quarantinedUntilMs: number;
  barredUntilMs: number;
}

/** Endpoints kept in mind; the one met longest ago is forgotten. */
const ENTRIES_MAX = 8_192;
/** However long a Retry-After, an endpoint is asked again after this. */
const BARRED_MS_MAX = 3_600_000;

export function createHealth(clock: Clock, options: HealthOptions = {}): Health {
  const initialMs = options.hedgeDelayMs ?? 150;
  const minMs = options.hedgeDelayMsMin ?? 20;
  const maxMs = options.hedgeDelayMsMax ?? 300;
  const quarantineMs = options.quarantineMs ?? 1_000;
  const quarantineMsMax = options.quarantineMsMax ?? 300_000;
  const entries = new Map<string, Entry>();

  const entryOf = (endpoint: string): Entry => {
    const known = entries.get(endpoint);
    if (known !== undefined) return known;
    const oldest = entries.size >= ENTRIES_MAX ? entries.keys().next().value : undefined;
    if (oldest !== undefined) entries.delete(oldest);
    const entry = { meanMs: undefined, deviationMs: 0, failureCount: 0, quarantinedUntilMs: 0, barredUntilMs: 0 };
    entries.set(endpoint, entry);
    return entry;
  };

  return {
    standing(endpoint) {
      const entry = entries.get(endpoint);
      if (entry === undefined || entry.failureCount === 0) return "good";
      const now = clock.monotonicMs();
      if (now < entry.barredUntilMs) return "barred";
      return now < entry.quarantinedUntilMs ? "quarantined" : "probation";
    },
    hedgeDelayMs(endpoint) {
      const entry = entries.get(endpoint);
      if (entry?.meanMs === undefined) return initialMs;
      return Math.min(maxMs, Math.max(minMs, entry.meanMs + 4 * entry.deviationMs));
    },
    answered(endpoint, latencyMs) {
      const entry = entryOf(endpoint);
      if (entry.meanMs === undefined) {
        entry.meanMs = latencyMs;
        entry.deviationMs = latencyMs / 2;
      } else {
        entry.deviationMs += (Math.abs(latencyMs - entry.meanMs) - entry.deviationMs) / 4;
        entry.meanMs += (latencyMs - entry.meanMs) / 8;
      }
      entry.failureCount = 0;
      entry.quarantinedUntilMs = 0;
      entry.barredUntilMs = 0;
    },
    failed(endpoint, barredMs = 0) {
      const entry = entryOf(endpoint);
      const now = clock.monotonicMs();
      // Several queries in flight that fail together are one failure.
      if (now >= entry.quarantinedUntilMs) {
        entry.failureCount += 1;
        entry.quarantinedUntilMs =
          now + Math.min(quarantineMsMax, quarantineMs * 2 ** Math.min(20, entry.failureCount - 1));
      }
      if (barredMs > 0) entry.barredUntilMs = now + Math.min(BARRED_MS_MAX, barredMs);
    },
  };
}
