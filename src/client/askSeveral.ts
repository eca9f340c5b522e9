/**
 * Asks several endpoints for the same thing until their replies suffice: as many at once as are needed, the next one as soon
 * as one fails, and one more (a hedge) whenever the slowest of those asked has taken longer than it usually does. Replies
 * are checked before they count, so a liar costs no more than a dead endpoint.
 */
import type { Outcome, PathName } from "../availability/outcome.ts";
import type { Timer } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { isLate, type Run } from "./run.ts";
import { TransportError } from "./transport.ts";

/** How one endpoint replied. `value` is set where the reply passed its own checks. */
export interface Reply<Value> {
  readonly outcome: Outcome;
  readonly value?: Value;
  readonly reason: string;
  /** What a Retry-After asked for. */
  readonly barredMs?: number;
}

export interface Target {
  readonly endpoint: string;
}

/** Either the replies suffice, or so many more are needed. */
export type Verdict<Result> = { readonly done: Result } | { readonly missing: number };

export interface AskSeveralParameters<Item extends Target, Value, Result> {
  readonly path: PathName;
  /** In the order of preference. */
  readonly targets: readonly Item[];
  readonly ask: (target: Item, signal: AbortSignal) => Promise<Reply<Value>>;
  /** Judges the replies that carry a value, in the order in which they came; called first with none. */
  readonly judge: (values: readonly Value[]) => Verdict<Result>;
}

export interface AskSeveralResult<Value, Result> {
  /** What `judge` decided; `undefined` where the replies never sufficed. */
  readonly result: Result | undefined;
  readonly values: readonly Value[];
  /** The most telling way in which the others failed. */
  readonly failure: Outcome;
  readonly reason: string;
}

/** From the least to the most telling: that someone lied matters more than that someone else was down. */
const TELLING: readonly Outcome[] = ["unreachable", "timedOut", "refused", "stale", "wrong"];

interface Flight {
  readonly startedAtMs: number;
  readonly hedge: boolean;
  readonly controller: AbortController;
}

/** The reply that an exception stands for. */
export function replyOf(error: unknown, timedOut: boolean): Reply<never> {
  const reason = messageOf(error);
  if (error instanceof TransportError) {
    const outcome: Outcome =
      error.failure === "timedOut" ? "timedOut" : error.failure === "oversized" ? "wrong" : "unreachable";
    return { outcome, reason };
  }
  return { outcome: timedOut ? "timedOut" : "unreachable", reason };
}

export async function askSeveral<Item extends Target, Value, Result>(
  run: Run,
  parameters: AskSeveralParameters<Item, Value, Result>,
): Promise<AskSeveralResult<Value, Result>> {
  const { ask, judge } = parameters;
  const queue = orderByStanding(run, parameters.targets);
  const flights = new Map<Item, Flight>();
  const values: Value[] = [];
  let failure: Outcome = "unreachable";
  let reason = queue.length === 0 ? "nobody to ask" : "nobody answered";
  let hedgeTimer: Timer | undefined;
  let startedCount = 0;

  return await new Promise((resolve) => {
    let settled = false;
    const elapsedMs = (flight: Flight) => run.clock.monotonicMs() - flight.startedAtMs;
    const isOverdue = (target: Item, flight: Flight) => elapsedMs(flight) >= run.health.hedgeDelayMs(target.endpoint);
    const note = (outcome: Outcome, why: string) => {
      if (TELLING.indexOf(outcome) < TELLING.indexOf(failure)) return;
      failure = outcome;
      reason = why;
    };
    const record = (target: Item, flight: Flight, outcome: Outcome | "abandoned", why: string) => {
      run.trace.push({
        path: parameters.path,
        endpoint: target.endpoint,
        startedAtMs: flight.startedAtMs - run.startedAtMs,
        durationMs: elapsedMs(flight),
        outcome,
        hedge: flight.hedge,
        reason: why,
      });
    };
    const settle = (result: Result | undefined) => {
      if (settled) return;
      settled = true;
      hedgeTimer?.cancel();
      run.signal.removeEventListener("abort", onAbort);
      const late = result === undefined && isLate(run);
      const why = late ? "no answer before the deadline" : result === undefined ? "called off" : "another was faster";
      for (const [target, flight] of flights) {
        if (isOverdue(target, flight)) run.health.failed(target.endpoint);
        if (late) note("timedOut", why);
        record(target, flight, late ? "timedOut" : "abandoned", why);
        flight.controller.abort();
      }
      resolve({ result, values, failure, reason });
    };
    const onAbort = () => settle(undefined);

    const start = (target: Item, hedge: boolean) => {
      const flight: Flight = { startedAtMs: run.clock.monotonicMs(), hedge, controller: new AbortController() };
      flights.set(target, flight);
      ask(target, flight.controller.signal)
        .catch((error: unknown): Reply<Value> => replyOf(error, isLate(run)))
        .then((reply) => {
          if (settled) return;
          flights.delete(target);
          if (reply.value === undefined) {
            run.health.failed(target.endpoint, reply.barredMs);
            note(reply.outcome, reply.reason);
          } else {
            run.health.answered(target.endpoint, elapsedMs(flight));
            values.push(reply.value);
          }
          record(target, flight, reply.outcome, reply.reason);
          advance();
        });
    };

    const advance = () => {
      const verdict = judge(values);
      if ("done" in verdict) return settle(verdict.done);
      const overdueCount = [...flights].filter(([target, flight]) => isOverdue(target, flight)).length;
      let wantedCount = verdict.missing + overdueCount;
      while (flights.size < wantedCount && queue.length > 0) {
        // Only the first tries are free.
        if (startedCount >= verdict.missing && !run.budget.spend()) break;
        const target = queue.shift()!;
        // Whoever is on probation brings a companion along, so that trying it costs no time.
        if (run.health.standing(target.endpoint) === "probation") wantedCount += 1;
        startedCount += 1;
        start(target, flights.size >= verdict.missing);
      }
      if (flights.size === 0) return settle(undefined);
      armHedge();
    };
    const armHedge = () => {
      hedgeTimer?.cancel();
      if (queue.length === 0) return;
      let waitMs = Number.POSITIVE_INFINITY;
      for (const [target, flight] of flights) {
        const leftMs = run.health.hedgeDelayMs(target.endpoint) - elapsedMs(flight);
        if (leftMs > 0) waitMs = Math.min(waitMs, leftMs);
      }
      // A fraction more, so that rounding in a timer cannot fire it just before the endpoint is overdue.
      if (waitMs !== Number.POSITIVE_INFINITY) hedgeTimer = run.clock.schedule(waitMs + 0.5, advance);
    };

    if (run.signal.aborted) return onAbort();
    run.signal.addEventListener("abort", onAbort, { once: true });
    run.budget.earn();
    advance();
  });
}

/** The order given, with the quarantined at the end and the barred left out. */
function orderByStanding<Item extends Target>(run: Run, targets: readonly Item[]): Item[] {
  const good: Item[] = [];
  const last: Item[] = [];
  for (const target of targets) {
    const standing = run.health.standing(target.endpoint);
    if (standing === "quarantined") last.push(target);
    else if (standing !== "barred") good.push(target);
  }
  return [...good, ...last];
}
