/**
 * The simulator against published results, against a live drill of each scenario, and its own speed and repeatability.
 * `npm run bench -- simulation [--live report/summary.json]` holds it against a drill of your own.
 */
import type { Bench } from "./row.ts";
import { burstCoverageRows } from "./simulationCoverage.ts";
import { codnsRows, commonCauseRow, dikeRows, rootServerRows, shardRows, tailRows } from "./simulationPublished.ts";
import { burnRateRows, helperRows, recursiveRows, ttlRows } from "./simulationResolvers.ts";
import { agreementRows, coverageRows, repeatRow, scenarioRows, speedRows } from "./simulationRuns.ts";

export const bench: Bench = async ({ small, say, args }) => {
  say("seeds 20181031 and 20181121; every row is deterministic apart from the times");
  return [
    ...dikeRows(small),
    ...codnsRows(small),
    ...helperRows(small),
    ...ttlRows(small),
    ...recursiveRows(),
    commonCauseRow(small),
    ...tailRows(small),
    ...rootServerRows(),
    ...burnRateRows(),
    ...shardRows(small),
    ...(await scenarioRows(small)),
    ...(await agreementRows(args, small)),
    ...(await coverageRows(small)),
    ...burstCoverageRows(small),
    repeatRow(),
    ...(await speedRows(small)),
  ];
};
