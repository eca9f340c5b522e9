/** `holdfast compare`: watches names along every path for as long as wanted, and reports what journals hold. */
import { readFileSync } from "node:fs";
import { systemClock } from "../../base/clock.ts";
import { secureRandom } from "../../base/random.ts";
import { createNodeNameClient } from "../../client/nodeClient.ts";
import { domainMapper, readProfile } from "../../client/profile.ts";
import { recordOfType } from "../../client/recordText.ts";
import { reportAvailability, reportCsv, reportMarkdown } from "../../compare/monitor/availabilityReport.ts";
import { openJournal, readJournals } from "../../compare/monitor/journal.ts";
import { createMetrics, serveMetrics } from "../../compare/monitor/metrics.ts";
import { type Disagreement, type MonitorProbe, monitor } from "../../compare/monitor/monitor.ts";
import { normaliseName } from "../../naming/name.ts";
import { type AddCommand, EXIT, printJson, type Terminal, UsageError } from "../command.ts";

const EXAMPLES = `
Examples:
  $ holdfast compare shop.hold=shop.example.com --journal watch     every 5 minutes, until Ctrl-C
  $ holdfast compare --names names.txt --metrics-port 9155          for Prometheus
  $ holdfast compare shop.hold --interval 1 --rounds 60             a minute's worth, then the report
  $ holdfast compare --report seoul/ london/ --format md            journals of two vantage points in one report

Exit code: 0 the paths agreed, 1 two of them told different things, 2 usage.
`;

interface CompareOptions {
  readonly names?: string;
  readonly type: string;
  readonly profile: string;
  readonly journal: string;
  readonly interval: number;
  readonly wait?: number;
  readonly timeout: number;
  readonly rounds?: number;
  readonly vantage: string;
  readonly metricsPort?: number;
  readonly webhook?: string;
  readonly objective: number;
  readonly report?: boolean;
  readonly format: string;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`"${text}" is not a number above 0.`);
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new UsageError(`"${text}" is not a whole number.`);
  return value;
}

/** Names with their ordinary domains, from arguments and a file of the same, one a line. */
function pairsOf(words: readonly string[], file: string | undefined): Map<string, string | undefined> {
  const lines = file === undefined ? [] : readFileSync(file, "utf8").split("\n");
  const pairs = new Map<string, string | undefined>();
  for (const word of [...words, ...lines.map((line) => line.replace(/#.*/, "").trim())]) {
    if (word === "") continue;
    const [name = "", domain] = word.split("=");
    pairs.set(normaliseName(name), domain);
  }
  if (pairs.size === 0) throw new UsageError("No names to watch.", "Give some, or a file of them with --names.");
  return pairs;
}

function print(terminal: Terminal, sources: readonly string[], options: CompareOptions): void {
  const report = reportAvailability(readJournals(sources), {
    objective: options.objective,
    binMs: options.interval * 1000,
  });
  if (options.format === "json") printJson(terminal, report);
  else terminal.out(options.format === "csv" ? reportCsv(report) : reportMarkdown(report));
}

async function createProbes(options: CompareOptions, pairs: ReadonlyMap<string, string | undefined>) {
  const profile = await readProfile(options.profile);
  const { dns } = profile.paths;
  const own = Object.fromEntries(
    [...pairs].flatMap(([name, domain]) => (domain === undefined ? [] : [[name, domain]])),
  );
  const mapper = domainMapper(profile.deployment.tld, own);
  const dnsNameOf = (name: string) => mapper(name) ?? dns?.dnsNameOf(name);
  const paths = {
    ...profile.paths,
    ...(dns === undefined && Object.keys(own).length === 0
      ? {}
      : { dns: { endpoints: dns?.endpoints ?? ["system" as const], dnsNameOf, tryCount: 1 } }),
  };
  const cold = createNodeNameClient({ ...profile, paths, cache: false });
  const warm = createNodeNameClient({ ...profile, paths });
  const along = (path: "dns" | "chain" | "gateways" | "all", isVerified: boolean): MonitorProbe => ({
    path: path === "all" ? "combined" : path,
    isVerified,
    probe: ({ name, record }, deadlineMs, signal) => cold.probe({ name, record, path, deadlineMs, signal }),
  });
  return [
    ...(paths.chain ? [along("chain", paths.chain.rpcUrls.length > 1)] : []),
    ...(paths.gateways ? [along("gateways", true)] : []),
    ...(paths.dns ? [along("dns", false)] : []),
    along("all", false),
    {
      path: "policy",
      isVerified: false,
      probe: ({ name, record }, deadlineMs, signal) => warm.resolve(name, record, { deadlineMs, signal }),
    } satisfies MonitorProbe,
  ];
}

async function watch(words: readonly string[], options: CompareOptions, terminal: Terminal): Promise<void> {
  const pairs = pairsOf(words, options.names);
  const probes = await createProbes(options, pairs);
  const journal = openJournal(options.journal);
  const metrics = createMetrics();
  const server = options.metricsPort === undefined ? undefined : await serveMetrics(metrics, options.metricsPort);
  if (server) terminal.err(`metrics on http://127.0.0.1:${server.port}/metrics\n`);
  const controller = new AbortController();
  const end = () => controller.abort();
  process.on("SIGINT", end).on("SIGTERM", end);
  let disagreements = 0;
  const onDisagreement = (one: Disagreement) => {
    disagreements += 1;
    metrics.disagreed(one.name);
    terminal.err(
      `disagreement on ${one.name}: ${one.told.map(({ path, answer }) => `${path} says ${answer}`).join("; ")}\n`,
    );
    if (options.webhook !== undefined) void tell(options.webhook, one, terminal);
  };
  try {
    await monitor({
      names: [...pairs.keys()].map((name) => ({ name, record: recordOfType(name, options.type) })),
      probes,
      intervalMs: options.interval * 1000,
      waitMsMax: (options.wait ?? Math.min(60, options.interval / 2)) * 1000,
      timeoutMs: options.timeout * 1000,
      vantage: options.vantage,
      firstRound: journal.nextRound,
      ...(options.rounds === undefined ? {} : { rounds: options.rounds }),
      clock: systemClock,
      random: secureRandom,
      onObservation: (one) => {
        journal.append(one);
        metrics.observe(one);
      },
      onDisagreement,
      signal: controller.signal,
    });
  } finally {
    process.removeListener("SIGINT", end).removeListener("SIGTERM", end);
    await server?.close();
  }
  print(terminal, [options.journal], options);
  terminal.exit(disagreements > 0 ? EXIT.failed : EXIT.ok);
}

/** A webhook that fails must not stop the watch. */
async function tell(url: string, disagreement: Disagreement, terminal: Terminal): Promise<void> {
  const body = JSON.stringify({ kind: "disagreement", ...disagreement });
  try {
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!response.ok) terminal.err(`the webhook answered ${response.status}\n`);
  } catch (error) {
    terminal.err(`the webhook could not be reached: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

export const addCompareCommand: AddCommand = (program, terminal) => {
  program
    .command("compare")
    .argument("[names...]", "names, or name=domain pairs; with --report, journals")
    .description("watch names along every path, and report how available each was")
    .option("--names <file>", "names or name=domain pairs, one a line")
    .option("--type <type>", "record to ask for", "A")
    .option("--profile <file>", "client profile", process.env.HOLDFAST_PROFILE ?? "holdfast.client.json")
    .option("--journal <folder>", "where observations are appended", "holdfast.journal")
    .option("--interval <seconds>", "time between probes of a name", positive, 300)
    .option("--wait <seconds>", "random wait before each probe; up to 60, at most half the interval", positive)
    .option("--timeout <seconds>", "deadline of a probe", positive, 4)
    .option("--rounds <count>", "stop after so many intervals", whole)
    .option("--vantage <id>", "this vantage point's name", "here")
    .option("--metrics-port <port>", "serve Prometheus metrics", whole)
    .option("--webhook <url>", "told of disagreements")
    .option("--objective <share>", "availability aimed at", positive, 0.999)
    .option("--report", "report on journals instead of probing")
    .option("--format <format>", "of the report: md, json or csv", "md")
    .addHelpText("after", EXAMPLES)
    .action(async (words: string[], options: CompareOptions) => {
      if (options.report) print(terminal, words.length > 0 ? words : [options.journal], options);
      else await watch(words, options, terminal);
    });
};
