/**
 * The local network: a chain, RPC providers, centralized DNS servers and gateways, each a process of its own, and the names
 * of a zone file registered on the chain. Everything ends with `close`, or with the parent.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { BaseError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import { registerInBulk } from "../../chain/bulkRegister.ts";
import { deployContracts } from "../../chain/deploy.ts";
import { type Deployment, writeDeployment } from "../../chain/deployment.ts";
import { listGateways } from "../../chain/listGateways.ts";
import { parseZoneFile } from "../../dns/zoneFile.ts";
import { encodeRRset } from "../../protocol/rrset.ts";
import { ZONE_COUNT } from "../../sharding/shard.ts";
import { HostNet } from "../netns/hosts.ts";
import { type ImportPlan, type NameMap, planImport } from "../zoneImport.ts";
import type { ChainConfig, ChainReady } from "./chainProcess.ts";
import { type Child, type ChildOptions, startChild } from "./child.ts";
import { createDevChain, type DevChain } from "./devChain.ts";
import type { DnsConfig, DnsReady } from "./dnsProcess.ts";
import type { GatewayConfig, GatewayReady } from "./gatewayProcess.ts";
import { untilInStep } from "./inStep.ts";
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
  /** Draws which gateway holds which slot, so that a run's shards can be had again. */
  readonly seed: string;
  /** Gives every process a host of its own, a network namespace, and these hosts beside; takes root on Linux. */
  readonly hosts?: readonly string[];
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
  /** Where each process has a host of its own, called as the process is. */
  readonly hosts?: HostNet;
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
const LOOPBACK = "127.0.0.1";
const GATEWAY_PORT_OPTIONS = "--gateway-port or --gateway-dns-port";
const GATEWAY_POLL_MS = 500;
/** The chain begins this long ago, so that commitments can ripen without its clock passing the machine's. */
const PAST_MS = 10 * 60_000;
const LEASE_SECONDS = 365n * 86_400n;
const BATCH_VALUE_WEI = 100n * 10n ** 18n;

const portOf = (first: number, index: number) => (first === 0 ? 0 : first + index);

/** Starts everything and waits until every gateway serves every name. On any error, nothing is left running. */
export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  if (options.gatewayCount < ZONE_COUNT || options.gatewayCount > 64) throw new GatewayCountError(options.gatewayCount);
  // Before anything runs or is registered: a bad zone file must leave nothing behind.
  const plan = planImport(parseZoneFile(options.zoneText, options.zoneFile), options.tld, options.map);
  const start = new NetworkStart(options, plan);
  try {
    return { ...(await start.run()), plan, close: () => start.close() };
  } catch (error) {
    await start.close();
    throw error;
  }
}

/** The steps of a local network's start, what they have brought up so far, and how to end it. */
class NetworkStart {
  readonly steps: { step: string; ms: number }[] = [];
  readonly #options: LocalNetworkOptions;
  readonly #plan: ImportPlan;
  readonly #reaper = new Reaper();
  readonly #folder = mkdtempSync(join(tmpdir(), "holdfast-"));
  readonly #ends: (() => Promise<void>)[] = [];
  #hosts: HostNet | undefined;

  constructor(options: LocalNetworkOptions, plan: ImportPlan) {
    this.#options = options;
    this.#plan = plan;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#ends.splice(0).map((end) => end()));
    await this.#hosts?.close();
    // Whatever was still starting ends with the reaper, and then nobody writes into the folder any more.
    await this.#reaper.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async run(): Promise<Omit<LocalNetwork, "plan" | "close">> {
    if (this.#options.hosts !== undefined) await this.#timed("hosts", () => this.#makeHosts());
    const chain = await this.#timed("chain", () => this.#startChain());
    const devChain = createDevChain(chain.ready.url);
    const [rpcs, dns, deployment] = await Promise.all([
      this.#timed("RPC providers", () => this.#startRpcs(chain.ready)),
      this.#timed("DNS servers", () => this.#startDns()),
      this.#timed("contracts", () => this.#deploy(chain.ready.url)),
    ]);
    const [gateways] = await Promise.all([
      this.#timed("gateways", () => this.#startGateways([...rpcs.values()], deployment)),
      this.#timed("names", () => this.#register(devChain, deployment)),
    ]);
    await this.#timed("directory", () => this.#list(devChain, deployment, gateways));
    const { clock, onProgress, signal } = this.#options;
    await this.#timed("gateways in step", async () =>
      untilInStep({
        gateways,
        block: await devChain.blockNumber(),
        clock,
        onProgress,
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    const hosts = this.#hosts === undefined ? {} : { hosts: this.#hosts };
    return { deployment, chain, devChain, rpcs, dns, gateways, ...hosts, steps: this.steps };
  }

  async #makeHosts(): Promise<void> {
    const { rpcProviders, dnsProviders, gatewayCount, hosts = [] } = this.#options;
    const members = [
      ...rpcProviders.map((id) => `RPC provider ${id}`),
      ...dnsProviders.map((id) => `DNS server ${id}`),
      ...Array.from({ length: gatewayCount }, (_, index) => `gateway ${index + 1}`),
    ];
    this.#hosts = await HostNet.create(["chain", ...members, ...hosts], this.#reaper, this.#options.clock);
  }

  #addressOf(what: string): string {
    return this.#hosts?.addressOf(what) ?? LOOPBACK;
  }

  async #timed<Value>(step: string, work: () => Promise<Value>): Promise<Value> {
    const { clock, signal } = this.#options;
    signal?.throwIfAborted();
    const startMs = clock.monotonicMs();
    const value = await work();
    this.steps.push({ step, ms: Math.round(clock.monotonicMs() - startMs) });
    return value;
  }

  #childOptions(what: string, file: string, portOption: string) {
    const entry = new URL(`./${file}`, import.meta.url);
    const { clock } = this.#options;
    const hosts = this.#hosts;
    const on = hosts === undefined ? {} : { on: (command: readonly string[]) => hosts.on(what, command) };
    return { what, entry, portOption, ...on, deadlineMs: START_DEADLINE_MS, clock, reaper: this.#reaper };
  }

  async #start<Ready extends { port: number }, Config extends { readonly port: number }>(
    options: Omit<ChildOptions, "config">,
    config: Config,
    pin: Pin<Ready, Config> = (old, ready) => ({ ...old, port: ready.port }),
  ): Promise<Member<Ready, Config>> {
    const member = await Member.start<Ready, Config>(options, config, pin);
    this.#ends.push(() => member.stop());
    member.onLost(() => this.#options.onLost(options.what));
    return member;
  }

  async #startChain(): Promise<Child<ChainReady>> {
    const { ports, blockMs, clock, onLost } = this.#options;
    const genesisMs = clock.nowMs() - PAST_MS;
    const host = this.#addressOf("chain");
    const config: ChainConfig = { host, port: ports.chain, chainId: CHAIN_ID, blockMs, genesisMs };
    const options = this.#childOptions("chain", "chainProcess.ts", "--chain-port");
    const child = await startChild<ChainReady>({ ...options, config });
    this.#ends.push(() => child.stop());
    child.onLost(() => onLost("chain"));
    return child;
  }

  async #startRpcs(chain: ChainReady): Promise<ReadonlyMap<string, RpcMember>> {
    const { rpcProviders, ports } = this.#options;
    const behind = { chainHost: this.#addressOf("chain"), chainPort: chain.port };
    const entries = rpcProviders.map(async (id, index) => {
      const what = `RPC provider ${id}`;
      const config: RpcConfig = { host: this.#addressOf(what), port: portOf(ports.rpc, index), ...behind };
      const options = this.#childOptions(what, "rpcProcess.ts", "--rpc-port");
      return [id, await this.#start<RpcReady, RpcConfig>(options, config)] as const;
    });
    return new Map(await Promise.all(entries));
  }

  async #startDns(): Promise<ReadonlyMap<string, DnsMember>> {
    const { dnsProviders, ports, zoneText, zoneFile, seed } = this.#options;
    const entries = dnsProviders.map(async (id, index) => {
      const what = `DNS server ${id}`;
      const address = { host: this.#addressOf(what), port: portOf(ports.dns, index) };
      const config: DnsConfig = { ...address, zoneText, zoneFile, faultSeed: `${seed}/${id}` };
      const options = this.#childOptions(what, "dnsProcess.ts", "--dns-port");
      return [id, await this.#start<DnsReady, DnsConfig>(options, config)] as const;
    });
    return new Map(await Promise.all(entries));
  }

  async #startGateways(rpcs: readonly RpcMember[], deployment: Deployment): Promise<readonly GatewayMember[]> {
    const { gatewayCount, ports, random } = this.#options;
    const deploymentFile = join(this.#folder, "deployment.json");
    await writeDeployment(deploymentFile, deployment);
    const starting = Array.from({ length: gatewayCount }, (_, index) => {
      const what = `gateway ${index + 1}`;
      const config: GatewayConfig = {
        host: this.#addressOf(what),
        port: portOf(ports.gateway, index),
        dnsPort: portOf(ports.gatewayDns, index),
        gatewayId: index + 1,
        signerKey: toHex(random.bytes(32)),
        rpcUrls: rpcs.map((member) => member.ready.url),
        deployment: deploymentFile,
        data: join(this.#folder, `gateway-${index + 1}`),
        pollMs: GATEWAY_POLL_MS,
      };
      const options = this.#childOptions(what, "gatewayProcess.ts", GATEWAY_PORT_OPTIONS);
      return this.#start<GatewayReady, GatewayConfig>(options, config, (old, ready) => ({
        ...old,
        port: ready.port,
        dnsPort: ready.dnsPort,
      }));
    });
    return Promise.all(starting);
  }

  #deploy(chain: string): Promise<Deployment> {
    const onStep = (step: string) => this.#options.onProgress(`contracts: ${step}`, 0, 0);
    return deployContracts({ chain, tld: this.#options.tld, confirmations: 1, pollMs: 20, onStep });
  }

  async #register(devChain: DevChain, deployment: Deployment): Promise<void> {
    const { tld, random, onProgress, signal } = this.#options;
    await registerInBulk({
      rpcUrl: devChain.url,
      deployment,
      sender: await devChain.firstAccount(),
      names: this.#plan.names.map(({ name, rrsets }) => ({
        label: name.slice(0, -tld.length - 1),
        rrsets: rrsets.map(encodeRRset),
      })),
      durationSeconds: LEASE_SECONDS,
      valueWei: BATCH_VALUE_WEI,
      ripen: (seconds) => devChain.passTime(seconds),
      secret: toHex(random.bytes(32)),
      onProgress: (done, total) => onProgress("names registered", done, total),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #list(devChain: DevChain, deployment: Deployment, gateways: readonly GatewayMember[]): Promise<void> {
    await listGateways({
      rpcUrl: devChain.url,
      deployment,
      sender: await devChain.firstAccount(),
      gateways: gateways.map(({ ready }, index) => ({
        signer: ready.signer,
        operator: ready.signer,
        zone: Math.floor((index * ZONE_COUNT) / gateways.length),
        httpUrl: ready.httpUrl,
        dnsEndpoint: ready.dnsEndpoint,
      })),
      seed: this.#options.seed,
    });
    await devChain.catchUp(this.#options.clock.nowMs());
  }
}
