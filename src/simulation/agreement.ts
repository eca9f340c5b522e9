/** Holds a live run of a scenario against a simulated one: do they measure the same availability? */
import { availabilityInterval, type Interval } from "../availability/interval.ts";
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
  /** The interval is that of a sample as large as the live one, so that both have the same chance to be off. */
  readonly simulated: { readonly availability: number; readonly interval: Interval };
  /** Each availability lies within the other's interval. */
  readonly agrees: boolean;
}

/** The cells of a drill's summary, as `holdfast drill --json` prints it. */
export interface DrillSummary {
  readonly scenario: string;
  /** Facts about the run; of these, how many `Gateways` there were, and the `Seed` by which slots were placed. */
  readonly provenance?: Readonly<Record<string, string>>;
  /** Which gateways were attacked. */
  readonly blasts?: readonly { readonly phase: string; readonly stoppedGatewayIds: readonly number[] }[];
  readonly phases: readonly {
    readonly id: string;
    readonly paths: Readonly<Record<string, { readonly probes: number; readonly right: number }>>;
  }[];
}

/**
 * What to simulate beside a drill: the same fleet with the same slots, and the very gateways attacked that were attacked there.
 * Which names share too many of them is a draw of the placement, and another one would differ by more than the interval.
 */
export function twinOf(
  scenario: Scenario,
  { provenance, blasts = [] }: DrillSummary,
): { readonly scenario: Scenario; readonly sizes: Pick<SimulateOptions, "gateways" | "placedBy"> } {
  const { Gateways: count, Seed: placedBy } = provenance ?? {};
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
  return live.flatMap((cell): CellAgreement[] => {
    const twin = simulated.phases.find((each) => each.phase === cell.phase && each.service === cell.service);
    if (twin === undefined || twin.probes === 0 || cell.probes === 0) return [];
    const availability = cell.right / cell.probes;
    const interval = availabilityInterval(cell.right, cell.probes);
    const expected = availabilityInterval(Math.round(twin.availability * cell.probes), cell.probes);
    const within = (value: number, { low, high }: Interval) => value >= low && value <= high;
    return [
      {
        phase: cell.phase,
        service: cell.service,
        live: { availability, interval },
        simulated: { availability: twin.availability, interval: expected },
        agrees: within(availability, expected) && within(twin.availability, interval),
      },
    ];
  });
}
