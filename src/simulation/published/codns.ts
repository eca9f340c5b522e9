/**
 * CoDNS (Park et al., OSDI 2004): a lookup asks the local name server and, when that is slow, one helper after another, each
 * wait twice as long as the last; the first answer wins. Failures are partly everyone's at once, which is what limits the gain.
 */
import { power } from "../../base/elementary.ts";
import type { Random } from "../../base/random.ts";
import { type Distribution, drawMs } from "../distribution.ts";
import { createStreams } from "../streams.ts";

export interface CodnsOptions {
  readonly seed: number | string;
  readonly lookups: number;
  /** How often one party fails to answer a lookup. */
  readonly failureRatio: number;
  /** Share of each party's failures that hit all parties at once. */
  readonly commonCauseRatio: number;
  /** Helpers asked after the local server. */
  readonly peers: number;
  /** Wait before the first helper is asked, in milliseconds; it doubles with each further one. */
  readonly delayMs?: number;
  readonly deadlineMs?: number;
  readonly latencyMs?: Distribution;
  /** How often a helper says nothing to a question, as helpers do that do not know the answer at once. */
  readonly silentRatio?: number;
}

export interface CodnsResult {
  readonly lookups: number;
  /** Lookups that the local server alone would have answered. */
  readonly answeredLocal: number;
  readonly answered: number;
  /** Lookups in which each party failed: the local server first. */
  readonly failedByParty: readonly number[];
  /** Lookups in which every party failed. */
  readonly allFailed: number;
  /** Queries to helpers. */
  readonly extraQueries: number;
  /** Lookups by who answered first: the local server, then each helper in the order in which they are asked. */
  readonly wonByParty: readonly number[];
  /** Mean latency of lookups that the local server answers at all, without helpers and with them, in milliseconds. */
  readonly meanMs: { readonly alone: number; readonly helped: number };
}

/** Whether each party answers, and after how long; `Infinity` where it never does. */
function drawParties(
  options: CodnsOptions,
  random: { fault: Random; latency: Random },
  latency: Distribution,
): number[] {
  const { failureRatio, commonCauseRatio, silentRatio = 0 } = options;
  const common = random.fault.ratio() < failureRatio * commonCauseRatio;
  return Array.from({ length: options.peers + 1 }, (_, party) => {
    const alone = random.fault.ratio() < failureRatio * (1 - commonCauseRatio);
    const takes = drawMs(latency, random.latency);
    const silent = party > 0 && silentRatio > 0 && random.fault.ratio() < silentRatio;
    return common || alone || silent ? Number.POSITIVE_INFINITY : takes;
  });
}

/**
 * @example
 * ```ts
 * const { answered, lookups } = simulateCodns({ seed: 1, lookups: 100_000, failureRatio: 0.01, commonCauseRatio: 0, peers: 1 });
 * answered / lookups; // about 0.9999
 * ```
 */
export function simulateCodns(options: CodnsOptions): CodnsResult {
  const { delayMs = 200, deadlineMs = 5_000, latencyMs = { kind: "lognormal", medianMs: 20, p99Ms: 400 } } = options;
  const streams = createStreams(options.seed);
  const random = { fault: streams.of("fault"), latency: streams.of("latency") };
  const failedByParty = new Array<number>(options.peers + 1).fill(0);
  let answeredLocal = 0;
  let answered = 0;
  let allFailed = 0;
  let extraQueries = 0;
  const wonByParty = new Array<number>(options.peers + 1).fill(0);
  const totalMs = { alone: 0, helped: 0 };
  for (let lookup = 0; lookup < options.lookups; lookup += 1) {
    const parties = drawParties(options, random, latencyMs);
    parties.forEach((takes, party) => {
      if (takes === Number.POSITIVE_INFINITY) failedByParty[party] = failedByParty[party]! + 1;
    });
    if (parties.every((takes) => takes === Number.POSITIVE_INFINITY)) allFailed += 1;
    if (parties[0]! <= deadlineMs) answeredLocal += 1;
    let firstMs = parties[0]!;
    let winner = 0;
    let askAtMs = delayMs;
    for (let peer = 1; peer < parties.length && firstMs > askAtMs; peer += 1) {
      extraQueries += 1;
      if (askAtMs + parties[peer]! < firstMs) {
        firstMs = askAtMs + parties[peer]!;
        winner = peer;
      }
      askAtMs += delayMs * 2 ** peer;
    }
    if (firstMs > deadlineMs) continue;
    answered += 1;
    wonByParty[winner] = wonByParty[winner]! + 1;
    if (parties[0]! > deadlineMs) continue;
    totalMs.alone += parties[0]!;
    totalMs.helped += firstMs;
  }
  const meanMs = { alone: totalMs.alone / answeredLocal, helped: totalMs.helped / answeredLocal };
  const counts = { lookups: options.lookups, answeredLocal, answered, failedByParty, allFailed, extraQueries };
  return { ...counts, wonByParty, meanMs };
}

/** The share that several parties fail to answer together: what is common, and what coincides by chance. */
export function expectedAllFailed(failureRatio: number, commonCauseRatio: number, parties: number): number {
  const common = failureRatio * commonCauseRatio;
  return common + (1 - common) * power(failureRatio * (1 - commonCauseRatio), parties);
}
