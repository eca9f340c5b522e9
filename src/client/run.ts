/** One resolution in progress: its time, its signal and its trace. */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Health } from "./health.ts";
import type { Attempt } from "./resolution.ts";
import type { RetryBudget } from "./retryBudget.ts";
import type { ClientTransport } from "./transport.ts";

/** What all resolutions of a client share. */
export interface Shared {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: ClientTransport;
  readonly health: Health;
  readonly budget: RetryBudget;
}

export interface Run extends Shared {
  readonly startedAtMs: number;
  /** On the monotonic clock. */
  readonly deadlineAtMs: number;
  /** Fires at the deadline, and when the caller aborts. */
  readonly signal: AbortSignal;
  readonly trace: Attempt[];
}

export function remainingMs(run: Run): number {
  return Math.max(0, run.deadlineAtMs - run.clock.monotonicMs());
}
