/**
 * Time, as a value that is handed in. Only this file touches `Date`, `performance` and the timers; the simulator hands
 * in a clock of its own, so that the same client and gateway code runs on false time.
 */
import { BaseError } from "./errors.ts";

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall-clock time in milliseconds since 1970. */
  nowMs(): number;
  /** Monotonic time in milliseconds, with fractions; only differences mean anything. */
  monotonicMs(): number;
  /** Calls `callback` once, `delayMs` from now, unless cancelled. */
  schedule(delayMs: number, callback: () => void): Timer;
}

/** Wall-clock time in whole seconds since 1970, as block timestamps and DNS signatures count it. */
export function nowSeconds(clock: Clock): number {
  return Math.floor(clock.nowMs() / 1000);
}

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

export class DeadlineError extends BaseError {
  override readonly name = "DeadlineError";
  constructor(what: string, afterMs: number) {
    super("BASE_DEADLINE", `${what} took longer than ${afterMs} ms.`, { retriable: true });
  }
}

export class AbortedError extends BaseError {
  override readonly name = "AbortedError";
  constructor(what: string, cause?: unknown) {
    super("BASE_ABORTED", `${what} was aborted.`, cause === undefined ? {} : { cause });
  }
}

/** Resolves after `delayMs`, or rejects with `AbortedError` when `signal` fires first. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AbortedError("The wait", signal.reason));
    const onAbort = () => {
      timer.cancel();
      reject(new AbortedError("The wait", signal?.reason));
    };
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * Runs `work` with a signal that fires at the deadline or when `signal` does, whichever is first, and never outlives
 * either: the returned promise settles at the deadline even if `work` ignores its signal.
 *
 * @example
 * ```ts
 * const body = await withDeadline(systemClock, 500, "The gateway", (signal) => fetch(url, { signal }));
 * ```
 */
export async function withDeadline<Value>(
  clock: Clock,
  deadlineMs: number,
  what: string,
  work: (signal: AbortSignal) => Promise<Value>,
  signal?: AbortSignal,
): Promise<Value> {
  const controller = new AbortController();
  return await new Promise<Value>((resolve, reject) => {
    const finish = (settle: () => void) => {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
      settle();
    };
    const onAbort = () => {
      const error = new AbortedError(what, signal?.reason);
      finish(() => reject(error));
      controller.abort(error);
    };
    const timer = clock.schedule(deadlineMs, () => {
      const error = new DeadlineError(what, deadlineMs);
      finish(() => reject(error));
      controller.abort(error);
    });
    if (signal?.aborted) return onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    work(controller.signal).then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    );
  });
}

/**
 * Resolves after every promise that can settle without time passing has settled: the simulator waits so between two ticks.
 */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
