/** How much of a gateway one name may use. */
import type { Clock } from "../../base/clock.ts";
import { ProblemError } from "../http/message.ts";

export interface SetQuota {
  /** Records in a name's set. */
  readonly recordsMax: number;
  /** Bytes of a name's pieces, of its set and of one to come together. */
  readonly bytesMax: number;
  /** New sets of a name in a minute, in the long run; as many may come at once. */
  readonly updatesPerMinute: number;
}

export const SET_QUOTA_DEFAULT: SetQuota = {
  recordsMax: 1_100_000,
  bytesMax: 256 * 1024 * 1024,
  updatesPerMinute: 60,
};

/** Names whose use is remembered; the one used longest ago is forgotten. */
const NAMES_MAX = 100_000;

export interface UpdateMeter {
  /** Counts one use by a name. Throws `ProblemError` where it had too many. */
  readonly count: (name: string) => void;
}

/** A token bucket for each name. */
export function createUpdateMeter(clock: Clock, perMinute: number, what: string): UpdateMeter {
  const used = new Map<string, { readonly count: number; readonly atMs: number }>();
  return {
    count(name) {
      const nowMs = clock.monotonicMs();
      const last = used.get(name);
      const drained = last === undefined ? 0 : Math.max(0, last.count - ((nowMs - last.atMs) / 60_000) * perMinute);
      if (drained + 1 > perMinute) {
        const waitSeconds = Math.ceil(((drained + 1 - perMinute) / perMinute) * 60);
        const detail = `${name} had ${perMinute} ${what} in a minute.`;
        throw new ProblemError(429, "quota-exceeded", detail, { "retry-after": String(waitSeconds) });
      }
      used.delete(name);
      if (used.size >= NAMES_MAX) used.delete(used.keys().next().value!);
      used.set(name, { count: drained + 1, atMs: nowMs });
    },
  };
}
