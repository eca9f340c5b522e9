/** `holdfast deploy`: the contracts onto a chain, resumable, with the deployments file that everything else reads. */
import { join } from "node:path";
import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { isHex } from "../../base/bytes.ts";
import { type DeployContractsParameters, deployContracts } from "../../chain/deploy.ts";
import { createDeployProvider, deployKey } from "../../chain/deployer.ts";
import { DEPLOYMENTS_FOLDER, type Deployment, deploymentPath, writeDeployment } from "../../chain/deployment.ts";
import { openHardhatNetwork, SEPOLIA_PRICE_FEED } from "../../chain/hardhatNetwork.ts";
import { type AddCommand, printJson, type Terminal, UsageError } from "../command.ts";

const EXAMPLES = `
Examples:
  $ holdfast deploy                        a development chain at http://127.0.0.1:8545, with its first account
  $ holdfast deploy --network sepolia      Sepolia; the RPC provider's URL and the key come from Hardhat's keystore
                                           (npx hardhat keystore set SEPOLIA_RPC_URL, SEPOLIA_PRIVATE_KEY) or from
                                           environment variables of the same names
  $ HOLDFAST_KEY=0x… holdfast deploy --rpc https://rpc.example.org --price-feed 0x…

Prices come from a Chainlink feed of ETH in USD: on Sepolia from its own, elsewhere from the one of --price-feed. Development chains
(ids 31337 and 1337) get a mock that says 2,000 USD and takes any other answer from anybody; on other chains it takes
--mock-price-feed to have that.

An interrupted deployment goes on where it stopped when the same command is given again; a finished one does nothing.
`;

const SEPOLIA_CHAIN_ID = 11_155_111;

interface DeployOptions {
  readonly network?: string;
  readonly rpc: string;
  readonly out: string;
  readonly tld: string;
  readonly priceFeed?: string;
  readonly mockPriceFeed?: boolean;
  readonly admin?: string;
  readonly fleet?: string;
  readonly isolation?: string;
  readonly treasury?: string;
  readonly fleetDelay: string;
  readonly adminDelay: string;
  readonly confirmations?: string;
  readonly json?: boolean;
}

function parseCount(text: string, what: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 0) throw new UsageError(`"${text}" is no ${what}.`);
  return count;
}

function parseAddress(text: string | undefined, option: string): string | undefined {
  if (text !== undefined && (!isHex(text) || text.length !== 42)) {
    throw new UsageError(`${option} takes an address, not "${text}".`);
  }
  return text;
}

/** Options that were given, as parameters. */
function parametersOf(options: DeployOptions): Partial<DeployContractsParameters> {
  const addresses = {
    priceFeed: parseAddress(options.priceFeed, "--price-feed"),
    admin: parseAddress(options.admin, "--admin"),
    fleet: parseAddress(options.fleet, "--fleet"),
    isolation: parseAddress(options.isolation, "--isolation"),
    treasury: parseAddress(options.treasury, "--treasury"),
  };
  if (addresses.priceFeed !== undefined && options.mockPriceFeed) {
    throw new UsageError("--price-feed and --mock-price-feed exclude each other.");
  }
  const given = Object.entries(addresses).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given) as Partial<DeployContractsParameters>),
    tld: options.tld,
    fleetDelaySeconds: parseCount(options.fleetDelay, "number of seconds"),
    adminDelaySeconds: parseCount(options.adminDelay, "number of seconds"),
    ...(options.confirmations === undefined
      ? {}
      : { confirmations: parseCount(options.confirmations, "number of confirmations") }),
  };
}

/** The feed that a chain is known to have. */
async function ownFeed(chain: EIP1193Provider, chainId: number): Promise<string | undefined> {
  if (chainId !== SEPOLIA_CHAIN_ID) return undefined;
  // A chain of one's own may have borrowed the id.
  const code = await chain.request({ method: "eth_getCode", params: [SEPOLIA_PRICE_FEED, "latest"] });
  return code === "0x" ? undefined : SEPOLIA_PRICE_FEED;
}

async function deployTo(options: DeployOptions, terminal: Terminal): Promise<{ deployment: Deployment; file: string }> {
  const network =
    options.network === undefined
      ? { rpcUrl: options.rpc, privateKey: deployKey(process.env.HOLDFAST_KEY) }
      : await openHardhatNetwork(options.network);
  const chain = createDeployProvider(network.rpcUrl, network.privateKey);
  const chainId = Number(await chain.request({ method: "eth_chainId" }));
  const parameters = parametersOf(options);
  const priceFeed = parameters.priceFeed ?? (options.mockPriceFeed ? undefined : await ownFeed(chain, chainId));
  const folder = join(options.out, String(chainId));
  const deployment = await deployContracts({
    ...parameters,
    ...(priceFeed === undefined ? { mockPriceFeed: options.mockPriceFeed ?? false } : { priceFeed }),
    chain,
    journalFolder: join(folder, "journal"),
    verificationFolder: join(folder, "verification"),
    onStep: (step) => terminal.err(`  ${step}\n`),
  });
  if (priceFeed === undefined)
    terminal.err("mock price feed: one ether is 2,000 USD until anybody sets it otherwise\n");
  const file = deploymentPath(chainId, options.out);
  await writeDeployment(file, deployment);
  return { deployment, file };
}

export const addDeployCommand: AddCommand = (program, terminal) => {
  program
    .command("deploy")
    .description("deploy the contracts to a chain, or finish an interrupted deployment")
    .option("--network <name>", "a network of hardhat.config.ts, such as sepolia")
    .option("--rpc <url>", "RPC provider, where no network is named", "http://127.0.0.1:8545")
    .option("--out <folder>", "where deployments files go", DEPLOYMENTS_FOLDER)
    .option("--tld <label>", "the top-level label", "hold")
    .option(
      "--price-feed <address>",
      "Chainlink feed of ETH in USD; left out, Sepolia's own there, a mock on development chains",
    )
    .option("--mock-price-feed", "a mock that anybody can set, on whatever chain")
    .option("--admin <address>", "who governs afterwards; the deployer if left out")
    .option("--fleet <address>", "who lists gateways and moves slots; the deployer if left out")
    .option("--isolation <address>", "who isolates attacked names; the deployer if left out")
    .option("--treasury <address>", "where fees go; the deployer if left out")
    .option("--fleet-delay <seconds>", "how long changes of the fleet are announced", "0")
    .option("--admin-delay <seconds>", "how long the admin's acts are announced", "0")
    .option("--confirmations <count>", "confirmations to wait for")
    .option("--json", "print the deployment as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: DeployOptions) => {
      const { deployment, file } = await deployTo(options, terminal);
      if (options.json) return printJson(terminal, deployment);
      for (const [name, address] of Object.entries(deployment.contracts)) {
        terminal.out(`${name.padEnd(18)} ${address}\n`);
      }
      terminal.out(`written to ${file}\n`);
    });
};
