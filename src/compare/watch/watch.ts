/**
 * The watch: probes names on a schedule, for as long as it is left running.
 *
 * In every interval each name comes up once, at a random instant of a slot of its own (RSSAC047 section 4.1: so that probes
 * fall in step with nothing); a round asks every source about that name at once. No probe retries, and one without an answer
 * at its deadline is timed out.
 */
import { AbortedError, type Clock, delay } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { type Random, shuffled } from "../../base/random.ts";
import { STALL_MS, type StallWatch, watchStalls } from "../drill/stall.ts";
import type { Journal } from "./journal.ts";
import type { WatchMetrics } from "./metrics.ts";
import type { WatchedName } from "./names.ts";
import { type AlertTracker, contradictionsOf, outcomeOf, type Truth, truthOf } from "./round.ts";
import type { DisagreementEntry, Sample } from "./sample.ts";
import { recordCountOf, type Saying, type WatchSource } from "./sources.ts";

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
  readonly signal: AbortSignal;
}

export interface WatchResult {
  readonly rounds: number;
  readonly samples: number;
  readonly voided: number;
}

/** Blocks from further in the future than this say that the own clock is behind. */
const SKEW_MS_MAX = 60_000;
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
  const stalls = parameters.stalls ?? watchStalls(clock);
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
      if (rounds === parameters.rounds) break;
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

async function probeRound(state: WatchState, watched: WatchedName, round: number): Promise<void> {
  const { parameters, truths } = state;
  const { clock, everyMs, journal, metrics, alerts } = parameters;
  const asked = parameters.sources.filter((source) => source.supports(watched));
  const told = await Promise.all(asked.map((source) => askOnce(state, source, watched)));
  const sayings = new Map(told.map(({ source, saying }) => [source, saying]));
  const nowMs = clock.monotonicMs();
  const fresh = truthOf(sayings.values(), nowMs);
  if (fresh !== undefined) truths.set(watched, fresh);
  const known = fresh ?? truths.get(watched);
  // Truth from long ago proves nobody wrong: the record may have changed since.
  const truth =
    parameters.comparesAnswers && known !== undefined && nowMs - known.atMs <= 2 * everyMs + parameters.timeoutMs
      ? known
      : undefined;
  for (const one of told) {
    const sample = sampleOf(one, watched, round, truth);
    state.counts.samples += 1;
    if (sample.void !== undefined) state.counts.voided += 1;
    journal.append(sample);
    metrics.note(sample, one.saying);
    parameters.onSample?.(sample);
  }
  // Samples the instrument spoiled prove no contradiction either.
  if (told.some(({ spoiled }) => spoiled !== undefined)) return;
  const contradictions = contradictionsOf(sayings, parameters.comparesAnswers, parameters.zoneOf);
  for (const change of alerts.note(watched.name, contradictions)) {
    const entry: DisagreementEntry = { at: clock.nowMs(), round, name: watched.name, ...change };
    journal.append(entry);
    metrics.noteAlert(entry.kind, entry.state);
    parameters.onAlert(entry);
  }
}

async function askOnce(state: WatchState, source: WatchSource, watched: WatchedName): Promise<Told> {
  const { clock, timeoutMs } = state.parameters;
  const at = clock.nowMs();
  const beganMs = clock.monotonicMs();
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
  const latencyMs = Math.round((clock.monotonicMs() - beganMs) * 1000) / 1000;
  const behindMs = saying.block ? Number(saying.block.timestamp) * 1000 - clock.nowMs() : 0;
  const skewed = behindMs > SKEW_MS_MAX ? `the clock is ${Math.round(behindMs / 1000)} s behind the chain` : undefined;
  // Later than its deadline by a stall's length: nobody but the instrument can have been that slow.
  const late = latencyMs > timeoutMs + STALL_MS ? "the instrument noticed the deadline late" : undefined;
  return { source: source.id, at, latencyMs, saying, spoiled: state.stalls.reasonSince(beganMs) ?? skewed ?? late };
}

function sampleOf(told: Told, watched: WatchedName, round: number, truth: Truth | undefined): Sample {
  const { saying, spoiled } = told;
  const outcome = outcomeOf(saying, truth);
  const records = recordCountOf(watched, saying.value);
  const detail = outcome === "wrong" && saying.outcome !== "wrong" ? "not what the chain says" : saying.detail;
  const evidence = saying.via === undefined ? saying.evidence : `${saying.via} ${saying.evidence}`;
  return {
    at: told.at,
    round,
    name: watched.name,
    path: told.source,
    outcome,
    latencyMs: told.latencyMs,
    ...(outcome === "answered" || outcome === "absent" ? { evidence } : {}),
    ...(detail === undefined ? {} : { detail }),
    ...(saying.serial === undefined ? {} : { serial: saying.serial }),
    ...(saying.block ? { block: String(saying.block.number) } : {}),
    ...(records === undefined ? {} : { records }),
    ...(spoiled === undefined ? {} : { void: spoiled }),
  };
}
