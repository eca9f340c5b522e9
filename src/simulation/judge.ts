/** Judges what a client was told by the truth; drills, watches and the simulator all judge by this. */
import type { Outcome } from "../availability/outcome.ts";
import type { Hex } from "../base/bytes.ts";
import { sameSetKey } from "../client/policy.ts";
import type { Resolution } from "../client/resolution.ts";

/**
 * The outcome of a probe: what the client says, except that a value or an absence that is not the truth is `wrong`, whatever the
 * client thought of it. TTLs and the order of a set's records do not matter.
 *
 * @param truth The record as it is; `null` where there is none.
 * @param former The record as it was: whoever tells that is `stale`, and not `wrong`.
 */
export function judge(told: Pick<Resolution, "outcome" | "value">, truth: Hex | null, former?: Hex): Outcome {
  if (told.outcome === "absent") return truth === null ? "absent" : "wrong";
  if (told.outcome !== "answered") return told.outcome;
  if (truth === null || told.value === null) return "wrong";
  const key = sameSetKey(told.value);
  if (key === sameSetKey(truth)) return "answered";
  return former !== undefined && key === sameSetKey(former) ? "stale" : "wrong";
}
