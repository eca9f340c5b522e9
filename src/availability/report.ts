/** The report model: phases by paths, series over time and distributions, from plain observations. */
import { availabilityInterval } from "./interval.ts";
import { type CdfPoint, latencies, latencyCdf, quantile } from "./latency.ts";
import { counted, isRight, type Observation } from "./observation.ts";
import { OUTCOMES, type Outcome } from "./outcome.ts";

/** A stretch of a run in which the same faults hold. */
export interface Phase {
  readonly id: string;
  readonly title: string;
  /** Milliseconds since the run's start. */
  readonly startMs: number;
  readonly endMs: number;
  /** What is broken, in words; empty where all is well. */
  readonly faults: readonly string[];
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
  readonly outcomes: Readonly<Record<Outcome, number>>;
}

/** The observations that began within a phase. */
export function observationsIn(observations: readonly Observation[], phase: Phase): Observation[] {
  return observations.filter((observation) => observation.atMs >= phase.startMs && observation.atMs < phase.endMs);
}

/** Sums up one path's observations. Those the instrument spoiled itself are left out. */
export function cellOf(phase: string, path: string, observations: readonly Observation[]): Cell {
  const mine = counted(observations).filter((observation) => observation.path === path);
  const outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  for (const observation of mine) outcomes[observation.outcome] += 1;
  const right = mine.filter(isRight).length;
  const ascending = latencies(mine);
  return {
    phase,
    path,
    probes: mine.length,
    right,
    wrong: mine.filter(({ outcome, accepted }) => outcome === "wrong" && accepted !== false).length,
    availability: mine.length === 0 ? 0 : right / mine.length,
    ...availabilityInterval(right, mine.length),
    p50Ms: quantile(ascending, 0.5),
    p99Ms: quantile(ascending, 0.99),
    outcomes,
  };
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

/** What a scenario claims of a phase: bounds on what was measured there. */
export interface Claim {
  readonly phase: string;
  readonly path: string;
  readonly availabilityMin?: number;
  readonly availabilityMax?: number;
  readonly wrongMax?: number;
}

export interface ClaimResult {
  readonly text: string;
  readonly holds: boolean;
  /** What was measured, in words. */
  readonly measured: string;
}

/** Whether a claim holds. A phase without probes on the path proves nothing, so its claims fail. */
export function judgeClaim(claim: Claim, cells: readonly Cell[]): ClaimResult {
  const cell = cells.find((candidate) => candidate.phase === claim.phase && candidate.path === claim.path);
  const bounds: string[] = [];
  if (claim.availabilityMin !== undefined) bounds.push(`availability at least ${percent(claim.availabilityMin)}`);
  if (claim.availabilityMax !== undefined) bounds.push(`availability at most ${percent(claim.availabilityMax)}`);
  if (claim.wrongMax !== undefined) bounds.push(`at most ${claim.wrongMax} wrong`);
  const text = `${claim.phase}, ${claim.path}: ${bounds.join(", ")}`;
  if (!cell || cell.probes === 0) return { text, holds: false, measured: "no probes" };
  const holds =
    cell.availability >= (claim.availabilityMin ?? 0) &&
    cell.availability <= (claim.availabilityMax ?? 1) &&
    cell.wrong <= (claim.wrongMax ?? Number.POSITIVE_INFINITY);
  return {
    text,
    holds,
    measured: `${percent(cell.availability)}, ${cell.right} of ${cell.probes} right, ${cell.wrong} wrong`,
  };
}

/**
 * A share as a percentage, with no more digits than it has: 100 % only where it is whole, never by rounding.
 *
 * @example
 * ```ts
 * percent(0.99996); // "99.99 %"
 * ```
 */
export function percent(ratio: number): string {
  if (ratio === 0 || ratio === 1) return `${ratio * 100} %`;
  const cut = Math.floor(ratio * 10_000 + 1e-9) / 100;
  return `${cut === 0 ? "< 0.01" : cut} %`;
}

/** Milliseconds for people; infinity where there is no number. */
export function milliseconds(value: number | null): string {
  if (value === null) return "∞";
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}
