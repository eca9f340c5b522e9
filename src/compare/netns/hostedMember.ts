/** A process on a host of its own: what would be done to the process alone is done to its host or to its link. */
import type { Faultable } from "../local/deeds.ts";
import type { LiveFault } from "../local/liveFault.ts";
import type { MemberState } from "../local/member.ts";
import type { HostNet, LinkShape } from "./hosts.ts";

/** What a link can do for an effect; `undefined` for what takes the process itself. */
function shapeOf(fault: LiveFault | null): LinkShape | undefined {
  if (fault === null || fault.names !== undefined || fault.transport !== undefined) return undefined;
  if (fault.effect.kind === "loss") return { lossRatio: fault.effect.ratio };
  return fault.effect.kind === "slow" ? { delayMs: fault.effect.addedMs } : undefined;
}

/** `paused` is a host cut off from all others; delay and loss are its link's where links can be shaped. */
export function hostedMember(member: Faultable, hosts: HostNet): Faultable {
  let isCut = false;
  let isShaped = false;
  return {
    what: member.what,
    pausedHow: "cut off",
    get state(): MemberState {
      return isCut ? "paused" : member.state;
    },
    async put(state) {
      if (isCut) await hosts.mend([member.what]);
      isCut = state === "paused";
      if (isCut) await hosts.isolate(member.what);
      else await member.put(state);
    },
    async spoil(fault) {
      const shape = hosts.support.shaping.by === "nothing" ? undefined : shapeOf(fault);
      if (shape !== undefined || isShaped) await hosts.shape(member.what, shape ?? {});
      isShaped = shape !== undefined;
      await member.spoil(isShaped ? null : fault);
    },
  };
}
