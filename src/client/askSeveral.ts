/**
 * Asks several endpoints for the same thing until their replies suffice: as many at once as are needed, the next one as soon
 * as one fails, and one more (a hedge) whenever the slowest of those asked has taken longer than it usually does. Replies
 * are checked before they count, so a liar costs no more than a dead endpoint.
 */
import type { Outcome, PathName } from "../availability/outcome.ts";
import type { Timer } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { BlockReference } from "../protocol/answer.ts";
import type { Attempt } from "./resolution.ts";
import { isLate, NEEDLESS, type Run } from "./run.ts";
import { TransportError } from "./transport.ts";

/** How one endpoint replied. `value` is set where the reply passed its own checks; beside `wrong`, what of it counts all the same. */
export interface Reply<Value> {
  readonly outcome: Outcome;
  readonly value?: Value;
  readonly reason: string;
  /** The block it told of, where that is why the reply does not count. */
  readonly block?: BlockReference;
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

/** One inquiry in progress. */
class Inquiry<Item extends Target, Value, Result> {
  readonly #run: Run;
  readonly #parameters: AskSeveralParameters<Item, Value, Result>;
  readonly #resolve: (result: AskSeveralResult<Value, Result>) => void;
  readonly #queue: Item[];
  readonly #flights = new Map<Item, Flight>();
  readonly #values: Value[] = [];
  #failure: Outcome = "unreachable";
  #reason: string;
  #hedgeTimer: Timer | undefined;
  #startedCount = 0;
  #isSettled = false;

  constructor(
    run: Run,
    parameters: AskSeveralParameters<Item, Value, Result>,
    resolve: (result: AskSeveralResult<Value, Result>) => void,
  ) {
    this.#run = run;
    this.#parameters = parameters;
    this.#resolve = resolve;
    this.#queue = orderByStanding(run, parameters.targets);
    this.#reason = this.#queue.length === 0 ? "nobody to ask" : "nobody answered";
  }

  begin(): void {
    if (this.#run.signal.aborted) {
      this.#settle(undefined);
      return;
    }
    this.#run.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#run.budget.earn();
    this.#advance();
  }

  readonly #onAbort = (): void => this.#settle(undefined);

  /** Judges what has come in, and asks as many more as are missing or overdue. */
  readonly #advance = (): void => {
    if (this.#isSettled) return;
    const verdict = this.#parameters.judge(this.#values);
    if ("done" in verdict) {
      this.#settle(verdict.done);
      return;
    }
    // One instant for all that follows: who is not overdue yet gets a timer, even if he will be by the time it is set.
    const nowMs = this.#run.clock.monotonicMs();
    const overdueCount = [...this.#flights].filter(
      ([target, flight]) => this.#leftMs(target, flight, nowMs) <= 0,
    ).length;
    let wantedCount = verdict.missing + overdueCount;
    while (this.#flights.size < wantedCount && this.#queue.length > 0) {
      // Only the first tries are free.
      if (this.#startedCount >= verdict.missing && !this.#run.budget.spend()) break;
      const target = this.#queue.shift()!;
      // Whoever is on probation brings a companion along, so that trying it costs no time.
      if (this.#run.health.standing(target.endpoint) === "probation") wantedCount += 1;
      this.#startedCount += 1;
      this.#start(target, this.#flights.size >= verdict.missing);
    }
    if (this.#flights.size === 0) this.#settle(undefined);
    else this.#armHedge(nowMs);
  };

  #start(target: Item, hedge: boolean): void {
    const run = this.#run;
    const flight: Flight = { startedAtMs: run.clock.monotonicMs(), hedge, controller: new AbortController() };
    this.#flights.set(target, flight);
    this.#parameters
      .ask(target, flight.controller.signal)
      .catch((error: unknown): Reply<Value> => replyOf(error, isLate(run)))
      .then((reply) => this.#onReply(target, flight, reply));
  }

  #onReply(target: Item, flight: Flight, reply: Reply<Value>): void {
    if (this.#isSettled) return;
    this.#flights.delete(target);
    if (reply.value === undefined || reply.outcome === "wrong") {
      this.#run.health.failed(target.endpoint, reply.barredMs);
      this.#note(reply.outcome, reply.reason);
    } else this.#run.health.answered(target.endpoint, this.#elapsedMs(flight));
    if (reply.value !== undefined) this.#values.push(reply.value);
    this.#record(target, flight, reply.outcome, reply.reason, reply.block);
    this.#advance();
  }

  #settle(result: Result | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const run = this.#run;
    this.#hedgeTimer?.cancel();
    run.signal.removeEventListener("abort", this.#onAbort);
    const late = result === undefined && isLate(run);
    const why = late ? "no answer before the deadline" : result === undefined ? "called off" : "another was faster";
    const nowMs = run.clock.monotonicMs();
    for (const [target, flight] of this.#flights) {
      if (this.#leftMs(target, flight, nowMs) <= 0) run.health.failed(target.endpoint);
      if (late) this.#note("timedOut", why);
      this.#record(target, flight, late ? "timedOut" : "abandoned", why);
      flight.controller.abort(NEEDLESS);
    }
    this.#resolve({ result, values: this.#values, failure: this.#failure, reason: this.#reason });
  }

  /** Wakes up when the next of those asked is overdue. */
  #armHedge(nowMs: number): void {
    this.#hedgeTimer?.cancel();
    if (this.#queue.length === 0) return;
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [target, flight] of this.#flights) {
      const leftMs = this.#leftMs(target, flight, nowMs);
      if (leftMs > 0) waitMs = Math.min(waitMs, leftMs);
    }
    if (waitMs === Number.POSITIVE_INFINITY) return;
    // A fraction more, so that rounding in a timer cannot fire it just before the endpoint is overdue.
    this.#hedgeTimer = this.#run.clock.schedule(waitMs + 0.5, this.#advance);
  }

  #elapsedMs(flight: Flight): number {
    return this.#run.clock.monotonicMs() - flight.startedAtMs;
  }

  /** How long the target may still take before it is overdue, as of `nowMs`. */
  #leftMs(target: Item, flight: Flight, nowMs: number): number {
    return this.#run.health.hedgeDelayMs(target.endpoint) - (nowMs - flight.startedAtMs);
  }

  #note(outcome: Outcome, why: string): void {
    if (TELLING.indexOf(outcome) < TELLING.indexOf(this.#failure)) return;
    this.#failure = outcome;
    this.#reason = why;
  }

  #record(target: Item, flight: Flight, outcome: Attempt["outcome"], reason: string, block?: BlockReference): void {
    this.#run.trace.push({
      path: this.#parameters.path,
      endpoint: target.endpoint,
      startedAtMs: flight.startedAtMs - this.#run.startedAtMs,
      durationMs: this.#elapsedMs(flight),
      outcome,
      hedge: flight.hedge,
      reason,
      ...(block === undefined ? {} : { block }),
    });
  }
}

/** Asks until `judge` is content, everybody has been asked, or the run's signal fires. Never rejects. */
export function askSeveral<Item extends Target, Value, Result>(
  run: Run,
  parameters: AskSeveralParameters<Item, Value, Result>,
): Promise<AskSeveralResult<Value, Result>> {
  return new Promise((resolve) => new Inquiry(run, parameters, resolve).begin());
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
