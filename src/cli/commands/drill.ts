/** `holdfast drill [SCENARIO]`: a scenario, run live on a local network of real processes, and its report. */
import { resolve } from "node:path";
import { Option } from "commander";
import { systemClock } from "../../base/clock.ts";
import { runLocalDrill } from "../../compare/localDrill.ts";
import { summaryOf } from "../../compare/report/data.ts";
import { LANGUAGES, type Language } from "../../compare/report/language.ts";
import { reportText } from "../../compare/report/text.ts";
import { WORDS, writeReport } from "../../compare/report/write.ts";
import { loadScenario } from "../../simulation/scenarioFile.ts";
import { type AddCommand, EXIT, printJson } from "../command.ts";
import { addNetworkOptions, drillRandom, type NetworkOptions, withLocalNetwork } from "../localNetwork.ts";

const EXAMPLES = `
Examples:
  $ holdfast drill                                   the 84 minutes of Seoul 2018, compressed
  $ holdfast drill --gateways 16                     with a larger fleet
  $ holdfast drill --zone my.zone --map my.map       with your own zones
  $ holdfast drill --netns                           hosts cut off in place of processes stopped (Linux, root)
  $ holdfast drill zone-outage --json                another scenario; the summary as JSON

Exit code: 0 every claim holds, 1 one does not, 2 usage or set-up.
`;

interface DrillCommandOptions extends NetworkOptions {
  readonly report: string;
  readonly lang: Language;
  readonly json?: boolean;
}

export const addDrillCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("drill")
    .argument("[scenario]", "a scenario's name, or a file", "seoul-drill")
    .description("break a local network on purpose and measure which paths survive");
  addNetworkOptions(command, 8)
    .option("--report <folder>", "where the report goes", "report")
    .addOption(new Option("--lang <language>", "language of the report's words").choices([...LANGUAGES]).default("en"))
    .option("--json", "print the summary as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, options: DrillCommandOptions) => {
      const scenario = loadScenario(name);
      const say = (line: string) => (options.json ? terminal.err : terminal.out)(`${line}\n`);
      const startMs = systemClock.monotonicMs();
      const sinceStart = () => `${((systemClock.monotonicMs() - startMs) / 1000).toFixed(1)} s`;
      await withLocalNetwork(options, scenario.topology, terminal, async (network, signal) => {
        say(`${network.plan.names.length} names on ${network.gateways.length} gateways after ${sinceStart()}`);
        for (const skipped of network.plan.skipped) say(`  left out: ${skipped}`);
        say(`${scenario.title}, ${scenario.liveCompression} times faster than life:`);
        const { data, observations } = await runLocalDrill({
          scenario,
          network,
          clock: systemClock,
          random: drillRandom(options.seed),
          command: `npm run holdfast -- drill ${name} --gateways ${options.gateways} --seed ${options.seed}`,
          provenance: [
            ["Node.js", process.versions.node],
            ["Gateways", String(network.gateways.length)],
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
