/** One resolution in progress: its time, its signal and its trace. */
import { AbortedError, type Clock, DeadlineError } from "../base/clock.ts";
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

/**
 * Why what is under way is called off once an answer makes it needless. One for all: it happens with every resolution, and a reason
 * made anew, as `abort()` does where it is given none, costs more than the rest of it.
 */
export const NEEDLESS = new AbortedError("What an answer made needless");

/** The most that is kept back of a deadline, a twentieth of it, so that the caller has the outcome in time, in milliseconds. */
const RESERVE_MS_MAX = 50;

/**
 * Runs `work` under one deadline; whatever it has left under way when it is done is called off. The run comes along for its trace.
 *
 * @param what For the error that the signal carries at the deadline, such as "The resolution".
 */
export async function withRun<Result>(
  shared: Shared,
  limits: { readonly what: string; readonly deadlineMs: number; readonly signal?: AbortSignal },
  work: (run: Run) => Promise<Result>,
): Promise<{ readonly run: Run; readonly result: Result }> {
  const { what, deadlineMs, signal } = limits;
  const { clock } = shared;
  const startedAtMs = clock.monotonicMs();
  const workMs = deadlineMs - Math.min(RESERVE_MS_MAX, deadlineMs / 20);
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  const deadline = clock.schedule(workMs, () => controller.abort(new DeadlineError(what, deadlineMs)));
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const run: Run = {
    ...shared,
    startedAtMs,
    deadlineAtMs: startedAtMs + workMs,
    signal: controller.signal,
    trace: [],
  };
  try {
    const result = await work(run);
    // Whatever is still on its way has nobody left to read it; this notes it in the trace as abandoned.
    controller.abort(NEEDLESS);
    return { run, result };
  } finally {
    deadline.cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}
