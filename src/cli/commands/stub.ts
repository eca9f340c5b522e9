/** `holdfast stub`: a local DNS resolver for any program. */
import { systemClock } from "../../base/clock.ts";
import { secureRandom } from "../../base/random.ts";
import { createNodeNameClient } from "../../client/nodeClient.ts";
import { nodeTransport, parseServer } from "../../client/nodeTransport.ts";
import type { DnsTarget } from "../../client/paths/dnsExchange.ts";
import { readProfile } from "../../client/profile.ts";
import { createForwarder } from "../../client/stub/forwarder.ts";
import { listenMetrics, listenStub } from "../../client/stub/listen.ts";
import { createStub } from "../../client/stub/stub.ts";
import { createStubMetrics } from "../../client/stub/stubMetrics.ts";
import type { DnsServer } from "../../client/transport.ts";
import { type AddCommand, EXIT } from "../command.ts";

const EXAMPLES = `
Examples:
  $ holdfast stub --listen 127.0.0.1:5353            then: kdig @127.0.0.1 -p 5353 www.shop.hold
  $ holdfast stub --upstream 192.0.2.53 --metrics 127.0.0.1:9153
  $ holdfast stub --mirror names.example.com         answers shop.names.example.com as shop.hold

Names of ours are verified. Everything else goes to the upstreams, and is served stale when they do not answer.
`;

interface StubCommandOptions {
  readonly profile: string;
  readonly listen: string;
  readonly upstream?: readonly string[];
  readonly mirror?: string;
  readonly metrics?: string;
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];
const targetOf = (server: DnsServer): DnsTarget => ({ endpoint: `udp://${server.host}:${server.port}`, server });

/** Starts the stub; returns where it listens and how to end it. */
export async function startStub(options: StubCommandOptions) {
  const client = createNodeNameClient(await readProfile(options.profile));
  const metrics = createStubMetrics();
  const upstreams = options.upstream?.map((text) => targetOf(parseServer(text)));
  const forward = createForwarder({
    clock: systemClock,
    random: secureRandom,
    transport: nodeTransport,
    targets: () => upstreams ?? nodeTransport.systemServers().map(targetOf),
    deadlineMs: 2_500,
  });
  const stub = createStub({
    client,
    clock: systemClock,
    forward,
    metrics,
    ...(options.mirror === undefined ? {} : { mirrorSuffix: options.mirror }),
  });
  const listening = await listenStub(parseServer(options.listen), stub);
  const http =
    options.metrics === undefined ? undefined : await listenMetrics(parseServer(options.metrics), metrics.text);
  return {
    listening,
    http,
    async close() {
      await Promise.all([listening.close(), http?.close()]);
    },
  };
}

export const addStubCommand: AddCommand = (program, terminal) => {
  program
    .command("stub")
    .description("run a local DNS resolver: our names verified, all others forwarded")
    .option("--profile <file>", "client profile", process.env.HOLDFAST_PROFILE ?? "holdfast.client.json")
    .option("--listen <address>", "HOST:PORT, over UDP and TCP", "127.0.0.1:5353")
    .option("--upstream <server>", "HOST[:PORT] for other names, by default the system's; may be repeated", collect)
    .option("--mirror <suffix>", "an ordinary domain under which names are mirrored")
    .option("--metrics <address>", "serve Prometheus metrics over HTTP at HOST:PORT")
    .addHelpText("after", EXAMPLES)
    .action(async (options: StubCommandOptions) => {
      const stub = await startStub(options);
      const { host, port } = stub.listening;
      terminal.out(`stub: ${host}:${port} over UDP and TCP\n`);
      if (stub.http !== undefined) terminal.out(`metrics: http://${stub.http.host}:${stub.http.port}/metrics\n`);
      await new Promise<void>((resolve) => {
        process.once("SIGTERM", () => resolve());
        process.once("SIGINT", () => resolve());
      });
      await stub.close();
      terminal.exit(EXIT.ok);
    });
};
