/** The report's own tables over what the dashboard keeps: intervals, outages, joint failures, disagreements. */
import type { Phase } from "../availability/report.ts";
import { brokenInWords } from "../compare/drill/broken.ts";
import { buildReport, type ReportData } from "../compare/report/data.ts";
import { section } from "../compare/report/html.ts";
import type { TitleId, Words } from "../compare/report/language.ts";
import { tablesOf } from "../compare/report/tables.ts";
import { observationOf } from "../compare/watch/sample.ts";
import type { LiveWindow } from "./view.ts";

const PATHS = ["dns", "chain", "gateways", "combined"] as const;
/** The tables that say something about five minutes; budgets and nines are for days. */
const SHOWN: readonly TitleId[] = [
  "cells",
  "disagreements",
  "outcomes",
  "episodes",
  "repair",
  "joint",
  "gains",
  "robust",
];

const SERVICES = PATHS.map((id) => {
  const has = (path: string) => id === path || id === "combined";
  return { id, title: id, dns: has("dns") ? ["dns"] : [], chain: has("chain"), gateways: has("gateways") };
});

/** Every stretch as a phase: by the time of day at which it began, and by what was broken. */
function phasesOf({ startMs, endMs, stretches }: LiveWindow, words: Words): Phase[] {
  const known = stretches[0]?.startMs === startMs ? stretches : [{ startMs, parts: [] }, ...stretches];
  return known.map(({ startMs: from, parts }, index) => {
    const phase = {
      id: String(from),
      title: "",
      startMs: from - startMs,
      endMs: (known[index + 1]?.startMs ?? endMs) - startMs,
      faults: parts.map(brokenInWords),
      broken: parts,
    };
    const broken = words.faults(phase).join("; ") || words.nothingBroken;
    return { ...phase, title: `${timeOfDay(from)} ${broken}` };
  });
}

function timeOfDay(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}

function dataOf(window: LiveWindow, words: Words): ReportData {
  const samples = [...window.samples].sort((left, right) => left.at - right.at);
  const data = buildReport({
    scenario: { id: "live", title: "", summary: "", mustFail: false, services: SERVICES },
    startedAt: new Date(window.startMs).toISOString(),
    command: "",
    provenance: [],
    observations: samples.map((sample) => observationOf(sample, window.startMs, "here")),
    phases: phasesOf(window, words),
    claims: [],
    blasts: [],
  });
  const disagreements = window.disagreements.map((one) => ({
    ...one,
    at: timeOfDay(one.at),
    vantage: "–",
  }));
  return { ...data, disagreements };
}

/** Markup in one language, everything in it escaped. Times of outages are seconds since the window began, which it says. */
export function liveReport(window: LiveWindow, words: Words): { readonly since: string; readonly html: string } {
  if (window.samples.length === 0) return { since: timeOfDay(window.startMs), html: "" };
  const tables = new Map(tablesOf(dataOf(window, words), words).map((table) => [table.id, table]));
  const shown = SHOWN.flatMap((id) => tables.get(id) ?? []);
  return { since: timeOfDay(window.startMs), html: shown.map((table) => section(table).text).join("\n") };
}
