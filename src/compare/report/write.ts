/** Leaves a report in a folder: the page, its figures, and the raw observations, so that anyone can work them out again. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Observation } from "../../availability/observation.ts";
import { reportCsv } from "./csv.ts";
import { type ReportData, summaryOf } from "./data.ts";
import { ENGLISH } from "./english.ts";
import { reportPage } from "./html.ts";
import { KOREAN } from "./korean.ts";
import type { Language, Words } from "./language.ts";
import { reportMarkdown } from "./markdown.ts";

/** The words of each language. */
export const WORDS: Readonly<Record<Language, Words>> = { en: ENGLISH, ko: KOREAN };

/** Writes `index.html`, `report.md`, `report.csv`, `summary.json` and `observations.jsonl`; returns the page's path. */
export function writeReport(
  folder: string,
  data: ReportData,
  observations: readonly Observation[],
  language: Language = "en",
): string {
  mkdirSync(folder, { recursive: true });
  const page = join(folder, "index.html");
  const words = WORDS[language];
  writeFileSync(page, reportPage(data, words));
  writeFileSync(join(folder, "report.md"), reportMarkdown(data, words));
  writeFileSync(join(folder, "report.csv"), reportCsv(data));
  writeFileSync(join(folder, "summary.json"), `${JSON.stringify(summaryOf(data), null, 2)}\n`);
  writeFileSync(join(folder, "observations.jsonl"), observations.map((one) => `${JSON.stringify(one)}\n`).join(""));
  return page;
}
