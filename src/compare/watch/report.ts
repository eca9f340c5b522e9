/** The report over journals, of one vantage point or of several merged: sample by sample, however many there are. */
import { createOutageLedger } from "../../availability/episodes.ts";
import type { Observation } from "../../availability/observation.ts";
import { isRight } from "../../availability/observation.ts";
import { PATHS } from "../../availability/outcome.ts";
import { createCellCounter } from "../../availability/report.ts";
import { createTimeBins } from "../../availability/timeBins.ts";
import { seededRandom } from "../../base/random.ts";
import type { Disagreement, ReportData, ServiceReport } from "../report/data.ts";
import { createGroupCounter, createRunCollector, type RunCollector } from "../report/measures.ts";
import { createVantageComparer } from "./acrossVantages.ts";
import { UnreadableJournalError } from "./journalFile.ts";
import type { JournalContent } from "./readJournal.ts";
import { type DisagreementEntry, type JournalHeader, observationOf, type Sample, subjectOf } from "./sample.ts";
import { type JournalSums, visitJournals } from "./visitJournals.ts";

export interface WatchReportOptions {
  readonly command: string;
  /** The objective of the error budget, such as 0.999. */
  readonly objective: number;
  /** Is told every observation, in order of time. */
  readonly onObservation?: (observation: Observation) => void;
}

/** Takes samples in order of time. */
export interface WatchReporter {
  sample(sample: Sample, header: JournalHeader): void;
  /** `vantage`: who saw it, or all between whom it is. */
  disagreement(entry: DisagreementEntry, vantage: string): void;
  report(sums: Pick<JournalSums, "headers" | "unreadable">): ReportData;
}

const SINGLE: readonly string[] = PATHS;
const COMBINED: readonly string[] = ["combined", "policy"];

function orderOf(path: string): number {
  // Servers stand after the single paths, what combines them last.
  if (COMBINED.includes(path)) return PATHS.length + 1 + COMBINED.indexOf(path);
  const index = SINGLE.indexOf(path);
  return index === -1 ? PATHS.length : index;
}

/** In every interval a name comes up once, at any instant of it: two probes of it are less than two intervals apart. */
const SILENT_INTERVALS = 2.5;

/** A longer time without a probe of a name is a silence of the instrument. */
function silenceOf({ settings }: JournalHeader): number {
  return SILENT_INTERVALS * Math.max(1000, Number(settings.everyMs) || 0);
}

/** Latencies that are kept as they are: of a path, and of each name on it. */
const EXACT_PATH = 20_000;
const EXACT_GROUP = 128;
/** Bins of the series of each name, and of each vantage point, on a path. */
const NAME_BINS = 256;
const VANTAGE_BINS = 4_096;
const DISAGREEMENTS_MAX = 10_000;

/** What is kept of a path: as much for a month as for a day. */
function newPath() {
  return { cell: createCellCounter(EXACT_PATH), bins: createTimeBins(), outages: createOutageLedger() };
}

interface WatchState {
  readonly paths: Map<string, ReturnType<typeof newPath>>;
  readonly collector: RunCollector;
  readonly byName: ReturnType<typeof createGroupCounter>;
  readonly byVantage: ReturnType<typeof createGroupCounter>;
  readonly names: Set<string>;
  readonly vantages: Set<string>;
  readonly disagreements: Disagreement[];
  raised: number;
  startMs: number | undefined;
  endMs: number;
  silenceMs: number;
  probes: number;
  voided: number;
}

/** Collects a report in memory that grows with the names and paths there are, and not with time. */
export function createWatchReporter(options: WatchReportOptions): WatchReporter {
  const state: WatchState = {
    paths: new Map(),
    collector: createRunCollector({ single: SINGLE, combined: COMBINED, objective: options.objective }),
    byName: createGroupCounter({ exactMax: EXACT_GROUP, binsMax: NAME_BINS }),
    byVantage: createGroupCounter({ exactMax: EXACT_PATH, binsMax: VANTAGE_BINS }),
    names: new Set(),
    vantages: new Set(),
    disagreements: [],
    raised: 0,
    startMs: undefined,
    endMs: 0,
    silenceMs: 0,
    probes: 0,
    voided: 0,
  };
  return {
    sample(sample, header) {
      state.startMs ??= sample.at;
      const observation = observationOf(sample, state.startMs, header.vantage);
      options.onObservation?.(observation);
      take(state, observation, silenceOf(header));
    },
    disagreement(entry, vantage) {
      if (entry.state === "raised") state.raised += 1;
      if (state.disagreements.length >= DISAGREEMENTS_MAX) return;
      const { kind, sides } = entry;
      const at = new Date(entry.at).toISOString();
      state.disagreements.push({ at, vantage, name: subjectOf(entry), kind, state: entry.state, sides });
    },
    report: (sums) => sumUp(state, sums, options.command),
  };
}

function take(state: WatchState, observation: Observation, silenceMs: number): void {
  const { atMs, name, path, vantage = "" } = observation;
  state.names.add(name);
  state.vantages.add(vantage);
  state.endMs = Math.max(state.endMs, atMs + 1);
  state.probes += 1;
  let mine = state.paths.get(path);
  if (mine === undefined) {
    mine = newPath();
    state.paths.set(path, mine);
  }
  if (observation.void !== undefined) {
    state.voided += 1;
    return;
  }
  state.silenceMs = Math.max(state.silenceMs, silenceMs);
  const right = isRight(observation);
  mine.cell.add(observation);
  mine.bins.add(atMs, right);
  mine.outages.note({ atMs, isRight: right, name, vantage, silenceMs });
  state.collector.note(observation, silenceMs);
  state.byName.add(name, observation);
  state.byVantage.add(vantage, observation);
}

function sumUp(state: WatchState, sums: Pick<JournalSums, "headers" | "unreadable">, command: string): ReportData {
  const { startMs, endMs, names } = state;
  if (startMs === undefined) throw new UnreadableJournalError("given", "there is no sample in it");
  const ids = [...state.paths.keys()].sort((left, right) => orderOf(left) - orderOf(right) || (left < right ? -1 : 1));
  const vantages = [...new Set(sums.headers.map(({ vantage }) => vantage))];
  const measures = state.collector.measures(ids, seededRandom(1, "bootstrap"));
  // Outages come in bursts: no table takes the probes of days as independent.
  const intervals = new Map(measures.robust.map(({ path, low, high }) => [path, { low, high }]));
  const settings = new Set(sums.headers.map((header) => JSON.stringify(header.settings)));
  return {
    scenario: { id: "compare", title: names.size === 1 ? [...names][0]! : `${names.size} names`, summary: "" },
    startedAt: new Date(startMs).toISOString(),
    command,
    provenance: [
      ["Vantage points", vantages.join(", ")],
      ["Settings", [...new Set(sums.headers.map(({ settingsDigest }) => settingsDigest.slice(0, 18)))].join(", ")],
      ...[...settings].map((text) => ["Settings", text] as const),
      ["Unreadable lines", String(sums.unreadable)],
    ],
    holds: state.raised === 0,
    services: ids.map((id) => serviceOf(state, id)),
    phases: [{ id: PHASE, title: "All", startMs: 0, endMs, faults: [] }],
    cells: ids.map((id) => ({ ...state.paths.get(id)!.cell.cell(PHASE, id), ...intervals.get(id) })),
    claims: [],
    recoveries: [],
    ...measures,
    blasts: [],
    kind: "watch",
    byName: state.byName.cells(ids),
    byVantage: state.vantages.size < 2 ? [] : state.byVantage.cells(ids),
    disagreements: [...state.disagreements].sort((left, right) =>
      left.at < right.at ? -1 : Number(left.at > right.at),
    ),
    voided: state.voided,
    probes: state.probes,
  };
}

/** A watch has one phase. */
const PHASE = "all";

function serviceOf({ paths, collector, vantages, endMs, silenceMs }: WatchState, id: string): ServiceReport {
  const { cell, bins, outages } = paths.get(id)!;
  const { episodes, ...rest } = outages.outages(endMs);
  return {
    id,
    title: id,
    series: bins.stretches(silenceMs).map((stretch) => ({ phase: PHASE, ...stretch })),
    cdfs: [{ phase: PHASE, points: cell.cdf() }],
    // Of a single vantage point there is nothing to tell apart.
    episodes: vantages.size > 1 ? episodes : episodes.map(({ vantage, ...episode }) => episode),
    ...rest,
    earned: collector.earned(id),
  };
}

/** The report over files, each read once from its begin to its end. */
export function reportJournals(paths: readonly string[], options: WatchReportOptions): ReportData {
  const reporter = createWatchReporter(options);
  const comparer = createVantageComparer((entry) => reporter.disagreement(entry, entry.vantage));
  const sums = visitJournals(paths, {
    sample: (sample, header) => {
      reporter.sample(sample, header);
      comparer.sample(sample, header);
    },
    disagreement: (entry, { vantage }) => reporter.disagreement(entry, vantage),
  });
  comparer.end();
  return reporter.report(sums);
}

/** The same over what was read already. Expects samples in order of time, at least one. */
export function buildWatchReport(content: JournalContent, options: WatchReportOptions): { readonly data: ReportData } {
  const reporter = createWatchReporter(options);
  const headers = new Map(content.headers.map((header) => [header.vantage, header]));
  for (const sample of content.samples) reporter.sample(sample, headers.get(sample.vantage)!);
  for (const entry of content.disagreements) reporter.disagreement(entry, entry.vantage);
  return { data: reporter.report(content) };
}
