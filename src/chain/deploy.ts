/** Puts the contracts on a chain, by the one definition in `scripts/deploy`, and says where they are. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DeploymentResult, EIP1193Provider, IgnitionModule } from "@nomicfoundation/ignition-core";
import { fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import { createArtifactResolver, createDeployProvider } from "./deployer.ts";
import { type ContractName, type Deployment, parseDeployment } from "./deployment.ts";
import { mendJournal } from "./journal.ts";
import { type DeployedSource, writeVerification } from "./verification.ts";

/** The feed of a chain that has none: one ether is always 2,000 USD. */
export const FIXED_FEED = { decimals: 8, answer: 2_000n * 10n ** 8n } as const;
/** The oldest answer of a feed that is believed: three times a Chainlink feed's heartbeat, in seconds. */
export const FEED_AGE_SECONDS_MAX = 3n * 3600n;

/** Chains of one's own: Hardhat and anvil, geth and Ganache in development mode. */
const DEVELOPMENT_CHAIN_IDS: readonly number[] = [31_337, 1_337];
const ZERO_ADDRESS = "0x0000000000000000000000000000000000000000";

export interface DeployContractsParameters {
  /** Where the chain is: the URL of an RPC provider, or a provider that signs. */
  readonly chain: string | EIP1193Provider;
  /** The key that pays; the RPC provider's own first account where it is left out, as on development chains. */
  readonly privateKey?: Hex;
  /** The top-level label, `hold` by default. */
  readonly tld?: string;
  /** Chainlink-shaped feed of the price of one ether in USD; on a development chain a fixed one is deployed where it is left out. */
  readonly priceFeed?: string;
  /** Whether the fixed one, whose answer anybody can set, will do on any other chain too. */
  readonly mockPriceFeed?: boolean;
  /** Who governs afterwards; the deployer where it is left out. */
  readonly admin?: string;
  /** Who lists gateways and moves slots; the deployer where it is left out. */
  readonly fleet?: string;
  /** Who isolates attacked names; the deployer where it is left out. */
  readonly isolation?: string;
  /** Where fees go; the deployer where it is left out. */
  readonly treasury?: string;
  /** How long changes of the fleet are announced before they are made, in seconds; 0 by default. */
  readonly fleetDelaySeconds?: number;
  /** The same for the admin's acts. */
  readonly adminDelaySeconds?: number;
  /** Folder of the journal by which an interrupted deployment is resumed; none, and nothing is resumed, by default. */
  readonly journalFolder?: string;
  /** Confirmations to wait for; by default 1 on a chain that mines at once, 5 elsewhere. */
  readonly confirmations?: number;
  /** How often the chain is asked whether a transaction is mined, in milliseconds. */
  readonly pollMs?: number;
  /** Folder for what block explorers need to show the sources; nothing is written where it is left out. */
  readonly verificationFolder?: string;
  /** Called when a contract is deployed or a step done, with its name. */
  readonly onStep?: (step: string) => void;
}

/**
 * Deploys every contract, or finishes what an interrupted call with the same `journalFolder` began, or finds that there is
 * nothing to do. Throws `DeploymentFailedError`, and `MissingPriceFeedError` before anything is sent.
 *
 * @example
 * ```ts
 * const { contracts } = await deployContracts({ chain: "http://127.0.0.1:8545" });
 * contracts.registry; // "0x…"
 * ```
 */
export async function deployContracts(parameters: DeployContractsParameters): Promise<Deployment> {
  const { chain, privateKey, journalFolder } = parameters;
  const provider = typeof chain === "string" ? createDeployProvider(chain, privateKey) : chain;
  const chainId = Number(await provider.request({ method: "eth_chainId" }));
  checkPriceFeed(parameters, chainId);
  // Loaded here: everything else in this room works without the repository's scripts and its development packages.
  const { deploy } = await import("@nomicfoundation/ignition-core");
  const startBlock = await startBlockOf(provider, journalFolder);
  const accounts = (await provider.request({ method: "eth_accounts" })) as string[];
  const { pollMs = 1_000 } = parameters;
  if (journalFolder !== undefined) await mendJournal(journalFolder, provider, accounts[0]!, pollMs);
  const ignitionModule = await loadModule(parameters);
  const result = await deploy({
    artifactResolver: createArtifactResolver(),
    provider,
    ignitionModule,
    deploymentParameters: { Holdfast: moduleParameters(parameters) },
    accounts,
    config: {
      blockPollingInterval: pollMs,
      // Left out, Ignition takes 1 on a chain that mines at once, 5 elsewhere.
      ...(parameters.confirmations === undefined ? {} : { requiredConfirmations: parameters.confirmations }),
    },
    ...(journalFolder === undefined ? {} : { deploymentDir: journalFolder }),
    ...(parameters.onStep ? { executionEventListener: createStepListener(parameters.onStep) } : {}),
  });
  if (result.type !== "SUCCESSFUL_DEPLOYMENT") throw new DeploymentFailedError(reasonsOf(result));
  const entries = Object.entries(ignitionModule.results).map(
    ([name, future]) => [name, result.contracts[future.id]?.address as Hex] as const,
  );
  const deployed = (name: string) => result.contracts[`Holdfast#${name}`]?.address as Hex;
  if (parameters.verificationFolder !== undefined) {
    const sources = sourcesOf(deployed, accounts[0] as Hex, parameters);
    await writeVerification(provider, parameters.verificationFolder, sources);
  }
  return parseDeployment({
    chainId,
    tld: parameters.tld ?? "hold",
    startBlock: startBlock.toString(),
    contracts: Object.fromEntries(entries),
    codeHashes: await codeHashesOf(provider, entries),
  });
}

function checkPriceFeed({ priceFeed, mockPriceFeed = false }: DeployContractsParameters, chainId: number): void {
  if (priceFeed === undefined && !mockPriceFeed && !DEVELOPMENT_CHAIN_IDS.includes(chainId)) {
    throw new MissingPriceFeedError(chainId);
  }
}

/** The contracts and what their constructors got, as the module gives it. */
function sourcesOf(
  deployed: (name: string) => Hex,
  deployer: Hex,
  parameters: DeployContractsParameters,
): readonly DeployedSource[] {
  const { tld = "hold", treasury = deployer, priceFeed } = parameters;
  const feed = (priceFeed as Hex | undefined) ?? deployed("MockPriceFeed");
  const manager = deployed("AccessManager");
  const registry = deployed("NameRegistry");
  const reverse = deployed("ReverseRegistrar");
  const controller = deployed("RegistrarController");
  const code = deployed("RegistryCode");
  const controllerCode = deployed("ControllerCode");
  const lease = [registry, tld, reverse, feed, FEED_AGE_SECONDS_MAX, treasury];
  const args: Readonly<Record<string, readonly unknown[]>> = {
    AccessManager: [deployer],
    ReverseRegistrar: [manager, controller],
    TokenRenderer: [],
    ...(priceFeed === undefined ? { MockPriceFeed: [FIXED_FEED.decimals, FIXED_FEED.answer] } : {}),
    NameRegistry: [tld, ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS, deployed("TokenRenderer")],
    FastNameRegistry: [tld, manager, controller, reverse, code],
    RegistrarController: lease,
    FastRegistrarController: [...lease, controllerCode],
    GatewayDirectory: [manager, registry],
    UniversalResolver: [registry, reverse],
    OffchainResolver: [registry, deployed("GatewayDirectory")],
  };
  // The registry's address has the code of FastNameRegistry; a NameRegistry is the code that it falls back to. The controller's
  // are paired in the same way.
  const addresses: Readonly<Record<string, Hex>> = {
    NameRegistry: code,
    FastNameRegistry: registry,
    RegistrarController: controllerCode,
    FastRegistrarController: controller,
  };
  return Object.entries(args).map(([contractName, values]) => ({
    contractName,
    address: addresses[contractName] ?? deployed(contractName),
    args: values,
  }));
}

/** keccak256 of each contract's code as the chain has it. */
async function codeHashesOf(
  provider: EIP1193Provider,
  contracts: readonly (readonly [string, Hex])[],
): Promise<Partial<Record<ContractName, Hex>>> {
  const hashes: Record<string, Hex> = {};
  for (const [name, address] of contracts) {
    const code = (await provider.request({ method: "eth_getCode", params: [address, "latest"] })) as Hex;
    hashes[name] = toHex(keccak256(fromHex(code)));
  }
  return hashes;
}

/** The head before the first transaction, kept beside the journal, so that a resumed deployment starts at the same block. */
async function startBlockOf(provider: EIP1193Provider, journalFolder: string | undefined): Promise<bigint> {
  const path = journalFolder === undefined ? undefined : join(journalFolder, "start-block.json");
  if (path !== undefined) {
    const kept = await readFile(path, "utf8").catch(() => undefined);
    if (kept !== undefined) return BigInt(JSON.parse(kept) as string);
  }
  const head = BigInt((await provider.request({ method: "eth_blockNumber" })) as string);
  if (path !== undefined && journalFolder !== undefined) {
    await mkdir(journalFolder, { recursive: true });
    await writeFile(path, `${JSON.stringify(head.toString())}\n`);
  }
  return head;
}

async function loadModule(parameters: DeployContractsParameters): Promise<IgnitionModule> {
  const url = new URL("../../scripts/deploy/modules/Holdfast.ts", import.meta.url);
  const { createHoldfastModule } = (await import(url.href)) as {
    createHoldfastModule: (options: { priceFeed?: string | undefined; admin?: string | undefined }) => IgnitionModule;
  };
  return createHoldfastModule({ priceFeed: parameters.priceFeed, admin: parameters.admin });
}

function moduleParameters(parameters: DeployContractsParameters): Record<string, string | number> {
  const { tld, fleet, isolation, treasury, fleetDelaySeconds, adminDelaySeconds } = parameters;
  const given = { tld, fleet, isolation, treasury, fleetDelaySeconds, adminDelaySeconds };
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}

/** An execution listener of Ignition that tells only of finished steps. */
function createStepListener(onStep: (step: string) => void) {
  const tell = ({ futureId }: { futureId: string }) => onStep(futureId.replace("Holdfast#", ""));
  const listener: Record<string, unknown> = {
    deploymentExecutionStateComplete: tell,
    callExecutionStateComplete: tell,
  };
  // Ignition calls every method of its listener; those that are not told are answered with nothing.
  return new Proxy(listener, {
    get: (target, name) => target[name as string] ?? (() => undefined),
  }) as never;
}

function reasonsOf(result: Exclude<DeploymentResult, { type: "SUCCESSFUL_DEPLOYMENT" }>): string[] {
  if ("errors" in result) return Object.entries(result.errors).map(([step, errors]) => `${step}: ${errors.join("; ")}`);
  return [
    ...result.failed.map(({ futureId, error }) => `${futureId}: ${error}`),
    ...result.timedOut.map(({ futureId }) => `${futureId}: its transaction was not mined in time`),
    ...result.held.map(({ futureId, reason }) => `${futureId}: ${reason}`),
  ];
}

export class MissingPriceFeedError extends BaseError {
  override readonly name = "Chain.MissingPriceFeedError";
  constructor(chainId: number) {
    super("CHAIN_MISSING_PRICE_FEED", `No price feed is named, and chain ${chainId} is no development chain.`, {
      metaMessages: [
        "The feed of development chains is a mock whose answer anybody can set, and with it what names cost; the controller's feed cannot be changed later.",
        "Give the chain's Chainlink feed of ETH in USD: --price-feed ADDRESS.",
        "On a test network where nothing is at stake, --mock-price-feed takes the mock. Nothing was sent.",
      ],
    });
  }
}

export class DeploymentFailedError extends BaseError {
  override readonly name = "Chain.DeploymentFailedError";
  constructor(reasons: readonly string[], cause?: unknown) {
    super("CHAIN_DEPLOYMENT_FAILED", "The contracts are not all deployed.", {
      metaMessages: [...reasons, "The same command goes on from here."],
      ...(cause === undefined ? {} : { cause }),
      retriable: true,
    });
  }
}
