/** How many names lose how many of their four gateways, phase by phase: shuffle sharding's promise, counted name by name. */
import type { FaultPlan } from "./faultPlan.ts";
import { HEALTHY } from "./faultPlan.ts";
import type { Scenario } from "./scenario.ts";
import { machinesOfName, type Topology } from "./topology.ts";

export interface BlastCount {
  readonly phase: string;
  readonly machinesHit: number;
  /** Names that lose 0, 1, 2, 3 and 4 of their gateways. */
  readonly names: readonly number[];
}

/** One count for each phase whose faults hit gateways, seen from the first vantage point. */
export function countBlast(scenario: Scenario, topology: Topology, plan: FaultPlan): readonly BlastCount[] {
  const vantage = topology.vantages[0]!.id;
  return scenario.phases.flatMap((phase, at) => {
    if (!phase.faults.some((fault) => fault.on.path === "gateways")) return [];
    // A fault that shows for some names only hits the first ones, so the first name has met them all.
    const isHit = topology.machines.map((endpoint) => plan.condition(at, endpoint, vantage, 0) !== HEALTHY);
    const names = [0, 0, 0, 0, 0];
    for (let name = 0; name < topology.nameCount; name += 1) {
      const lost = machinesOfName(topology, name).filter((machine) => isHit[machine]).length;
      names[lost] = names[lost]! + 1;
    }
    return [{ phase: phase.id, machinesHit: isHit.filter(Boolean).length, names }];
  });
}
