/** `holdfast compare NAME…`: probes names by every path, for as long as it is left running. */
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { type Command, Option } from "commander";
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { secureRandom, seededRandom } from "../../base/random.ts";
import { parseServer } from "../../client/nodeTransport.ts";
import type { PolicyName } from "../../client/policy.ts";
import { parseDnsEndpoint, readProfile } from "../../client/profile.ts";
import { MalformedNameListError, parseNameList, type WatchedName } from "../../compare/watch/names.ts";
import { type DisagreementEntry, subjectOf } from "../../compare/watch/sample.ts";
import { type CompareFacts, type CompareResult, startCompare } from "../../compare/watch/start.ts";
import { formatRecordKey } from "../../protocol/record.ts";
import { type AddCommand, EXIT, printJson, type Terminal, UsageError } from "../command.ts";
import { addCompareReportCommand } from "./compareReport.ts";

const EXAMPLES = `
Examples:
  $ holdfast compare shop.hold=shop.example.com             one pair, once in 5 minutes, until Ctrl-C
  $ holdfast compare names.txt --rate 10 --metrics 9464     a list at 10 names a second, with Prometheus metrics
  $ holdfast compare names.txt --webhook https://ops.example.com/hook --exit-on-alert
  $ holdfast compare report compare.jsonl seoul.jsonl --out report

Exit code: 0 no disagreement, 1 some, 2 usage, set-up, or a journal that cannot be written.
`;

interface CompareCommandOptions {
  readonly profile: string;
  readonly type: string;
  readonly every: number;
  readonly rate?: number;
  readonly timeout: number;
  readonly tries: number;
  readonly policy: PolicyName;
  readonly cache: boolean;
  readonly expect: "same" | "any";
  readonly confirm: number;
  readonly rounds?: number;
  readonly for?: number;
  readonly dns?: readonly string[];
  readonly mirror: readonly string[];
  readonly journal: string;
  readonly rotate: number;
  readonly vantage: string;
  readonly metrics?: number;
  readonly metricsHost: string;
  readonly webhook?: string;
  readonly webhookDeadline: number;
  readonly exitOnAlert?: boolean;
  readonly seed?: string;
  readonly json?: boolean;
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];

const numberBetween = (min: number, max: number, what: string) => (text: string) => {
  const value = Number(text);
  if (text.trim() === "" || !(value >= min && value <= max)) throw new UsageError(`"${text}" is no ${what}.`);
  return value;
};

/** The same, for what there are no halves of: a count that is never reached would never end. */
const wholeNumberBetween = (min: number, max: number, what: string) => {
  const parse = numberBetween(min, max, what);
  return (text: string) => {
    const value = parse(text);
    if (!Number.isInteger(value)) throw new UsageError(`"${text}" is no whole ${what}.`);
    return value;
  };
};

/** Names from the arguments: files where such exist, names or pairs otherwise. */
function namesOf(args: readonly string[], tld: string, type: string): WatchedName[] {
  const names = args.flatMap((arg) => {
    if (!existsSync(arg)) return parseNameList(arg, "Argument", tld, type);
    try {
      return parseNameList(readFileSync(arg, "utf8"), arg, tld, type);
    } catch (error) {
      if (error instanceof MalformedNameListError) throw error;
      throw new UsageError(`The list ${arg} cannot be read: ${messageOf(error)}.`);
    }
  });
  if (names.length === 0) throw new UsageError("There is no name to compare.");
  // A name that comes twice for the same record counts once, also where two arguments hold it.
  return [...new Map(names.map((watched) => [`${watched.name} ${formatRecordKey(watched.record)}`, watched])).values()];
}

/** A signal for Ctrl-C, SIGTERM and, where asked for, a time that is over. */
function endSignal(forSeconds: number | undefined): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const end = () => controller.abort();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.once(name, end);
  const timer = forSeconds === undefined ? undefined : systemClock.schedule(forSeconds * 1000, end);
  const release = () => {
    timer?.cancel();
    for (const name of signals) process.removeListener(name, end);
  };
  return { signal: controller.signal, release };
}

function sayStart(terminal: Terminal, facts: CompareFacts, path: string): void {
  const { header, sources, journal, metricsUrl } = facts;
  terminal.err(`${header.settings.names} names by ${sources.join(", ")}, from ${header.vantage}, into ${path}\n`);
  if (journal.lastRound >= 0) terminal.err(`going on after round ${journal.lastRound}\n`);
  if (journal.tornBytes > 0) terminal.err(`cut off ${journal.tornBytes} bytes of a torn last line\n`);
  if (metricsUrl !== undefined) terminal.err(`metrics at ${metricsUrl}\n`);
}

function sayAlert(terminal: Terminal, entry: DisagreementEntry): void {
  const sides = entry.sides.map(({ source, said }) => `${source} says ${said}`).join("; ");
  const what = entry.state === "raised" ? "disagreement" : "disagreement over";
  terminal.err(`${new Date(entry.at).toISOString()} ${what} (${entry.kind}) about ${subjectOf(entry)}: ${sides}\n`);
}

async function compare(
  args: readonly string[],
  options: CompareCommandOptions,
  terminal: Terminal,
): Promise<CompareResult> {
  const client = await readProfile(options.profile);
  const names = namesOf(args, client.deployment.tld, options.type);
  const { dns } = client.paths;
  const endpoints = options.dns?.map(parseDnsEndpoint);
  const dnsNameOf = dns?.dnsNameOf ?? (() => undefined);
  // A pair names a domain, so somebody must be asked about it.
  const system =
    dns === undefined && names.some(({ domain }) => domain !== undefined) ? (["system"] as const) : undefined;
  const asked = endpoints ?? system;
  const paths = asked === undefined ? client.paths : { ...client.paths, dns: { endpoints: asked, dnsNameOf } };
  const { signal, release } = endSignal(options.for);
  try {
    return await startCompare(
      {
        client: { ...client, paths },
        names,
        policy: options.policy,
        cache: options.cache,
        mirrors: options.mirror.map(parseServer),
        everyMs: options.rate === undefined ? options.every * 1000 : (names.length / options.rate) * 1000,
        timeoutMs: options.timeout,
        ...(options.tries === 1 ? {} : { tryCount: options.tries }),
        comparesAnswers: options.expect === "same",
        confirmRounds: options.confirm,
        vantage: options.vantage,
        journal: { path: options.journal, bytesMax: options.rotate * 2 ** 20 },
        ...(options.rounds === undefined ? {} : { rounds: options.rounds }),
        ...(options.metrics === undefined ? {} : { metrics: { host: options.metricsHost, port: options.metrics } }),
        ...(options.webhook === undefined
          ? {}
          : { webhook: { url: options.webhook, deadlineMs: options.webhookDeadline } }),
        endsAtAlert: options.exitOnAlert === true,
        onStart: (facts) => sayStart(terminal, facts, options.journal),
        onAlert: (entry) => sayAlert(terminal, entry),
        onWebhookFailure: (reason) => terminal.err(`holdfast: the webhook was not reached: ${reason}\n`),
        signal,
      },
      systemClock,
      options.seed === undefined ? secureRandom : seededRandom(options.seed, "compare"),
    );
  } finally {
    release();
  }
}

function addOptions(command: Command): Command {
  return command
    .option("--profile <file>", "client profile", process.env.HOLDFAST_PROFILE ?? "holdfast.client.json")
    .option("--type <type>", "record to ask for, where a name's line says no other", "A")
    .option("--every <seconds>", "each name once in so many seconds", numberBetween(0.1, 86_400, "interval"), 300)
    .option("--rate <hz>", "names a second in all, in place of --every", numberBetween(0.001, 1000, "rate"))
    .option("--timeout <ms>", "of each probe, its retries included", numberBetween(10, 60_000, "time-out"), 4_000)
    .option("--tries <count>", "of a probe at each DNS server", wholeNumberBetween(1, 10, "number"), 1)
    .addOption(
      new Option("--policy <policy>", "how the series combined and policy combine the paths")
        .choices(["verified-first", "dns-first", "race", "cross-check"])
        .default("verified-first"),
    )
    .option("--no-cache", "no cache for the series policy either")
    .addOption(
      new Option("--expect <what>", "whether all sources must tell the same data")
        .choices(["same", "any"])
        .default("same"),
    )
    .option("--confirm <rounds>", "rounds in a row that make a disagreement", wholeNumberBetween(1, 100, "number"), 2)
    .option("--rounds <count>", "end after so many", wholeNumberBetween(1, 1e9, "count"))
    .option("--for <seconds>", "end after so long", numberBetween(0.1, 1e8, "time"))
    .option("--dns <server>", "system, HOST:PORT or a DoH URL in place of the profile's; may be repeated", collect)
    .option("--mirror <host:port>", "DNS server to ask for the name itself; may be repeated", collect, [])
    .option("--journal <file>", "where samples go, and are gone on with", "compare.jsonl")
    .option("--rotate <mib>", "size at which the journal is set aside", numberBetween(0.001, 1e6, "size"), 256)
    .option("--vantage <name>", "what this vantage point is called", hostname())
    .option("--metrics <port>", "serve Prometheus metrics", wholeNumberBetween(0, 65_535, "port"))
    .option("--metrics-host <host>", "address to serve them on", "127.0.0.1")
    .option("--webhook <url>", "where disagreements are posted as JSON")
    .option("--webhook-deadline <ms>", "for one post", numberBetween(10, 60_000, "deadline"), 5_000)
    .option("--exit-on-alert", "end at the first disagreement")
    .option("--seed <text>", "seed of the order and the waits")
    .option("--json", "print the result as JSON");
}

export const addCompareCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("compare")
    .argument("[names...]", "names, pairs NAME=DOMAIN, or files of such lines")
    .description("measure the availability of names by every path, over days")
    .addHelpText("after", EXAMPLES);
  addOptions(command).action(async (args: string[], options: CompareCommandOptions) => {
    const result = await compare(args, options, terminal);
    if (options.json) printJson(terminal, result);
    else
      terminal.out(
        `${result.rounds} rounds, ${result.samples} samples, ${result.voided} void, ${result.raised} disagreements\n`,
      );
    terminal.exit(result.raised > 0 ? EXIT.failed : EXIT.ok);
  });
  addCompareReportCommand(command, terminal);
};
