/** Notices when the instrument itself was late, so that its own lateness is never taken for an outage. */
import type { Clock } from "../../base/clock.ts";

const BEAT_MS = 50;
/** A loaded machine is a little late all the time; a probe's deadline forgives less than this. */
const STALL_MS = 1_000;
/** Less than this is no stall, however short the deadline. */
const STALL_MS_MIN = 10;
/** Wall clock and monotonic clock may drift apart by this much before a jump is assumed. */
const JUMP_MS = 1_000;

export interface StallWatch {
  /** Why a probe that lasted from `fromMs` to now (monotonic) does not count; `undefined` where it does. */
  reasonSince(fromMs: number): string | undefined;
  /** Longest lateness so far, in milliseconds. */
  readonly worstMs: number;
  stop(): void;
}

/** How late the instrument may be while it probes: a short deadline is spoiled by less. */
export function stallMsOf(timeoutMs: number): number {
  return Math.max(STALL_MS_MIN, Math.min(STALL_MS, timeoutMs / 4));
}

/** @param stallMs From how much lateness on probes do not count. */
export function watchStalls(clock: Clock, stallMs = STALL_MS): StallWatch {
  const beatMs = Math.min(BEAT_MS, stallMs / 2);
  let lastMs = clock.monotonicMs();
  let offsetMs = clock.nowMs() - lastMs;
  let worstMs = 0;
  let stalledAtMs = Number.NEGATIVE_INFINITY;
  let reason = "";
  const beat = () => {
    const nowMs = clock.monotonicMs();
    const lateMs = nowMs - lastMs - beatMs;
    worstMs = Math.max(worstMs, lateMs);
    if (lateMs > stallMs) {
      stalledAtMs = nowMs;
      reason = `the instrument stalled for ${Math.round(lateMs)} ms`;
    }
    const drift = clock.nowMs() - nowMs - offsetMs;
    if (Math.abs(drift) > JUMP_MS) {
      stalledAtMs = nowMs;
      reason = `the clock jumped by ${Math.round(drift)} ms`;
      offsetMs += drift;
    }
    lastMs = nowMs;
    timer = clock.schedule(beatMs, beat);
  };
  let timer = clock.schedule(beatMs, beat);
  return {
    reasonSince(fromMs) {
      // After a stall a probe's end may be noticed before the next beat is.
      const lateMs = clock.monotonicMs() - lastMs - beatMs;
      if (lateMs > stallMs) return `the instrument stalled for ${Math.round(lateMs)} ms`;
      return stalledAtMs >= fromMs ? reason : undefined;
    },
    get worstMs() {
      return worstMs;
    },
    stop: () => timer.cancel(),
  };
}
