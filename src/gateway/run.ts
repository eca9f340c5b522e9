/** A whole gateway in this process: replica, HTTP and DNS fronts, started from a configuration and stopped in order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { type Deployment, readDeployment } from "../chain/deployment.ts";
import { namehash } from "../naming/namehash.ts";
import { PIECE_BYTES_MAX } from "../protocol/offchainPieces.ts";
import { SET_BYTES_MAX } from "../protocol/publishedSet.ts";
import { bootstrapStore } from "../replica/bootstrap.ts";
import { createLogDecoder } from "../replica/decode.ts";
import { Replica } from "../replica/replica.ts";
import { createReverseReplica } from "../replica/reverseReplica.ts";
import type { ChainSource } from "../replica/source/chainSource.ts";
import { ProviderPool } from "../replica/source/providerPool.ts";
import type { Fetch } from "../replica/source/rpc.ts";
import { createRpcSource } from "../replica/source/rpcSource.ts";
import { Store } from "../replica/store/store.ts";
import { createAttestations } from "./attestations.ts";
import { type GatewayConfig, InvalidConfigError } from "./config.ts";
import type { DnsHandler } from "./dns/handler.ts";
import { createGateway } from "./gateway.ts";
import { answerRoute } from "./http/answerRoute.ts";
import { createResponseCache } from "./http/cache.ts";
import { dohRoutes } from "./http/dohRoute.ts";
import { createHttpHandler, type HttpHandler, type Route } from "./http/handler.ts";
import { createHttpMetrics, metricsRoute } from "./http/metrics.ts";
import { nameRoutes } from "./http/nameRoutes.ts";
import { openApiRoute } from "./http/openApiRoute.ts";
import { type HttpServer, startHttpServer } from "./http/server.ts";
import { type StatusRouteOptions, statusRoutes } from "./http/statusRoutes.ts";
import { compareConfigs } from "./reload.ts";
import { withReverseNames } from "./reverseNames.ts";
import { type RunningDns, runDns } from "./runDns.ts";
import { openSets } from "./runSets.ts";
import type { SignedZones } from "./sets/signedZones.ts";
import { followShardHints } from "./shardHints.ts";
import { createSigner } from "./signer.ts";
import { createReplicaZones } from "./zone/replicaZones.ts";

/** Looks of the registry's copy at the chain to one of the copy of primary names. */
const REVERSE_PACE = 4;

/** What the world gives a gateway, handed in. */
export interface GatewayWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How RPC providers are reached; Node's own by default. */
  readonly fetch?: Fetch;
}

export interface RunningGateway {
  readonly gatewayId: number;
  /** Address of the key that signs its answers, lower case. */
  readonly signer: Hex;
  readonly httpUrl: string;
  /** `host:port`; `null` where DNS is off. */
  readonly dnsEndpoint: string | null;
  readonly replica: Replica;
  /** The copy of primary names. */
  readonly reverse: Replica;
  /**
   * Takes over what can change while running, reads the TLS files again, and logs what waits for a restart. Throws
   * `InvalidConfigError` and then changes nothing.
   */
  reload(config: GatewayConfig): Promise<void>;
  /** Stops taking work, answers what is under way, and ends. */
  close(): Promise<void>;
}

/** The signer's key, and where it is from. */
function readSecret(config: GatewayConfig): readonly [key: string, source: string] {
  if (config.signerKey !== undefined) return [config.signerKey, "HOLDFAST_SIGNER_KEY"];
  const path = config.signerKeyFile;
  if (path === undefined) {
    throw new InvalidConfigError("The configuration", ["signerKeyFile: missing, and HOLDFAST_SIGNER_KEY is not set"]);
  }
  try {
    return [readFileSync(path, "utf8"), path];
  } catch (error) {
    throw new InvalidConfigError("The configuration", [`signerKeyFile: ${messageOf(error)}`], error);
  }
}

function readTls(config: GatewayConfig): { certificate: string; key: string } | undefined {
  const { tls } = config.http;
  if (tls === undefined) return undefined;
  try {
    return { certificate: readFileSync(tls.certificate, "utf8"), key: readFileSync(tls.key, "utf8") };
  } catch (error) {
    throw new InvalidConfigError("The configuration", [`http.tls: ${messageOf(error)}`], error);
  }
}

/** The RPC providers of a configuration; those that `known` holds from before are the same objects. */
function sourcesOf(config: GatewayConfig, { clock, fetch }: GatewayWorld, known: Map<string, ChainSource>) {
  const overrides = fetch === undefined ? {} : { fetch };
  return config.rpc.map((url) => {
    const key = `${config.rpcDeadlineMs} ${url}`;
    const source = known.get(key) ?? createRpcSource({ url, clock, deadlineMs: config.rpcDeadlineMs, ...overrides });
    known.set(key, source);
    return source;
  });
}

async function openReplica(config: GatewayConfig, deployment: Deployment, world: GatewayWorld) {
  const { clock, log } = world;
  const { chainId, contracts, codeHashes, tld } = deployment;
  const startBlock = Number(deployment.startBlock);
  const { registry, directory } = contracts;
  const identity = { chainId, registry, directory, startBlock };
  const storePath = join(config.data, "replica.db");
  const known = new Map<string, ChainSource>();
  const agreement = config.agreement === undefined ? {} : { agreement: config.agreement };
  const pool = new ProviderPool({ sources: sourcesOf(config, world, known), clock, log, ...agreement });
  const decode = createLogDecoder(contracts);
  const codeHash = codeHashes.registry;
  if (config.bootstrap !== undefined) {
    const file = config.bootstrap;
    const isTaken = await bootstrapStore({ file, storePath, identity, codeHash, pool, decode });
    log.info(isTaken ? "started from a snapshot" : "snapshot left alone: there is a store already");
  }
  const replica = new Replica({
    store: new Store(storePath, identity),
    pool,
    decode,
    contracts: { registry, directory, tldNode: namehash(tld) },
    codeHash,
    startBlock,
    clock,
    log,
    reorgBlocksMax: config.reorgBlocksMax,
    confirmationCount: config.confirmationCount,
    rangeBlocksMax: config.rangeBlocksMax,
    pollMs: config.pollMs,
    isPartition: config.partition,
  });
  const follow = (next: GatewayConfig) => {
    const { confirmationCount, rangeBlocksMax, pollMs } = next;
    pool.replace(sourcesOf(next, world, known), next.agreement);
    replica.configure({ confirmationCount, rangeBlocksMax, pollMs });
  };
  return { replica, pool, follow };
}

/** The copy of primary names. They are few and change seldom, so it looks for news less often than the registry's copy. */
function openReverse(config: GatewayConfig, deployment: Deployment, world: GatewayWorld, pool: ProviderPool): Replica {
  const { chainId, contracts, codeHashes } = deployment;
  const { reverseRegistrar: address } = contracts;
  const startBlock = Number(deployment.startBlock);
  const identity = { chainId, registry: address, directory: address, startBlock };
  return createReverseReplica({
    address,
    codeHash: codeHashes.reverseRegistrar,
    store: new Store(join(config.data, "reverse.db"), identity),
    pool,
    startBlock,
    clock: world.clock,
    log: world.log,
    reorgBlocksMax: config.reorgBlocksMax,
    confirmationCount: config.confirmationCount,
    rangeBlocksMax: config.rangeBlocksMax,
    pollMs: config.pollMs * REVERSE_PACE,
  });
}

/**
 * Starts a gateway: loads its copy, opens its fronts, follows the chain. It answers from what the store holds before any RPC
 * provider is reached. Throws `InvalidConfigError`, `StoreError`, `ForeignStoreError`, `HttpPortError`, `PortInUseError`.
 */
export async function startGateway(config: GatewayConfig, world: GatewayWorld): Promise<RunningGateway> {
  const { clock, log } = world;
  const signer = createSigner(...readSecret(config));
  const deployment = await readDeployment(config.deployment);
  const { chainId, contracts, tld } = deployment;
  const { registry, directory } = contracts;
  const { replica, pool, follow } = await openReplica(config, deployment, world);
  const { gatewayId } = config;
  const domain = { chainId, directory };
  const fetch = world.fetch ?? globalThis.fetch;
  const attestations = createAttestations({ ...world, fetch, replica, gatewayId, domain });
  const names = { replica, gatewayId, registry, tld };
  const reverse = openReverse(config, deployment, world, pool);
  const speaker = { gatewayId, signer, domain, othersAttesting: attestations.of };
  const gateway = withReverseNames(createGateway({ ...names, ...speaker, clock }), { ...speaker, replica: reverse });
  let isDraining = false;
  let dns: RunningDns | undefined;
  let http: HttpServer | undefined;
  const offchain = openSets(config, deployment, world, { gateway, replica, clock });
  const shardHints = followShardHints({ replica, tld, clock, log });
  try {
    if (config.dns !== false) {
      const { signed } = offchain;
      const zones = createReplicaZones({ ...zoneWishesOf(config), replica, gateway, registry, tld, signed });
      dns = await runDns(config.dns, zones, world);
    }
    const about = { gateway, pool, chainId, directoryAddress: directory, clock, log, shardHints };
    const front = { ...names, ...about, isDraining: () => isDraining };
    const handler = createFront(front, dns?.handler, offchain.routes, offchain.signed.zones);
    http = await listenHttp(config, handler, clock);
  } catch (error) {
    await dns?.close();
    offchain.close();
    shardHints.close();
    await Promise.all([replica.stop(), reverse.stop()]);
    throw error;
  }
  replica.start();
  reverse.start();
  offchain.replication.start();
  attestations.start();
  const front = http;
  const followAll: typeof follow = (next) => {
    follow(next);
    offchain.follow(next);
  };
  return {
    gatewayId,
    signer: signer.address,
    httpUrl: `${config.http.tls === undefined ? "http" : "https"}://${urlHost(front.host)}:${front.port}`,
    dnsEndpoint: dns?.endpoint ?? null,
    replica,
    reverse,
    reload: createReload({ config, front, dns, log, follow: followAll }),
    async close() {
      isDraining = true;
      offchain.replication.stop();
      attestations.stop();
      await Promise.all([front.close(), dns?.close()]);
      offchain.close();
      shardHints.close();
      await Promise.all([replica.stop(), reverse.stop()]);
    },
  };
}

async function listenHttp(config: GatewayConfig, handler: HttpHandler, clock: Clock): Promise<HttpServer> {
  const tls = readTls(config);
  const { host, port, connectionsMax, connectionsPerClientMax } = config.http;
  const limits = { connectionsMax, connectionsPerClientMax, bodyBytesMax: Math.max(SET_BYTES_MAX, PIECE_BYTES_MAX) };
  return await startHttpServer({ handler, clock, host, port, ...limits, ...(tls === undefined ? {} : { tls }) });
}

interface ReloadParts {
  /** As the gateway was started. */
  readonly config: GatewayConfig;
  readonly front: HttpServer;
  readonly dns: RunningDns | undefined;
  /** Takes over the providers and the pace of following them. */
  readonly follow: (config: GatewayConfig) => void;
  readonly log: Log;
}

function createReload({ config, front, dns, follow, log }: ReloadParts): RunningGateway["reload"] {
  let present = config;
  return async (next) => {
    const { live } = compareConfigs(present, next);
    const { fixed } = compareConfigs(config, next);
    const tls = readTls(next);
    const touchesDns = live.some((path) => path.startsWith("dns."));
    const changeDns = touchesDns && dns !== undefined && next.dns !== false ? dns.prepare(next.dns) : undefined;
    // Nothing has changed up to here, and from here on nothing fails.
    if (tls !== undefined && present.http.tls !== undefined) front.setTls(tls);
    front.setLimits(next.http);
    follow(next);
    await changeDns?.();
    log.info("configuration read again", { changed: live.join(", ") || "nothing" });
    if (fixed.length > 0)
      log.warn("changed in the configuration, but only a restart applies it", { fields: fixed.join(", ") });
    present = next;
  };
}

interface FrontOptions extends StatusRouteOptions {
  readonly registry: Hex;
  readonly clock: Clock;
  readonly log: Log;
}

/** Everything a gateway serves over HTTP, as one function. */
export function createFront(
  options: FrontOptions,
  dns: DnsHandler | undefined,
  more: readonly Route[] = [],
  signedZones?: SignedZones,
): HttpHandler {
  const { gateway, replica, pool, registry, tld, clock, log } = options;
  const caches = { answers: createResponseCache(), get: createResponseCache(), post: createResponseCache() };
  const forget = () => {
    for (const cache of Object.values(caches)) cache.clear();
  };
  replica.onChange(forget);
  signedZones?.subscribe(() => {
    caches.get.clear();
    caches.post.clear();
  });
  const metrics = createHttpMetrics(clock);
  const routes = [
    answerRoute({ gateway, cache: caches.answers }),
    ...statusRoutes(options),
    ...nameRoutes({ gateway, replica, registry, tld }),
    ...(dns === undefined ? [] : dohRoutes(dns, caches)),
    metricsRoute(metrics, replica, pool),
    openApiRoute(),
    ...more,
  ];
  const paths = [...new Set(routes.map(({ path }) => path))];
  return metrics.count(createHttpHandler(routes, log), paths);
}

function zoneWishesOf(config: GatewayConfig): { mirrorSuffix?: string; keepsHistory: boolean } {
  const { mirrorSuffix: suffix, transfer } = config.dns === false ? {} : config.dns;
  const keepsHistory = transfer !== undefined;
  return suffix === undefined
    ? { keepsHistory }
    : { keepsHistory, mirrorSuffix: suffix.toLowerCase().replace(/\.$/, "") };
}

/** A host as URLs write it: IPv6 addresses in brackets. */
function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
