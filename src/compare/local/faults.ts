/** A scenario's faults, done to the processes of the local network. */
import { BaseError } from "../../base/errors.ts";
import { gatewaysOfShard, shardOf } from "../../directory/directory.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { Node } from "../../naming/namehash.ts";
import type { Fault } from "../../simulation/fault.ts";
import type { FaultDriver } from "../drill/drill.ts";
import type { LiveFault } from "./liveFault.ts";
import type { MemberState } from "./member.ts";

/** What a fault can be done to. */
export interface Faultable {
  readonly what: string;
  readonly state: MemberState;
  put(state: MemberState): Promise<void>;
  spoil(fault: LiveFault | null): void;
}

export interface FaultableNetwork {
  readonly rpcs: ReadonlyMap<string, Faultable>;
  readonly dns: ReadonlyMap<string, Faultable>;
  /** In the order of their ids, from 1. */
  readonly gateways: readonly Faultable[];
  readonly directory: DirectorySnapshot;
  /** Names under test by number, with their shard indices. */
  readonly names: readonly { readonly node: Node; readonly shardIndex: number; readonly domain: string }[];
}

export class UnsupportedFaultError extends BaseError {
  override readonly name = "Compare.UnsupportedFaultError";
  constructor(what: string) {
    super("COMPARE_UNSUPPORTED_FAULT", `${what} cannot be done to processes.`, {
      metaMessages: ["Run the scenario on the simulator: holdfast simulate."],
    });
  }
}

/** The ids of the gateways a fault hits, ascending. */
export function gatewaysHit(fault: Fault, network: FaultableNetwork): readonly number[] {
  const { on } = fault;
  if (on.path !== "gateways") return [];
  let ids = network.gateways.map((_, index) => index + 1);
  if (on.zone !== undefined) ids = ids.filter((id) => network.directory.gateways.get(id)?.zone === on.zone);
  if (on.machines !== undefined) ids = ids.filter((id) => on.machines?.includes(id - 1));
  if (on.operator !== undefined) ids = ids.filter((id) => id - 1 === on.operator);
  if (on.shardOfName !== undefined) {
    const name = network.names[on.shardOfName % network.names.length];
    if (name === undefined) return [];
    const shard = gatewaysOfShard(network.directory, shardOf(network.directory, name.node, name.shardIndex));
    ids = ids.filter((id) => shard.some((gateway) => gateway?.id === id));
  }
  return ids.slice(0, Math.ceil(ids.length * fault.share));
}

function membersHit(fault: Fault, network: FaultableNetwork): readonly Faultable[] {
  if (fault.on.path === "gateways") return gatewaysHit(fault, network).map((id) => network.gateways[id - 1]!);
  const group = fault.on.path === "dns" ? network.dns : network.rpcs;
  const { provider } = fault.on;
  const all = [...group].filter(([id]) => provider === undefined || provider === id).map(([, member]) => member);
  return all.slice(0, Math.ceil(all.length * fault.share));
}

/** What is done to a process: a state it is put into, or answers it is made to give. */
type Deed = { readonly state: MemberState } | { readonly fault: LiveFault };

/** What a fault does to the processes it hits. Throws `UnsupportedFaultError` for what only the simulator can do. */
export function deedOf(fault: Fault, network: FaultableNetwork): Deed {
  const { effect } = fault;
  if (fault.from !== undefined) throw new UnsupportedFaultError("A fault that only some vantage points see");
  if (effect.kind === "flood") throw new UnsupportedFaultError("A flood that uses up capacity");
  if (effect.kind === "silent" || effect.kind === "refused") {
    if (fault.names < 1) throw new UnsupportedFaultError("A stop for some names only");
    return { state: effect.kind === "silent" ? "paused" : "dead" };
  }
  if (fault.on.path === "gateways") throw new UnsupportedFaultError(`The effect ${effect.kind} on gateways`);
  if (fault.names === 1) return { fault: { effect } };
  if (fault.on.path !== "dns") throw new UnsupportedFaultError("A fault of RPC providers for some names only");
  const domains = network.names.slice(0, Math.ceil(network.names.length * fault.names)).map(({ domain }) => domain);
  return { fault: { effect, domains } };
}

const WORDS: Readonly<Record<MemberState, string>> = {
  running: "running",
  paused: "stopped (SIGSTOP)",
  dead: "killed",
};

function wordsOf(deed: Deed): string {
  if ("state" in deed) return WORDS[deed.state];
  const { effect, domains } = deed.fault;
  return `${effect.kind}${domains === undefined ? "" : ` for ${domains.length} names`}`;
}

/** `gateways 1, 4 stopped (SIGSTOP)`: one part for each kind of process and what was done to it. */
function inWords(wanted: ReadonlyMap<Faultable, Deed>): string[] {
  const groups = new Map<string, { kind: string; words: string; ids: string[] }>();
  for (const [{ what }, deed] of wanted) {
    const space = what.lastIndexOf(" ");
    const [kind, words] = [what.slice(0, space), wordsOf(deed)];
    const group = groups.get(`${kind}/${words}`) ?? { kind, words, ids: [] };
    group.ids.push(what.slice(space + 1));
    groups.set(`${kind}/${words}`, group);
  }
  return [...groups.values()].map(
    ({ kind, words, ids }) => `${kind}${ids.length > 1 ? "s" : ""} ${ids.join(", ")} ${words}`,
  );
}

async function bring(member: Faultable, deed: Deed | undefined, wasTouched: boolean): Promise<void> {
  const state = deed && "state" in deed ? deed.state : "running";
  // What was killed by somebody else is not started again: the drill goes on and says so.
  if (member.state !== state && (deed !== undefined || wasTouched)) await member.put(state);
  if (deed && "fault" in deed) member.spoil(deed.fault);
  else if (wasTouched && member.state === "running") member.spoil(null);
}

/** Does what faults ask for and undoes what they no longer do. */
export function createFaultDriver(network: FaultableNetwork): FaultDriver {
  const everyone = [...network.rpcs.values(), ...network.dns.values(), ...network.gateways];
  /** Members that some fault was done to and not yet undone. */
  const touched = new Set<Faultable>();
  return {
    async apply(faults) {
      const wanted = new Map<Faultable, Deed>();
      for (const fault of faults) {
        const deed = deedOf(fault, network);
        for (const member of membersHit(fault, network)) wanted.set(member, deed);
      }
      await Promise.all(everyone.map((member) => bring(member, wanted.get(member), touched.delete(member))));
      for (const member of wanted.keys()) touched.add(member);
      return inWords(wanted);
    },
  };
}
