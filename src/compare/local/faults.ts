/** A scenario's faults, done to the processes of the local network. */
import { BaseError } from "../../base/errors.ts";
import { gatewaysOfShard, shardOf } from "../../directory/directory.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { Node } from "../../naming/namehash.ts";
import type { Fault } from "../../simulation/fault.ts";
import type { FaultDriver } from "../drill/drill.ts";
import type { MemberState } from "./member.ts";

/** What a fault can be done to. */
export interface Faultable {
  readonly what: string;
  readonly state: MemberState;
  put(state: MemberState): Promise<void>;
}

export interface FaultableNetwork {
  readonly rpcs: ReadonlyMap<string, Faultable>;
  readonly dns: ReadonlyMap<string, Faultable>;
  /** In the order of their ids, from 1. */
  readonly gateways: readonly Faultable[];
  readonly directory: DirectorySnapshot;
  /** Names under test by number, with their shard indices. */
  readonly names: readonly { readonly node: Node; readonly shardIndex: number }[];
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

/** What a process does under a fault. Throws `UnsupportedFaultError` for what only the simulator can do. */
export function stateUnder(fault: Fault): MemberState {
  if (fault.names < 1) throw new UnsupportedFaultError("A fault for some names only");
  if (fault.effect.kind === "silent") return "paused";
  if (fault.effect.kind === "refused") return "dead";
  throw new UnsupportedFaultError(`The effect ${fault.effect.kind}`);
}

const WORDS: Readonly<Record<MemberState, string>> = {
  running: "running",
  paused: "stopped (SIGSTOP)",
  dead: "killed",
};

/** `gateways 1, 4 stopped (SIGSTOP)`: one part for each kind of process and what was done to it. */
function inWords(wanted: ReadonlyMap<Faultable, MemberState>): string[] {
  const groups = new Map<string, { kind: string; state: MemberState; ids: string[] }>();
  for (const [{ what }, state] of wanted) {
    const space = what.lastIndexOf(" ");
    const kind = what.slice(0, space);
    const group = groups.get(`${kind}/${state}`) ?? { kind, state, ids: [] };
    group.ids.push(what.slice(space + 1));
    groups.set(`${kind}/${state}`, group);
  }
  return [...groups.values()].map(
    ({ kind, state, ids }) => `${kind}${ids.length > 1 ? "s" : ""} ${ids.join(", ")} ${WORDS[state]}`,
  );
}

/** Does what faults ask for and undoes what they no longer do. */
export function createFaultDriver(network: FaultableNetwork): FaultDriver {
  const everyone = [...network.rpcs.values(), ...network.dns.values(), ...network.gateways];
  /** Members that some fault was done to and not yet undone. */
  const touched = new Set<Faultable>();
  return {
    async apply(faults) {
      const wanted = new Map<Faultable, MemberState>();
      for (const fault of faults) {
        const state = stateUnder(fault);
        for (const member of membersHit(fault, network)) wanted.set(member, state);
      }
      // What was killed by somebody else is not started again: the drill goes on and says so.
      await Promise.all(
        everyone.map((member) => {
          const state = wanted.get(member);
          if (state !== undefined) return member.state === state ? undefined : member.put(state);
          return touched.delete(member) && member.state !== "running" ? member.put("running") : undefined;
        }),
      );
      for (const member of wanted.keys()) touched.add(member);
      return inWords(wanted);
    },
  };
}
