/** The report's figures as CSV (RFC 4180): a row for each group and path, numbers in full, the same in every language. */
import { PROBE_OUTCOMES } from "../../availability/outcome.ts";
import type { Cell } from "../../availability/report.ts";
import type { ReportData } from "./data.ts";

const HEAD = ["grouped_by", "group", "path", "probes", "right", "availability", "low", "high", "p50_ms", "p99_ms"];

/** A spreadsheet takes a field that begins so for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function field(value: string | number | null): string {
  if (value === null) return "inf";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Quantiles that were never answered are `inf`. */
export function reportCsv(data: ReportData): string {
  const rowOf = (groupedBy: string, cell: Cell) => [
    groupedBy,
    cell.phase,
    cell.path,
    cell.probes,
    cell.right,
    cell.availability,
    cell.low,
    cell.high,
    cell.p50Ms,
    cell.p99Ms,
    ...PROBE_OUTCOMES.map((outcome) => cell.outcomes[outcome]),
  ];
  const rows = [
    [...HEAD, ...PROBE_OUTCOMES],
    ...data.cells.map((cell) => rowOf("phase", cell)),
    ...data.byVantage.map((cell) => rowOf("vantage", cell)),
    ...data.byName.map((cell) => rowOf("name", cell)),
  ];
  return rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");
}
