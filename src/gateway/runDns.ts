/** The DNS half of a gateway: handler, sockets, zone transfer and NOTIFY over one source of zones. */
import { fromHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { TsigKey } from "../dns/tsig.ts";
import { type DnsConfig, InvalidConfigError } from "./config.ts";
import { createCatalogSource } from "./dns/catalog.ts";
import { createDnsHandler, type DnsHandler } from "./dns/handler.ts";
import { combineSources } from "./dns/memoryZone.ts";
import { startNotifier } from "./dns/notify.ts";
import { startDnsServer } from "./dns/server.ts";
import { createSystemAddresses } from "./dns/systemAddresses.ts";
import { createTransfers } from "./dns/transfer.ts";
import type { ZoneSource } from "./dns/zoneSource.ts";

export interface RunningDns {
  /** For DNS over HTTPS. */
  readonly handler: DnsHandler;
  /** `host:port`. */
  readonly endpoint: string;
  close(): Promise<void>;
}

interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

function keysOf(config: DnsConfig): readonly TsigKey[] {
  return config.keys.map(({ name, algorithm, secret }) => ({
    name: name.toLowerCase().replace(/\.$/, ""),
    algorithm,
    secret: new Uint8Array(Buffer.from(secret, "base64")),
  }));
}

/** Starts the DNS front of a configuration over `zones`. */
export async function runDns(config: DnsConfig, zones: ZoneSource, world: World): Promise<RunningDns> {
  const { clock, random, log } = world;
  const { host, port, nsid, responsesPerSecond, budgetPerSecond, catalog, cookieSecret, reusePort } = config;
  const keys = keysOf(config);
  const catalogSource = catalog === undefined ? undefined : createCatalogSource(zones, catalog, clock);
  const source = catalogSource === undefined ? zones : combineSources([zones, catalogSource]);
  const handler = createDnsHandler({
    source,
    clock,
    random,
    responsesPerSecond,
    budgetPerSecond,
    keys,
    resolveAddress: createSystemAddresses(config.resolvers),
    ...(cookieSecret === undefined ? {} : { cookieSecrets: [fromHex(`0x${cookieSecret}`)] as const }),
    ...(nsid === undefined ? {} : { nsid }),
  });
  const policy = config.transfer;
  const stream = policy === undefined ? {} : { stream: createTransfers({ source, clock, keys, policy }) };
  const server = await startDnsServer({ handler, host, port, clock, log, reusePort, ...stream });
  const secondaries = config.secondaries.map(({ host, port, key: keyName }) => {
    const key = keys.find(({ name }) => name === keyName);
    if (keyName !== undefined && key === undefined) {
      throw new InvalidConfigError("The configuration", [`dns.secondaries: there is no key ${keyName} in dns.keys`]);
    }
    return { host, port, ...(key === undefined ? {} : { key }) };
  });
  const notifier =
    secondaries.length === 0
      ? undefined
      : await startNotifier({ source, secondaries, clock, random, log, atStart: true });
  return {
    handler,
    endpoint: `${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    async close() {
      catalogSource?.close();
      await notifier?.close();
      await server.close();
    },
  };
}
