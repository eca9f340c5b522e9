/** `holdfast resolve NAME`: one record of a name, with the way it came. */
import { Option } from "commander";
import { PATHS, type PathName } from "../../availability/outcome.ts";
import { toHex } from "../../base/bytes.ts";
import { deployKey } from "../../chain/deployer.ts";
import { DEADLINE_MS_DEFAULT, type NameClient } from "../../client/nameClient.ts";
import { createNodeNameClient, type NodeNameClientOptions } from "../../client/nodeClient.ts";
import type { PolicyName } from "../../client/policy.ts";
import { domainMapper, parseDnsEndpoint, readProfile } from "../../client/profile.ts";
import { formatValue, recordOfType, typeOfRecord } from "../../client/recordText.ts";
import type { Resolution } from "../../client/resolution.ts";
import { normaliseName } from "../../naming/name.ts";
import { decryptRecord, isPrivateRecord } from "../../protocol/privateRecord.ts";
import { isStored } from "../../protocol/record.ts";
import { type AddCommand, EXIT, printJson, type Terminal, UsageError } from "../command.ts";
import { isAccount, resolveAccount } from "./resolveAccount.ts";
import { drawTimeline } from "./resolveTimeline.ts";

const EXAMPLES = `
Examples:
  $ holdfast resolve shop.hold                            the A records, by whatever path answers first with evidence
  $ holdfast resolve shop.hold --type text:url --trace    a text record, and how it came
  $ holdfast resolve shop.hold --path gateways --json     one path alone, as JSON
  $ holdfast resolve shop.hold --policy cross-check       all paths, and whether they agree
  $ holdfast resolve 0xA11ce…                             the primary name of an account, checked forward

Exit code: 0 a value, 1 none (proven absent, unavailable, or it failed verification), 2 usage.
`;

interface ResolveCommandOptions {
  readonly type: string;
  readonly path: PathName | "all";
  readonly policy: PolicyName;
  readonly trust?: "verified" | "any";
  readonly evidence?: "proof" | "signature";
  readonly profile: string;
  readonly rpc?: readonly string[];
  readonly dns?: readonly string[];
  readonly domain?: string;
  readonly deadline: number;
  readonly trace?: boolean;
  readonly decrypt?: boolean;
  readonly json?: boolean;
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];

function parseDeadline(text: string): number {
  const ms = Number(text);
  if (!Number.isInteger(ms) || ms < 1 || ms > 600_000)
    throw new UsageError(`"${text}" is no deadline in milliseconds.`);
  return ms;
}

/** The client that the options ask for; `domains` says where names are on the dns path. */
function clientOf(
  profile: NodeNameClientOptions,
  options: ResolveCommandOptions,
  domains?: ReturnType<typeof domainMapper>,
): NameClient {
  const { paths } = profile;
  const { tld } = profile.deployment;
  const dns = options.dns?.map(parseDnsEndpoint) ?? paths.dns?.endpoints;
  const dnsNameOf = domains ?? paths.dns?.dnsNameOf ?? domainMapper(tld, {});
  return createNodeNameClient({
    ...profile,
    paths: {
      ...paths,
      ...(dns === undefined ? {} : { dns: { endpoints: dns, dnsNameOf } }),
      ...(options.rpc === undefined ? {} : { chain: { rpcUrls: options.rpc } }),
    },
    trust: {
      unverified: options.trust === "verified" ? "refused" : "allowed",
      ...(options.evidence === undefined ? {} : { gateways: options.evidence }),
    },
    policy: options.policy,
    cache: false,
  });
}

async function resolveName(name: string, options: ResolveCommandOptions): Promise<Resolution> {
  const normal = normaliseName(name);
  const profile = await readProfile(options.profile);
  const { tld } = profile.deployment;
  if (normal !== tld && !normal.endsWith(`.${tld}`)) throw new UsageError(`"${normal}" is not below .${tld}.`);
  const domains = options.domain === undefined ? undefined : domainMapper(tld, { [normal]: options.domain });
  const client = clientOf(profile, options, domains);
  const record = recordOfType(normal, options.type);
  return await client.probe({ name: normal, record, path: options.path, deadlineMs: options.deadline });
}

const MEANINGS: Readonly<Record<Resolution["outcome"], string>> = {
  answered: "a value",
  absent: "no such record",
  stale: "a value older than asked",
  wrong: "failed verification",
  refused: "unavailable: everyone asked refused",
  timedOut: "unavailable: no answer in time",
  unreachable: "unavailable: nobody could be reached",
};

const ABSENCES: Readonly<Record<Resolution["evidence"], string>> = {
  proof: " (proven)",
  signature: " (two of its gateways signed so)",
  owner: " (its owner signed so)",
  agreement: " (providers agree)",
  none: " (not proven)",
};

/** A private record's resolution with the bytes that only its recipients can read. */
function decrypted(resolution: Resolution): Resolution {
  const { name, record, value } = resolution;
  if (value === null || !isStored(record) || !isPrivateRecord(value)) return resolution;
  const key = deployKey(process.env.HOLDFAST_KEY);
  if (key === undefined) throw new UsageError("There is no key to read it with; HOLDFAST_KEY holds a recipient's.");
  return { ...resolution, value: toHex(decryptRecord({ name, record }, value, key)) };
}

function print(terminal: Terminal, resolution: Resolution, isTraced: boolean): void {
  const { name, record, value, outcome, path, evidence, block, disagreement } = resolution;
  if (value !== null) for (const line of formatValue(record, value)) terminal.out(`${line}\n`);
  const proven = outcome === "absent" ? ABSENCES[evidence] : "";
  const parts = [
    `${name} ${typeOfRecord(record)}: ${MEANINGS[outcome]}${proven}`,
    ...(path === null ? [] : [`path ${path}`, `evidence ${evidence}`]),
    ...(block === null ? [] : [`block ${block.number}`]),
    ...(value === null ? [] : [`ttl ${Math.floor(resolution.ttlSeconds)} s`]),
    `${resolution.durationMs.toFixed(0)} ms`,
  ];
  terminal.err(`${parts.join(", ")}\n`);
  for (const told of disagreement ?? []) {
    const lines = told.value === null ? ["nothing"] : formatValue(record, told.value);
    terminal.err(`disagreement: ${told.path} says ${lines.join("; ")}\n`);
  }
  if (isTraced) for (const line of drawTimeline(resolution.trace, resolution.durationMs)) terminal.err(`${line}\n`);
}

export const addResolveCommand: AddCommand = (program, terminal) => {
  program
    .command("resolve")
    .argument("<name>", "a name below the TLD, or an account to find the name of")
    .description("look up one record of a name, or the name of an account")
    .option("--type <type>", "A, AAAA, TXT, MX, …, addr, addr:COIN, text:KEY, contenthash, name, data:KEY", "A")
    .addOption(new Option("--path <path>", "ask one path alone").choices([...PATHS, "all"]).default("all"))
    .addOption(
      new Option("--policy <policy>", "how the paths are combined")
        .choices(["verified-first", "dns-first", "race", "cross-check"])
        .default("verified-first"),
    )
    .addOption(new Option("--trust <trust>", "whether an answer without evidence may do").choices(["verified", "any"]))
    .addOption(new Option("--evidence <kind>", "what gateways are asked for").choices(["proof", "signature"]))
    .option("--profile <file>", "client profile", process.env.HOLDFAST_PROFILE ?? "holdfast.client.json")
    .option("--rpc <url>", "RPC provider in place of the profile's; may be repeated", collect)
    .option("--dns <server>", "system, HOST:PORT or a DoH URL in place of the profile's; may be repeated", collect)
    .option("--domain <domain>", "the ordinary domain of the name, for the dns path")
    .option("--deadline <ms>", "for the whole resolution", parseDeadline, DEADLINE_MS_DEFAULT)
    .option("--decrypt", "read a private record with the key in HOLDFAST_KEY, which is one of its recipients'")
    .option("--trace", "draw who was asked, when and for how long")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, options: ResolveCommandOptions) => {
      if (isAccount(name)) {
        const client = clientOf(await readProfile(options.profile), options);
        return await resolveAccount(terminal, client, name, options);
      }
      const told = await resolveName(name, options);
      const resolution = options.decrypt === true ? decrypted(told) : told;
      if (options.json) printJson(terminal, resolution);
      else print(terminal, resolution, options.trace === true);
      terminal.exit(resolution.value === null ? EXIT.failed : EXIT.ok);
    });
};
