/** `holdfast register NAME`: leases a name under the TLD. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Hex, isHex, toHex } from "../../base/bytes.ts";
import { systemClock } from "../../base/clock.ts";
import { secureRandom } from "../../base/random.ts";
import { deployKey } from "../../chain/deployer.ts";
import type { Deployment } from "../../chain/deployment.ts";
import { type PendingRegistration, registerName } from "../../chain/registerName.ts";
import { createSender } from "../../chain/sender.ts";
import { normaliseName, registeredNameOf } from "../../naming/name.ts";
import { type AddCommand, printJson, UsageError } from "../command.ts";
import { addChainOptions, type ChainOptions, openChain } from "./shards/chain.ts";

const EXAMPLES = `
Examples:
  $ holdfast register shop.hold                      for a year, for the RPC provider's own first account
  $ HOLDFAST_KEY=0x… holdfast register shop.hold --years 3 --primary --rpc https://rpc.example.org
  $ holdfast register shop.hold --skip-wait          on a development chain, whose clock can be moved

The commitment's secret is kept in .holdfast/ until the name is registered: the same command goes on after an interruption.
`;

const SECONDS_PER_YEAR = 365 * 86_400;

interface RegisterOptions extends ChainOptions {
  readonly owner?: string;
  readonly years: string;
  readonly primary?: boolean;
  readonly skipWait?: boolean;
  readonly json?: boolean;
}

/** The label of a name directly under the TLD. */
function labelOf(name: string, tld: string): string {
  const normal = normaliseName(name);
  if (registeredNameOf(normal, tld) !== normal) {
    throw new UsageError(`"${normal}" is not directly under .${tld}.`, "Its owner creates subnames of a name.");
  }
  return normal.slice(0, -tld.length - 1);
}

function wish(label: string, account: Hex, options: RegisterOptions): PendingRegistration {
  const years = Number(options.years);
  if (!(years >= 0.08 && years <= 100))
    throw new UsageError(`"${options.years}" is no number of years from 0.08 to 100.`);
  const owner = options.owner ?? account;
  if (!isHex(owner) || owner.length !== 42) throw new UsageError(`--owner takes an address, not "${owner}".`);
  return {
    label,
    owner,
    durationSeconds: Math.round(years * SECONDS_PER_YEAR),
    secret: toHex(secureRandom.bytes(32)),
    primary: options.primary ?? false,
  };
}

/** The same wish with the secret of an earlier, unfinished attempt, where there is one. */
async function withKeptSecret(path: string, fresh: PendingRegistration): Promise<PendingRegistration> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text !== undefined) {
    const kept = JSON.parse(text) as PendingRegistration;
    const same = { ...fresh, secret: kept.secret };
    if (JSON.stringify(same) === JSON.stringify(kept)) return kept;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(fresh), { mode: 0o600 });
  return fresh;
}

async function register(name: string, options: RegisterOptions, deployment: Deployment, say: (text: string) => void) {
  const label = labelOf(name, deployment.tld);
  const sender = await createSender(options.rpc, deployKey(process.env.HOLDFAST_KEY));
  const path = join(".holdfast", "registrations", `${deployment.chainId}-${label}.json`);
  const pending = await withKeptSecret(path, wish(label, sender.account, options));
  const { transaction } = await registerName(sender, deployment, pending, {
    clock: systemClock,
    skipWait: options.skipWait ?? false,
    onStep: (step) => say(`  ${step}\n`),
  });
  await rm(path, { force: true });
  return {
    name: `${label}.${deployment.tld}`,
    owner: pending.owner,
    durationSeconds: pending.durationSeconds,
    transaction,
  };
}

export const addRegisterCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("register")
    .argument("<name>", "a name directly under the TLD, such as shop.hold")
    .description("register a name: commit, wait a minute, reveal")
    .option("--years <count>", "length of the lease", "1")
    .option("--owner <address>", "who will hold it; the sender if left out")
    .option("--primary", "make it the sender's primary name too")
    .option("--skip-wait", "move a development chain's clock instead of waiting")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES);
  addChainOptions(command).action(async (name: string, options: RegisterOptions) => {
    const { deployment } = await openChain(options);
    const result = await register(name, options, deployment, terminal.err);
    if (options.json) return printJson(terminal, result);
    terminal.out(`${result.name} is registered to ${result.owner} (${result.transaction})\n`);
  });
};
