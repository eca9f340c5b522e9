/** The report model: phases by paths, series over time and distributions, from plain observations. */
import { log } from "../base/elementary.ts";
import { availabilityInterval } from "./interval.ts";
import { type CdfPoint, createLatencySketch, latencies, latencyCdf, latencyOf } from "./latency.ts";
import { counted, isRight, type Observation } from "./observation.ts";
import { PROBE_OUTCOMES, type ProbeOutcome } from "./outcome.ts";

/** What is broken, of one kind of process and in one manner. */
export interface BrokenPart {
  /** `gateway`, `DNS server` or `RPC provider`. */
  readonly kind: string;
  readonly ids: readonly string[];
  /** The kind of a fault's effect, or what was done for it: `stopped`, `killed`, `cut off`, `flooded`. */
  readonly how: string;
  /** Of a flood, queries a second to each. */
  readonly perSecond?: number;
  /** For how many names it shows, where not for all. */
  readonly nameCount?: number;
  /** The only transport it shows on, where not on all. */
  readonly transport?: "udp" | "tcp";
  /** Vantage points that see it, where not all do. */
  readonly from?: readonly string[];
}

/** A stretch of a run in which the same faults hold. */
export interface Phase {
  readonly id: string;
  readonly title: string;
  /** Milliseconds since the run's start. */
  readonly startMs: number;
  readonly endMs: number;
  /** What is broken, in words; empty where all is well. */
  readonly faults: readonly string[];
  /** The same as data, for other languages. */
  readonly broken?: readonly BrokenPart[];
}

/** One path in one phase. */
export interface Cell {
  readonly phase: string;
  readonly path: string;
  readonly probes: number;
  readonly right: number;
  /** Wrong answers that were accepted; those that verification caught are among the outcomes. */
  readonly wrong: number;
  readonly availability: number;
  /** 95 % interval of the availability. */
  readonly low: number;
  readonly high: number;
  /** `null` for infinity: more than half, or more than a hundredth, of the probes never brought a right answer. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly outcomes: Readonly<Record<ProbeOutcome, number>>;
}

/** The observations that began within a phase. */
export function observationsIn(observations: readonly Observation[], phase: Phase): Observation[] {
  return observations.filter((observation) => observation.atMs >= phase.startMs && observation.atMs < phase.endMs);
}

/** Sums up probes one by one, in the memory of its latencies' sketch. */
export interface CellCounter {
  readonly probes: number;
  readonly right: number;
  add(observation: Pick<Observation, "outcome" | "latencyMs" | "accepted">): void;
  cell(phase: string, path: string): Cell;
  cdf(): CdfPoint[];
}

/** `exactMax`: more latencies than these are told to within a hundredth. */
export function createCellCounter(exactMax?: number): CellCounter {
  const outcomes = Object.fromEntries(PROBE_OUTCOMES.map((outcome) => [outcome, 0])) as Record<ProbeOutcome, number>;
  const sketch = createLatencySketch(exactMax);
  let [probes, right, wrong] = [0, 0, 0];
  return {
    get probes() {
      return probes;
    },
    get right() {
      return right;
    },
    add(observation) {
      probes += 1;
      outcomes[observation.outcome] += 1;
      if (isRight(observation)) right += 1;
      if (observation.outcome === "wrong" && observation.accepted !== false) wrong += 1;
      sketch.add(latencyOf(observation));
    },
    cell: (phase, path) => ({
      phase,
      path,
      probes,
      right,
      wrong,
      availability: probes === 0 ? 0 : right / probes,
      ...availabilityInterval(right, probes),
      p50Ms: sketch.quantile(0.5),
      p99Ms: sketch.quantile(0.99),
      outcomes: { ...outcomes },
    }),
    cdf: () => sketch.cdf(),
  };
}

/** Sums up one path's observations. Those the instrument spoiled itself are left out. */
export function cellOf(phase: string, path: string, observations: readonly Observation[]): Cell {
  const counter = createCellCounter();
  for (const observation of counted(observations)) if (observation.path === path) counter.add(observation);
  return counter.cell(phase, path);
}

/** Every phase by every path: those given, in their order, or all that were probed. */
export function tableOf(
  observations: readonly Observation[],
  phases: readonly Phase[],
  paths: readonly string[] = [...new Set(observations.map((observation) => observation.path))],
): Cell[] {
  return phases.flatMap((phase) => {
    const within = observationsIn(observations, phase);
    return paths.map((path) => cellOf(phase.id, path, within));
  });
}

export interface SeriesPoint {
  /** Middle of the bin. */
  readonly atMs: number;
  readonly probes: number;
  readonly availability: number;
}

/** Availability of one path over time, in bins; bins without probes are left out. */
export function availabilitySeries(observations: readonly Observation[], path: string, binMs: number): SeriesPoint[] {
  const bins = new Map<number, { probes: number; right: number }>();
  for (const observation of counted(observations)) {
    if (observation.path !== path) continue;
    const index = Math.floor(observation.atMs / binMs);
    const bin = bins.get(index) ?? { probes: 0, right: 0 };
    bin.probes += 1;
    if (isRight(observation)) bin.right += 1;
    bins.set(index, bin);
  }
  return [...bins]
    .sort(([left], [right]) => left - right)
    .map(([index, bin]) => ({
      atMs: (index + 0.5) * binMs,
      probes: bin.probes,
      availability: bin.right / bin.probes,
    }));
}

/** The latency distribution of one path. */
export function cdfOf(observations: readonly Observation[], path: string): CdfPoint[] {
  return latencyCdf(latencies(counted(observations).filter((observation) => observation.path === path)));
}

/** A claim and what was found, as data. */
export type ClaimFacts =
  | {
      readonly kind: "stated";
      readonly service: string;
      readonly phase: string;
      readonly vantage?: string | undefined;
      readonly names?: "hit" | "spared" | undefined;
      readonly measure: string;
      readonly min?: number | undefined;
      readonly max?: number | undefined;
      /** `null` where nothing was measured. */
      readonly value: number | null;
      readonly probes: number;
      /** The claim's sentence in Korean, where the scenario has one. */
      readonly ko?: string;
    }
  | { readonly kind: "no wrong answer"; readonly wrong: number; readonly probes: number }
  | {
      readonly kind: "blast";
      readonly phase: string;
      readonly measuredHurt: number;
      readonly predictedHurt: number;
      readonly unpredicted: number;
    };

export interface ClaimResult {
  readonly text: string;
  readonly holds: boolean;
  /** What was measured, in words. */
  readonly measured: string;
  /** Both as data, for other languages. */
  readonly facts?: ClaimFacts;
}

/** Decimals that a percentage shows at most. */
const DECIMALS_MAX = 7;

/** Two decimals, or as many as it takes to see how far the share is from all or nothing. */
function decimalsOf(ratio: number): number {
  const rest = Math.min(ratio, 1 - ratio);
  // The hair keeps 1 - 0.999, which is a little more than 0.001, from a decimal of its own.
  return Math.min(DECIMALS_MAX, Math.max(2, Math.ceil(-log(rest) / Math.LN10 - 1e-6) - 2));
}

function percentage(ratio: number, towards: (value: number) => number): string {
  if (ratio === 0 || ratio === 1) return `${ratio * 100} %`;
  const decimals = decimalsOf(ratio);
  const scale = Number(`1e${decimals}`);
  const cut = towards(ratio * 100 * scale) / scale;
  return cut === 0 ? `< ${(1 / scale).toFixed(decimals)} %` : `${Number(cut.toFixed(decimals))} %`;
}

/**
 * A share as a percentage, cut off and never rounded up: 100 % only where it is whole, and no nine that it has not.
 *
 * @example
 * ```ts
 * percent(0.99996); // "99.996 %"
 * ```
 */
export function percent(ratio: number): string {
  return percentage(ratio, (value) => Math.floor(value + 1e-6));
}

/** The same for the upper end of an interval: rounded up, so that what is shown is never narrower than what was worked out. */
export function percentUp(ratio: number): string {
  return percentage(ratio, (value) => Math.ceil(value - 1e-6));
}

/** Milliseconds for people; infinity where there is no number. */
export function milliseconds(value: number | null): string {
  if (value === null) return "∞";
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}
