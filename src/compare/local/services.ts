/** A scenario's services as name clients on the local network, each with its own health records and no cache. */

import type { PathName } from "../../availability/outcome.ts";
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { createNodeNameClient, type NodeNameClientOptions } from "../../client/nodeClient.ts";
import type { Service } from "../../simulation/scenario.ts";
import type { ServiceProbe } from "../drill/drill.ts";

export interface ServiceNetwork {
  /** What a client needs to reach everything; the services choose among it. */
  readonly client: NodeNameClientOptions;
  /** DNS servers and RPC providers by the scenario's ids. */
  readonly dns: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  readonly rpcUrls: ReadonlyMap<string, string>;
  /** Verified answers older than this count as stale, in seconds; the client's own bound without it. */
  readonly ageSecondsMax?: number;
}

/** The one path of a service, or `all` where it has several. */
function pathOf(service: Service): PathName | "all" {
  const paths: PathName[] = [];
  if (service.dns.length > 0) paths.push("dns");
  if (service.chain) paths.push("chain");
  if (service.gateways) paths.push("gateways");
  return paths.length === 1 ? paths[0]! : "all";
}

/** `items` from `first` on, and around. */
function rotated<Item>(items: readonly Item[], first: number): Item[] {
  return [...items.slice(first), ...items.slice(0, first)];
}

/**
 * How each service of a scenario is asked: by clients that take turns, each of which begins with another DNS server and RPC
 * provider, as the world's clients do. A liar among two is then believed by half of those who believe the first.
 */
export function createServiceProbe(
  service: Service,
  network: ServiceNetwork,
  clock: Clock,
  random: Random,
): ServiceProbe {
  const { paths } = network.client;
  const servers = service.dns.flatMap((id) => network.dns.get(id) ?? []);
  const rpcUrls = service.rpc?.flatMap((id) => network.rpcUrls.get(id) ?? []) ?? [...network.rpcUrls.values()];
  const clients = Array.from({ length: Math.max(1, servers.length) }, (_, turn) =>
    createNodeNameClient({
      ...network.client,
      clock,
      random,
      cache: false,
      policy: service.policy,
      trust: { gateways: service.evidence, ...network.client.trust },
      ...(network.ageSecondsMax === undefined ? {} : { freshness: { ageSecondsMax: network.ageSecondsMax } }),
      paths: {
        // One try a server: a probe does not retry, so that what it measures is the path (RSSAC047).
        ...(servers.length > 0 && paths.dns
          ? { dns: { ...paths.dns, endpoints: rotated(servers, turn), tryCount: 1 } }
          : {}),
        ...(service.chain && paths.chain
          ? { chain: { ...paths.chain, rpcUrls: rotated(rpcUrls, turn % Math.max(1, rpcUrls.length)) } }
          : {}),
        ...(service.gateways && paths.gateways ? { gateways: paths.gateways } : {}),
      },
    }),
  );
  const path = pathOf(service);
  let round = 0;
  return {
    id: service.id,
    probe: ({ name, record }, deadlineMs, signal) => {
      const client = clients[round % clients.length]!;
      round += 1;
      return client.probe({ name, record, path, deadlineMs, signal });
    },
  };
}
