/**
 * `node scripts/coverage.ts [--min PERCENT] [--json] [--missed] [TEST-FILES]`: how much of the contracts the tests run, by line and
 * by branch. Exits 1 when a test failed, or when less than 98 % of all lines or of all branches ran.
 *
 * Hardhat's own `--coverage` counts statements alone, so the probes are ours (`solidity/instrument.ts`); what carries their news is
 * Hardhat's. The contracts with probes, and what tests need besides, stand in `.holdfast/coverage/`, so that nothing
 * compiled here changes. A line counts as run when all statements that start on it ran. Each condition has two branches, and so
 * has each side of an `&&` or `||`.
 */
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { runShown } from "./counts.ts";
import { copyProject, HARDHAT } from "./solidity/copy.ts";
import { type Instrumented, instrument, loosen, PROBE_LIBRARY, tagOf } from "./solidity/instrument.ts";

const COPY = ".holdfast/coverage";
const LIBRARY = "contracts/Probes.sol";
/** The tests of contracts; those against anvil send nothing that EDR could see, and what probes add is no gas of the contracts. */
const TESTS = ["test/contracts/**/*.test.ts"];
const PERCENT_MIN = 98;
const SETTINGS = `coverage: { skipFiles: ["**/*"] }, test: { ...base.test, mocha: { timeout: 600_000 } }`;

export interface FileCoverage {
  readonly file: string;
  readonly lines: readonly [ran: number, all: number];
  readonly branches: readonly [ran: number, all: number];
  /** What did not run: `12` a line, `14 true` a condition that was never true. */
  readonly missed: readonly string[];
}

/** Writes the copy with probes; returns them by file. */
function prepare(): Map<string, Instrumented> {
  copyProject(COPY, SETTINGS);
  rmSync(join(COPY, "coverage"), { recursive: true, force: true });
  for (const file of globSync(["contracts/mocks/*.sol", "test/**/*.sol"])) {
    writeFileSync(join(COPY, file), loosen(readFileSync(file, "utf8")));
  }
  const found = new Map<string, Instrumented>();
  let next = 0;
  for (const file of globSync("contracts/**/*.sol").sort()) {
    if (file.startsWith("contracts/mocks/")) continue;
    const done = instrument(readFileSync(file, "utf8"), next);
    if (done.probes.length === 0) {
      writeFileSync(join(COPY, file), loosen(readFileSync(file, "utf8")));
      continue;
    }
    next = done.probes.at(-1)!.id + 1;
    found.set(file, done);
    const library = join(relative(dirname(file), dirname(LIBRARY)), "Probes.sol");
    const path = library.startsWith(".") ? library : `./${library}`;
    writeFileSync(join(COPY, file), `${done.source}import {__probe, __either} from "${path}";\n`);
  }
  writeFileSync(join(COPY, LIBRARY), PROBE_LIBRARY);
  return found;
}

async function hardhat(...args: readonly string[]): Promise<boolean> {
  const env = { NODE_OPTIONS: "--conditions=source --disable-warning=ExperimentalWarning", FC_NUM_RUNS: "64", CI: "" };
  const { exitCode } = await runShown(process.execPath, [HARDHAT, ...args, "--coverage"], env, COPY);
  return exitCode === 0;
}

/** The probes that told of themselves. */
function readTags(): Set<string> {
  return new Set(
    globSync(join(COPY, "coverage/data/**/*.json")).flatMap((path) =>
      Object.keys(JSON.parse(readFileSync(path, "utf8"))),
    ),
  );
}

/** What of a file ran, by the tags of the probes that did. */
export function coverageOf(
  file: string,
  { probes, assemblyLines }: Instrumented,
  tags: ReadonlySet<string>,
): FileCoverage {
  const ran = (id: number) => tags.has(tagOf(id));
  const lines = new Map<number, boolean>();
  const statements = probes.filter(({ kind }) => kind === "statement");
  for (const { id, line } of [...statements, ...assemblyLines]) lines.set(line, (lines.get(line) ?? true) && ran(id));
  const branches = probes.filter(({ kind }) => kind !== "statement");
  return {
    file,
    lines: [[...lines.values()].filter(Boolean).length, lines.size],
    branches: [branches.filter(({ id }) => ran(id)).length, branches.length],
    missed: [
      ...[...lines].flatMap(([line, done]) => (done ? [] : [`${line}`])),
      ...branches.flatMap(({ id, line, kind }) => (ran(id) ? [] : [`${line} ${kind}`])),
    ],
  };
}

const percent = ([ran, all]: readonly [number, number]) => (all === 0 ? 100 : (100 * ran) / all);
const sum = (pairs: readonly (readonly [number, number])[]) =>
  pairs.reduce<[number, number]>(([ran, all], pair) => [ran + pair[0], all + pair[1]], [0, 0]);

function table(rows: readonly FileCoverage[], showsMissed: boolean): string {
  const cell = (pair: readonly [number, number]) =>
    `${percent(pair).toFixed(2).padStart(7)} % ${`${pair[0]}/${pair[1]}`.padStart(10)}`;
  const row = (name: string, lines: readonly [number, number], branches: readonly [number, number]) =>
    `${name.padEnd(46)}${cell(lines)}${cell(branches)}`;
  return [
    `${"contract".padEnd(46)}${"lines".padStart(20)}${"branches".padStart(20)}`,
    ...rows.flatMap(({ file, lines, branches, missed }) => [
      row(file, lines, branches),
      ...(showsMissed && missed.length > 0 ? [`    ${missed.join(", ")}`] : []),
    ]),
    row("all", sum(rows.map(({ lines }) => lines)), sum(rows.map(({ branches }) => branches))),
  ].join("\n");
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      min: { type: "string", default: String(PERCENT_MIN) },
      json: { type: "boolean", default: false },
      missed: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const probes = prepare();
  const files =
    positionals.length > 0 ? positionals : [...globSync("test/**/*.t.sol"), ...TESTS.flatMap((glob) => globSync(glob))];
  const of = (suffix: string) => files.filter((file) => file.endsWith(suffix)).sort();
  let passed = true;
  // Invariants find their handlers among all that is compiled; where files are named, Hardhat compiles those and no handler.
  if (of(".t.sol").length > 0) passed = (await hardhat("compile")) && passed;
  if (of(".t.sol").length > 0) passed = (await hardhat("test", "solidity", ...of(".t.sol"))) && passed;
  if (of(".test.ts").length > 0) {
    passed = (await hardhat("test", "mocha", ...of(".test.ts"), "--grep-exclude", "anvil|costs .* gas")) && passed;
  }
  const tags = readTags();
  const rows = [...probes].map(([file, done]) => coverageOf(file, done, tags));
  process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : `${table(rows, values.missed)}\n`);
  const least = Math.min(
    percent(sum(rows.map(({ lines }) => lines))),
    percent(sum(rows.map(({ branches }) => branches))),
  );
  if (!passed) process.stdout.write("coverage: a test failed\n");
  if (least < Number(values.min)) process.stdout.write(`coverage: ${least.toFixed(2)} % is below ${values.min} %\n`);
  process.exitCode = passed && least >= Number(values.min) ? 0 : 1;
}

if (import.meta.main) await main();
