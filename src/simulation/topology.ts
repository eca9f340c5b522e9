/** The endpoints of a scenario, numbered: DNS servers, gateways' machines, RPC providers; and who serves which name. */
import { gatewaysOf, type Placement, placeGateways } from "../sharding/placement.ts";
import { slotsOf, ZONE_COUNT } from "../sharding/shard.ts";
import type { Distribution } from "./distribution.ts";
import type { FaultTarget } from "./fault.ts";
import type { Scenario, Vantage } from "./scenario.ts";

/** One server that can be asked. */
export interface Endpoint {
  /** Position in `Topology.endpoints`. */
  readonly index: number;
  readonly path: "dns" | "gateways" | "chain";
  /** Number among its kind: server of its provider, machine, or RPC provider; from 0. */
  readonly number: number;
  /** DNS or RPC provider; empty for gateways. */
  readonly provider: string;
  /** Zone of a gateway; -1 otherwise. */
  readonly zone: number;
  /** Operator of a gateway; -1 otherwise. */
  readonly operator: number;
  readonly latency: Distribution;
  /** `Infinity` where it never sheds. */
  readonly capacityPerSecond: number;
  readonly loadPerSecond: number;
}

export interface Topology {
  readonly endpoints: readonly Endpoint[];
  readonly vantages: readonly Vantage[];
  /** Slot tables; gateway ids are machine numbers plus one. */
  readonly placement: Placement;
  readonly nameCount: number;
  /** Endpoint indices of a DNS provider's servers. */
  readonly dnsServers: ReadonlyMap<string, readonly number[]>;
  /** Endpoint indices of machines, by machine number. */
  readonly machines: readonly number[];
  readonly rpcProviders: readonly number[];
}

export interface TopologyOptions {
  readonly names?: number;
  readonly gateways?: number;
  /** Seed of a live network: slots are then held, and zones filled, as they are there. */
  readonly placedBy?: string;
}

/** Zone of a machine of a live network, whose zones are filled one after the other. */
export function zoneOfPlaced(number: number, count: number): number {
  return Math.floor((number * ZONE_COUNT) / count);
}

/**
 * Operator of a machine of a live network. Machines are dealt to operators zone by zone in turn, as in the simulator, so that
 * whoever has several has them in as few zones as there: an operator in two zones could outvote a name's other two gateways.
 */
export function operatorOfPlaced(number: number, count: number, operators: number): number {
  const zone = zoneOfPlaced(number, count);
  const within = number - Math.ceil((zone * count) / ZONE_COUNT);
  return (within * ZONE_COUNT + zone) % operators;
}

/** Every endpoint of the scenario. `options` override the scenario's own sizes. */
export function buildTopology(scenario: Scenario, options: TopologyOptions = {}): Topology {
  const { dns, gateways, chain, vantages } = scenario.topology;
  const endpoints: Endpoint[] = [];
  const add = (endpoint: Omit<Endpoint, "index">) => endpoints.push({ index: endpoints.length, ...endpoint }) - 1;
  const dnsServers = new Map<string, readonly number[]>();
  for (const provider of dns.providers) {
    const { id, latencyMs: latency, loadPerSecond, capacityPerSecond = Number.POSITIVE_INFINITY } = provider;
    const common = {
      path: "dns" as const,
      provider: id,
      zone: -1,
      operator: -1,
      latency,
      loadPerSecond,
      capacityPerSecond,
    };
    dnsServers.set(
      id,
      Array.from({ length: provider.servers }, (_, number) => add({ ...common, number })),
    );
  }
  const machineCount = options.gateways ?? gateways.count;
  const { placedBy } = options;
  const zoneOf = (number: number) =>
    placedBy === undefined ? number % ZONE_COUNT : zoneOfPlaced(number, machineCount);
  const operatorOf = (number: number) =>
    placedBy === undefined ? number % gateways.operators : operatorOfPlaced(number, machineCount, gateways.operators);
  const machines = Array.from({ length: machineCount }, (_, number) =>
    add({
      path: "gateways",
      number,
      provider: "",
      zone: zoneOf(number),
      operator: operatorOf(number),
      latency: gateways.latencyMs,
      capacityPerSecond: gateways.capacityPerSecond ?? Number.POSITIVE_INFINITY,
      loadPerSecond: gateways.loadPerSecond,
    }),
  );
  const rpcProviders = chain.providers.map((provider, number) =>
    add({
      path: "chain",
      number,
      provider,
      zone: -1,
      operator: -1,
      latency: chain.latencyMs,
      capacityPerSecond: chain.capacityPerSecond ?? Number.POSITIVE_INFINITY,
      loadPerSecond: chain.loadPerSecond,
    }),
  );
  const placement = placeGateways({
    gateways: machines.map((_, number) => ({ id: number + 1, zone: zoneOf(number) })),
    seed: placedBy ?? scenario.id,
  });
  const nameCount = options.names ?? scenario.load.names;
  return { endpoints, vantages, placement, nameCount, dnsServers, machines, rpcProviders };
}

/** Machine numbers of the four gateways of name number `name`, in the order of the zones. */
export function machinesOfName(topology: Topology, name: number): readonly [number, number, number, number] {
  const [a, b, c, d] = gatewaysOf(topology.placement, slotsOf(name));
  return [a - 1, b - 1, c - 1, d - 1];
}

/** Endpoint indices that a fault's target names, in order. Simulated servers are asked over UDP alone. */
export function endpointsOf(topology: Topology, target: FaultTarget): readonly number[] {
  if (target.path === "dns" && target.transport === "tcp") return [];
  const all = topology.endpoints.filter((endpoint) => endpoint.path === target.path);
  const matches = (endpoint: Endpoint) => {
    if (target.path !== "gateways") return target.provider === undefined || endpoint.provider === target.provider;
    if (target.zone !== undefined && endpoint.zone !== target.zone) return false;
    if (target.operator !== undefined && endpoint.operator !== target.operator) return false;
    if (target.machines !== undefined && !target.machines.includes(endpoint.number)) return false;
    return target.shardOfName === undefined || machinesOfName(topology, target.shardOfName).includes(endpoint.number);
  };
  return all.filter(matches).map((endpoint) => endpoint.index);
}
