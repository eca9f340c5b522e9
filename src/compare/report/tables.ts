/** A report's tables in words, for every format that has tables. Those without rows are left out. */
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

const points = (difference: number) => `${(difference * 100).toFixed(1)} %p`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

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

/** Outages by path: how many, how long to repair, how far apart. */
function repairTable(data: ReportData, words: Words): ReportTable {
  const { label, title } = words;
  const time = (ms: number | null) => (ms === null ? "–" : seconds(ms));
  const rows = data.services
    .filter(({ episodes }) => episodes.length > 0)
    .map(({ id, episodes, repair: { mttrMs, mtbfMs, longestMs, downMs } }) => {
      return [id, String(episodes.length), ...[mttrMs, mtbfMs, longestMs, downMs].map(time)];
    });
  const head = [label.path, label.outages, label.mttr, label.mtbf, label.longest, label.down];
  return { id: "repair", title: title.repair, head, rows };
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
    `${points(gain.difference)} (${points(gain.low)} – ${points(gain.high)})`,
    String(gain.effectiveRounds),
    gain.pValue < 0.001 ? "< 0.001" : gain.pValue.toFixed(3),
  ]);
  const robust = data.robust.map((row) => [
    row.path,
    String(row.probes),
    percent(row.availability),
    words.interval(row.low, row.high),
    row.effectiveSamples === null ? "–" : String(Math.round(row.effectiveSamples)),
  ]);
  const budgets = data.budgets.map((row) => [
    row.path,
    percent(row.objective),
    String(row.spent),
    row.allowed.toFixed(1),
    `${Math.round(row.remainingRatio * 100)} %`,
    row.burning.map(words.burning).join(", ") || "–",
  ]);
  return [
    table(
      "gains",
      ["gain", "onlyBetter", "onlyOther", "difference", "effective", "pValue"],
      gains,
      data.joint ? words.joint(data.joint) : undefined,
    ),
    table("robust", ["path", "probes", "availability", "interval", "effective"], robust, words.note.robust),
    table("budgets", ["path", "objective", "spent", "allowed", "remaining", "burning"], budgets),
  ];
}

export function tablesOf(data: ReportData, words: Words): ReportTable[] {
  const { label, title } = words;
  const claims = data.claims.map((claim) => [words.holds(claim.holds), words.claim(claim), words.measured(claim)]);
  const episodes = data.services.flatMap((service) =>
    service.episodes.map(({ startMs, endMs, failedProbes }) => [
      service.id,
      seconds(startMs),
      endMs === null ? words.neverEnded : seconds(endMs),
      String(failedProbes),
    ]),
  );
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
    { id: "episodes", title: title.episodes, head: [label.path, label.from, label.to, label.failed], rows: episodes },
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
