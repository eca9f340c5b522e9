/**
 * The centralized DNS server as a process of its own: zone files over UDP and TCP. Prints one line of JSON when it
 * listens; SIGHUP reads the files again, SIGTERM ends it.
 *
 *     node src/gateway/dns/main.ts --zone example.zone [--zone more.zone] [--listen 127.0.0.1:5300] [--nsid TEXT]
 *         [--workers 2] [--precompile] [--unlimited] [--no-native]
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { systemClock } from "../../base/clock.ts";
import { BaseError, messageOf } from "../../base/errors.ts";
import { createLog } from "../../base/log.ts";
import { secureRandom } from "../../base/random.ts";
import { parseZoneFile } from "../../dns/zoneFile.ts";
import { createDnsHandler } from "./handler.ts";
import { createMemoryZoneSource } from "./memoryZone.ts";
import { startDnsServer } from "./server.ts";
import { startWorkers, type WorkerReady } from "./workers.ts";

/** Equal answers a second to one network over UDP, unless `--unlimited`. */
const RESPONSES_PER_SECOND = 1000;
const WORKERS_MAX = 64;

const { values } = parseArgs({
  options: {
    zone: { type: "string", multiple: true, default: [] },
    listen: { type: "string", default: "127.0.0.1:0" },
    nsid: { type: "string" },
    workers: { type: "string", default: "1" },
    "reuse-port": { type: "boolean", default: false },
    "no-native": { type: "boolean", default: false },
    precompile: { type: "boolean", default: false },
    unlimited: { type: "boolean", default: false },
  },
});
const colon = values.listen.lastIndexOf(":");
const host = values.listen.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
const port = Number(values.listen.slice(colon + 1));
const log = createLog(systemClock, "info", (line) => process.stderr.write(line));

function fail(error: unknown): never {
  process.stderr.write(`holdfast dns: ${error instanceof BaseError ? error.message : messageOf(error)}\n`);
  process.exit(2);
}

function zonesOf(files: readonly string[]) {
  return files.flatMap((file) => parseZoneFile(readFileSync(file, "utf8"), file));
}

/** What can be done with a server that runs, be it here or in workers. */
interface Running extends WorkerReady {
  reload(): void;
  close(): Promise<void>;
}

async function serve(): Promise<Running> {
  const source = createMemoryZoneSource(zonesOf(values.zone));
  const handler = createDnsHandler({
    source,
    clock: systemClock,
    random: secureRandom,
    ...(values.nsid === undefined ? {} : { nsid: values.nsid }),
    ...(values.unlimited ? { amplificationMax: 0 } : { responsesPerSecond: RESPONSES_PER_SECOND }),
  });
  if (values.precompile) for (const _ of handler.precompile());
  const server = await startDnsServer({
    handler,
    host,
    port,
    clock: systemClock,
    log,
    useNative: !values["no-native"],
    reusePort: values["reuse-port"],
  });
  return {
    host,
    port: server.port,
    zoneCount: [...source.zones()].length,
    close: () => server.close(),
    reload() {
      try {
        const zones = zonesOf(values.zone);
        const apexes = new Set(zones.map(({ apex }) => apex));
        for (const { apex } of [...source.zones()]) if (!apexes.has(apex)) source.delete(apex);
        for (const zone of zones) source.set(zone);
        log.info("zone files read again");
      } catch (error) {
        log.error("zone files not read again", { reason: messageOf(error) });
      }
    },
  };
}

async function serveByWorkers(count: number): Promise<Running> {
  const flags = ["no-native", "precompile", "unlimited"] as const;
  const argsFor = (sharedPort = port) => [
    ...values.zone.flatMap((file) => ["--zone", file]),
    ...["--listen", `${host.includes(":") ? `[${host}]` : host}:${sharedPort}`, "--reuse-port"],
    ...(values.nsid === undefined ? [] : ["--nsid", values.nsid]),
    ...flags.filter((flag) => values[flag]).map((flag) => `--${flag}`),
  ];
  const workers = await startWorkers(import.meta.filename, count, argsFor, log);
  return { ...workers, reload: () => workers.signal("SIGHUP") };
}

async function main(): Promise<void> {
  const workerCount = Number(values.workers);
  if (!Number.isInteger(workerCount) || workerCount < 1 || workerCount > WORKERS_MAX) {
    throw new BaseError("GATEWAY_WORKER_COUNT", `--workers wants a number from 1 to ${WORKERS_MAX}.`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 0xffff || colon < 1) {
    throw new BaseError("GATEWAY_LISTEN", `--listen wants HOST:PORT, not "${values.listen}".`);
  }
  const running = workerCount === 1 ? await serve() : await serveByWorkers(workerCount);
  const ready = { ready: true, host: running.host, port: running.port, zoneCount: running.zoneCount };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.send?.(ready);
  process.on("SIGHUP", () => running.reload());
  const end = () => {
    running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  // Started by fork(): do not outlive the parent.
  process.once("disconnect", end);
}

main().catch(fail);
