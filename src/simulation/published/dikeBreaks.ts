/**
 * "When the Dike Breaks" (Moura et al., IMC 2018): probes ask through recursive resolvers with caches while the
 * authoritative servers lose some or all of the queries. Every query, cache and try is an event; nothing is computed from a
 * formula for the share answered.
 */

import { EventQueue } from "../eventQueue.ts";
import { createStreams } from "../streams.ts";

export interface DikeOptions {
  readonly seed: number | string;
  readonly probes: number;
  readonly rounds: number;
  readonly roundMinutes: number;
  /** The record's TTL, in seconds. */
  readonly ttlSeconds: number;
  /** Queries lost on the way to the authoritative servers, as a share, once the attack has begun. */
  readonly loss: number;
  /** The attack begins so long after the first round began. */
  readonly attackAtMinutes: number;
  /** Probes that never get an answer, attack or not. */
  readonly baseFailureRatio?: number;
  /** Probes whose resolver finds its own earlier answer; the others' land on another cache each time. */
  readonly cacheEffectiveRatio?: number;
  /** Resolvers that answer from an expired cache when nobody can be reached. */
  readonly serveStaleRatio?: number;
  /** A resolver's first wait before it tries again; it doubles with each try. */
  readonly retryMs?: number;
  /** Tries of a resolver in all; it goes on after its client has given up. */
  readonly triesMax?: number;
  /** How long a probe waits for its resolver. */
  readonly clientTimeoutMs?: number;
}

export interface DikeRound {
  readonly queries: number;
  readonly answered: number;
  /** Queries that resolvers sent towards the authoritative servers, lost ones included. */
  readonly upstream: number;
}

interface Resolver {
  readonly cacheEffective: boolean;
  readonly servesStale: boolean;
  filledAtMs: number;
}

/** The longest wait between two tries of a resolver. */
const RETRY_MS_MAX = 12_000;

/**
 * The rounds of one run, in order.
 *
 * @example
 * ```ts
 * const rounds = simulateDike({ seed: 1, probes: 15_000, rounds: 12, roundMinutes: 10, ttlSeconds: 3600, loss: 1, attackAtMinutes: 10 });
 * rounds[7].answered / rounds[7].queries; // about 0.018: caches have run out
 * ```
 */
export function simulateDike(options: DikeOptions): readonly DikeRound[] {
  const { baseFailureRatio = 0.052, cacheEffectiveRatio = 0.7, serveStaleRatio = 0.018 } = options;
  const { retryMs = 800, triesMax = 16, clientTimeoutMs = 5_000 } = options;
  const streams = createStreams(options.seed);
  const draw = {
    probe: streams.of("probe"),
    when: streams.of("when"),
    fault: streams.of("fault"),
    loss: streams.of("loss"),
  };
  const roundMs = options.roundMinutes * 60_000;
  const attackAtMs = options.attackAtMinutes * 60_000;
  const queue = new EventQueue();
  const rounds = Array.from({ length: options.rounds }, () => ({ queries: 0, answered: 0, upstream: 0 }));

  const resolve = (resolver: Resolver, round: (typeof rounds)[number], startMs: number) => {
    const ageMs = startMs - resolver.filledAtMs;
    if (resolver.cacheEffective && ageMs < options.ttlSeconds * 1000) {
      round.answered += 1;
      return;
    }
    let answered = false;
    const answer = (atMs: number) => {
      if (!answered && atMs - startMs <= clientTimeoutMs) round.answered += 1;
      answered = true;
    };
    const attempt = (atMs: number, tries: number, waitMs: number) => {
      round.upstream += 1;
      const lost = atMs >= attackAtMs && draw.loss.ratio() < options.loss;
      if (!lost) {
        resolver.filledAtMs = atMs;
        answer(atMs);
        return;
      }
      // A resolver that serves stale answers does so before its client gives up.
      if (resolver.servesStale && resolver.filledAtMs !== Number.NEGATIVE_INFINITY) answer(startMs + clientTimeoutMs);
      if (tries >= triesMax) return;
      queue.push(atMs + waitMs, () => attempt(atMs + waitMs, tries + 1, Math.min(RETRY_MS_MAX, waitMs * 2)));
    };
    attempt(startMs, 1, retryMs);
  };

  for (let probe = 0; probe < options.probes; probe += 1) {
    const resolver: Resolver = {
      cacheEffective: draw.probe.ratio() < cacheEffectiveRatio,
      servesStale: draw.probe.ratio() < serveStaleRatio,
      filledAtMs: Number.NEGATIVE_INFINITY,
    };
    const broken = draw.fault.ratio() < baseFailureRatio;
    rounds.forEach((round, index) => {
      // A round's queries spread over the whole round: five minutes to either side of its middle.
      const atMs = (index + draw.when.ratio()) * roundMs;
      queue.push(atMs, () => {
        round.queries += 1;
        if (!broken) resolve(resolver, round, atMs);
      });
    });
  }
  for (let event = queue.pop(); event !== undefined; event = queue.pop()) event.callback?.();
  return rounds;
}

/** Experiment A as published: the share answered in each of twelve rounds, in percent. */
export const DIKE_EXPERIMENT_A = [94.8, 67.6, 66.9, 66.4, 65.6, 65.5, 32.0, 1.8, 1.7, 1.7, 1.7, 1.6] as const;
