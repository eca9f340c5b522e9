/**
 * The watch: probes names on a schedule, for as long as it is left running.
 *
 * In every interval each name comes up once, at a random instant of a slot of its own (RSSAC047 section 4.1: so that probes
 * fall in step with nothing); a round asks every source about that name at once. No probe retries, and one without an answer
 * at its deadline is timed out.
 */
import type { ProbeOutcome } from "../../availability/outcome.ts";
import type { Hex } from "../../base/bytes.ts";
import { AbortedError, type Clock, delay } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { type Random, shuffled } from "../../base/random.ts";
import { typeOfRecord } from "../../client/recordText.ts";
import { formatRecordKey } from "../../protocol/record.ts";
import { type StallWatch, stallMsOf, watchStalls } from "../drill/stall.ts";
import type { Journal } from "./journal.ts";
import type { WatchMetrics } from "./metrics.ts";
import type { WatchedName } from "./names.ts";
import {
  type AlertTracker,
  type Content,
  contradictionsOf,
  createContents,
  type Known,
  outcomeOf,
  type Truth,
  truthOf,
} from "./round.ts";
import { CONTRADICTED, type DisagreementEntry, type Sample } from "./sample.ts";
import { type ClockWitnesses, skewOf } from "./skew.ts";
import type { Saying, WatchSource } from "./sources.ts";

export interface WatchParameters {
  readonly names: readonly WatchedName[];
  readonly sources: readonly WatchSource[];
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Whether different data is a contradiction; off for names that answer every asker differently. */
  readonly comparesAnswers: boolean;
  readonly zoneOf: (source: string) => string;
  readonly journal: Pick<Journal, "append" | "sync">;
  readonly metrics: WatchMetrics;
  readonly alerts: AlertTracker;
  readonly onAlert: (entry: DisagreementEntry) => void;
  readonly onSample?: (sample: Sample) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly firstRound: number;
  /** Ends after so many rounds; without it only `signal` ends the watch. */
  readonly rounds?: number;
  readonly stalls?: StallWatch;
  /** What HTTP servers say the time is, where any are asked. */
  readonly witnesses?: Pick<ClockWitnesses, "aheadMsSince">;
  readonly signal: AbortSignal;
}

export interface WatchResult {
  readonly rounds: number;
  readonly samples: number;
  readonly voided: number;
}

/** Past its deadline by more, a probe was ended late by the instrument, or would not end. */
const DEADLINE_SLACK_MS = 5;
const SYNC_MS = 1_000;
/** A schedule later than this is moved. */
const LATE_MS_MAX = 1_000;
/** Rounds under way at once; above it the schedule waits, which shows in the journal as a gap and not as time-outs. */
const ROUNDS_MAX = 512;

/**
 * Runs until `rounds` are done or `signal` fires; both are ordinary ends, and every round begun is finished. Rejects where a
 * sample cannot be kept: a watch without its journal would be for nothing.
 */
export async function runWatch(parameters: WatchParameters): Promise<WatchResult> {
  const { clock, journal } = parameters;
  const broken = new AbortController();
  const signal = AbortSignal.any([parameters.signal, broken.signal]);
  const stalls = parameters.stalls ?? watchStalls(clock, stallMsOf(parameters.timeoutMs));
  const state: WatchState = { parameters, stalls, truths: new Map(), counts: { samples: 0, voided: 0 } };
  const running = new Set<Promise<void>>();
  let rounds = 0;
  let lastSyncMs = clock.monotonicMs();
  try {
    for await (const watched of schedule({ ...parameters, signal })) {
      const round = probeRound(state, watched, parameters.firstRound + rounds)
        .catch((error: unknown) => broken.abort(error))
        .finally(() => running.delete(round));
      running.add(round);
      rounds += 1;
      if (clock.monotonicMs() - lastSyncMs > SYNC_MS) {
        journal.sync();
        lastSyncMs = clock.monotonicMs();
      }
      if (running.size >= ROUNDS_MAX) await Promise.race(running);
      if (rounds >= (parameters.rounds ?? Number.POSITIVE_INFINITY)) break;
    }
  } catch (error) {
    if (!(signal.aborted && error instanceof AbortedError)) throw error;
  } finally {
    await Promise.all(running);
    if (parameters.stalls === undefined) stalls.stop();
  }
  if (broken.signal.aborted) throw broken.signal.reason;
  return { rounds, ...state.counts };
}

/** Names as they come up, each after the wait until its instant. */
async function* schedule(parameters: WatchParameters): AsyncGenerator<WatchedName> {
  const { names, everyMs, clock, random, signal } = parameters;
  const slotMs = everyMs / Math.max(1, names.length);
  let intervalMs = clock.monotonicMs();
  for (;;) {
    const order = shuffled(random, names);
    for (const [index, watched] of order.entries()) {
      const waitMs = intervalMs + (index + random.ratio()) * slotMs - clock.monotonicMs();
      // After a pause of the whole machine the schedule goes on from now: what was missed is missing, not made up for in a burst.
      if (waitMs < -LATE_MS_MAX) intervalMs -= waitMs;
      await delay(clock, Math.max(0, waitMs), signal);
      yield watched;
    }
    intervalMs += everyMs;
  }
}

interface WatchState {
  readonly parameters: WatchParameters;
  readonly stalls: StallWatch;
  readonly truths: Map<WatchedName, Truth>;
  readonly counts: { samples: number; voided: number };
}

interface Told {
  readonly source: string;
  readonly at: number;
  readonly latencyMs: number;
  readonly saying: Saying;
  readonly spoiled: string | undefined;
}

/** What a round is judged by: what was verified in it or, a short while ago, before it; else what the list of names says. */
function knownOf(state: WatchState, watched: WatchedName, sayings: Iterable<Saying>): Known | undefined {
  const { truths, parameters } = state;
  const nowMs = parameters.clock.monotonicMs();
  const fresh = truthOf(sayings, nowMs);
  if (fresh !== undefined) truths.set(watched, fresh);
  const truth = fresh ?? truths.get(watched);
  // Truth from long ago proves nobody wrong: the record may have changed since.
  if (truth !== undefined && nowMs - truth.atMs <= 2 * parameters.everyMs + parameters.timeoutMs) {
    return { value: truth.value, from: "verified before" };
  }
  return watched.isAbsent ? { value: null, from: "the list" } : undefined;
}

async function probeRound(state: WatchState, watched: WatchedName, round: number): Promise<void> {
  const { parameters } = state;
  const { clock, journal, metrics, alerts, comparesAnswers } = parameters;
  const beganMs = clock.monotonicMs();
  const asked = parameters.sources.filter((source) => source.supports(watched));
  const told = await Promise.all(asked.map((source) => askOnce(state, source, watched)));
  const sayings = new Map(told.map(({ source, saying }) => [source, saying]));
  const skewed = skewOf(sayings.values(), parameters.witnesses?.aheadMsSince(beganMs) ?? [], clock.nowMs());
  // With a wrong clock nobody's answer is known to be right or wrong, nor remembered as such.
  const known = skewed === undefined ? knownOf(state, watched, sayings.values()) : undefined;
  const contentOf = createContents(watched.record.kind === "dns");
  const samples = told.map((one) =>
    sampleOf(
      { ...one, spoiled: one.spoiled ?? skewed },
      watched,
      round,
      outcomeOf(one.saying, known, comparesAnswers),
      contentOf,
    ),
  );
  journal.append(...samples);
  for (const [index, sample] of samples.entries()) {
    state.counts.samples += 1;
    if (sample.void !== undefined) state.counts.voided += 1;
    metrics.note(sample, told[index]!.saying);
    parameters.onSample?.(sample);
  }
  // Samples the instrument spoiled prove no contradiction either.
  if (skewed !== undefined || told.some(({ spoiled }) => spoiled !== undefined)) return;
  const contradictions = contradictionsOf(sayings, comparesAnswers, parameters.zoneOf, known, contentOf);
  const { name, record } = watched;
  for (const change of alerts.note(`${name} ${formatRecordKey(record)}`, contradictions)) {
    const entry: DisagreementEntry = { at: clock.nowMs(), round, name, type: typeOfRecord(record), ...change };
    journal.append(entry);
    metrics.noteAlert(entry.kind, entry.state);
    parameters.onAlert(entry);
  }
}

async function askOnce(state: WatchState, source: WatchSource, watched: WatchedName): Promise<Told> {
  const { clock, timeoutMs } = state.parameters;
  const at = clock.nowMs();
  const beganMs = clock.monotonicMs();
  const spoiledBy = state.stalls.begin();
  const saying = await source
    // A round that has begun is finished even when the watch is told to end, so that no path misses in it.
    .ask(watched, timeoutMs, new AbortController().signal)
    .catch(
      (error: unknown): Saying => ({
        outcome: "unreachable",
        value: null,
        evidence: "none",
        detail: messageOf(error),
      }),
    );
  const latencyMs = Math.round((saying.latencyMs ?? clock.monotonicMs() - beganMs) * 1000) / 1000;
  // Neither an answer in time nor surely a time-out: what came may have waited for the instrument.
  const late = latencyMs > timeoutMs + DEADLINE_SLACK_MS ? "the instrument noticed the deadline late" : undefined;
  return { source: source.id, at, latencyMs, saying, spoiled: spoiledBy() ?? late };
}

function sampleOf(
  told: Told,
  watched: WatchedName,
  round: number,
  outcome: ProbeOutcome,
  contentOf: (value: Hex | null) => Content,
): Sample {
  const { saying, spoiled } = told;
  const content = contentOf(saying.value);
  const isTold = saying.value !== null || saying.outcome === "absent";
  const detail = outcome === "wrong" && saying.outcome !== "wrong" ? CONTRADICTED : saying.detail;
  const evidence = saying.via === undefined ? saying.evidence : `${saying.via} ${saying.evidence}`;
  return {
    at: told.at,
    round,
    name: watched.name,
    type: typeOfRecord(watched.record),
    path: told.source,
    outcome,
    latencyMs: told.latencyMs,
    ...(isTold ? { evidence, answer: content.hash } : {}),
    ...(saying.outcome === "wrong" ? { accepted: false as const } : {}),
    ...(detail === undefined ? {} : { detail }),
    ...(saying.serial === undefined ? {} : { serial: saying.serial }),
    ...(saying.block ? { block: String(saying.block.number) } : {}),
    ...(content.records === undefined ? {} : { records: content.records }),
    ...(spoiled === undefined ? {} : { void: spoiled }),
  };
}
