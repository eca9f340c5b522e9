/** The network as one vantage point sees it: a proxy before every server, each with faults of its own, in one process. */
import { systemClock } from "../../base/clock.ts";
import { secureRandom } from "../../base/random.ts";
import { runChild, tellParent } from "./childMain.ts";
import type { CacheTimes } from "./dnsForward.ts";
import { DnsProxy } from "./dnsProxy.ts";
import { createGatewaySpoiler, type GatewaySpoilerOptions } from "./gatewayFaults.ts";
import { HttpProxy } from "./httpProxy.ts";
import type { LiveFault } from "./liveFault.ts";
import { createRpcSpoiler } from "./rpcFaults.ts";

interface Target {
  readonly host: string;
  readonly port: number;
}

export type ProxiedServer = { readonly what: string; readonly target: Target } & (
  | { readonly kind: "dns" }
  | { readonly kind: "rpc" }
  | { readonly kind: "gateway"; readonly liar: GatewaySpoilerOptions }
);

export interface ProxyConfig {
  readonly host: string;
  readonly servers: readonly ProxiedServer[];
  /** Added to every exchange from this vantage point, in milliseconds. */
  readonly addedLatencyMs: number;
  /** Of the recursive resolvers that clients ask through. */
  readonly cache: CacheTimes;
}

export interface ProxyReady {
  /** Ports by server. */
  readonly ports: Readonly<Record<string, number>>;
}

/** What the parent sends: all faults from now on; answered with the same `round`. */
export interface ProxyOrder {
  readonly round: number;
  readonly faults: Readonly<Record<string, LiveFault>>;
}

/** A proxy of either kind. */
type Proxy = Pick<HttpProxy, "port" | "setFault" | "close">;

async function startProxy(config: ProxyConfig, server: ProxiedServer): Promise<Proxy> {
  const { host, addedLatencyMs: addedMs } = config;
  const clock = systemClock;
  if (server.kind === "dns") {
    const { cache } = config;
    return await DnsProxy.start({ host, port: 0, target: server.target, addedMs, cache, clock, random: secureRandom });
  }
  const spoiler = server.kind === "rpc" ? createRpcSpoiler() : createGatewaySpoiler(server.liar);
  return await HttpProxy.start({ host, port: 0, target: server.target, spoiler, addedMs, clock, random: secureRandom });
}

runChild(async (config: ProxyConfig) => {
  const proxies = new Map<string, Proxy>();
  for (const server of config.servers) proxies.set(server.what, await startProxy(config, server));
  const obey = async ({ round, faults }: ProxyOrder) => {
    await Promise.all([...proxies].map(([what, proxy]) => proxy.setFault(faults[what] ?? null)));
    tellParent({ round });
  };
  return {
    ready: { ports: Object.fromEntries([...proxies].map(([what, { port }]) => [what, port])) } satisfies ProxyReady,
    onMessage: (message) => void obey(message as ProxyOrder),
    close: async () => {
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    },
  };
});
