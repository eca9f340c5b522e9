/** A fault that a process does to itself when the parent says so: it answers, but not as it should. */
import { type Clock, delay } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { FaultEffect } from "../../simulation/fault.ts";

/** Effects that no signal can make; the processes know how. */
export type InsideEffect = Exclude<FaultEffect, { kind: "silent" | "refused" | "flood" }>;

export interface LiveFault {
  readonly effect: InsideEffect;
  /** Ordinary domains for which it shows; all where it is left out. */
  readonly domains?: readonly string[];
}

/** What the parent sends: the fault from now on, or `null` for none. */
export interface FaultMessage {
  readonly fault: LiveFault | null;
}

export function isFaultMessage(message: unknown): message is FaultMessage {
  return typeof message === "object" && message !== null && "fault" in message;
}

/**
 * What becomes of one exchange: `pass` it on, `lose` it, `refuse` it as too many, or `spoil` its answer; slow ones pass after
 * their time.
 */
export type Fate = "pass" | "lose" | "refuse" | "spoil";

/** Decides exchange by exchange. */
export function createFate(clock: Clock, random: Random): (effect: InsideEffect) => Promise<Fate> | Fate {
  let second = 0;
  let count = 0;
  return (effect) => {
    switch (effect.kind) {
      case "loss":
        return random.ratio() < effect.ratio ? "lose" : "pass";
      case "slow":
        return delay(clock, effect.addedMs).then((): Fate => "pass");
      case "rateLimit": {
        const now = Math.floor(clock.monotonicMs() / 1000);
        count = now === second ? count + 1 : 1;
        second = now;
        return count <= effect.perSecond ? "pass" : "refuse";
      }
      default:
        return "spoil";
    }
  };
}
