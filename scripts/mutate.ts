/**
 * `node scripts/mutate.ts [--seed N] [--max N] [--at FILE:LINE]... [--json] [CONTRACT-FILES]`: puts small faults into the contracts, a
 * sample drawn from the seed, and runs the tests of the file at fault against each. Prints the survivors, which are either a
 * test that is missing or a fault that changes nothing, and the score. With `--at` only the faults of those lines, to see whether
 * a new test finds them.
 *
 * All mutants of a run are compiled as one program (`solidity/mutants.ts`), in a copy of the project; the chain's coinbase says
 * which of them is awake.
 */
import { spawn } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { seededRandom } from "../src/base/random.ts";
import { copyProject, HARDHAT } from "./solidity/copy.ts";
import { loosen } from "./solidity/instrument.ts";
import { coinbaseOf, type Mutant, mutate } from "./solidity/mutants.ts";

const COPY = ".holdfast/mutation";
const SETTINGS = `networks: {
  ...base.networks,
  default: {
    type: "edr-simulated",
    coinbase: process.env["HOLDFAST_COINBASE"],
    allowUnlimitedContractSize: true,
    blockGasLimit: false,
    transactionGasCap: false,
  },
}`;
const COMPILE_ROUNDS_MAX = 6;
const COMPILE_SECONDS_MAX = 600;
/** A mutant that keeps the tests from ending is found out too. */
const RUN_SECONDS_MAX = 120;

/** The tests that are to find a fault of a file, fastest first. */
const SUITES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\/registry\/TokenRenderer/, ["test/contracts/registry/tokens.test.ts"]],
  [/\/resolver\//, ["test/contracts/resolver/*.test.ts", "test/contracts/registry/*.test.ts"]],
  [
    /\/registry\//,
    ["test/contracts/registry/*.test.ts", "test/contracts/resolver/*.test.ts", "test/contracts/registrar/*.test.ts"],
  ],
  [/\/registrar\//, ["test/contracts/registrar/*.test.ts", "test/contracts/registry/NameRegistry.test.ts"]],
  [/\/naming\/Labels/, ["test/contracts/registr{y,ar}/*.test.ts", "test/contracts/naming/differential.test.ts"]],
  [
    /\/naming\//,
    ["test/contracts/naming/*.test.ts", "test/contracts/reverse/*.test.ts", "test/contracts/registry/tokens.test.ts"],
  ],
  [/\/reverse\//, ["test/contracts/reverse/*.test.ts", "test/contracts/registrar/RegistrarController.test.ts"]],
  [/\/directory\//, ["test/contracts/directory/*.test.ts", "test/contracts/naming/differential.test.ts"]],
  [
    /\/universal\//,
    ["test/contracts/universal/{UniversalResolver,extended}.test.ts", "test/contracts/offchain/*.test.ts"],
  ],
  [/\/offchain\//, ["test/contracts/offchain/*.test.ts"]],
];

interface Placed extends Mutant {
  readonly file: string;
}

export interface MutationReport {
  readonly killed: number;
  readonly survivors: readonly Placed[];
  /** Mutants that are no Solidity, by types for instance. */
  readonly notCompiled: number;
  readonly all: number;
}

const suiteOf = (file: string) =>
  (SUITES.find(([pattern]) => pattern.test(file))?.[1] ?? []).flatMap((glob) => globSync(glob).sort());

/** Writes the sources with the wanted mutants; returns those, by the numbers all mutants have. */
function write(files: readonly string[], wanted: (mutant: Placed) => boolean): Placed[] {
  let next = 0;
  const placed: Placed[] = [];
  for (const file of globSync("contracts/**/*.sol").sort()) {
    const text = readFileSync(file, "utf8");
    if (!files.includes(file)) {
      writeFileSync(join(COPY, file), loosen(text));
      continue;
    }
    let count = 0;
    const { source } = mutate(text, next, (mutant) => {
      count += 1;
      const here = { ...mutant, file };
      if (!wanted(here)) return false;
      placed.push(here);
      return true;
    });
    next += count;
    writeFileSync(join(COPY, file), source);
  }
  return placed;
}

/** Runs a program in the copy, silently; its exit code, and what it said. */
function run(
  args: readonly string[],
  coinbase: string,
  secondsMax: number,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const env = {
    ...process.env,
    HOLDFAST_COINBASE: coinbase,
    NODE_OPTIONS: "--conditions=source",
    DIFFERENTIAL_RUNS: "300",
  };
  const child = spawn(process.execPath, args, {
    cwd: COPY,
    env,
    timeout: secondsMax * 1_000,
    killSignal: "SIGKILL",
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ exitCode: code ?? 1, output }));
  });
}

const MOCHA = resolve("node_modules/mocha/bin/mocha.js");
const test = (files: readonly string[], coinbase: string) =>
  // The switch between mutants costs gas of its own.
  run(
    [MOCHA, "--no-parallel", "--bail", "--reporter", "dot", "--grep", "costs .* gas", "--invert", ...files],
    coinbase,
    RUN_SECONDS_MAX,
  );

/** Compiles; what cannot be compiled is left out, and counted. */
async function compile(files: readonly string[], sample: ReadonlySet<number>): Promise<readonly [Placed[], number]> {
  const dropped = new Set<number>();
  for (let round = 0; round < COMPILE_ROUNDS_MAX; round += 1) {
    const placed = write(files, ({ id }) => sample.has(id) && !dropped.has(id));
    const { exitCode, output } = await run([HARDHAT, "compile", "--no-tests"], coinbaseOf(-1), COMPILE_SECONDS_MAX);
    if (exitCode === 0) return [placed, dropped.size];
    const places = [...output.matchAll(/Error: [^\n]*\n\s+--> \.?\/?(contracts\/[^:]+):(\d+)/g)];
    const at = (mutant: Placed, [, file, line]: RegExpMatchArray) =>
      mutant.file === file && mutant.line === Number(line);
    const guilty = placed.filter((mutant) => places.some((place) => at(mutant, place)));
    const near = placed.filter(({ file }) => places.some((place) => place[1] === file));
    if (near.length === 0) throw new Error(`the mutants do not compile:\n${output.slice(-4_000)}`);
    for (const { id } of guilty.length > 0 ? guilty : near) dropped.add(id);
  }
  throw new Error("the mutants do not compile");
}

async function mutation(
  files: readonly string[],
  { seed, max, places }: { readonly seed: string; readonly max: number; readonly places: ReadonlySet<string> },
  say: (line: string) => void,
): Promise<MutationReport> {
  copyProject(COPY, SETTINGS);
  for (const file of globSync("test/**/*.sol")) writeFileSync(join(COPY, file), loosen(readFileSync(file, "utf8")));
  const all: number[] = [];
  write(files, ({ id, file, line }) => {
    if (places.size === 0 || places.has(`${file}:${line}`)) all.push(id);
    return false;
  });
  const random = seededRandom(seed, "mutation");
  for (let end = all.length; end > 1; end -= 1) {
    const pick = random.below(end);
    [all[end - 1], all[pick]] = [all[pick]!, all[end - 1]!];
  }
  const [placed, notCompiled] = await compile(files, new Set(all.slice(0, max)));
  const suites = [...new Set(placed.map(({ file }) => suiteOf(file).join(" ")))];
  for (const suite of suites) {
    const { exitCode, output } = await test(suite.split(" "), coinbaseOf(-1));
    if (exitCode !== 0) throw new Error(`the tests fail with no mutant awake:\n${output.slice(-4_000)}`);
  }
  const survivors: Placed[] = [];
  for (const mutant of placed) {
    const { exitCode } = await test(suiteOf(mutant.file), coinbaseOf(mutant.id));
    const fate = exitCode === 0 ? "survived" : "killed  ";
    if (exitCode === 0) survivors.push(mutant);
    say(`${fate} ${mutant.file}:${mutant.line} ${mutant.operator}: ${mutant.change}`);
  }
  return { killed: placed.length - survivors.length, survivors, notCompiled, all: all.length };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      max: { type: "string", default: "60" },
      at: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const own = globSync("contracts/**/*.sol").filter((file) => !file.includes("/mocks/") && suiteOf(file).length > 0);
  const files = positionals.length > 0 ? positionals : own.sort();
  const say = (line: string) => values.json || process.stdout.write(`${line}\n`);
  const places = new Set(values.at);
  const report = await mutation(files, { seed: values.seed, max: Number(values.max), places }, say);
  const { killed, survivors, notCompiled, all } = report;
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  say("");
  for (const { file, line, operator, change } of survivors) say(`survivor ${file}:${line} ${operator}: ${change}`);
  const total = killed + survivors.length;
  say(`${killed} of ${total} mutants killed, ${((100 * killed) / total).toFixed(1)} %; ${notCompiled} did not compile`);
  say(`seed ${values.seed}, ${total + notCompiled} of ${all} mutants; each survivor lacks a test or changes nothing`);
}

if (import.meta.main) await main();
