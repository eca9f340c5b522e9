/** How one lookup ended, and its row in the table. */
import { systemClock, withDeadline } from "../../src/base/clock.ts";
import { VALUE } from "../../test/support/client/ccipWorld.ts";
import type { BenchRow } from "./row.ts";

export { VALUE };

/** In so many milliseconds with the right value, or otherwise. */
export interface Ending {
  readonly kind: "right" | "null" | "wrong" | "thrown" | "hung";
  readonly ms: number;
}

/** Runs a lookup, at most `capMs` long. */
export async function timed(capMs: number, work: () => Promise<string | null>): Promise<Ending> {
  const startedAtMs = systemClock.monotonicMs();
  let kind: Ending["kind"];
  try {
    const value = await withDeadline(systemClock, capMs, "The lookup", work);
    kind = value === null ? "null" : value.toLowerCase() === VALUE ? "right" : "wrong";
  } catch (error) {
    kind = error instanceof Error && error.name === "DeadlineError" ? "hung" : "thrown";
  }
  return { kind, ms: systemClock.monotonicMs() - startedAtMs };
}

export function describeEnding(ending: Ending): string {
  return ending.kind === "right" ? `${ending.ms.toFixed(0)} ms` : `${ending.kind} after ${ending.ms.toFixed(0)} ms`;
}

/** The row of an ending beside a peer's; a peer's value is `null` where it did not end as it should. */
export function endingRow(
  id: string,
  ending: Ending,
  peer: string,
  peerEnding: Ending,
  wanted: Ending["kind"],
  goalMs: number,
): BenchRow {
  const peerValue = peerEnding.kind === wanted ? peerEnding.ms : null;
  return {
    id,
    value: ending.ms,
    unit: ending.kind === wanted ? "ms" : `ms, ${ending.kind}`,
    peer: `${peer}${peerValue === null ? `: ${peerEnding.kind}` : ""}`,
    peerValue,
    ratio: peerValue === null ? null : ending.ms / peerValue,
    goal: `${wanted === "thrown" ? "throws" : "right"} <= ${goalMs} ms`,
    ok: ending.kind === wanted && ending.ms <= goalMs,
  };
}
