/** `holdfast gateway register`: writes a gateway into the directory. */
import type { Command } from "commander";
import { isHex } from "../../base/bytes.ts";
import { deployKey } from "../../chain/deployer.ts";
import { registerGateway } from "../../chain/registerGateway.ts";
import { createSender } from "../../chain/sender.ts";
import { createSigner } from "../../gateway/signer.ts";
import { printJson, type Terminal, UsageError } from "../command.ts";
import { addChainOptions, type ChainOptions, openChain } from "./shards/chain.ts";

const EXAMPLES = `
The sender needs the fleet's role; its key comes from HOLDFAST_KEY, else the RPC provider's first account sends. The gateway's own
signer key may stand in HOLDFAST_SIGNER_KEY instead of --signer. Slots are given by a plan: holdfast shards plan --help

Examples:
  $ holdfast gateway register --zone 2 --http-url https://g9.example.org --dns-endpoint 192.0.2.9:53 --signer 0x…
`;

interface Options extends ChainOptions {
  readonly zone: string;
  readonly httpUrl: string;
  readonly dnsEndpoint: string;
  readonly signer?: string;
  readonly operator?: string;
  readonly json?: boolean;
}

function addressOf(text: string, option: string): `0x${string}` {
  if (!isHex(text) || text.length !== 42) throw new UsageError(`${option} takes an address, not "${text}".`);
  return text;
}

function checked(options: Options): { zone: number; httpUrl: string; dnsEndpoint: string } {
  const zone = Number(options.zone);
  if (!Number.isInteger(zone) || zone < 0 || zone > 3) throw new UsageError(`--zone is 0 to 3, not "${options.zone}".`);
  const httpUrl = options.httpUrl.replace(/\/+$/, "");
  if (!URL.canParse(httpUrl) || !/^https?:$/.test(new URL(httpUrl).protocol)) {
    throw new UsageError(`--http-url takes an http or https URL, not "${options.httpUrl}".`);
  }
  if (!/^.+:\d{1,5}$/.test(options.dnsEndpoint)) {
    throw new UsageError(`--dns-endpoint takes host:port, not "${options.dnsEndpoint}".`);
  }
  return { zone, httpUrl, dnsEndpoint: options.dnsEndpoint };
}

export function addGatewayRegister(gateway: Command, terminal: Terminal): void {
  addChainOptions(gateway.command("register"))
    .description("list a gateway in the directory")
    .requiredOption("--zone <number>", "zone of all its slots, 0 to 3")
    .requiredOption("--http-url <url>", "where it answers over HTTP")
    .requiredOption("--dns-endpoint <host:port>", "where it answers DNS")
    .option("--signer <address>", "address of its signer key")
    .option("--operator <address>", "account that may change the entry; the sender by default")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (_own: Options, command: Command) => {
      // --rpc and --deployment are the parent's options too, and it takes them wherever they stand.
      const above = (command.parent?.opts() ?? {}) as { rpc?: readonly string[]; deployment?: string };
      const own = command.opts<Options>();
      const rpc = above.rpc?.[0] ?? own.rpc;
      const options: Options = above.deployment === undefined ? own : { ...own, deployment: above.deployment };
      const places = checked(options);
      const key = process.env.HOLDFAST_SIGNER_KEY;
      const signerText =
        options.signer ?? (key === undefined ? undefined : createSigner(key, "HOLDFAST_SIGNER_KEY").address);
      if (signerText === undefined) throw new UsageError("Give --signer, or the key in HOLDFAST_SIGNER_KEY.");
      const signer = addressOf(signerText, "--signer");
      const { deployment } = await openChain({ ...options, rpc });
      const sender = await createSender(rpc, deployKey(process.env.HOLDFAST_KEY));
      const operator = options.operator === undefined ? sender.account : addressOf(options.operator, "--operator");
      const entry = { ...places, signer, operator };
      const listed = await registerGateway(sender, { directory: deployment.contracts.directory, entry });
      if (options.json) return printJson(terminal, { ...listed, ...entry });
      terminal.out(`gateway ${listed.id} is listed in zone ${entry.zone}; it serves once a plan gives it slots\n`);
    });
}
