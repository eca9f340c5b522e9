/** The DNS half of a gateway: handler, sockets, zone transfer and NOTIFY over one source of zones. */
import { equalBytes, fromHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { TsigKey } from "../dns/tsig.ts";
import { type DnsConfig, InvalidConfigError } from "./config.ts";
import { createCatalogSource } from "./dns/catalog.ts";
import { createDnsHandler, type DnsHandler } from "./dns/handler.ts";
import { combineSources } from "./dns/memoryZone.ts";
import { type Notifier, type Secondary, startNotifier } from "./dns/notify.ts";
import type { CookieSecrets } from "./dns/request.ts";
import { startDnsServer } from "./dns/server.ts";
import { createSystemAddresses } from "./dns/systemAddresses.ts";
import type { StreamHandler } from "./dns/tcp.ts";
import { createTransfers } from "./dns/transfer.ts";
import type { ZoneSource } from "./dns/zoneSource.ts";

export interface RunningDns {
  /** For DNS over HTTPS; it stays the same when the configuration changes. */
  readonly handler: DnsHandler;
  /** `host:port`. */
  readonly endpoint: string;
  /** Checks another configuration and returns what takes it over. Throws `InvalidConfigError`, `MalformedAddressError`. */
  prepare(config: DnsConfig): () => Promise<void>;
  close(): Promise<void>;
}

interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What follows from a configuration and can be replaced while the sockets stay open. */
interface Conduct {
  readonly handler: DnsHandler;
  readonly stream: StreamHandler | undefined;
  readonly secondaries: readonly Secondary[];
}

function keysOf(config: DnsConfig): readonly TsigKey[] {
  return config.keys.map(({ name, algorithm, secret }) => ({
    name: name.toLowerCase().replace(/\.$/, ""),
    algorithm,
    secret: new Uint8Array(Buffer.from(secret, "base64")),
  }));
}

function secondariesOf(config: DnsConfig, keys: readonly TsigKey[]): readonly Secondary[] {
  return config.secondaries.map(({ host, port, key: keyName }) => {
    const key = keys.find(({ name }) => name === keyName);
    if (keyName !== undefined && key === undefined) {
      throw new InvalidConfigError("The configuration", [`dns.secondaries: there is no key ${keyName} in dns.keys`]);
    }
    return { host, port, ...(key === undefined ? {} : { key }) };
  });
}

function conductOf(config: DnsConfig, source: ZoneSource, cookieSecrets: CookieSecrets, world: World): Conduct {
  const { clock, random } = world;
  const { nsid, responsesPerSecond, budgetPerSecond, transfer: policy } = config;
  const keys = keysOf(config);
  const secondaries = secondariesOf(config, keys);
  const stream = policy === undefined ? undefined : createTransfers({ source, clock, keys, policy });
  const resolveAddress = createSystemAddresses(config.resolvers);
  const limits = { responsesPerSecond, budgetPerSecond };
  const name = nsid === undefined ? {} : { nsid };
  const handler = createDnsHandler({ source, clock, random, keys, cookieSecrets, resolveAddress, ...limits, ...name });
  return { handler, stream, secondaries };
}

/** A handler that asks whichever is the present one. */
function switched(present: () => DnsHandler): DnsHandler {
  return {
    get needsNetwork() {
      return present().needsNetwork;
    },
    answerInto: (bytes, start, length, transport, network, out, to, knownHash) =>
      present().answerInto(bytes, start, length, transport, network, out, to, knownHash),
    precompile: () => present().precompile(),
    hashOf: (bytes, start, length) => present().hashOf(bytes, start, length),
    prefetch: (hashes, count) => present().prefetch(hashes, count),
    handle: (query, peer, transport) => present().handle(query, peer, transport),
    close: () => present().close(),
  };
}

/** Starts the DNS front of a configuration over `zones`. Throws `InvalidConfigError`, `PortInUseError`. */
export async function runDns(config: DnsConfig, zones: ZoneSource, world: World): Promise<RunningDns> {
  const { clock, random, log } = world;
  const { host, port, catalog, reusePort } = config;
  const catalogSource = catalog === undefined ? undefined : createCatalogSource(zones, catalog, clock);
  const source = catalogSource === undefined ? zones : combineSources([zones, catalogSource]);
  const secretOf = ({ cookieSecret }: DnsConfig) =>
    cookieSecret === undefined ? undefined : fromHex(`0x${cookieSecret}`);
  let cookieSecrets: CookieSecrets = [secretOf(config) ?? random.bytes(16)];
  let present = conductOf(config, source, cookieSecrets, world);
  const handler = switched(() => present.handler);
  const stream: StreamHandler = (query, peer) => present.stream?.(query, peer);
  const server = await startDnsServer({ handler, host, port, clock, log, reusePort, stream });
  const notify = async (): Promise<Notifier | undefined> => {
    const { secondaries } = present;
    if (secondaries.length === 0) return undefined;
    return await startNotifier({ source, secondaries, clock, random, log, atStart: true });
  };
  let notifier = await notify();
  return {
    handler,
    endpoint: `${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    prepare(next) {
      // Cookies that were given out under the former secret stay good.
      const secret = secretOf(next);
      const isNew = secret !== undefined && !equalBytes(secret, cookieSecrets[0]);
      const secrets: CookieSecrets = isNew ? [secret, cookieSecrets[0]] : cookieSecrets;
      const conduct = conductOf(next, source, secrets, world);
      return async () => {
        present.handler.close();
        present = conduct;
        cookieSecrets = secrets;
        await notifier?.close();
        notifier = await notify();
      };
    },
    async close() {
      catalogSource?.close();
      await notifier?.close();
      await server.close();
      present.handler.close();
    },
  };
}
