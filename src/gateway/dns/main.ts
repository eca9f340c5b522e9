/**
 * The centralized DNS server as a process of its own: zone files over UDP and TCP. Prints one line of JSON when it
 * listens; SIGHUP reads the files again, SIGTERM ends it.
 *
 *     node src/gateway/dns/main.ts --zone example.zone [--zone more.zone] [--listen 127.0.0.1:5300] [--nsid TEXT]
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

/** Equal answers a second to one network over UDP, unless `--unlimited`. */
const RESPONSES_PER_SECOND = 1000;

function fail(error: unknown): never {
  process.stderr.write(`holdfast dns: ${error instanceof BaseError ? error.message : messageOf(error)}\n`);
  process.exit(2);
}

function zonesOf(files: readonly string[]) {
  return files.flatMap((file) => parseZoneFile(readFileSync(file, "utf8"), file));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      zone: { type: "string", multiple: true, default: [] },
      listen: { type: "string", default: "127.0.0.1:0" },
      nsid: { type: "string" },
      "no-native": { type: "boolean", default: false },
      unlimited: { type: "boolean", default: false },
      "reuse-port": { type: "boolean", default: false },
    },
  });
  const colon = values.listen.lastIndexOf(":");
  const host = values.listen.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  const log = createLog(systemClock, "info", (line) => process.stderr.write(line));
  const source = createMemoryZoneSource(zonesOf(values.zone));
  const handler = createDnsHandler({
    source,
    clock: systemClock,
    random: secureRandom,
    ...(values.nsid === undefined ? {} : { nsid: values.nsid }),
    ...(values.unlimited ? { amplificationMax: 0 } : { responsesPerSecond: RESPONSES_PER_SECOND }),
  });
  const server = await startDnsServer({
    handler,
    host,
    port: Number(values.listen.slice(colon + 1)),
    clock: systemClock,
    log,
    useNative: !values["no-native"],
    reusePort: values["reuse-port"],
  });
  const zoneCount = [...source.zones()].length;
  process.stdout.write(`${JSON.stringify({ ready: true, host, port: server.port, zoneCount })}\n`);

  process.on("SIGHUP", () => {
    try {
      for (const zone of zonesOf(values.zone)) source.set(zone);
      log.info("zone files read again");
    } catch (error) {
      log.error("zone files not read again", { reason: messageOf(error) });
    }
  });
  const end = () => {
    server.close().then(
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
