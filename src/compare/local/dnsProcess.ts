/** The centralized DNS server: authoritative for the ordinary zones, over UDP and TCP, in a process of its own. */
import { systemClock } from "../../base/clock.ts";
import { createLog } from "../../base/log.ts";
import { secureRandom, seededRandom } from "../../base/random.ts";
import { parseZoneFile } from "../../dns/zoneFile.ts";
import { createDnsHandler } from "../../gateway/dns/handler.ts";
import { createMemoryZoneSource } from "../../gateway/dns/memoryZone.ts";
import { startDnsServer } from "../../gateway/dns/server.ts";
import { runChild, tellParent } from "./childMain.ts";
import { withDnsFaults } from "./dnsFaults.ts";
import { isFaultMessage, type LiveFault } from "./liveFault.ts";

export interface DnsConfig {
  readonly host: string;
  readonly port: number;
  /** The text of a master file. */
  readonly zoneText: string;
  readonly zoneFile: string;
  /** Which queries a fault takes is drawn from this, so that a drill with the same seed loses the same ones in turn. */
  readonly faultSeed: string;
}

export interface DnsReady {
  readonly host: string;
  readonly port: number;
}

runChild(async (config: DnsConfig) => {
  const source = createMemoryZoneSource(parseZoneFile(config.zoneText, config.zoneFile));
  const handler = createDnsHandler({ source, clock: systemClock, random: secureRandom });
  let fault: LiveFault | null = null;
  const server = await startDnsServer({
    handler: withDnsFaults(handler, () => fault, systemClock, seededRandom(config.faultSeed, "faults")),
    host: config.host,
    port: config.port,
    clock: systemClock,
    log: createLog(systemClock, "warn", (line) => process.stderr.write(line)),
  });
  return {
    ready: { host: server.host, port: server.port } satisfies DnsReady,
    close: () => server.close(),
    onMessage: (message) => {
      if (isFaultMessage(message)) fault = message.fault;
      tellParent({ spoiled: true });
    },
  };
});
