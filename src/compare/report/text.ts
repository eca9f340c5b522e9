/** The final table for a terminal. */
import { milliseconds, percent } from "../../availability/report.ts";
import type { ReportData } from "./data.ts";
import { recoverySentence, verdictOf } from "./words.ts";

const HEAD = ["phase", "path", "probes", "right", "availability", "95 % interval", "median", "p99", "wrong"];
const RIGHT_ALIGNED = new Set([2, 3, 4, 6, 7, 8]);

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          RIGHT_ALIGNED.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Phases by paths, who was hurt, recovery, claims and the verdict. */
export function reportText(data: ReportData): string {
  const rows = data.cells.map((cell, index) => [
    data.cells[index - 1]?.phase === cell.phase ? "" : cell.phase,
    cell.path,
    String(cell.probes),
    String(cell.right),
    percent(cell.availability),
    `${percent(cell.low)} to ${percent(cell.high)}`,
    milliseconds(cell.p50Ms),
    milliseconds(cell.p99Ms),
    String(cell.wrong),
  ]);
  const blasts = data.blasts.flatMap((blast) => [
    `Attack on ${blast.attacked}: gateways ${blast.stoppedGatewayIds.join(", ")} stopped; a name needs ${blast.needed} that agree.`,
    `  other names hurt: ${percent(blast.measuredHurt)} measured, ${percent(blast.predictedHurt)} predicted for these names;`,
    `  for random names ${percent(blast.expectedHurtPhysical)} on this fleet's machines, ${percent(blast.expectedHurtVirtual)} on 2,048 virtual gateways.`,
  ]);
  const claims = data.claims.map((claim) => `  ${claim.holds ? "holds" : "FAILS"}  ${claim.text}: ${claim.measured}`);
  return [
    table([HEAD, ...rows]),
    "",
    ...blasts,
    ...data.recoveries.map(recoverySentence),
    "",
    "Claims:",
    ...claims,
    "",
    verdictOf(data),
    "",
  ].join("\n");
}
