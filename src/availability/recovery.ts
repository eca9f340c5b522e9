/** How fast a path gave way and came back around a fault. */
import { counted, isRight, type Observation } from "./observation.ts";

export interface Recovery {
  readonly path: string;
  /** Begin and end of the fault. */
  readonly faultMs: readonly [number, number];
  /** From the fault's begin to the end of the first probe that began after it and was right; `null` if none was in it. */
  readonly failOverMs: number | null;
  /** The longest time between right answers while the fault lasted, its edges included. */
  readonly longestGapMs: number;
  /** From the fault's end to the end of the first right probe that began after it; `null` if none was. */
  readonly recoveryMs: number | null;
}

/** Measures one path around a fault that lasted from `startMs` to `endMs`. */
export function recoveryOf(
  observations: readonly Observation[],
  path: string,
  startMs: number,
  endMs: number,
): Recovery {
  const right = counted(observations)
    .filter((observation) => observation.path === path && isRight(observation))
    .map((observation) => ({ atMs: observation.atMs, doneMs: observation.atMs + observation.latencyMs }))
    .sort((left, other) => left.doneMs - other.doneMs);
  const during = right.filter(({ atMs }) => atMs >= startMs && atMs < endMs);
  const after = right.filter(({ atMs }) => atMs >= endMs);
  let longestGapMs = 0;
  let lastMs = startMs;
  for (const { doneMs } of [...during, { doneMs: endMs }]) {
    longestGapMs = Math.max(longestGapMs, Math.min(doneMs, endMs) - lastMs);
    lastMs = Math.max(lastMs, doneMs);
  }
  return {
    path,
    faultMs: [startMs, endMs],
    failOverMs: during[0] ? during[0].doneMs - startMs : null,
    longestGapMs,
    recoveryMs: after[0] ? after[0].doneMs - endMs : null,
  };
}
