/** Rows about the simulator itself: what its scenarios claim, its statistics, its speed, its repeatability, its twin in life. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { cellsOf, compareRuns, probesBeside, twinOf } from "../../src/simulation/agreement.ts";
import { type DrillSummary, readDrillSummary } from "../../src/simulation/drillSummary.ts";
import { createLaboratory } from "../../src/simulation/laboratory.ts";
import type { Scenario } from "../../src/simulation/scenario.ts";
import { loadScenario, scenarioNames } from "../../src/simulation/scenarioFile.ts";
import { type SimulateOptions, simulate } from "../../src/simulation/simulate.ts";
import { buildTopology } from "../../src/simulation/topology.ts";
import { type BenchRow, figure } from "./row.ts";

const SEED = 20181121;

async function run(scenario: Scenario, options: Omit<SimulateOptions, "seed">) {
  const laboratory = await createLaboratory(scenario, buildTopology(scenario, options));
  return await simulate(scenario, laboratory, { seed: SEED, ...options });
}

/** One row a scenario: the share of its claims that hold. */
export async function scenarioRows(small: boolean): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const names = small ? ["aws-seoul-2018", "canary"] : scenarioNames();
  for (const name of names) {
    const scenario = loadScenario(name);
    const result = await run(scenario, { probes: small ? 900 : 30_000 });
    const held = result.claims.filter((claim) => claim.holds).length;
    const goal = scenario.mustFail ? "at least one claim fails" : `all ${result.claims.length}`;
    rows.push(figure(`scenario-${name}`, held, "claims hold", `${goal}, checkers silent`, result.asExpected));
  }
  return rows;
}

/** How often the reported 95 % interval covers the truth, where the truth is known. */
export async function coverageRows(small: boolean): Promise<BenchRow[]> {
  const seeds = small ? 60 : 1_000;
  const truths: Readonly<Record<string, number>> = {
    "one-provider loss-30": 0.7,
    "one-provider loss-10": 0.9,
    "two-providers loss-30": 0.91,
    "two-providers loss-10": 0.99,
  };
  const scenario = loadScenario("perfect-information");
  const laboratory = await createLaboratory(scenario, buildTopology(scenario));
  const covered = new Map<string, number>(Object.keys(truths).map((key) => [key, 0]));
  for (let seed = 0; seed < seeds; seed += 1) {
    const { phases } = await simulate(scenario, laboratory, { seed });
    for (const { service, phase, interval } of phases) {
      const truth = truths[`${service} ${phase}`];
      if (truth === undefined || truth < interval.low || truth > interval.high) continue;
      covered.set(`${service} ${phase}`, covered.get(`${service} ${phase}`)! + 1);
    }
  }
  // Two standard errors of a share of 95 % among so many seeds.
  const slack = 2 * Math.sqrt((0.95 * 0.05) / seeds);
  return [...covered].map(([key, count]) => {
    const share = count / seeds;
    return figure(
      `interval-covers-${key.replace(" ", "-")}`,
      100 * share,
      "% of seeds",
      ">= 95 % within 2 s.e.",
      share >= 0.95 - slack,
    );
  });
}

/** A million probes of a million names on a full fleet. */
export async function speedRows(small: boolean): Promise<BenchRow[]> {
  const scale = small ? 50 : 1;
  const options = { probes: 1_000_000 / scale, names: 1_000_000 / scale, gateways: 2048 / (small ? 8 : 1) };
  const startMs = systemClock.monotonicMs();
  const cpu = process.cpuUsage();
  const result = await run(loadScenario("zone-outage"), options);
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  return [
    figure("million-probes-cpu", cpuSeconds * scale, "s a million", "< 20", cpuSeconds * scale < 20),
    figure(
      "million-probes-wall",
      ((systemClock.monotonicMs() - startMs) / 1000) * scale,
      "s a million",
      "reported",
      true,
    ),
    figure("million-probes-courses", result.courses, "real runs", "reported", result.asExpected),
  ];
}

/** The same seed in two processes whose surroundings differ. */
export function repeatRow(): BenchRow {
  const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
  const hashOf = (environment: Record<string, string>) => {
    const args = [
      "--disable-warning=ExperimentalWarning",
      main,
      "simulate",
      "split-view",
      "--seed",
      "42",
      "--probes",
      "3000",
      "--json",
    ];
    const text = execFileSync(process.execPath, args, { env: { ...process.env, ...environment } });
    return createHash("sha256").update(text).digest("hex");
  };
  const hashes = new Set([
    hashOf({ TZ: "Asia/Seoul", LANG: "ko_KR.UTF-8" }),
    hashOf({ TZ: "America/Lima", LANG: "C" }),
  ]);
  return figure(
    `same-seed-same-bytes-${[...hashes][0]!.slice(0, 12)}`,
    hashes.size,
    "different outputs",
    "1",
    hashes.size === 1,
  );
}

/** A live drill against the same scenario simulated, cell by cell. */
async function agreementOf(summary: DrillSummary, small: boolean) {
  const { scenario, sizes } = twinOf(loadScenario(summary.scenario), summary);
  const simulated = await run(scenario, { ...sizes, ...probesBeside(scenario, summary, small ? 4_000 : 200_000) });
  return compareRuns(cellsOf(summary), simulated);
}

/** Each service and phase of one live drill. `summary`: what the drill printed as JSON. */
async function cellRows(summary: DrillSummary, small: boolean): Promise<BenchRow[]> {
  return (await agreementOf(summary, small)).map(({ phase, service, live, simulated, agrees }) => ({
    id: `live-${summary.scenario}-${phase}-${service}`,
    value: 100 * simulated.availability,
    unit: "% available",
    peer: "live drill",
    peerValue: 100 * live.availability,
    ratio: null,
    goal: "within both intervals, 95 % for the run",
    ok: agrees,
  }));
}

/** A row for the live drill of each scenario that comes with the tests, or those of the one named after `--live`. */
export async function agreementRows(args: readonly string[], small: boolean): Promise<BenchRow[]> {
  const at = args.indexOf("--live");
  if (at !== -1) return await cellRows(readDrillSummary(args[at + 1] ?? ""), small);
  const rows: BenchRow[] = [];
  for (const file of small ? ["seoul-drill.json"] : readdirSync(LIVE_RUNS).sort()) {
    const summary = readDrillSummary(join(LIVE_RUNS, file));
    const cells = await agreementOf(summary, small);
    const within = cells.filter(({ isWithin }) => isWithin).length;
    const agrees = cells.every((cell) => cell.agrees);
    rows.push(
      figure(
        `live-${summary.scenario}`,
        within,
        `of ${cells.length} cells`,
        "within both 95 %, none beyond chance",
        agrees,
      ),
    );
  }
  return rows;
}

const LIVE_RUNS = new URL("../../test/simulation/live/", import.meta.url).pathname;
