/** Notices when the instrument itself was late, so that its own lateness is never taken for an outage. */
import type { Clock, Timer } from "../../base/clock.ts";

/** A loaded machine is a little late all the time; a probe's deadline forgives less than this. */
const STALL_MS = 1_000;
/** Less than this is no stall, however short the deadline. */
const STALL_MS_MIN = 10;
/** How often within the shortest stall the instrument looks whether it is late. */
const BEATS_PER_STALL = 4;
/** Wall clock and monotonic clock may drift apart by this much before a jump is assumed. */
const JUMP_MS = 1_000;

export interface StallWatch {
  /**
   * A probe begins. The function returned is called when it ends, once, and returns why the probe does not count; `undefined`
   * where it does.
   */
  begin(): () => string | undefined;
  /** Longest lateness so far while anything was probed, in milliseconds. */
  readonly worstMs: number;
  stop(): void;
}

/** How late the instrument may be while it probes: a short deadline is spoiled by less. */
export function stallMsOf(timeoutMs: number): number {
  return Math.max(STALL_MS_MIN, Math.min(STALL_MS, timeoutMs / 4));
}

/**
 * Watches for stalls while probes are under way, and only then: to wake up is most of what an instrument costs that does little
 * else.
 *
 * @param stallMs From how much lateness on probes do not count; up to a quarter less may be enough.
 */
export function watchStalls(clock: Clock, stallMs = STALL_MS): StallWatch {
  const beatMs = stallMs / BEATS_PER_STALL;
  let probing = 0;
  let timer: Timer | undefined;
  let lastMs = 0;
  let worstMs = 0;
  let stalledAtMs = Number.NEGATIVE_INFINITY;
  let reason = "";
  const look = (nowMs: number) => {
    const lateMs = nowMs - lastMs - beatMs;
    worstMs = Math.max(worstMs, lateMs);
    if (nowMs - lastMs > stallMs) {
      stalledAtMs = nowMs;
      reason = `the instrument stalled for ${Math.round(lateMs)} ms`;
    }
    lastMs = nowMs;
  };
  const beat = () => {
    look(clock.monotonicMs());
    timer = clock.schedule(beatMs, beat);
  };
  const offsetMs = (monotonicMs: number) => clock.nowMs() - monotonicMs;
  return {
    begin() {
      const fromMs = clock.monotonicMs();
      const offsetAtBeginMs = offsetMs(fromMs);
      if (probing === 0) {
        lastMs = fromMs;
        timer = clock.schedule(beatMs, beat);
      }
      probing += 1;
      return () => {
        const nowMs = clock.monotonicMs();
        // After a stall a probe's end may be noticed before the next beat is.
        if (nowMs - lastMs > stallMs) look(nowMs);
        probing -= 1;
        if (probing === 0) timer?.cancel();
        const driftMs = offsetMs(nowMs) - offsetAtBeginMs;
        if (Math.abs(driftMs) > JUMP_MS) return `the clock jumped by ${Math.round(driftMs)} ms`;
        return stalledAtMs > fromMs ? reason : undefined;
      };
    },
    get worstMs() {
      return worstMs;
    },
    stop: () => timer?.cancel(),
  };
}
