/** One resolution in progress: its time, its signal and its trace. */
import { type Clock, DeadlineError } from "../base/clock.ts";
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
  /** Fires at the deadline, with a `DeadlineError`; when the caller aborts; and when an answer makes the rest needless. */
  readonly signal: AbortSignal;
  readonly trace: Attempt[];
}

/** Whether the deadline has passed, rather than the caller lost interest. */
export function isLate(run: Run): boolean {
  return run.signal.aborted && run.signal.reason instanceof DeadlineError;
}
