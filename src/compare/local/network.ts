/**
 * The local network: a chain, RPC providers, centralized DNS servers and gateways, each a process of its own, and the names
 * of a zone file registered on the chain. Everything ends with `close`, or with the parent.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../base/bytes.ts";
import { type Clock, delay, withDeadline } from "../../base/clock.ts";
import { BaseError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import { registerInBulk } from "../../chain/bulkRegister.ts";
import { deployContracts } from "../../chain/deploy.ts";
import { type Deployment, writeDeployment } from "../../chain/deployment.ts";
import { listGateways } from "../../chain/listGateways.ts";
import { parseZoneFile } from "../../dns/zoneFile.ts";
import { ZONE_COUNT } from "../../sharding/shard.ts";
import { type ImportPlan, type NameMap, planImport } from "../zoneImport.ts";
import type { ChainConfig, ChainReady } from "./chainProcess.ts";
import { type Child, startChild } from "./child.ts";
import { createDevChain, type DevChain } from "./devChain.ts";
import type { DnsConfig, DnsReady } from "./dnsProcess.ts";
import type { GatewayConfig, GatewayReady } from "./gatewayProcess.ts";
import { Member, type Pin } from "./member.ts";
import { Reaper } from "./reaper.ts";
import type { RpcConfig, RpcReady } from "./rpcProcess.ts";

export type GatewayMember = Member<GatewayReady, GatewayConfig>;
export type DnsMember = Member<DnsReady, DnsConfig>;
export type RpcMember = Member<RpcReady, RpcConfig>;

/** First ports to listen on; 0 for any that are free. */
export interface Ports {
  readonly chain: number;
  readonly rpc: number;
  readonly dns: number;
  /** The first gateway's HTTP port; the others follow, each with DNS on `gatewayDns` likewise. */
  readonly gateway: number;
  readonly gatewayDns: number;
}

export const ANY_PORTS: Ports = { chain: 0, rpc: 0, dns: 0, gateway: 0, gatewayDns: 0 };

export interface LocalNetworkOptions {
  readonly zoneText: string;
  readonly zoneFile: string;
  readonly map?: NameMap;
  readonly tld: string;
  /** 4 to 64, spread evenly over the zones. */
  readonly gatewayCount: number;
  readonly rpcProviders: readonly string[];
  readonly dnsProviders: readonly string[];
  readonly blockMs: number;
  readonly ports: Ports;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProgress: (step: string, done: number, total: number) => void;
  /** Called when a process ends that nobody here ended. */
  readonly onLost: (what: string) => void;
  readonly signal?: AbortSignal;
}

export interface LocalNetwork {
  readonly deployment: Deployment;
  readonly plan: ImportPlan;
  readonly chain: Child<ChainReady>;
  readonly devChain: DevChain;
  readonly rpcs: ReadonlyMap<string, RpcMember>;
  readonly dns: ReadonlyMap<string, DnsMember>;
  /** In the order of their ids, from 1. */
  readonly gateways: readonly GatewayMember[];
  /** What each step of the start took, in milliseconds. */
  readonly steps: readonly { readonly step: string; readonly ms: number }[];
  close(): Promise<void>;
}

export class GatewayCountError extends BaseError {
  override readonly name = "Compare.GatewayCountError";
  constructor(count: number) {
    super("COMPARE_GATEWAY_COUNT", `${count} gateways cannot be had; 4 to 64 can, a multiple of ${ZONE_COUNT} evenly.`);
  }
}

const CHAIN_ID = 31337;
const START_DEADLINE_MS = 60_000;
const SYNC_DEADLINE_MS = 60_000;
const GATEWAY_POLL_MS = 500;
/** The chain begins this long ago, so that commitments can ripen without its clock passing the machine's. */
const PAST_MS = 10 * 60_000;
const LEASE_SECONDS = 365n * 86_400n;
const BATCH_VALUE_WEI = 100n * 10n ** 18n;

const entry = (file: string) => new URL(`./${file}`, import.meta.url);
const portOf = (first: number, index: number) => (first === 0 ? 0 : first + index);

/** Starts everything and waits until every gateway serves every name. On any error, nothing is left running. */
export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  if (options.gatewayCount < ZONE_COUNT || options.gatewayCount > 64) throw new GatewayCountError(options.gatewayCount);
  // Before anything runs or is registered: a bad zone file must leave nothing behind.
  const plan = planImport(parseZoneFile(options.zoneText, options.zoneFile), options.tld, options.map);
  const reaper = new Reaper();
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    // The folder was made first and goes last, when nobody writes into it any more.
    const [removeFolder, ...ends] = closers.splice(0);
    await Promise.allSettled(ends.map((end) => end()));
    await removeFolder?.();
    await reaper.close();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-"));
    closers.push(async () => rmSync(folder, { recursive: true, force: true }));
    return { ...(await bringUp(options, plan, folder, reaper, closers)), plan, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function bringUp(
  options: LocalNetworkOptions,
  plan: ImportPlan,
  folder: string,
  reaper: Reaper,
  closers: (() => Promise<void>)[],
): Promise<Omit<LocalNetwork, "plan" | "close">> {
  const { clock, ports, signal } = options;
  const steps: { step: string; ms: number }[] = [];
  const timed = async <Value>(step: string, work: () => Promise<Value>): Promise<Value> => {
    signal?.throwIfAborted();
    const startMs = clock.monotonicMs();
    const value = await work();
    steps.push({ step, ms: Math.round(clock.monotonicMs() - startMs) });
    return value;
  };
  const common = { deadlineMs: START_DEADLINE_MS, clock, reaper };
  const start = async <Ready extends { port: number }, Config extends { readonly port: number }>(
    what: string,
    file: string,
    portOption: string,
    config: Config,
    pin: Pin<Ready, Config> = (old, ready) => ({ ...old, port: ready.port }),
  ) => {
    const member = await Member.start<Ready, Config>({ ...common, what, entry: entry(file), portOption }, config, pin);
    closers.push(() => member.stop());
    member.onLost(() => options.onLost(what));
    return member;
  };

  const chain = await timed("chain", async () => {
    const config: ChainConfig = {
      port: ports.chain,
      chainId: CHAIN_ID,
      blockMs: options.blockMs,
      genesisMs: clock.nowMs() - PAST_MS,
    };
    const child = await startChild<ChainReady>({
      ...common,
      what: "chain",
      entry: entry("chainProcess.ts"),
      portOption: "--chain-port",
      config,
    });
    closers.push(() => child.stop());
    child.onLost(() => options.onLost("chain"));
    return child;
  });
  const rpcUrl = chain.ready.url;
  const devChain = createDevChain(rpcUrl);

  const providers = timed("RPC providers and DNS servers", () =>
    Promise.all([
      Promise.all(
        options.rpcProviders.map(async (id, index) => {
          const config = { host: "127.0.0.1", port: portOf(ports.rpc, index), chainPort: chain.ready.port };
          return [
            id,
            await start<RpcReady, RpcConfig>(`RPC provider ${id}`, "rpcProcess.ts", "--rpc-port", config),
          ] as const;
        }),
      ),
      Promise.all(
        options.dnsProviders.map(async (id, index) => {
          const { zoneText, zoneFile } = options;
          const config = { host: "127.0.0.1", port: portOf(ports.dns, index), zoneText, zoneFile };
          return [
            id,
            await start<DnsReady, DnsConfig>(`DNS server ${id}`, "dnsProcess.ts", "--dns-port", config),
          ] as const;
        }),
      ),
    ]),
  );
  const deploying = timed("contracts", () =>
    deployContracts({
      chain: rpcUrl,
      tld: options.tld,
      confirmations: 1,
      pollMs: 20,
      onStep: (step) => options.onProgress(`contracts: ${step}`, 0, 0),
    }),
  );
  const [[rpcEntries, dnsEntries], deployment] = await Promise.all([providers, deploying]);
  const deploymentFile = join(folder, "deployment.json");
  await writeDeployment(deploymentFile, deployment);
  const sender = await devChain.firstAccount();
  const secret = toHex(options.random.bytes(32));

  const gatewaysStarting = timed("gateways", () =>
    Promise.all(
      Array.from({ length: options.gatewayCount }, (_, index) =>
        start<GatewayReady, GatewayConfig>(
          `gateway ${index + 1}`,
          "gatewayProcess.ts",
          "--gateway-port and --gateway-dns-port",
          {
            host: "127.0.0.1",
            port: portOf(ports.gateway, index),
            dnsPort: portOf(ports.gatewayDns, index),
            gatewayId: index + 1,
            signerKey: toHex(options.random.bytes(32)),
            rpcUrls: rpcEntries.map(([, member]) => member.ready.url),
            deployment: deploymentFile,
            data: join(folder, `gateway-${index + 1}`),
            pollMs: GATEWAY_POLL_MS,
          },
          (old, ready) => ({ ...old, port: ready.port, dnsPort: ready.dnsPort }),
        ),
      ),
    ),
  );
  const registering = timed("names", () =>
    registerInBulk({
      rpcUrl,
      deployment,
      sender,
      names: plan.names.map(({ name, rrsets }) => ({ label: name.slice(0, -options.tld.length - 1), rrsets })),
      durationSeconds: LEASE_SECONDS,
      valueWei: BATCH_VALUE_WEI,
      ripen: (seconds) => devChain.passTime(seconds),
      secret,
      onProgress: (done, total) => options.onProgress("names registered", done, total),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  const gateways = await gatewaysStarting;
  await registering;
  await timed("directory", async () => {
    await listGateways({
      rpcUrl,
      deployment,
      sender,
      gateways: gateways.map(({ ready }, index) => ({
        signer: ready.signer,
        operator: ready.signer,
        zone: Math.floor((index * ZONE_COUNT) / options.gatewayCount),
        httpUrl: ready.httpUrl,
        dnsEndpoint: ready.dnsEndpoint,
      })),
      seed: toHex(options.random.bytes(16)),
    });
    await devChain.catchUp(clock.nowMs());
  });
  await timed("gateways in step", () => inStep(options, gateways, devChain));
  return { deployment, chain, devChain, rpcs: new Map(rpcEntries), dns: new Map(dnsEntries), gateways, steps };
}

export class GatewayLaggingError extends BaseError {
  override readonly name = "Compare.GatewayLaggingError";
  constructor(what: string, block: bigint, last: string) {
    super("COMPARE_GATEWAY_LAGGING", `The ${what} did not reach block ${block} in time.`, { metaMessages: [last] });
  }
}

/** Waits until every gateway has read what was registered. */
async function inStep(
  options: LocalNetworkOptions,
  gateways: readonly GatewayMember[],
  devChain: DevChain,
): Promise<void> {
  const { clock, signal } = options;
  const block = await devChain.blockNumber();
  let ready = 0;
  await Promise.all(
    gateways.map(async (gateway) => {
      let last = "";
      const reached = async (stop: AbortSignal) => {
        for (;;) {
          const state = await gatewayState(gateway.ready.httpUrl, stop);
          last = state.text;
          if (state.block !== undefined && state.block >= block) return;
          await delay(clock, 50, stop);
        }
      };
      try {
        await withDeadline(clock, SYNC_DEADLINE_MS, `The ${gateway.what}`, reached, signal);
      } catch (error) {
        signal?.throwIfAborted();
        throw error instanceof BaseError && error.code === "BASE_DEADLINE"
          ? new GatewayLaggingError(gateway.what, block, last)
          : error;
      }
      ready += 1;
      options.onProgress("gateways in step", ready, gateways.length);
    }),
  );
}

async function gatewayState(
  httpUrl: string,
  signal: AbortSignal,
): Promise<{ block: bigint | undefined; text: string }> {
  const response = await fetch(`${httpUrl}/v1/status`, { signal });
  const text = await response.text();
  if (!response.ok) return { block: undefined, text };
  const { status, head } = JSON.parse(text) as { status: string; head: { number: string } | null };
  return { block: status === "following" && head !== null ? BigInt(head.number) : undefined, text };
}
