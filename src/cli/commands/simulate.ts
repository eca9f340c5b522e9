/** `holdfast simulate NAME`: a scenario on the deterministic simulator. */
import { type CellAgreement, cellsOf, compareRuns, probesBeside, twinOf } from "../../simulation/agreement.ts";
import { type DrillSummary, readDrillSummary, UnreadableSummaryError } from "../../simulation/drillSummary.ts";
import { createLaboratory } from "../../simulation/laboratory.ts";
import { formatAgreement, formatResult } from "../../simulation/resultText.ts";
import { loadScenario, scenarioNames } from "../../simulation/scenarioFile.ts";
import { simulate } from "../../simulation/simulate.ts";
import { buildTopology } from "../../simulation/topology.ts";
import { type AddCommand, EXIT, printJson, type Terminal, UsageError } from "../command.ts";

interface Options {
  readonly seed: string;
  readonly names?: string;
  readonly gateways?: string;
  readonly probes?: string;
  readonly live?: string;
  readonly everyProbeReal?: boolean;
  readonly list?: boolean;
  readonly json?: boolean;
}

function count(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not "${text}".`);
  }
  return value;
}

/** The sizes that were given, without those that were not. */
function sizes(options: Options) {
  const names = count("names", options.names, 1, 1_000_000);
  const gateways = count("gateways", options.gateways, 4, 2_048);
  const probes = count("probes", options.probes, 1, 100_000_000);
  return {
    ...(names === undefined ? {} : { names }),
    ...(gateways === undefined ? {} : { gateways }),
    ...(probes === undefined ? {} : { probes }),
  };
}

function summaryOf(path: string, scenarioId: string): DrillSummary {
  const summary = readDrillSummary(path);
  if (summary.scenario === scenarioId) return summary;
  throw new UnreadableSummaryError(path, `it is of ${summary.scenario}, not of ${scenarioId}`);
}

function textOf(result: string, agreement: readonly CellAgreement[] | undefined): string {
  return agreement === undefined ? result : `${result}\n${formatAgreement(agreement)}`;
}

function list(terminal: Terminal, asJson: boolean): void {
  const scenarios = scenarioNames().map((id) => ({ id, title: loadScenario(id).title }));
  if (asJson) printJson(terminal, scenarios);
  else for (const { id, title } of scenarios) terminal.out(`${id.padEnd(20)}  ${title}\n`);
}

export const addSimulateCommand: AddCommand = (program, terminal) => {
  program
    .command("simulate")
    .description("Run a scenario on the deterministic simulator: the real client and gateways on false time.")
    .argument("[scenario]", "name of a scenario that comes with Holdfast, or the path of a .yaml or .json file")
    .option("--seed <seed>", "same seed, same output, byte for byte", "1")
    .option("--names <count>", "names in the registry, up to a million")
    .option("--gateways <count>", "gateway machines, up to 2048; a multiple of four is even")
    .option("--probes <count>", "probes of all services together, instead of the scenario's own rate")
    .option("--live <summary>", "hold it against a drill of the same scenario, by the drill's summary.json")
    .option("--every-probe-real", "run each probe by itself, sharing nothing; slower, with the same result")
    .option("--list", "list the scenarios that come with Holdfast")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Examples:
  holdfast simulate aws-seoul-2018
  holdfast simulate zone-outage --seed 7 --names 1000000 --gateways 2048 --probes 1000000
  holdfast simulate ./my-outage.yaml --json
  holdfast simulate zone-outage --live report/summary.json

Exit code 0: every claim holds and no checker complains (for a scenario that must fail: it fails), and what a
drill measured is what is simulated. 1: otherwise.`,
    )
    .action(async (name: string | undefined, options: Options) => {
      if (options.list === true) return list(terminal, options.json === true);
      if (name === undefined) throw new UsageError("Which scenario?", "holdfast simulate --list shows them.");
      const stated = loadScenario(name);
      const live = options.live === undefined ? undefined : summaryOf(options.live, stated.id);
      const { scenario, sizes: twinSizes } =
        live === undefined ? { scenario: stated, sizes: {} } : twinOf(stated, live);
      const given = { ...twinSizes, ...(live === undefined ? {} : probesBeside(stated, live)), ...sizes(options) };
      const laboratory = await createLaboratory(scenario, buildTopology(scenario, given));
      const everyProbeReal = options.everyProbeReal === true;
      const result = await simulate(scenario, laboratory, { seed: options.seed, everyProbeReal, ...given });
      const agreement = live === undefined ? undefined : compareRuns(cellsOf(live), result);
      if (options.json === true) printJson(terminal, agreement === undefined ? result : { ...result, agreement });
      else terminal.out(textOf(formatResult(result, scenario.mustFail), agreement));
      const agrees = agreement?.every((cell) => cell.agrees) ?? true;
      terminal.exit(result.asExpected && agrees ? EXIT.ok : EXIT.failed);
    });
};
