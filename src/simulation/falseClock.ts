/**
 * Time that passes only when nothing else can happen. Everything that a simulated client or gateway waits for is an event
 * here; between two events the clock lets every promise settle, so a run depends on its seed and on nothing else.
 */
import { type Clock, macrotask, type Timer } from "../base/clock.ts";
import { BaseError } from "../base/errors.ts";
import { EventQueue } from "./eventQueue.ts";

export class RunawayError extends BaseError {
  override readonly name = "Simulation.RunawayError";
  constructor(eventCount: number, atMs: number) {
    super("SIMULATION_RUNAWAY", `The simulation passed ${eventCount} events without time moving on from ${atMs} ms.`, {
      metaMessages: ["Something reschedules itself without delay."],
    });
  }
}

export class StalledError extends BaseError {
  override readonly name = "Simulation.StalledError";
  constructor(what: string, atMs: number) {
    super("SIMULATION_STALLED", `${what} still waits at ${atMs} ms, and nothing is scheduled that could wake it.`);
  }
}

/** At most this many events at one instant. */
const EVENTS_AT_ONE_INSTANT_MAX = 5_000_000;

export class FalseClock implements Clock {
  readonly #queue = new EventQueue();
  readonly #startMs: number;
  #elapsedMs = 0;
  #eventCount = 0;

  /** `startMs`: the wall-clock time of the run's first instant, in milliseconds since 1970. */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** How many events have run. */
  get eventCount(): number {
    return this.#eventCount;
  }

  nowMs(): number {
    return Math.floor(this.#startMs + this.#elapsedMs);
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const event = this.#queue.push(this.#elapsedMs + Math.max(0, delayMs), callback);
    return {
      cancel: () => {
        event.callback = undefined;
      },
    };
  }

  /** Runs events until `untilMs` of simulated time have passed; events at that instant included. */
  async runUntil(untilMs: number): Promise<void> {
    await this.#run(untilMs, () => false);
    this.#elapsedMs = Math.max(this.#elapsedMs, untilMs);
  }

  /** Runs events until `work` settles, and returns its value. Throws `StalledError` where nothing is left to run. */
  async runUntilSettled<Value>(what: string, work: Promise<Value>): Promise<Value> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    work.then(mark, mark);
    await this.#run(Number.POSITIVE_INFINITY, () => settled);
    if (!settled) throw new StalledError(what, this.#elapsedMs);
    return await work;
  }

  async #run(untilMs: number, done: () => boolean): Promise<void> {
    let atOneInstant = 0;
    for (;;) {
      // Promises settle before the next event is looked at: an event may have scheduled an earlier one.
      await macrotask();
      if (done()) return;
      let next = this.#queue.peek();
      while (next !== undefined && next.callback === undefined) {
        this.#queue.pop();
        next = this.#queue.peek();
      }
      if (next === undefined || next.atMs > untilMs) return;
      atOneInstant = next.atMs === this.#elapsedMs ? atOneInstant + 1 : 0;
      if (atOneInstant > EVENTS_AT_ONE_INSTANT_MAX) throw new RunawayError(atOneInstant, this.#elapsedMs);
      this.#elapsedMs = next.atMs;
      this.#queue.pop();
      this.#eventCount += 1;
      const { callback } = next;
      next.callback = undefined;
      callback?.();
    }
  }
}
