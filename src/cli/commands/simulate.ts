/** `holdfast simulate NAME`: a scenario on the deterministic simulator. */
import { createLaboratory } from "../../simulation/laboratory.ts";
import { formatResult } from "../../simulation/resultText.ts";
import { loadScenario, scenarioNames } from "../../simulation/scenarioFile.ts";
import { simulate } from "../../simulation/simulate.ts";
import { buildTopology } from "../../simulation/topology.ts";
import { type AddCommand, EXIT, printJson, type Terminal, UsageError } from "../command.ts";

interface Options {
  readonly seed: string;
  readonly names?: string;
  readonly gateways?: string;
  readonly probes?: string;
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

Exit code 0: every claim holds and no checker complains (for a scenario that must fail: it fails). 1: otherwise.`,
    )
    .action(async (name: string | undefined, options: Options) => {
      if (options.list === true) return list(terminal, options.json === true);
      if (name === undefined) throw new UsageError("Which scenario?", "holdfast simulate --list shows them.");
      const given = sizes(options);
      const scenario = loadScenario(name);
      const laboratory = await createLaboratory(scenario, buildTopology(scenario, given));
      const everyProbeReal = options.everyProbeReal === true;
      const result = await simulate(scenario, laboratory, { seed: options.seed, everyProbeReal, ...given });
      if (options.json === true) printJson(terminal, result);
      else terminal.out(formatResult(result, scenario.mustFail));
      terminal.exit(result.asExpected ? EXIT.ok : EXIT.failed);
    });
};
