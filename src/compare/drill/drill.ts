/**
 * The drill: probes every service for every name while a scenario's timeline of faults runs, and returns what was seen.
 *
 * Each round asks all services for the same name at once, so that their outcomes can be paired; names come round evenly.
 * A phase ends when its last probe has ended, and only then do the faults change: no probe lives in two phases.
 */
import type { Observation } from "../../availability/observation.ts";
import type { BrokenPart, Phase } from "../../availability/report.ts";
import type { Hex } from "../../base/bytes.ts";
import { type Clock, delay } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { type Random, shuffled } from "../../base/random.ts";
import type { RecordKey } from "../../protocol/record.ts";
import type { Fault } from "../../simulation/fault.ts";
import type { Scenario } from "../../simulation/scenario.ts";
import { brokenInWords } from "./broken.ts";
import { observed, type Told } from "./judge.ts";
import { watchStalls } from "./stall.ts";

/** One name under test: what is asked for, and what the chain says. */
export interface Target {
  readonly name: string;
  readonly record: RecordKey;
  readonly truth: Hex | null;
  /** The record as a server tells it whose copy is old. */
  readonly former?: Hex;
}

/** A service of the scenario, ready to be asked. */
export interface ServiceProbe {
  readonly id: string;
  probe(target: Target, deadlineMs: number, signal: AbortSignal): Promise<Told>;
}

/** Where probes are sent from: every service as it is seen there. */
export interface DrillVantage {
  readonly id: string;
  /** Share of the rounds, relative to the others. */
  readonly weight: number;
  readonly services: readonly ServiceProbe[];
}

/** Breaks and mends the network. */
export interface FaultDriver {
  /** Makes exactly these faults hold; returns what is broken by them. */
  apply(faults: readonly Fault[]): Promise<readonly BrokenPart[]>;
  /** Why what holds now is less than what was asked for, as on a machine too busy for it; `undefined` where it is not. */
  shortfall?(): Promise<string | undefined>;
}

export interface DrillParameters {
  readonly scenario: Scenario;
  readonly targets: readonly Target[];
  /** At least one. A round is asked from one of them, by weight; observations name it where there are several. */
  readonly vantages: readonly DrillVantage[];
  readonly faults: FaultDriver;
  readonly clock: Clock;
  readonly random: Random;
  readonly onPhaseStart?: (phase: Phase) => void;
  readonly onPhaseEnd?: (phase: Phase, observations: readonly Observation[]) => void;
  readonly onObservation?: (observation: Observation) => void;
  readonly signal?: AbortSignal;
}

export interface DrillResult {
  readonly observations: readonly Observation[];
  readonly phases: readonly Phase[];
  /** The instrument's longest lateness, in milliseconds. */
  readonly stallMsMax: number;
}

/** Words for a phase's id: `dns-down` is "DNS down". */
function titleOf(id: string): string {
  const words = id.replaceAll("-", " ").replaceAll(/\b(dns|rpc|ttl|bgp)\b/g, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export async function runDrill(parameters: DrillParameters): Promise<DrillResult> {
  const { scenario, clock, faults, signal } = parameters;
  const order = shuffled(parameters.random, parameters.targets).slice(0, nameCountMaxOf(scenario));
  const vantageOffset = parameters.random.ratio();
  const startMs = clock.monotonicMs();
  const stalls = watchStalls(clock);
  const observations: Observation[] = [];
  const phases: Phase[] = [];
  let round = 0;
  try {
    for (const planned of scenario.phases) {
      signal?.throwIfAborted();
      const broken = await faults.apply(planned.faults);
      const opened = { id: planned.id, title: titleOf(planned.id), startMs: clock.monotonicMs() - startMs };
      const lengthMs = (planned.seconds * 1000) / scenario.liveCompression;
      const phase = { ...opened, endMs: opened.startMs + lengthMs, faults: broken.map(brokenInWords), broken };
      parameters.onPhaseStart?.(phase);
      const seen: Observation[] = [];
      round = await probeUntil({
        ...parameters,
        order,
        vantageOffset,
        startMs,
        round,
        untilMs: phase.endMs,
        stalls,
        seen,
      });
      const closed = { ...phase, endMs: clock.monotonicMs() - startMs };
      // A phase whose fault did not come about says nothing about it.
      const short = await faults.shortfall?.();
      const judged = short === undefined ? seen : seen.map((one) => ({ ...one, void: one.void ?? short }));
      phases.push(closed);
      observations.push(...judged);
      parameters.onPhaseEnd?.(closed, judged);
    }
  } finally {
    stalls.stop();
    await faults.apply([]);
  }
  return { observations, phases, stallMsMax: stalls.worstMs };
}

const CACHED_NAMES_MIN = 3;

/**
 * What a cache does depends on how often a name comes up before its TTL is over. A drill asks more slowly than its compressed time
 * would have it; so where caches are it asks for fewer names, and for each as often as the scenario does.
 */
function nameCountMaxOf(scenario: Scenario): number {
  const { load, topology, liveCompression } = scenario;
  if (topology.dns.cacheTtlSeconds === 0) return Number.POSITIVE_INFINITY;
  const slowed = roundsPerSecondOf(scenario) / (load.probesPerSecond * liveCompression);
  return Math.max(CACHED_NAMES_MIN, Math.round(load.names * slowed));
}

function roundsPerSecondOf({ load, liveCompression }: Scenario): number {
  return Math.min(ROUNDS_PER_SECOND_MAX, load.probesPerSecond * liveCompression);
}

interface ProbingParameters extends DrillParameters {
  readonly order: readonly Target[];
  /** From 0 to 1: where the turns of the vantage points begin. */
  readonly vantageOffset: number;
  readonly startMs: number;
  readonly round: number;
  readonly untilMs: number;
  readonly stalls: ReturnType<typeof watchStalls>;
  readonly seen: Observation[];
}

/** However compressed its time, a drill asks no faster: a machine that is busy with asking measures itself. */
const ROUNDS_PER_SECOND_MAX = 12;

/** Probes at the scenario's rate until the phase is over and every probe has ended; returns the next round's number. */
async function probeUntil(parameters: ProbingParameters): Promise<number> {
  const { scenario, clock, order, startMs, untilMs, signal } = parameters;
  const gapMs = 1000 / roundsPerSecondOf(scenario);
  const firstMs = clock.monotonicMs();
  const running = new Set<Promise<void>>();
  let { round } = parameters;
  const isOver = (count: number) => {
    const atMs = clock.monotonicMs() - startMs;
    return atMs >= untilMs && (hasEnough(parameters, count) || atMs >= untilMs + (untilMs - (firstMs - startMs)));
  };
  for (let count = 0; !isOver(count); count += 1) {
    const target = order[round % order.length];
    if (target === undefined) break;
    const vantage = vantageOf(parameters, round);
    for (const service of vantage.services) {
      const one = probeOnce(parameters, vantage, service, target, round).finally(() => running.delete(one));
      running.add(one);
    }
    round += 1;
    const waitMs = firstMs + (count + 1) * gapMs - clock.monotonicMs();
    if (waitMs > 0) await delay(clock, waitMs, signal);
    signal?.throwIfAborted();
  }
  await Promise.all(running);
  signal?.throwIfAborted();
  return round;
}

/** The fractional part of the golden ratio: its multiples fill the unit interval as evenly as can be. */
const GOLDEN = 0.618_033_988_749_895;

/**
 * The vantage point of a round, each by its weight: spread evenly, so that chance does not ask one of them more often than its
 * weight says, as independent draws would by some percent.
 */
function vantageOf({ vantages, vantageOffset }: ProbingParameters, round: number): DrillVantage {
  const total = vantages.reduce((sum, { weight }) => sum + weight, 0);
  let left = ((vantageOffset + round * GOLDEN) % 1) * total;
  const found = vantages.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return found ?? vantages.at(-1)!;
}

/**
 * Whether the phase has been seen: where the machine is so busy that the instrument spoils its own probes, a phase goes on, up to
 * twice its time, until half of what was planned counts for every service.
 */
function hasEnough({ scenario: { services }, seen }: ProbingParameters, rounds: number): boolean {
  const spoiled = seen.filter((observation) => observation.void !== undefined).length;
  return spoiled <= (rounds * services.length) / 2;
}

async function probeOnce(
  parameters: ProbingParameters,
  vantage: DrillVantage,
  service: ServiceProbe,
  target: Target,
  round: number,
): Promise<void> {
  const { clock, startMs, stalls, scenario } = parameters;
  const beganMs = clock.monotonicMs();
  const spoiledBy = stalls.begin();
  const signal = parameters.signal ?? new AbortController().signal;
  const found = await service
    .probe(target, scenario.load.timeoutMs, signal)
    .then((told) => observed(told, target.truth, target.former))
    .catch((error: unknown) => ({ outcome: "unreachable" as const, detail: messageOf(error) }));
  const spoiled = spoiledBy();
  const observation: Observation = {
    atMs: beganMs - startMs,
    round,
    name: target.name,
    path: service.id,
    ...(parameters.vantages.length > 1 ? { vantage: vantage.id } : {}),
    latencyMs: clock.monotonicMs() - beganMs,
    ...found,
    ...(spoiled === undefined ? {} : { void: spoiled }),
  };
  parameters.seen.push(observation);
  parameters.onObservation?.(observation);
}
