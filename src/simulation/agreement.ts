/** Holds a live run of a scenario against a simulated one: do they measure the same availability? */
import { availabilityInterval, type Interval } from "../availability/interval.ts";
import type { SimulationResult } from "./simulate.ts";

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
  readonly phases: readonly {
    readonly id: string;
    readonly paths: Readonly<Record<string, { readonly probes: number; readonly right: number }>>;
  }[];
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
