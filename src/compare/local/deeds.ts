/** What a scenario's fault comes to on a local network: a state of processes, or answers that they or proxies give. */
import type { Hex } from "../../base/bytes.ts";
import { gatewaysOfShard, shardOf } from "../../directory/directory.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { Node } from "../../naming/namehash.ts";
import type { Fault } from "../../simulation/fault.ts";
import type { Scenario } from "../../simulation/scenario.ts";
import { sheddingRatio } from "../../simulation/shedding.ts";
import { operatorOfPlaced } from "../../simulation/topology.ts";
import type { LieSubject } from "./falseWorld.ts";
import type { InsideEffect, LiveFault } from "./liveFault.ts";
import type { MemberState } from "./member.ts";

/** What a fault can be done to. */
export interface Faultable {
  readonly what: string;
  readonly state: MemberState;
  /** What being paused is called, where it is not a signal to the process. */
  readonly pausedHow?: string;
  put(state: MemberState): Promise<void>;
  spoil(fault: LiveFault | null): void | Promise<void>;
}

/** A network of members, and what decides which of them a fault hits. */
export interface FaultTargets {
  readonly rpcs: ReadonlyMap<string, Faultable>;
  readonly dns: ReadonlyMap<string, Faultable>;
  /** In the order of their ids, from 1. */
  readonly gateways: readonly Faultable[];
  readonly directory: DirectorySnapshot;
  /** The contract that RPC providers lie about. */
  readonly registry: Hex;
  /** Names under test by number, with their shard indices. */
  readonly names: readonly NumberedName[];
  /** Capacities and ordinary loads. */
  readonly topology: Scenario["topology"];
  /** How many vantage points there are. */
  readonly vantageCount: number;
  /** The age from which on a head counts as old, in seconds, where stuck ones are to be old at once. */
  readonly oldSeconds?: number;
}

export interface NumberedName {
  readonly name: string;
  readonly node: Node;
  readonly shardIndex: number;
  readonly domain: string;
  /** The RRset that probes ask for; `undefined` where the name is not probed. */
  readonly probe: { readonly owner: string; readonly type: number } | undefined;
}

/** What is done to each member that a fault hits. */
export type Deed =
  | { readonly kind: "state"; readonly state: MemberState }
  | { readonly kind: "spoil"; readonly fault: LiveFault }
  | {
      readonly kind: "proxy";
      readonly fault: LiveFault;
      /** Vantage points that see it; all without it. */
      readonly from?: readonly string[];
      /** Attack traffic to each proxy of the member, queries a second. */
      readonly floodPerSecond?: number;
    };

/** All floods of a drill together, queries a second: enough to overrun a scaled capacity, too few to starve the instrument. */
const FLOOD_PER_SECOND_MAX = 200;
/** How often clients of the world at large try a server that does not answer; as in the simulator. */
const TRIES_OF_THE_WORLD = 3;

/** Whether a fault is one of a whole server, rather than of what it answers. */
function isStop({ effect, on }: Pick<Fault, "effect" | "on">): boolean {
  if (on.path === "dns" && on.transport !== undefined) return false;
  return effect.kind === "silent" || effect.kind === "refused";
}

/** Whether a fault takes a proxy before the servers, and not only the servers themselves. */
export function isProxied({ from, effect, on, names }: Fault): boolean {
  if (from !== undefined || effect.kind === "flood") return true;
  return isStop({ effect, on }) ? names < 1 : on.path === "gateways";
}

/** Whether a scenario shows every vantage point a network of its own. */
export function needsProxies({ phases, topology }: Scenario): boolean {
  const { cacheTtlSeconds, negativeTtlSeconds } = topology.dns;
  const hasCaches = cacheTtlSeconds > 0 || negativeTtlSeconds > 0;
  return hasCaches || topology.vantages.length > 1 || phases.some((phase) => phase.faults.some(isProxied));
}

/** The ids of the gateways a fault hits, ascending. */
export function gatewaysHit(fault: Fault, network: FaultTargets): readonly number[] {
  const { on } = fault;
  if (on.path !== "gateways") return [];
  const { operators } = network.topology.gateways;
  let ids = network.gateways.map((_, index) => index + 1);
  if (on.zone !== undefined) ids = ids.filter((id) => network.directory.gateways.get(id)?.zone === on.zone);
  if (on.machines !== undefined) ids = ids.filter((id) => on.machines?.includes(id - 1));
  if (on.operator !== undefined) {
    const count = network.gateways.length;
    ids = ids.filter((id) => operatorOfPlaced(id - 1, count, operators) === on.operator);
  }
  if (on.shardOfName !== undefined) {
    const name = network.names[on.shardOfName % network.names.length];
    if (name === undefined) return [];
    const shard = gatewaysOfShard(network.directory, shardOf(network.directory, name.node, name.shardIndex));
    ids = ids.filter((id) => shard.some((gateway) => gateway?.id === id));
  }
  return ids.slice(0, Math.ceil(ids.length * fault.share));
}

export function membersHit(fault: Fault, network: FaultTargets): readonly Faultable[] {
  if (fault.on.path === "gateways") return gatewaysHit(fault, network).map((id) => network.gateways[id - 1]!);
  const group = fault.on.path === "dns" ? network.dns : network.rpcs;
  const { provider } = fault.on;
  const all = [...group].filter(([id]) => provider === undefined || provider === id).map(([, member]) => member);
  return all.slice(0, Math.ceil(all.length * fault.share));
}

/** Names that the fault is for: the first ones; `undefined` for all. */
export function namesHit(fault: Fault, network: FaultTargets): readonly NumberedName[] | undefined {
  return fault.names === 1 ? undefined : network.names.slice(0, Math.ceil(network.names.length * fault.names));
}

/** Queries a second of one server of the fault's kind: what it can take, and what the world asks it. */
function loadOf({ on }: Fault, { topology }: FaultTargets): { capacityPerSecond: number; loadPerSecond: number } {
  const given =
    on.path === "dns"
      ? topology.dns.providers.find(({ id }) => on.provider === undefined || id === on.provider)
      : topology[on.path];
  const { capacityPerSecond = Number.POSITIVE_INFINITY, loadPerSecond = 0 } = given ?? {};
  return { capacityPerSecond, loadPerSecond };
}

function slowEffect(
  fault: Fault,
  effect: Extract<Fault["effect"], { kind: "slow" }>,
  network: FaultTargets,
): InsideEffect {
  const { addedMs, retryFactor } = effect;
  const lostRatio = sheddingRatio({
    ...loadOf(fault, network),
    floodPerSecond: 0,
    retryFactor,
    tries: TRIES_OF_THE_WORLD,
  });
  return lostRatio === 0 ? effect : { kind: "overloaded", addedMs, lostRatio };
}

/** For which names, over which transport, and about what a fault shows. */
function scopeOf(fault: Fault, network: FaultTargets): Omit<LiveFault, "effect"> {
  const { on } = fault;
  const some = namesHit(fault, network);
  const names =
    some === undefined ? {} : { names: some.map(({ name }) => name), domains: some.map(({ domain }) => domain) };
  if (on.path === "chain") {
    const { oldSeconds } = network;
    // Time is compressed and blocks are not: what scenarios wait for to be old would stay young for a good part of a phase.
    const behind = fault.effect.kind === "stale" && oldSeconds !== undefined ? { behindSeconds: oldSeconds } : {};
    return { ...names, ...behind, subject: subjectOf(some ?? network.names, network.registry) };
  }
  return on.path === "dns" && on.transport !== undefined ? { ...names, transport: on.transport } : names;
}

function subjectOf(names: readonly NumberedName[], registry: Hex): LieSubject {
  return { registry, names: names.map(({ name, probe }) => ({ name, rrset: probe })) };
}

/** A flood is scaled to what one machine can send, and the capacity with it, so that the same share gets through. */
function floodDeed(fault: Fault, perSecond: number, network: FaultTargets): Deed {
  const { capacityPerSecond, loadPerSecond } = loadOf(fault, network);
  const share = FLOOD_PER_SECOND_MAX / Math.max(1, membersHit(fault, network).length * network.vantageCount);
  const floodPerSecond = Math.min(share, perSecond + loadPerSecond);
  const scaled = (capacityPerSecond * floodPerSecond) / (perSecond + loadPerSecond);
  const { from } = fault;
  return {
    kind: "proxy",
    fault: { effect: { kind: "crowded", capacityPerSecond: scaled }, ...scopeOf(fault, network) },
    floodPerSecond,
    ...(from === undefined ? {} : { from }),
  };
}

/** What a fault does to the members it hits. What makes no sense for them the scenario's schema has refused. */
export function deedOf(fault: Fault, network: FaultTargets): Deed {
  const { effect, from } = fault;
  if (effect.kind === "flood") return floodDeed(fault, effect.perSecond, network);
  if (isStop(fault) && !isProxied(fault)) return { kind: "state", state: effect.kind === "silent" ? "paused" : "dead" };
  const shown = effect.kind === "slow" ? slowEffect(fault, effect, network) : effect;
  const live: LiveFault = { effect: shown, ...scopeOf(fault, network) };
  if (!isProxied(fault)) return { kind: "spoil", fault: live };
  return { kind: "proxy", fault: live, ...(from === undefined ? {} : { from }) };
}
