/** `npm run bench -- NAME [--json] [--small]`: runs scripts/bench/NAME.bench.ts and prints its rows; 1 when a goal is missed. */
import { existsSync, readdirSync } from "node:fs";
import { cpus } from "node:os";
import type { BenchModule, BenchRow } from "./row.ts";

const here = new URL(".", import.meta.url);
const [name = "", ...args] = process.argv.slice(2);
const names = readdirSync(here)
  .filter((file) => file.endsWith(".bench.ts"))
  .map((file) => file.slice(0, -".bench.ts".length))
  .sort();
if (!names.includes(name) || !existsSync(new URL(`${name}.bench.ts`, here))) {
  process.stderr.write(`bench: unknown benchmark "${name}"; one of ${names.join(", ")}\n`);
  process.exit(2);
}

const json = args.includes("--json");
const say = (text: string) => process.stderr.write(`${text}\n`);
const { bench, json: shaped } = (await import(new URL(`${name}.bench.ts`, here).href)) as BenchModule;
say(
  `bench ${name}: Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} x ${cpus()[0]?.model}`,
);
const rows = await bench({
  small: args.includes("--small"),
  say,
  args: args.filter((arg) => !["--json", "--small"].includes(arg)),
});
process.stdout.write(json ? `${JSON.stringify(shaped ? shaped(rows) : rows, null, 2)}\n` : table(rows));
// `--check` holds figures against committed ones, and throws where they differ; it does not judge goals again.
process.exitCode = !args.includes("--check") && rows.some((row) => row.ok === false) ? 1 : 0;

function show(value: number | null): string {
  if (value === null) return "-";
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
}

function table(lines: readonly BenchRow[]): string {
  const cells = [
    ["id", "value", "unit", "peer", "peer value", "ratio", "goal", "ok"],
    ...lines.map((row) => [
      row.id,
      show(row.value),
      row.unit,
      row.peer ?? "-",
      show(row.peerValue),
      show(row.ratio),
      row.goal,
      row.ok === null ? "?" : row.ok ? "yes" : "NO",
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  return cells
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
