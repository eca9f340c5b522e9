/** Leaves a report in a folder: the page, its figures, and the raw observations, so that anyone can work them out again. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Observation } from "../../availability/observation.ts";
import { type ReportData, summaryOf } from "./data.ts";
import { reportPage } from "./html.ts";
import type { Language } from "./language.ts";

/** Writes `index.html`, `summary.json` and `observations.jsonl`; returns the page's path. */
export function writeReport(
  folder: string,
  data: ReportData,
  observations: readonly Observation[],
  _language: Language = "en",
): string {
  mkdirSync(folder, { recursive: true });
  const page = join(folder, "index.html");
  writeFileSync(page, reportPage(data));
  writeFileSync(join(folder, "summary.json"), `${JSON.stringify(summaryOf(data), null, 2)}\n`);
  writeFileSync(join(folder, "observations.jsonl"), observations.map((one) => `${JSON.stringify(one)}\n`).join(""));
  return page;
}
