/** A fault that a server or a proxy before it does to itself when the parent says so: it answers, but not as it should. */
import { type Clock, delay } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { FaultEffect } from "../../simulation/fault.ts";
import type { LieSubject } from "./falseWorld.ts";

/** As `flood` of a scenario, scaled to what one machine can send: what exceeds the capacity is lost, wanted or not. */
export interface Crowded {
  readonly kind: "crowded";
  readonly capacityPerSecond: number;
}

/** As `slow` of a scenario on a server whose capacity the waiting clients' retries exceed: late, and this share lost. */
export interface Overloaded {
  readonly kind: "overloaded";
  readonly addedMs: number;
  readonly lostRatio: number;
}

/** Effects that need no signal to a process. */
export type InsideEffect = Exclude<FaultEffect, { kind: "flood" }> | Crowded | Overloaded;

export interface LiveFault {
  readonly effect: InsideEffect;
  /** Names for which it shows, and their ordinary domains, by which DNS is asked; all where these are left out. */
  readonly names?: readonly string[];
  readonly domains?: readonly string[];
  /** The only transport of a DNS server that it shows on. */
  readonly transport?: "udp" | "tcp";
  /** What an RPC provider lies about. */
  readonly subject?: LieSubject;
  /** How far behind the chain a stuck RPC provider is from the start, in seconds; not at all without it. */
  readonly behindSeconds?: number;
}

/** What the parent sends, and is told when it is done: the fault from now on, or `null` for none. */
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
  let tokens = 1;
  let atMs = clock.monotonicMs();
  return (effect) => {
    switch (effect.kind) {
      case "silent":
        return "lose";
      case "loss":
        return random.ratio() < effect.ratio ? "lose" : "pass";
      case "slow":
        return delay(clock, effect.addedMs).then((): Fate => "pass");
      case "overloaded":
        if (random.ratio() < effect.lostRatio) return "lose";
        return delay(clock, effect.addedMs).then((): Fate => "pass");
      case "rateLimit": {
        const now = Math.floor(clock.monotonicMs() / 1000);
        count = now === second ? count + 1 : 1;
        second = now;
        return count <= effect.perSecond ? "pass" : "refuse";
      }
      case "crowded": {
        // One token at most is saved up, so that whoever comes is served with the same chance.
        const nowMs = clock.monotonicMs();
        tokens = Math.min(1, tokens + ((nowMs - atMs) / 1000) * effect.capacityPerSecond);
        atMs = nowMs;
        if (tokens < 1) return "lose";
        tokens -= 1;
        return "pass";
      }
      default:
        return "spoil";
    }
  };
}
