/** A scenario's faults, done to the processes of the local network and to the proxies before them. */
import { type BrokenPart, percent } from "../../availability/report.ts";
import type { FaultDriver } from "../drill/drill.ts";
import { type Deed, deedOf, type Faultable, type FaultTargets, membersHit } from "./deeds.ts";
import type { LiveFault } from "./liveFault.ts";
import type { MemberState } from "./member.ts";

/** The proxies of all vantage points, and the traffic that attacks them. */
export interface FaultableProxies {
  readonly vantages: readonly string[];
  /** Makes exactly these faults hold, by vantage point and member, and sends exactly this traffic, by member. */
  apply(
    faults: ReadonlyMap<string, Readonly<Record<string, LiveFault>>>,
    floods: ReadonlyMap<string, number>,
  ): Promise<void>;
  /** Share of the traffic ordered last that was sent when it was due; 1 where none was. */
  floodedRatio(): Promise<number>;
}

export interface FaultableNetwork extends FaultTargets {
  /** Where no fault of the scenario takes them, there are none. */
  readonly proxies?: FaultableProxies;
}

/** What a state is called in reports. */
export const STATES: Readonly<Record<MemberState, string>> = { running: "running", paused: "stopped", dead: "killed" };

/** How one member is broken, all but which it is. */
function partOf({ what, pausedHow = STATES.paused }: Faultable, deed: Deed): Omit<BrokenPart, "ids"> {
  const kind = what.slice(0, what.lastIndexOf(" "));
  if (deed.kind === "state") return { kind, how: deed.state === "paused" ? pausedHow : STATES[deed.state] };
  const { effect, names, transport } = deed.fault;
  const scope = {
    ...(names === undefined ? {} : { nameCount: names.length }),
    ...(transport === undefined ? {} : { transport }),
  };
  if (deed.kind === "spoil") return { kind, how: effect.kind, ...scope };
  const { from, floodPerSecond } = deed;
  const flood = floodPerSecond === undefined ? { how: effect.kind } : { how: "flooded", perSecond: floodPerSecond };
  return { kind, ...flood, ...scope, ...(from === undefined ? {} : { from }) };
}

/** One part for each kind of process and what was done to it. */
function partsOf(wanted: ReadonlyMap<Faultable, Deed>): BrokenPart[] {
  const groups = new Map<string, { part: Omit<BrokenPart, "ids">; ids: string[] }>();
  for (const [member, deed] of wanted) {
    const part = partOf(member, deed);
    const key = JSON.stringify(part);
    const group = groups.get(key) ?? { part, ids: [] };
    group.ids.push(member.what.slice(member.what.lastIndexOf(" ") + 1));
    groups.set(key, group);
  }
  return [...groups.values()].map(({ part, ids }) => ({ ...part, ids }));
}

async function bring(member: Faultable, deed: Deed | undefined, wasTouched: boolean): Promise<void> {
  const state = deed?.kind === "state" ? deed.state : "running";
  // What was killed by somebody else is not started again: the drill goes on and says so.
  if (member.state !== state && (deed !== undefined || wasTouched)) await member.put(state);
  if (deed?.kind === "spoil") await member.spoil(deed.fault);
  else if (wasTouched && member.state === "running") await member.spoil(null);
}

async function bringProxies(
  proxies: FaultableProxies | undefined,
  wanted: ReadonlyMap<Faultable, Deed>,
): Promise<void> {
  if (proxies === undefined) return;
  const faults = new Map(proxies.vantages.map((vantage) => [vantage, {} as Record<string, LiveFault>]));
  const floods = new Map<string, number>();
  for (const [{ what }, deed] of wanted) {
    if (deed.kind !== "proxy") continue;
    for (const vantage of deed.from ?? proxies.vantages) faults.get(vantage)![what] = deed.fault;
    if (deed.floodPerSecond !== undefined) floods.set(what, deed.floodPerSecond);
  }
  await proxies.apply(faults, floods);
}

/** A flood of less than this is not the one that the scenario asks for. */
const FLOODED_RATIO_MIN = 0.8;

/** Does what faults ask for and undoes what they no longer do. */
export function createFaultDriver(network: FaultableNetwork): FaultDriver {
  const everyone = [...network.rpcs.values(), ...network.dns.values(), ...network.gateways];
  /** Members that some fault was done to and not yet undone. */
  const touched = new Set<Faultable>();
  return {
    async shortfall() {
      const ratio = (await network.proxies?.floodedRatio()) ?? 1;
      return ratio < FLOODED_RATIO_MIN ? `the flood sent ${percent(ratio)} of what it was to send` : undefined;
    },
    async apply(faults) {
      const wanted = new Map<Faultable, Deed>();
      for (const fault of faults) {
        const deed = deedOf(fault, network);
        for (const member of membersHit(fault, network)) wanted.set(member, deed);
      }
      await Promise.all([
        bringProxies(network.proxies, wanted),
        ...everyone.map((member) => bring(member, wanted.get(member), touched.delete(member))),
      ]);
      for (const member of wanted.keys()) touched.add(member);
      return partsOf(wanted);
    },
  };
}
