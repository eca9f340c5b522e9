/** `holdfast shards …`: audits, plans, predictions, sizes and simulations of the fleet. */
import type { AddCommand } from "../command.ts";
import { addPlanCommand } from "./shards/plan.ts";
import { addPredictCommand } from "./shards/predict.ts";
import { addSimulateCommand } from "./shards/simulate.ts";
import { addSizeCommand } from "./shards/size.ts";

export const addShardsCommand: AddCommand = (program, terminal) => {
  const group = program
    .command("shards")
    .description("audit, plan, predict, size and simulate the fleet behind shuffle shards");
  for (const add of [addPredictCommand, addPlanCommand, addSizeCommand, addSimulateCommand]) add(group, terminal);
};
