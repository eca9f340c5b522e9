/** What an observation keeps of a resolution, judged by the chain's truth. */
import type { Observation } from "../../availability/observation.ts";
import type { Hex } from "../../base/bytes.ts";
import type { Resolution } from "../../client/resolution.ts";
import { judge } from "../../simulation/judge.ts";

/** What a resolution tells, as far as judging it goes. */
export type Told = Pick<Resolution, "outcome" | "value" | "path" | "evidence" | "trace">;

/** The fields of an observation that come from the resolution itself; `truth` and `former` as `judge` takes them. */
export function observed(
  told: Told,
  truth: Hex | null,
  former?: Hex,
): Pick<Observation, "outcome" | "evidence" | "detail" | "accepted"> {
  const outcome = judge(told, truth, former);
  if (outcome === "answered" || outcome === "absent") {
    return { outcome, evidence: told.path === null ? told.evidence : `${told.path} ${told.evidence}` };
  }
  const last = told.trace.findLast((attempt) => attempt.outcome !== "answered");
  const detail =
    outcome === "wrong" && told.outcome !== "wrong" ? "not what the chain says" : (last?.reason ?? told.outcome);
  return { outcome, detail, ...(told.outcome === "wrong" ? { accepted: false } : {}) };
}
