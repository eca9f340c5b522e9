/** The final table for a terminal. */
import { milliseconds, percent } from "../../availability/report.ts";
import type { ReportData } from "./data.ts";
import { ENGLISH } from "./english.ts";
import type { LabelId, Words } from "./language.ts";

const HEAD: readonly LabelId[] = [
  "phase",
  "path",
  "probes",
  "right",
  "availability",
  "interval",
  "median",
  "p99",
  "wrong",
];
const RIGHT_ALIGNED = new Set([2, 3, 4, 6, 7, 8]);
/** Hangul and its like take two columns of a terminal. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/gu;

/** Columns of a terminal that a text takes. */
export function columnsOf(text: string): number {
  return text.length + (text.match(WIDE)?.length ?? 0);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column]!))));
  const padded = (cell: string, column: number) => {
    const gap = " ".repeat(widths[column]! - columnsOf(cell));
    return RIGHT_ALIGNED.has(column) ? `${gap}${cell}` : `${cell}${gap}`;
  };
  return rows.map((row) => row.map(padded).join("  ").trimEnd()).join("\n");
}

/** Phases by paths, who was hurt, recovery, claims and the verdict. */
export function reportText(data: ReportData, words: Words = ENGLISH): string {
  const phases = new Map(data.phases.map((phase) => [phase.id, words.phase(phase)]));
  const rows = data.cells.map((cell, index) => [
    data.cells[index - 1]?.phase === cell.phase ? "" : (phases.get(cell.phase) ?? cell.phase),
    cell.path,
    String(cell.probes),
    String(cell.right),
    percent(cell.availability),
    words.interval(cell.low, cell.high),
    milliseconds(cell.p50Ms),
    milliseconds(cell.p99Ms),
    String(cell.wrong),
  ]);
  const blasts = data.blasts.flatMap((blast) => {
    const probed = blast.names.filter((name) => name.probes > 0).length;
    return [
      words.blast.intro(blast),
      `  ${words.blast.hurt}:`,
      `  ${percent(blast.measuredHurt)}  ${words.blast.measured}`,
      `  ${percent(blast.predictedHurt)}  ${words.blast.probed(probed)}`,
      `  ${percent(blast.expectedHurtPhysical)}  ${words.blast.physical}`,
      `  ${percent(blast.expectedHurtVirtual)}  ${words.blast.virtual}`,
    ];
  });
  const claims = data.claims.map((one) => `  ${words.holds(one.holds)}  ${words.claim(one)}: ${words.measured(one)}`);
  return [
    table([HEAD.map((label) => words.label[label]), ...rows]),
    "",
    ...blasts,
    ...data.recoveries.map(words.recovery),
    "",
    `${words.title.claims}:`,
    ...claims,
    "",
    words.verdict(data),
    "",
  ].join("\n");
}
