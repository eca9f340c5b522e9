/** Faults that would hit nobody are refused: a run in which nothing was broken would say that nothing breaks. */
import { BaseError } from "../base/errors.ts";
import type { Fault } from "./fault.ts";
import type { Scenario } from "./scenario.ts";

export class FaultHitsNobodyError extends BaseError {
  override readonly name = "Simulation.FaultHitsNobodyError";
  /** The fault, such as `phases[1].faults[0]`. */
  readonly field: string;
  constructor(field: string, { on, effect, share, names }: Fault) {
    super("SIMULATION_FAULT_HITS_NOBODY", `The fault ${field} (${effect.kind}) hits nobody.`, {
      metaMessages: [
        `It is on ${JSON.stringify(on)}, the first ${share} of them, for the first ${names} of the names.`,
        "Is the fleet too small for it? --gateways says how many there are.",
      ],
    });
    this.field = field;
  }
}

/** Throws `FaultHitsNobodyError` where a fault of the scenario hits no endpoint, as `hitCount` counts them, or no name. */
export function assertFaultsHit(scenario: Scenario, hitCount: (fault: Fault) => number): void {
  scenario.phases.forEach((phase, at) => {
    phase.faults.forEach((fault, index) => {
      if (fault.names > 0 && hitCount(fault) > 0) return;
      throw new FaultHitsNobodyError(`phases[${at}].faults[${index}]`, fault);
    });
  });
}
