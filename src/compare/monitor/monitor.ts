/**
 * Watches names for days: every interval each name is asked once along each path after a random wait (RSSAC047's rule), each
 * probe on a cold cache and without a retry, and what comes is held against the verified answer of the same round. Paths that
 * disagree are reported at once.
 */
import type { Observation } from "../../availability/observation.ts";
import { type Clock, delay } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { RecordKey } from "../../protocol/record.ts";
import { observed, rdatasOf, type Told } from "../drill/judge.ts";
import { watchStalls } from "../drill/stall.ts";

export interface MonitoredName {
  readonly name: string;
  readonly record: RecordKey;
}

export interface MonitorProbe {
  /** The series' name: a path, `combined`, or `policy` for the user's own way with its cache. */
  readonly path: string;
  /** Whether its answers carry evidence, so that others are judged by them. */
  readonly isVerified: boolean;
  probe(target: MonitoredName, deadlineMs: number, signal: AbortSignal): Promise<Told>;
}

/** Two paths that tell different things of one name at the same time: a hijack, a stale mirror, a defect. */
export interface Disagreement {
  readonly atMs: number;
  readonly name: string;
  readonly told: readonly { readonly path: string; readonly answer: string }[];
}

export interface MonitorOptions {
  readonly names: readonly MonitoredName[];
  readonly probes: readonly MonitorProbe[];
  readonly intervalMs: number;
  /** Each name waits a random time up to this in each interval. */
  readonly waitMsMax: number;
  readonly timeoutMs: number;
  readonly vantage: string;
  readonly firstRound: number;
  /** Stops after so many intervals; goes on until aborted without it. */
  readonly rounds?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onObservation: (observation: Observation) => void;
  readonly onDisagreement: (disagreement: Disagreement) => void;
  readonly signal: AbortSignal;
}

/** Runs until `rounds` intervals are over or `signal` fires. */
export async function monitor(options: MonitorOptions): Promise<void> {
  const { clock, intervalMs, signal, names } = options;
  const stalls = watchStalls(clock);
  const firstMs = clock.monotonicMs();
  try {
    for (let interval = 0; interval < (options.rounds ?? Number.POSITIVE_INFINITY); interval += 1) {
      const waitMs = firstMs + interval * intervalMs - clock.monotonicMs();
      if (waitMs > 0) await delay(clock, waitMs, signal);
      const base = options.firstRound + interval * names.length;
      await Promise.all(names.map((target, index) => askAll(options, target, base + index, stalls)));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stalls.stop();
  }
}

interface Answered {
  readonly probe: MonitorProbe;
  readonly atMs: number;
  readonly latencyMs: number;
  readonly told: Told;
  readonly spoiled: string | undefined;
}

async function askAll(
  options: MonitorOptions,
  target: MonitoredName,
  round: number,
  stalls: ReturnType<typeof watchStalls>,
): Promise<void> {
  const { clock, signal, timeoutMs } = options;
  await delay(clock, options.random.ratio() * options.waitMsMax, signal);
  const answers = await Promise.all(
    options.probes.map(async (probe): Promise<Answered> => {
      const atMs = clock.nowMs();
      const beganMs = clock.monotonicMs();
      const told = await probe.probe(target, timeoutMs, signal);
      return { probe, atMs, latencyMs: clock.monotonicMs() - beganMs, told, spoiled: stalls.reasonSince(beganMs) };
    }),
  );
  signal.throwIfAborted();
  const truth = answers.find(({ probe, told }) => probe.isVerified && isAnswer(told))?.told;
  for (const { probe, atMs, latencyMs, told, spoiled } of answers) {
    // Nobody's word is truth where no verified path answered: then what a path says of itself stands.
    const against = truth ?? told;
    options.onObservation({
      atMs,
      round,
      name: target.name,
      path: probe.path,
      latencyMs,
      vantage: options.vantage,
      ...observed(told, against.outcome === "answered" ? against.value : null),
      ...(spoiled === undefined ? {} : { void: spoiled }),
    });
  }
  const told = answers
    .filter((answer) => isAnswer(answer.told))
    .map((answer) => ({ path: answer.probe.path, answer: answerText(answer.told) }));
  if (new Set(told.map(({ answer }) => answer)).size > 1) {
    options.onDisagreement({ atMs: answers[0]!.atMs, name: target.name, told });
  }
}

function isAnswer(told: Told): boolean {
  return told.outcome === "answered" || told.outcome === "absent";
}

/** What a path told, so that equal answers have equal texts. */
function answerText(told: Told): string {
  if (told.value === null) return "nothing";
  try {
    return rdatasOf(told.value);
  } catch {
    return told.value;
  }
}
