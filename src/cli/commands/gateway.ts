/** `holdfast gateway`: runs a gateway until it is told to end. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { systemClock } from "../../base/clock.ts";
import { BaseError, messageOf } from "../../base/errors.ts";
import { createLog } from "../../base/log.ts";
import { secureRandom } from "../../base/random.ts";
import { readConfig } from "../../gateway/config.ts";
import { startGateway } from "../../gateway/run.ts";
import { serveSetFile } from "../../gateway/serveFile.ts";
import { parseSetFile } from "../../protocol/setFile.ts";
import { exportStore } from "../../replica/store/store.ts";
import { type AddCommand, EXIT, type Terminal, UsageError } from "../command.ts";
import { addGatewayRegister } from "./gatewayRegister.ts";
import { addGatewaySets } from "./gatewaySets.ts";

const EXAMPLES = `
Prints one line of JSON when it answers; ends on SIGTERM or Ctrl-C after the requests under
way; on SIGHUP reads the configuration and the TLS files again, and says what has to wait for a
restart.
The signer's key comes from HOLDFAST_SIGNER_KEY or the file named by signerKeyFile.

Examples:
  $ holdfast gateway --config gateway.yaml
  $ holdfast gateway --serve-file shop.sets --http-port 8080
  $ HOLDFAST_SIGNER_KEY=0x… holdfast gateway --id 3 --rpc http://127.0.0.1:8545 \\
      --deployment deployments/31337.json --data ./gateway-3 --http-port 8080 --dns-port 5300
`;

interface Options {
  readonly config?: string;
  readonly id?: string;
  readonly rpc?: readonly string[];
  readonly deployment?: string;
  readonly data?: string;
  readonly signerKeyFile?: string;
  readonly bootstrap?: string;
  readonly host?: string;
  readonly httpPort?: string;
  readonly dnsPort?: string;
  readonly mirrorSuffix?: string;
  readonly partition?: boolean;
  readonly dns?: boolean;
  readonly serveFile?: string;
  readonly log?: string;
}

function flagsOf(options: Options): Record<string, unknown> {
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  const dns = { host: options.host, port: number(options.dnsPort), mirrorSuffix: options.mirrorSuffix };
  const hasDns = Object.values(dns).some((value) => value !== undefined);
  const http = { host: options.host, port: number(options.httpPort) };
  const hasHttp = Object.values(http).some((value) => value !== undefined);
  return {
    gatewayId: number(options.id),
    rpc: options.rpc,
    deployment: options.deployment,
    data: options.data,
    signerKeyFile: options.signerKeyFile,
    bootstrap: options.bootstrap,
    partition: options.partition,
    log: options.log,
    http: hasHttp ? http : undefined,
    dns: options.dns === false ? false : hasDns ? dns : undefined,
  };
}

export const addGatewayCommand: AddCommand = (program, terminal) => {
  const gateway = program
    .command("gateway")
    .description("run a gateway: a provable copy of the registry behind DNS and HTTP")
    .option("--config <file>", "configuration file (YAML)")
    .option("--id <number>", "this gateway's number in the directory")
    .option("--rpc <url...>", "RPC providers, of distinct operators")
    .option("--deployment <file>", "deployments file of the chain")
    .option("--data <folder>", "folder of the embedded store")
    .option("--bootstrap <file>", "snapshot of another gateway to start from, where the store is not there yet")
    .option("--signer-key-file <file>", "file with the signer's private key")
    .option("--host <address>", "address to listen on")
    .option("--http-port <number>", "port of the HTTP front, 0 for any that is free")
    .option("--dns-port <number>", "port of the DNS front, 0 for any that is free")
    .option("--mirror-suffix <name>", "serve all names under this ordinary domain too")
    .option("--partition", "keep storage in the store and out of memory, but for what is being asked for")
    .option("--no-dns", "no DNS front")
    .option("--serve-file <file>", "serve exported signed sets, and nothing else: needs neither chain nor key")
    .option("--log <level>", "debug, info, warn or error")
    .addHelpText("after", EXAMPLES)
    .action(async (options: Options) => {
      if (options.serveFile !== undefined) return await serveFile(terminal, options.serveFile, options);
      const config = readConfig(options.config, process.env, flagsOf(options));
      const log = createLog(systemClock, config.log, terminal.err);
      const running = await startGateway(config, { clock: systemClock, random: secureRandom, log });
      const { gatewayId, signer, httpUrl, dnsEndpoint } = running;
      terminal.out(`${JSON.stringify({ ready: true, gatewayId, signer, httpUrl, dnsEndpoint })}\n`);
      process.on("SIGHUP", () => {
        const reload = async () => {
          const next = readConfig(options.config, process.env, flagsOf(options));
          await running.reload(next);
          log.level = next.log;
        };
        reload().catch((error: unknown) => {
          const detail = error instanceof BaseError ? error.metaMessages.join("; ") : "";
          log.error("configuration not read again", { reason: messageOf(error), detail });
        });
      });
      await ended();
      log.info("ending");
      await running.close();
      terminal.exit(EXIT.ok);
    });
  gateway
    .command("export")
    .description("write a snapshot of a gateway's store, from which others can start")
    .argument("<file>", "the snapshot, a new file")
    .requiredOption("--from <folder>", "the gateway's data folder; it may be running")
    .addHelpText("after", "\nExamples:\n  $ holdfast gateway export snapshot.db --from /var/lib/holdfast\n")
    .action((file: string, options: { from: string }) => {
      exportStore(join(options.from, "replica.db"), file);
      terminal.out(`${file} is written\n`);
    });
  addGatewayRegister(gateway, terminal);
  addGatewaySets(gateway, terminal);
};

/** Serves a file of exported sets until it is told to end. */
async function serveFile(terminal: Terminal, path: string, options: Options): Promise<void> {
  const log = createLog(systemClock, "info", terminal.err);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  const { host = "127.0.0.1", httpPort = "0" } = options;
  const file = parseSetFile(text);
  const serving = await serveSetFile({ file, host, port: Number(httpPort), clock: systemClock, log });
  const names = file.sets.map(({ name }) => name);
  terminal.out(`${JSON.stringify({ ready: true, httpUrl: serving.httpUrl, names })}\n`);
  await ended();
  await serving.close();
  terminal.exit(EXIT.ok);
}

/** Settles when the process is told to end, or when the parent that forked it is gone. */
function ended(): Promise<void> {
  return new Promise((resolve) => {
    const end = () => resolve();
    process.once("SIGTERM", end);
    process.once("SIGINT", end);
    process.once("disconnect", end);
  });
}
