/** `holdfast publish NAME FILE`: signs a name's records and brings them to its gateways, without a transaction. */
import { readFile } from "node:fs/promises";
import type { Hex } from "../../base/bytes.ts";
import { messageOf } from "../../base/errors.ts";
import { sealRecords } from "../../client/privateRecords.ts";
import { PublishError, type PublishResult, publishSet } from "../../client/publish.ts";
import { gatewayUrlsOf, publish } from "../../client/publishName.ts";
import { parseRecordFile } from "../../client/recordFile.ts";
import { normaliseName } from "../../naming/name.ts";
import { parseSetFile } from "../../protocol/setFile.ts";
import { type AddCommand, EXIT, printJson, type Terminal, UsageError } from "../command.ts";
import { openOffchainClient, parseAccount, signerFromEnvironment } from "./offchainClient.ts";

const EXAMPLES = `
FILE is YAML or JSON, a DNS zone file (*.zone), or what \`holdfast export\` wrote. In YAML, names are
relative to NAME, "@" is NAME itself and "*" every other name below it:

  ttl: 300
  records:
    "@":  { addr: "0x5290…", "text:url": https://example.org/, A: [192.0.2.1, 192.0.2.2] }
    www:  { A: 192.0.2.1 }
    "*":  { A: 192.0.2.9 }
    user: { "text:phone": { private: "+1 555 0100", to: [alice.hold, "0x04…"] } }

It is done when two of the name's four gateways hold the set on disk. A later set replaces the whole of
an earlier one. Sets count once the name's resolver is the deployment's OffchainResolver.

Examples:
  $ HOLDFAST_KEY=0x… holdfast publish shop.hold records.yaml
  $ HOLDFAST_KEY=0x… holdfast publish shop.hold shop.zone --valid 30 --json
  $ holdfast publish shop.hold shop.sets                  an exported set again, no key needed

Exit code: 0 published, 1 too few gateways took it, 2 usage.
`;

interface PublishOptions {
  readonly profile: string;
  readonly valid: string;
  readonly sequence?: string;
  readonly as?: Hex;
  readonly json?: boolean;
}

const DAY_SECONDS = 86_400;

function daysOf(text: string): number {
  const days = Number(text);
  if (!(days > 0) || days > 3_650) throw new UsageError(`"${text}" is no number of days up to 3650.`);
  return days;
}

function sequenceOf(text: string): bigint {
  if (!/^\d{1,19}$/.test(text)) throw new UsageError(`"${text}" is no sequence number.`);
  return BigInt(text);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

type Published = PublishResult & { readonly isOffchain?: boolean; readonly validUntil?: number };

/** Brings a set that was signed before to the name's gateways once more. */
async function publishAgain(name: string, text: string, options: PublishOptions): Promise<Published> {
  const { client, options: common } = await openOffchainClient(options.profile);
  const { sets, domain } = parseSetFile(text);
  const held = sets.find((each) => each.name === name);
  if (held === undefined) throw new UsageError(`The file holds no set of ${name}.`);
  if (domain.chainId !== common.domain.chainId) throw new UsageError(`The file is of chain ${domain.chainId}.`);
  const { status } = await client.resolve(name, { kind: "registration" });
  return await publishSet(held, { ...common, urls: gatewayUrlsOf(client, name, status?.shardIndex ?? null) });
}

async function publishFile(
  terminal: Terminal,
  name: string,
  file: string,
  options: PublishOptions,
): Promise<Published> {
  const text = await readText(file);
  if (text.startsWith('{"format":"holdfast-sets/')) return await publishAgain(name, text, options);
  const signer = signerFromEnvironment(process.env);
  const { records, privateRecords } = parseRecordFile(name, text, file);
  const { client, options: common } = await openOffchainClient(options.profile);
  const all = [...records, ...(await sealRecords(client, privateRecords))];
  const onProgress = (done: number, total: number) => {
    if (terminal.interactive) terminal.err(`\r${done} of ${total} pieces${done === total ? "\n" : ""}`);
  };
  const parameters = {
    name,
    records: all,
    signer,
    validForSeconds: Math.floor(daysOf(options.valid) * DAY_SECONDS),
    ...(options.sequence === undefined ? {} : { sequence: sequenceOf(options.sequence) }),
    ...(options.as === undefined ? {} : { as: options.as }),
  };
  const { held: _, ...published } = await publish(client, parameters, { ...common, onProgress });
  return published;
}

function print(terminal: Terminal, published: Published): void {
  const { name, sequence, copyCount, problems, isOffchain, validUntil } = published;
  for (const { url, status, detail } of problems) terminal.err(`${url}: ${status || "no answer"}, ${detail}\n`);
  const until = validUntil === undefined ? "" : `, until ${new Date(validUntil * 1_000).toISOString()}`;
  terminal.out(`${name}: set ${sequence} is held by ${copyCount} of its gateways${until}\n`);
  if (isOffchain === false) {
    terminal.err(`${name} still keeps its records on chain: its resolver is not the OffchainResolver.\n`);
  }
}

export const addPublishCommand: AddCommand = (program, terminal) => {
  program
    .command("publish")
    .argument("<name>", "a registered name")
    .argument("<file>", "its records")
    .description("sign a name's records and give them to its gateways, without a transaction")
    .option("--profile <file>", "client profile", process.env.HOLDFAST_PROFILE ?? "holdfast.client.json")
    .option("--valid <days>", "how long the set counts", "90")
    .option("--sequence <number>", "number of the set; by default one more than the newest")
    .option("--as <address>", "the contract that owns the name and takes the key's signature (ERC-1271)", parseAccount)
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (asked: string, file: string, options: PublishOptions) => {
      const name = normaliseName(asked);
      try {
        const published = await publishFile(terminal, name, file, options);
        if (options.json) printJson(terminal, published);
        else print(terminal, published);
      } catch (error) {
        if (!(error instanceof PublishError)) throw error;
        const { copyCount, problems } = error;
        if (options.json) printJson(terminal, { name, copyCount, problems });
        else terminal.err(`${error.shortMessage}\n${error.metaMessages.map((line) => `  ${line}\n`).join("")}`);
        terminal.exit(EXIT.failed);
      }
    });
};
