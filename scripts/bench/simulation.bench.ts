/** The simulator against published results, and its own speed and repeatability. */
import type { Bench } from "./row.ts";
import { codnsRows, commonCauseRow, dikeRows, rootServerRows, shardRows, tailRows } from "./simulationPublished.ts";

export const bench: Bench = async ({ small, say }) => {
  say("seed 20181031; every row is deterministic apart from the times");
  return [
    ...dikeRows(small),
    ...codnsRows(small),
    commonCauseRow(small),
    ...tailRows(small),
    ...rootServerRows(),
    ...shardRows(small),
  ];
};
