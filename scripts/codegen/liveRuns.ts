/**
 * Keeps of drills what their simulated twins are held against, in test/simulation/live: `node scripts/codegen/liveRuns.ts
 * SUMMARY...`, each a file that `holdfast drill NAME --json` has printed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { readDrillSummary } from "../../src/simulation/drillSummary.ts";

const FOLDER = new URL("../../test/simulation/live/", import.meta.url);

for (const file of process.argv.slice(2)) {
  const { scenario, provenance, blasts, phases } = readDrillSummary(file);
  const { startedAt } = JSON.parse(readFileSync(file, "utf8")) as { startedAt: string };
  const { Gateways = "", Names = "", Seed = "" } = provenance;
  const command = `npm run holdfast -- drill ${scenario} --json`;
  const kept = { scenario, startedAt, command, provenance: { Gateways, Names, Seed }, blasts, phases };
  writeFileSync(new URL(`${scenario}.json`, FOLDER), `${JSON.stringify(kept, null, 2)}\n`);
}
