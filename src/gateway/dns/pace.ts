/**
 * When to let datagrams gather before the next round, as network drivers do with interrupts: under load a round that starts at
 * once finds a handful, and pays for system calls, wake-ups and messages what a round of a hundred pays. Waiting
 * costs an answer a fraction of a millisecond, and is done only while queries arrive so fast that a wait brings many:
 * few queries, and clients that ask again only when they are answered, never wait.
 */

/** Length of one wait. Long beside a round's fixed costs, short beside the distance to any client. */
export const PAUSE_MICROSECONDS = 200;
/** Arrivals a millisecond from which waiting pays. */
const BUSY_PER_MS = 80;
/** A round of so many is large enough: the next one starts at once. */
const ENOUGH_COUNT = 128;
/** A wait that brings fewer was in vain: those who ask wait for us, not we for them. */
const GAIN_MIN = 24;
/** How long no wait is tried after one in vain. */
const DISCOURAGED_MS = 10;
/** Arrivals are counted for so long at least before their rate is known. */
const WINDOW_MS = 2;

/** Keeps count of arrivals on one socket. Pure: time is handed in. */
export class Pace {
  #windowStartMs: number;
  #windowCount = 0;
  #perMs = 0;
  #discouragedUntilMs = Number.NEGATIVE_INFINITY;
  #hasPaused = false;

  constructor(nowMs: number) {
    this.#windowStartMs = nowMs;
  }

  /** Takes note of a round that received `count` datagrams, and says whether to wait before the next one. */
  shouldPause(count: number, nowMs: number): boolean {
    this.#note(count, nowMs);
    if (this.#hasPaused && count < GAIN_MIN) this.#discouragedUntilMs = nowMs + DISCOURAGED_MS;
    this.#hasPaused =
      this.#perMs >= BUSY_PER_MS && count > 0 && count < ENOUGH_COUNT && nowMs >= this.#discouragedUntilMs;
    return this.#hasPaused;
  }

  #note(count: number, nowMs: number): void {
    this.#windowCount += count;
    const elapsedMs = nowMs - this.#windowStartMs;
    if (elapsedMs < WINDOW_MS) return;
    this.#perMs = this.#windowCount / elapsedMs;
    this.#windowStartMs = nowMs;
    this.#windowCount = 0;
  }
}
