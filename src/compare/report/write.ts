/** Leaves a report in a folder: the page, its figures, and the raw observations, so that anyone can work them out again. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
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

export interface ObservationFile {
  add(observation: Observation): void;
  close(): void;
}

const LINES_MAX = 1_000;

/** Begins `observations.jsonl` in a folder: one probe a line, however many come. */
export function openObservations(folder: string): ObservationFile {
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, "observations.jsonl"), "w");
  let lines: string[] = [];
  const flush = () => {
    const bytes = Buffer.from(lines.join(""));
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    lines = [];
  };
  return {
    add(observation) {
      lines.push(`${JSON.stringify(observation)}\n`);
      if (lines.length >= LINES_MAX) flush();
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

/** Writes `index.html`, `report.md`, `report.csv`, `summary.json` and, where they are given, `observations.jsonl`; returns the page's path. */
export function writeReport(
  folder: string,
  data: ReportData,
  observations: readonly Observation[] | undefined,
  language: Language = "en",
): string {
  mkdirSync(folder, { recursive: true });
  const page = join(folder, "index.html");
  const words = WORDS[language];
  writeFileSync(page, reportPage(data, words));
  writeFileSync(join(folder, "report.md"), reportMarkdown(data, words));
  writeFileSync(join(folder, "report.csv"), reportCsv(data));
  writeFileSync(join(folder, "summary.json"), `${JSON.stringify(summaryOf(data), null, 2)}\n`);
  if (observations !== undefined) {
    const file = openObservations(folder);
    for (const one of observations) file.add(one);
    file.close();
  }
  return page;
}
