/** Vantage points of a local network: each a process of proxies, through which its clients see every server. */
import type { Clock } from "../../base/clock.ts";
import type { NodeNameClientOptions } from "../../client/nodeClient.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { Scenario } from "../../simulation/scenario.ts";
import { type Child, startChild } from "./child.ts";
import type { FaultableProxies } from "./faults.ts";
import type { FloodOrder, FloodTally, FloodTarget } from "./floodProcess.ts";
import type { LiveFault } from "./liveFault.ts";
import type { LocalNetwork } from "./network.ts";
import type { ProxiedServer, ProxyConfig, ProxyOrder, ProxyReady } from "./proxyProcess.ts";
import { Reaper } from "./reaper.ts";

const START_DEADLINE_MS = 30_000;
const LOOPBACK = "127.0.0.1";

export interface VantageProxies extends FaultableProxies {
  /** Where a client at this vantage point finds a server. */
  addressOf(vantage: string, what: string): { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

export interface VantageOptions {
  readonly scenario: Scenario;
  readonly network: LocalNetwork;
  readonly directory: DirectorySnapshot;
  readonly clock: Clock;
}

function targetOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function serversOf({ network, directory }: VantageOptions): ProxiedServer[] {
  const name = network.plan.names[0]?.name ?? "";
  const domain = { chainId: directory.chainId, directory: directory.address };
  return [
    ...[...network.dns.values()].map(({ what, ready: { host, port } }): ProxiedServer => {
      return { kind: "dns", what, target: { host, port } };
    }),
    ...[...network.rpcs.values()].map(({ what, ready }): ProxiedServer => {
      return { kind: "rpc", what, target: targetOf(ready.url) };
    }),
    ...network.gateways.map(({ what, ready, config }): ProxiedServer => {
      const liar = { signerKey: config.signerKey, domain, name };
      return { kind: "gateway", what, target: targetOf(ready.httpUrl), liar };
    }),
  ];
}

/** Starts the proxies of every vantage point of the scenario, and the process that floods them. */
export async function startVantages(options: VantageOptions): Promise<VantageProxies> {
  const { scenario, network, clock } = options;
  const { vantages, dns } = scenario.topology;
  const reaper = new Reaper();
  const servers = serversOf(options);
  const cache = {
    ttlMs: (dns.cacheTtlSeconds * 1_000) / scenario.liveCompression,
    negativeTtlMs: (dns.negativeTtlSeconds * 1_000) / scenario.liveCompression,
  };
  const common = { deadlineMs: START_DEADLINE_MS, clock, reaper };
  const started = new Map<string, Vantage>();
  let flood: Child<object> | undefined;
  const close = async () => {
    await Promise.all([flood?.stop(), ...[...started.values()].map(({ child }) => child.stop())]);
    await reaper.close();
  };
  try {
    for (const { id, addedLatencyMs } of vantages) {
      const config: ProxyConfig = { host: LOOPBACK, servers, addedLatencyMs, cache };
      const entry = new URL("./proxyProcess.ts", import.meta.url);
      const child = await startChild<ProxyReady>({ ...common, what: `proxies of ${id}`, entry, config });
      started.set(id, new Vantage(id, child));
    }
    const hasFlood = scenario.phases.some(({ faults }) => faults.some(({ effect }) => effect.kind === "flood"));
    const entry = new URL("./floodProcess.ts", import.meta.url);
    if (hasFlood) flood = await startChild<object>({ ...common, what: "flood", entry, config: {} });
  } catch (error) {
    await close();
    throw error;
  }
  const addressOf = (vantage: string, what: string) => ({ host: LOOPBACK, port: started.get(vantage)!.portOf(what) });
  const below = network.plan.names[0];
  return {
    vantages: vantages.map(({ id }) => id),
    addressOf,
    async apply(faults, floods) {
      await Promise.all([...started.values()].map((vantage) => vantage.order(faults.get(vantage.id) ?? {})));
      const targets = [...floods].flatMap(([what, perSecond]) =>
        vantages.map(({ id }): FloodTarget => {
          const kind = servers.find((server) => server.what === what)?.kind ?? "dns";
          const name = (kind === "dns" ? below?.domain : below?.name) ?? "";
          return { kind, ...addressOf(id, what), perSecond, below: name };
        }),
      );
      await flood?.ask({ targets } satisfies FloodOrder);
    },
    async floodedRatio() {
      const tally = (await flood?.ask({} satisfies FloodOrder)) as FloodTally | undefined;
      return tally?.inTimeRatio ?? 1;
    },
    close,
  };
}

/** The process of one vantage point's proxies. */
class Vantage {
  readonly id: string;
  readonly child: Child<ProxyReady>;
  #round = 0;
  readonly #pending = new Map<number, () => void>();

  constructor(id: string, child: Child<ProxyReady>) {
    this.id = id;
    this.child = child;
    child.onMessage((message) => this.#pending.get((message as { round: number }).round)?.());
  }

  portOf(what: string): number {
    return this.child.ready.ports[what]!;
  }

  /** Tells the proxies their faults, and waits until they have done as told, or are gone. */
  async order(faults: Readonly<Record<string, LiveFault>>): Promise<void> {
    this.#round += 1;
    const round = this.#round;
    const done = new Promise<void>((resolve) => this.#pending.set(round, resolve));
    this.child.send({ round, faults } satisfies ProxyOrder);
    await Promise.race([done, this.child.ended]);
    this.#pending.delete(round);
  }
}

/** A client's options as they are at a vantage point: every server by its proxy there. */
export function optionsAt(
  client: NodeNameClientOptions,
  proxies: VantageProxies,
  vantage: string,
  network: LocalNetwork,
): NodeNameClientOptions {
  const { chain, gateways } = client.paths;
  const url = (what: string) => {
    const { host, port } = proxies.addressOf(vantage, what);
    return `http://${host}:${port}`;
  };
  const seen = (directory: DirectorySnapshot): DirectorySnapshot => ({
    ...directory,
    gateways: new Map(
      [...directory.gateways].map(([id, gateway]) => {
        const member = network.gateways[id - 1];
        return [id, member === undefined ? gateway : { ...gateway, httpUrl: url(member.what) }];
      }),
    ),
  });
  return {
    ...client,
    paths: {
      ...client.paths,
      ...(chain ? { chain: { ...chain, rpcUrls: [...network.rpcs.values()].map(({ what }) => url(what)) } } : {}),
      ...(gateways ? { gateways: { ...gateways, directory: seen(gateways.directory) } } : {}),
    },
  };
}
