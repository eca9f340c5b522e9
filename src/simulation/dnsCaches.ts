/** The caches of the resolvers that clients ask through: what was last heard of a name, right or wrong, until it runs out. */
import type { Manner } from "./fate.ts";

export interface DnsCachesOptions {
  readonly ttlMs: number;
  /** For "no such name" and "no data" (RFC 2308). */
  readonly negativeTtlMs: number;
}

/** The most names kept; the one put in first goes first. */
const ENTRIES_MAX = 2_000_000;

export class DnsCaches {
  readonly #options: DnsCachesOptions;
  readonly #entries = new Map<string, { readonly manner: Manner; readonly untilMs: number }>();

  constructor(options: DnsCachesOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#options.ttlMs > 0 || this.#options.negativeTtlMs > 0;
  }

  /** How the cache answers about `key`; `undefined` where it has to ask. */
  get(key: string, atMs: number): Manner | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && atMs < entry.untilMs ? entry.manner : undefined;
  }

  /** Keeps an answer. Failures (SERVFAIL, refusals) are not kept. */
  put(key: string, manner: Manner, atMs: number): void {
    if (manner === "servfail" || manner === "limited") return;
    const isNegative = manner === "nxdomain" || manner === "empty";
    const ttlMs = isNegative ? this.#options.negativeTtlMs : this.#options.ttlMs;
    if (ttlMs === 0) return;
    const oldest = this.#entries.size >= ENTRIES_MAX ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, { manner, untilMs: atMs + ttlMs });
  }
}
