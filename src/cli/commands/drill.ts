/** `holdfast drill [SCENARIO]`: a scenario, run live on a local network of real processes, and its report. */
import { resolve } from "node:path";
import { Option } from "commander";
import { systemClock } from "../../base/clock.ts";
import { runLocalDrill } from "../../compare/localDrill.ts";
import { summaryOf } from "../../compare/report/data.ts";
import { LANGUAGES, type Language } from "../../compare/report/language.ts";
import { reportText } from "../../compare/report/text.ts";
import { WORDS, writeReport } from "../../compare/report/write.ts";
import { assertPlannable } from "../../simulation/faultPlan.ts";
import type { Scenario } from "../../simulation/scenario.ts";
import { loadScenario } from "../../simulation/scenarioFile.ts";
import { buildTopology } from "../../simulation/topology.ts";
import { type AddCommand, EXIT, printJson } from "../command.ts";
import {
  addNetworkOptions,
  drillRandom,
  GATEWAYS_MAX,
  type NetworkOptions,
  withLocalNetwork,
  ZONE_DEFAULT,
} from "../localNetwork.ts";

const EXAMPLES = `
Examples:
  $ holdfast drill                                   the 84 minutes of Seoul 2018, compressed
  $ holdfast drill --gateways 16                     with another fleet than the scenario's
  $ holdfast drill --zone my.zone --map my.map       with your own zones
  $ holdfast drill --netns                           hosts cut off in place of processes stopped (Linux, root)
  $ holdfast drill zone-outage --json                another scenario; the summary as JSON

Exit code: 0 every claim holds, 1 one does not, 2 usage or set-up.
`;

interface DrillCommandOptions extends Omit<NetworkOptions, "gateways"> {
  /** As many as the scenario has without it. */
  readonly gateways?: number;
  readonly report: string;
  readonly lang: Language;
  readonly json?: boolean;
}

/** How many gateways a drill has: as many as were asked for, or as the scenario has, as far as one machine holds them. */
export function fleetOf({ topology }: Pick<Scenario, "topology">, asked?: number): { gateways: number; cut: boolean } {
  const { count } = topology.gateways;
  return { gateways: asked ?? Math.min(count, GATEWAYS_MAX), cut: asked === undefined && count > GATEWAYS_MAX };
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The command that runs a drill again: everything that decides what it finds. */
export function drillCommand(name: string, options: Omit<DrillCommandOptions, "gateways">, gateways: number): string {
  const { zone, map, netns, seed, lang } = options;
  const words = [
    "drill",
    name,
    ...["--gateways", String(gateways), "--seed", seed],
    ...(zone === ZONE_DEFAULT ? [] : ["--zone", zone]),
    ...(map === undefined ? [] : ["--map", map]),
    ...(netns === true ? ["--netns"] : []),
    ...(lang === "en" ? [] : ["--lang", lang]),
  ];
  return `${netns === true ? "sudo " : ""}npm run holdfast -- ${words.map(quoted).join(" ")}`;
}

export const addDrillCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("drill")
    .argument("[scenario]", "a scenario's name, or a file", "seoul-drill")
    .description("break a local network on purpose and measure which paths survive");
  addNetworkOptions(command)
    .option("--report <folder>", "where the report goes", "report")
    .addOption(new Option("--lang <language>", "language of the report's words").choices([...LANGUAGES]).default("en"))
    .option("--json", "print the summary as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, options: DrillCommandOptions) => {
      const scenario = loadScenario(name);
      const { gateways, cut } = fleetOf(scenario, options.gateways);
      // Before a network is started for nothing.
      assertPlannable(scenario, buildTopology(scenario, { gateways, placedBy: options.seed }));
      const say = (line: string) => (options.json ? terminal.err : terminal.out)(`${line}\n`);
      const startMs = systemClock.monotonicMs();
      const sinceStart = () => `${((systemClock.monotonicMs() - startMs) / 1000).toFixed(1)} s`;
      if (cut) {
        say(`${scenario.topology.gateways.count} gateways are too many for one machine: ${gateways} stand for them`);
      }
      await withLocalNetwork({ ...options, gateways }, scenario.topology, terminal, async (network, signal) => {
        say(`${network.plan.names.length} names on ${network.gateways.length} gateways after ${sinceStart()}`);
        for (const skipped of network.plan.skipped) say(`  left out: ${skipped}`);
        say(`${scenario.title}, ${scenario.liveCompression} times faster than life:`);
        const { data, observations } = await runLocalDrill({
          scenario,
          network,
          clock: systemClock,
          random: drillRandom(options.seed),
          command: drillCommand(name, options, gateways),
          provenance: [
            ["Node.js", process.versions.node],
            ["Gateways", String(network.gateways.length)],
            ...(cut ? [["Gateways of the scenario", String(scenario.topology.gateways.count)] as const] : []),
            ["Names", String(network.plan.names.length)],
            ["Seed", options.seed],
            ["Start-up", network.steps.map(({ step, ms }) => `${step} ${ms} ms`).join(", ")],
          ],
          say,
          signal,
        });
        const page = writeReport(resolve(options.report), data, observations, options.lang);
        if (options.json) printJson(terminal, summaryOf(data));
        else terminal.out(`\n${reportText(data, WORDS[options.lang])}`);
        say(`Report: ${page}  (${sinceStart()} in all)`);
        terminal.exit(data.holds ? EXIT.ok : EXIT.failed);
      });
    });
};
