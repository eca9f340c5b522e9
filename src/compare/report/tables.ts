/** A report's tables in words, for every format that has tables. Those without rows are left out. */
import type { Interval } from "../../availability/interval.ts";
import { PROBE_OUTCOMES } from "../../availability/outcome.ts";
import { type Cell, percent } from "../../availability/report.ts";
import type { Blast } from "../drill/blast.ts";
import type { ReportData } from "./data.ts";
import type { LabelId, TitleId, Words } from "./language.ts";

export interface ReportTable {
  readonly id: TitleId;
  readonly title: string;
  readonly note?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const CELL_HEAD: readonly LabelId[] = ["path", "probes", "right", "availability", "interval", "median", "p99", "wrong"];

function cellRow(words: Words, group: string, cell: Cell): string[] {
  return [
    group,
    cell.path,
    String(cell.probes),
    String(cell.right),
    percent(cell.availability),
    words.interval(cell.low, cell.high),
    words.milliseconds(cell.p50Ms),
    words.milliseconds(cell.p99Ms),
    String(cell.wrong),
  ];
}

function cellTable(words: Words, id: TitleId, group: LabelId, cells: readonly Cell[], data: ReportData): ReportTable {
  const titles = new Map(data.phases.map((phase) => [phase.id, words.phase(phase)]));
  const rows = cells.map((cell) =>
    cellRow(words, group === "phase" ? (titles.get(cell.phase) ?? "") : cell.phase, cell),
  );
  return {
    id,
    title: words.title[id],
    ...(id === "cells" ? { note: words.note.cells } : {}),
    head: [group, ...CELL_HEAD].map((label) => words.label[label as LabelId]),
    rows,
  };
}

/** A difference in percentage points with its interval, in as many digits as the interval has; its ends are rounded outward. */
function points({
  difference,
  low,
  high,
}: {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}) {
  const decimals = Math.min(6, Math.max(1, Math.ceil(1 - Math.log10(Math.max(1e-9, (high - low) * 100)))));
  const scale = 10 ** decimals;
  const shown = (value: number) => `${(value / scale).toFixed(decimals)} %p`;
  const [least, most] = [Math.floor(low * 100 * scale + 1e-6), Math.ceil(high * 100 * scale - 1e-6)];
  return `${shown(difference * 100 * scale)} (${shown(least)} – ${shown(most)})`;
}

/** How long something took, in the unit that fits. */
function duration(ms: number): string {
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${(ms / 60_000).toFixed(1)} min`;
  return ms < 172_800_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${(ms / 86_400_000).toFixed(1)} d`;
}

/** A moment of the run: time of day of a watch, time since the start of a drill, as its chart has it. */
function moment(data: ReportData, ms: number): string {
  if (data.kind === "drill") return `${(ms / 1000).toFixed(1)} s`;
  return `${new Date(Date.parse(data.startedAt) + ms).toISOString().slice(0, 19)}Z`;
}

/** How probes ended, by path over the whole run: never one word for every failure. */
function outcomeTable(data: ReportData, words: Words): ReportTable {
  const rows = data.services.map(({ id }) => {
    const mine = data.cells.filter(({ path }) => path === id);
    const count = (outcome: (typeof PROBE_OUTCOMES)[number]) =>
      mine.reduce((sum, { outcomes }) => sum + outcomes[outcome], 0);
    return [id, ...PROBE_OUTCOMES.map((outcome) => String(count(outcome)))];
  });
  const head = [words.label.path, ...PROBE_OUTCOMES.map((outcome) => words.outcome[outcome])];
  return { id: "outcomes", title: words.title.outcomes, note: words.note.outcomes, head, rows };
}

/** As many outages as a page lists. */
const OUTAGES_LISTED = 100;

/** Outages, of very many those with the most failed probes, in order of time. */
function episodeTable(data: ReportData, words: Words): ReportTable {
  const { label, title } = words;
  const all = data.services.flatMap(({ id, episodes }) => episodes.map((episode) => ({ id, ...episode })));
  const most = [...all].sort((left, right) => right.failedProbes - left.failedProbes).slice(0, OUTAGES_LISTED);
  const count = data.services.reduce((sum, { episodeCount }) => sum + episodeCount, 0);
  const hasVantages = most.some(({ vantage }) => vantage !== undefined);
  const hasNames = most.some(({ nameCount }) => nameCount > 0);
  const rows = most
    .sort((left, right) => left.startMs - right.startMs)
    .map((one) => [
      one.id,
      ...(hasVantages ? [one.vantage ?? ""] : []),
      `${one.startKnown ? "" : "≤ "}${moment(data, one.startMs)}`,
      one.endMs === null ? `≥ ${duration(one.lastFailedMs - one.startMs)}` : duration(one.endMs - one.startMs),
      ...(hasNames ? [words.nameList(one.names, one.nameCount)] : []),
      String(one.failedProbes),
    ]);
  const head = [
    label.path,
    ...(hasVantages ? [label.vantage] : []),
    label.from,
    label.lasted,
    ...(hasNames ? [label.names] : []),
    label.failed,
  ];
  const note = count > rows.length ? { note: words.listed(rows.length, count) } : {};
  return { id: "episodes", title: title.episodes, ...note, head, rows };
}

/** Outages by path: how many, how long to repair, how far apart. */
function repairTable(data: ReportData, words: Words): ReportTable {
  const { label, title, note } = words;
  const time = (ms: number | null) => (ms === null ? "–" : duration(ms));
  const mean = (ms: number | null, interval: Interval | null) =>
    interval === null ? time(ms) : `${time(ms)} (${words.range(duration(interval.low), duration(interval.high))})`;
  const rows = data.services
    .filter(({ repair }) => repair.outages > 0)
    .map(({ id, repair }) => {
      const { outages, lone, open, longestMs, longestOpen, downMs, observedMs } = repair;
      const longest = `${longestOpen ? "≥ " : ""}${time(longestMs)}`;
      return [
        id,
        ...[outages, lone, open].map(String),
        mean(repair.mttrMs, repair.mttrMsInterval),
        mean(repair.mtbfMs, repair.mtbfMsInterval),
        longest,
        time(downMs),
        time(observedMs),
      ];
    });
  const head = [
    label.path,
    label.outages,
    label.lone,
    label.open,
    label.mttr,
    label.mtbf,
    label.longest,
    label.down,
    label.observed,
  ];
  return { id: "repair", title: title.repair, note: note.repair, head, rows };
}

/** Every pair of single paths and all of them: together, and were they independent. */
function jointTable(data: ReportData, words: Words): ReportTable {
  const { label, title } = words;
  const rows = data.joint.map((one) => [
    one.paths.join(" + "),
    String(one.rounds),
    one.failureRatio.map(percent).join(", "),
    `${percent(one.allFailed)} (${words.interval(one.low, one.high)})`,
    percent(one.allFailedIndependent),
    one.phi === null ? "–" : one.phi.toFixed(2),
    one.commonCauseRatio === null ? "–" : percent(one.commonCauseRatio),
    one.rarestShared === null ? "–" : percent(one.rarestShared),
  ]);
  const head = [
    label.paths,
    label.rounds,
    label.failedEach,
    label.together,
    label.independent,
    label.phi,
    label.beta,
    label.ofRarest,
  ];
  const all = data.joint.at(-1);
  return { id: "joint", title: title.joint, ...(all === undefined ? {} : { note: words.joint(all) }), head, rows };
}

/** How fast each path's budget burned, and when that rang. None where the run is shorter than every window. */
function alarmTable(data: ReportData, words: Words): ReportTable {
  const { label, title, note } = words;
  const times = (rate: number | null) => (rate === null ? "–" : `${Number(rate.toPrecision(3))}x`);
  const isWhole = data.budgets.some(({ alarms }) =>
    alarms.some(({ longRate, peak }) => longRate !== null || peak !== null),
  );
  const rows = data.budgets.flatMap(({ path, alarms }) =>
    alarms.map((alarm) => {
      const { longRate, shortRate, peak, rings, rang } = alarm;
      const first = rang[0];
      return [
        path,
        words.burning(alarm),
        longRate === null && peak === null ? words.notWhole : `${times(longRate)}, ${times(shortRate)}`,
        peak === null ? "–" : `${times(peak.rate)} (${moment(data, peak.atMs)})`,
        first === undefined
          ? words.neverRang
          : words.rang(
              rings,
              moment(data, first.fromMs),
              first.toMs === null ? null : duration(first.toMs - first.fromMs),
            ),
      ];
    }),
  );
  const head = [label.path, label.window, label.rate, label.highest, label.rang];
  return { id: "alarms", title: title.alarms, note: note.alarms, head, rows: isWhole ? rows : [] };
}

function measureTables(data: ReportData, words: Words): ReportTable[] {
  const table = (id: TitleId, head: readonly LabelId[], rows: readonly string[][], note?: string): ReportTable => ({
    id,
    title: words.title[id],
    ...(note === undefined ? {} : { note }),
    head: head.map((label) => words.label[label]),
    rows,
  });
  const gains = data.gains.map((gain) => [
    `${gain.better} / ${gain.other}`,
    String(gain.onlyBetter),
    String(gain.onlyOther),
    points(gain),
    String(Math.round(gain.effectiveRounds)),
    gain.pValue < 0.001 ? "< 0.001" : gain.pValue.toFixed(3),
  ]);
  const robust = data.robust.map((row) => [
    row.path,
    String(row.probes),
    percent(row.availability),
    words.interval(row.low, row.high),
    String(Math.round(row.effectiveSamples)),
  ]);
  const budgets = data.budgets.map((row) => [
    row.path,
    percent(row.objective),
    String(row.spent),
    row.allowed.toFixed(1),
    `${Math.round(row.remainingRatio * 100)} %`,
  ]);
  return [
    jointTable(data, words),
    table("gains", ["gain", "onlyBetter", "onlyOther", "difference", "effective", "pValue"], gains, words.note.gains),
    table("robust", ["path", "probes", "availability", "interval", "effective"], robust, words.note.robust),
    table("budgets", ["path", "objective", "spent", "allowed", "remaining"], budgets),
    alarmTable(data, words),
  ];
}

export function tablesOf(data: ReportData, words: Words): ReportTable[] {
  const { label, title } = words;
  const claims = data.claims.map((claim) => [words.holds(claim.holds), words.claim(claim), words.measured(claim)]);
  const disagreements = data.disagreements.map((one) => [
    one.at,
    one.vantage,
    one.name,
    words.kind(one.kind),
    words.state(one.state),
    one.sides.map(({ source, said }) => `${source}: ${words.said(said)}`).join("; "),
  ]);
  const tables: ReportTable[] = [
    cellTable(words, "cells", "phase", data.cells, data),
    cellTable(words, "byVantage", "vantage", data.byVantage, data),
    outcomeTable(data, words),
    { id: "claims", title: title.claims, head: [label.verdict, label.claim, label.measured], rows: claims },
    {
      id: "disagreements",
      title: title.disagreements,
      head: [label.time, label.vantage, label.name, label.kind, label.state, label.sides],
      rows: disagreements,
    },
    episodeTable(data, words),
    repairTable(data, words),
    ...measureTables(data, words),
    cellTable(words, "byName", "name", data.byName, data),
    {
      id: "provenance",
      title: title.provenance,
      head: [label.fact, label.value],
      rows: data.provenance.map((fact) => [...words.provenance(fact)]),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

/** The share of names that an attack hurt, beside those that were expected, each with what it is called. */
export function hurtShares(one: Blast, words: Words["blast"]): readonly (readonly [what: string, share: number])[] {
  const probed = one.names.filter((name) => name.probes > 0).length;
  return [
    [words.virtual, one.expectedHurtVirtual],
    [words.physical, one.expectedHurtPhysical],
    [words.probed(probed), one.predictedHurt],
    [words.measured, one.measuredHurt],
  ];
}
