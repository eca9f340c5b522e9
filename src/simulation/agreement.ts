/** Holds a live run of a scenario against a simulated one: do they measure the same availability? */
import { CONFIDENCE, clopperPearson, expectedRatios, type Interval } from "../availability/interval.ts";
import type { DrillSummary } from "./drillSummary.ts";
import type { Scenario } from "./scenario.ts";
import type { SimulateOptions, SimulationResult } from "./simulate.ts";

/** What a live run counted of one service in one phase. */
export interface LiveCell {
  readonly phase: string;
  readonly service: string;
  readonly probes: number;
  readonly right: number;
}

export interface CellAgreement {
  readonly phase: string;
  readonly service: string;
  readonly live: { readonly availability: number; readonly interval: Interval };
  /** The interval is that of samples as large as the live one, if the simulator is right. */
  readonly simulated: { readonly availability: number; readonly interval: Interval };
  /** Each availability lies within the other's 95 % interval: so do nineteen cells of twenty that measure the same. */
  readonly isWithin: boolean;
  /** The same with intervals so wide that all cells of the run are within with 95 %; beyond them is no chance. */
  readonly agrees: boolean;
}

/**
 * What to simulate beside a drill: the same fleet with the same slots, and the very gateways attacked that were attacked there.
 * Which names share too many of them is a draw of the placement, and another one would differ by more than the interval.
 */
export function twinOf(
  scenario: Scenario,
  { provenance, blasts }: DrillSummary,
): { readonly scenario: Scenario; readonly sizes: Pick<SimulateOptions, "gateways" | "placedBy"> } {
  const { Gateways: count, Seed: placedBy } = provenance;
  if (count === undefined || placedBy === undefined) return { scenario, sizes: {} };
  const phases = scenario.phases.map((phase) => {
    const machines = blasts.find((blast) => blast.phase === phase.id)?.stoppedGatewayIds.map((id) => id - 1);
    const faults = phase.faults.map((fault) => {
      const isAttack = fault.on.path === "gateways" && fault.on.shardOfName !== undefined && machines !== undefined;
      return isAttack ? { ...fault, on: { path: "gateways" as const, machines } } : fault;
    });
    return { ...phase, faults };
  });
  return { scenario: { ...scenario, phases }, sizes: { gateways: Number(count), placedBy } };
}

/**
 * How many probes to simulate beside a drill: so many that what is simulated has little chance in it. Where resolvers keep caches,
 * nothing but the scenario's own rate, since how often a name comes up is part of what is measured.
 */
export function probesBeside(
  { topology }: Scenario,
  live: DrillSummary,
  least = 50_000,
): Pick<SimulateOptions, "probes"> {
  if (topology.dns.cacheTtlSeconds > 0 || topology.dns.negativeTtlSeconds > 0) return {};
  const probes = cellsOf(live).reduce((sum, cell) => sum + cell.probes, 0);
  return { probes: Math.max(least, 10 * probes) };
}

export function cellsOf(summary: DrillSummary): readonly LiveCell[] {
  return summary.phases.flatMap(({ id, paths }) =>
    Object.entries(paths).map(([service, { probes, right }]) => ({ phase: id, service, probes, right })),
  );
}

/**
 * One verdict for each cell that both runs have. The simulated run should be the larger one: its availability is then what the
 * model says, with little chance in it.
 */
export function compareRuns(live: readonly LiveCell[], simulated: SimulationResult): readonly CellAgreement[] {
  const pairs = live.flatMap((cell) => {
    const twin = simulated.phases.find((each) => each.phase === cell.phase && each.service === cell.service);
    return twin === undefined || twin.probes === 0 || cell.probes === 0 ? [] : [{ cell, expected: twin.availability }];
  });
  return pairs.map(({ cell: { phase, service, probes, right }, expected }) => {
    const availability = right / probes;
    const intervals = (confidence: number) => ({
      live: clopperPearson(right, probes, confidence),
      simulated: expectedRatios(expected, probes, confidence),
    });
    const isWithinThose = (of: ReturnType<typeof intervals>) =>
      within(availability, of.simulated) && within(expected, of.live);
    const each = intervals(CONFIDENCE);
    return {
      phase,
      service,
      live: { availability, interval: each.live },
      simulated: { availability: expected, interval: each.simulated },
      isWithin: isWithinThose(each),
      // Bonferroni: errors of single cells add up to that of the run at most.
      agrees: isWithinThose(intervals(1 - (1 - CONFIDENCE) / pairs.length)),
    };
  });
}

const within = (value: number, { low, high }: Interval) => value >= low && value <= high;
