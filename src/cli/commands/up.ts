/** `holdfast up`: the local network, left running until Ctrl-C. */
import { writeFileSync } from "node:fs";
import { systemClock } from "../../base/clock.ts";
import { secureRandom } from "../../base/random.ts";
import { profileOf, readDirectory } from "../../compare/local/profile.ts";
import { runLocalDashboard } from "../../dashboard/localDashboard.ts";
import { scenarioSchema } from "../../simulation/scenario.ts";
import type { AddCommand } from "../command.ts";
import { addNetworkOptions, type NetworkOptions, parsePort, withLocalNetwork } from "../localNetwork.ts";

const EXAMPLES = `
Examples:
  $ holdfast up                                       a chain, two RPC providers, a DNS server and 8 gateways
  $ holdfast up --dns-port 5300 --gateway-port 8100   on ports of your choice
  $ holdfast up --dashboard                           and a page to watch it and to break it by hand
  $ holdfast resolve www.coindeskkorea.hold --trace   in another terminal: by the profile that up wrote
`;

interface UpOptions extends NetworkOptions {
  readonly profile: string;
  readonly dashboard?: boolean;
  readonly dashboardPort: number;
}

const TOPOLOGY = scenarioSchema.shape.topology.parse({
  dns: { providers: [{ id: "dns-a" }] },
  chain: { providers: ["rpc-a", "rpc-b"], blockSeconds: 2 },
});

export const addUpCommand: AddCommand = (program, terminal) => {
  const command = program.command("up").description("start the local network and leave it running");
  addNetworkOptions(command, 8)
    .option("--profile <file>", "client profile to write", "holdfast.client.json")
    .option("--dashboard", "probe the network and show it live on a loopback port")
    .option("--dashboard-port <port>", "port of the dashboard", parsePort, 0)
    .addHelpText("after", EXAMPLES)
    .action(async (options: UpOptions) => {
      await withLocalNetwork(options, TOPOLOGY, terminal, async (network, signal) => {
        const directory = await readDirectory(network, signal);
        writeFileSync(options.profile, profileOf(network, directory));
        terminal.out(`chain          ${network.chain.ready.url}\n`);
        for (const [id, { ready }] of network.rpcs) terminal.out(`${id.padEnd(14)} ${ready.url}\n`);
        for (const [id, { ready }] of network.dns) terminal.out(`${id.padEnd(14)} ${ready.host}:${ready.port}\n`);
        for (const { what, ready } of network.gateways) {
          terminal.out(`${what.padEnd(14)} ${ready.httpUrl}  dns ${ready.dnsEndpoint}\n`);
        }
        terminal.out(`${network.plan.names.length} names; profile in ${options.profile}; Ctrl-C ends it\n`);
        if (options.dashboard) {
          const onStart = (url: string) => terminal.out(`dashboard      ${url}\n`);
          await runLocalDashboard(
            { network, directory, port: options.dashboardPort, onStart, signal },
            systemClock,
            secureRandom,
          );
          signal.throwIfAborted();
        }
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        signal.throwIfAborted();
      });
    });
};
