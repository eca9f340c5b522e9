/** Notices when the instrument itself was late, so that its own lateness is never taken for an outage. */
import type { Clock } from "../../base/clock.ts";

const BEAT_MS = 50;
/** A loaded machine is a little late all the time; a probe's deadline forgives less than this. */
export const STALL_MS = 1_000;
/** Wall clock and monotonic clock may drift apart by this much before a jump is assumed. */
const JUMP_MS = 1_000;

export interface StallWatch {
  /** Why a probe that lasted from `fromMs` to now (monotonic) does not count; `undefined` where it does. */
  reasonSince(fromMs: number): string | undefined;
  /** Longest lateness so far, in milliseconds. */
  readonly worstMs: number;
  stop(): void;
}

export function watchStalls(clock: Clock): StallWatch {
  let lastMs = clock.monotonicMs();
  let offsetMs = clock.nowMs() - lastMs;
  let worstMs = 0;
  let stalledAtMs = Number.NEGATIVE_INFINITY;
  let reason = "";
  const beat = () => {
    const nowMs = clock.monotonicMs();
    const lateMs = nowMs - lastMs - BEAT_MS;
    worstMs = Math.max(worstMs, lateMs);
    if (lateMs > STALL_MS) {
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
    timer = clock.schedule(BEAT_MS, beat);
  };
  let timer = clock.schedule(BEAT_MS, beat);
  return {
    reasonSince(fromMs) {
      // After a stall a probe's end may be noticed before the next beat is.
      const lateMs = clock.monotonicMs() - lastMs - BEAT_MS;
      if (lateMs > STALL_MS) return `the instrument stalled for ${Math.round(lateMs)} ms`;
      return stalledAtMs >= fromMs ? reason : undefined;
    },
    get worstMs() {
      return worstMs;
    },
    stop: () => timer.cancel(),
  };
}
