/** What `drill` and `up` share: the options of a local network, its start, and its end on Ctrl-C. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import { secureRandom, seededRandom } from "../base/random.ts";
import { type LocalNetwork, type Ports, startLocalNetwork } from "../compare/local/network.ts";
import { parseNameMap } from "../compare/zoneImport.ts";
import type { Scenario } from "../simulation/scenario.ts";
import { EXIT, type Terminal, UsageError } from "./command.ts";
import { createProgress } from "./progress.ts";

export interface NetworkOptions {
  readonly zone: string;
  readonly map?: string;
  readonly gateways: number;
  readonly chainPort: number;
  readonly rpcPort: number;
  readonly dnsPort: number;
  readonly gatewayPort: number;
  readonly gatewayDnsPort: number;
  readonly seed: string;
  readonly netns?: boolean;
}

const TLD = "hold";

export class SetUpError extends BaseError {
  override readonly name = "Cli.SetUpError";
  constructor(cause: unknown) {
    super("CLI_SET_UP", `The local network could not be set up: ${messageOf(cause)}.`, { cause });
  }
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`"${text}" is no port.`);
  return port;
}

/** As many processes of one kind as a local network has at most. */
export const GATEWAYS_MAX = 64;
/** The zones that come with Holdfast. */
export const ZONE_DEFAULT = fileURLToPath(new URL("../compare/zones/services.zone", import.meta.url));

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 4 || count > GATEWAYS_MAX) {
    throw new UsageError(`${text} gateways cannot be had: from 4 to ${GATEWAYS_MAX}.`);
  }
  return count;
}

/** Adds the options of a local network to a command. Ports are any free ones unless named; `gateways` is the default, if any. */
export function addNetworkOptions(command: Command, gateways?: number): Command {
  const usual = gateways === undefined ? "; as many as the scenario has unless given" : "";
  return command
    .option("--zone <file>", "zones to register and serve, as a master file", ZONE_DEFAULT)
    .option("--map <file>", "names for registrable domains that would clash: DOMAIN NAME a line")
    .option("--gateways <count>", `gateways, 4 to ${GATEWAYS_MAX}, spread over 4 zones${usual}`, parseCount, gateways)
    .option("--seed <text>", "seed of the slots' placement and of the order of names", "1")
    .option("--netns", "every process on a host of its own: Linux network namespaces, as root")
    .option("--chain-port <port>", "port of the chain's node", parsePort, 0)
    .option("--rpc-port <port>", "port of the first RPC provider", parsePort, 0)
    .option("--dns-port <port>", "port of the first centralized DNS server", parsePort, 0)
    .option("--gateway-port <port>", "HTTP port of the first gateway", parsePort, 0)
    .option("--gateway-dns-port <port>", "DNS port of the first gateway", parsePort, 0);
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`The ${what} ${path} cannot be read: ${messageOf(error)}.`);
  }
}

/**
 * Starts the network of `scenario`, runs `work` on it, and ends it, whatever happens. Ctrl-C, SIGTERM and a closed terminal
 * end it too; a second Ctrl-C does not wait.
 */
export async function withLocalNetwork(
  options: NetworkOptions,
  topology: Scenario["topology"],
  terminal: Terminal,
  work: (network: LocalNetwork, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new UsageError("Interrupted."));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, interrupt);
  const progress = createProgress(terminal);
  let network: LocalNetwork | undefined;
  try {
    network = await start(options, topology, terminal, progress.update, controller.signal);
    progress.stop();
    await work(network, controller.signal);
  } catch (error) {
    progress.stop();
    if (!controller.signal.aborted) throw error;
    terminal.err("holdfast: interrupted; ending every process\n");
    terminal.exit(EXIT.interrupted);
  } finally {
    await network?.close();
    for (const name of signals) process.removeListener(name, interrupt);
  }
}

async function start(
  options: NetworkOptions,
  topology: Scenario["topology"],
  terminal: Terminal,
  onProgress: (step: string, done: number, total: number) => void,
  signal: AbortSignal,
): Promise<LocalNetwork> {
  const map = options.map === undefined ? undefined : parseNameMap(readText(options.map, "map"), options.map, TLD);
  const ports: Ports = {
    chain: options.chainPort,
    rpc: options.rpcPort,
    dns: options.dnsPort,
    gateway: options.gatewayPort,
    gatewayDns: options.gatewayDnsPort,
  };
  try {
    return await startLocalNetwork({
      zoneText: readText(options.zone, "zone file"),
      zoneFile: options.zone,
      ...(map === undefined ? {} : { map }),
      tld: TLD,
      gatewayCount: options.gateways,
      rpcProviders: topology.chain.providers,
      dnsProviders: topology.dns.providers.map(({ id }) => id),
      blockMs: Math.min(2_000, topology.chain.blockSeconds * 1_000),
      ports,
      clock: systemClock,
      random: secureRandom,
      seed: options.seed,
      ...(options.netns ? { hosts: [] } : {}),
      onProgress,
      onLost: (what) =>
        terminal.err(`holdfast: the ${what} ended by itself or by somebody else; going on without it\n`),
      signal,
    });
  } catch (error) {
    if (error instanceof BaseError || signal.aborted) throw error;
    throw new SetUpError(error);
  }
}

/** A generator whose choices a seed repeats. */
export const drillRandom = (seed: string) => seededRandom(seed, "drill");
