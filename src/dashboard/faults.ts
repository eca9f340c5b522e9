/** What can be done to the local network by hand: the faults of scenarios, one a process at a time. */
import type { BrokenPart } from "../availability/report.ts";
import type { Clock } from "../base/clock.ts";
import type { Faultable } from "../compare/local/deeds.ts";
import { createFaultDriver, type FaultableNetwork, type FaultableProxies, STATES } from "../compare/local/faults.ts";
import type { LocalNetwork } from "../compare/local/network.ts";
import { startVantages, type VantageProxies } from "../compare/local/vantages.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import { namehash } from "../naming/namehash.ts";
import { type Fault, type FaultEffect, type FaultKind, faultSchema } from "../simulation/fault.ts";
import { type Scenario, scenarioSchema } from "../simulation/scenario.ts";

/** The effects on offer, of a size that shows at a glance; stopping and killing are states and have controls of their own. */
const EFFECTS: readonly FaultEffect[] = [
  { kind: "servfail" },
  { kind: "nxdomain" },
  { kind: "empty" },
  { kind: "wrong" },
  { kind: "stale" },
  { kind: "slow", addedMs: 500, retryFactor: 1 },
  { kind: "loss", ratio: 0.5 },
  { kind: "rateLimit", perSecond: 1 },
  { kind: "drip" },
];

export const FAULT_KINDS: readonly FaultKind[] = EFFECTS.map(({ kind }) => kind);

/** What is broken, as reports tell it: by the state of processes, and by the faults that hold for those that run. */
export function brokenParts(
  members: readonly Pick<Faultable, "what" | "state">[],
  held: ReadonlyMap<string, FaultKind>,
): readonly BrokenPart[] {
  const parts = new Map<string, { kind: string; ids: string[]; how: string }>();
  for (const { what, state } of members) {
    const how = state === "running" ? held.get(what) : STATES[state];
    if (how === undefined) continue;
    const at = what.lastIndexOf(" ");
    const [kind, id] = [what.slice(0, at), what.slice(at + 1)];
    const known = parts.get(`${kind}/${how}`);
    if (known === undefined) parts.set(`${kind}/${how}`, { kind, ids: [id], how });
    else known.ids.push(id);
  }
  return [...parts.values()];
}

export interface HandFaults {
  /** The faults that hold, by process. */
  readonly held: ReadonlyMap<string, FaultKind>;
  /** The network as clients see it, through the proxies that do what servers cannot do to themselves. */
  readonly proxies: VantageProxies;
  /** Makes a fault hold for one process, or none. */
  set(what: string, kind: FaultKind | null): Promise<void>;
  close(): Promise<void>;
}

export interface HandFaultsOptions {
  readonly network: LocalNetwork;
  readonly directory: DirectorySnapshot;
  /** Shard indices of the network's names, in their order. */
  readonly shardIndices: readonly number[];
  readonly clock: Clock;
}

/** The network as a scenario without a story. */
function scenarioOf({ rpcs, dns, gateways }: LocalNetwork): Scenario {
  return scenarioSchema.parse({
    id: "by-hand",
    title: "By hand",
    summary: "Whatever is clicked.",
    topology: {
      dns: { providers: [...dns.keys()].map((id) => ({ id })) },
      gateways: { count: gateways.length },
      chain: { providers: [...rpcs.keys()] },
    },
    services: [{ id: "all", title: "All", gateways: true }],
    phases: [{ id: "live", seconds: 1 }],
  });
}

/** What a fault is on, by the name of the process it shall hit; `undefined` where there is none of that name. */
function targetOf({ rpcs, dns, gateways }: LocalNetwork, what: string): Fault["on"] | undefined {
  const idOf = (group: ReadonlyMap<string, { readonly what: string }>) =>
    [...group].find(([, member]) => member.what === what)?.[0];
  const [server, provider] = [idOf(dns), idOf(rpcs)];
  if (server !== undefined) return { path: "dns", provider: server };
  if (provider !== undefined) return { path: "chain", provider };
  const machine = gateways.findIndex((gateway) => gateway.what === what);
  return machine === -1 ? undefined : { path: "gateways", machines: [machine] };
}

function networkOf(options: HandFaultsOptions, scenario: Scenario, proxies: FaultableProxies): FaultableNetwork {
  const { network, directory, shardIndices } = options;
  const names = network.plan.names.map(({ name, domain, probe }, index) => {
    return { name, domain, probe, node: namehash(name), shardIndex: shardIndices[index] ?? 0 };
  });
  const registry = network.deployment.contracts.registry;
  const { rpcs, dns, gateways } = network;
  return { rpcs, dns, gateways, directory, registry, names, topology: scenario.topology, vantageCount: 1, proxies };
}

/** Starts the proxies that faults by hand take. */
export async function startHandFaults(options: HandFaultsOptions): Promise<HandFaults> {
  const { network, directory, clock } = options;
  const scenario = scenarioOf(network);
  const proxies = await startVantages({ scenario, network, directory, clock });
  const driver = createFaultDriver(networkOf(options, scenario, proxies));
  const held = new Map<string, FaultKind>();
  return {
    held,
    proxies,
    async set(what, kind) {
      if (kind === null) held.delete(what);
      else held.set(what, kind);
      const faults = [...held].flatMap(([name, one]) => {
        const on = targetOf(network, name);
        const effect = EFFECTS.find((known) => known.kind === one);
        return on === undefined || effect === undefined ? [] : [faultSchema.parse({ on, effect })];
      });
      await driver.apply(faults);
    },
    close: () => proxies.close(),
  };
}
