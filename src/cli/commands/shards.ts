/** `holdfast shards …`: audits, plans, predictions, sizes and simulations of the fleet. */
import type { AddCommand } from "../command.ts";
import { addAuditCommand } from "./shards/audit.ts";
import { addIsolateCommand } from "./shards/isolate.ts";
import { addPlanCommand } from "./shards/plan.ts";
import { addPredictCommand } from "./shards/predict.ts";
import { addSimulateCommand } from "./shards/simulate.ts";
import { addSizeCommand } from "./shards/size.ts";

export const addShardsCommand: AddCommand = (program, terminal) => {
  const group = program
    .command("shards")
    .description("audit, plan, predict, isolate, size and simulate the fleet behind shuffle shards");
  for (const add of [
    addAuditCommand,
    addPlanCommand,
    addPredictCommand,
    addIsolateCommand,
    addSizeCommand,
    addSimulateCommand,
  ])
    add(group, terminal);
};
