/** Judges a resolution by the chain's truth. */
import type { Observation } from "../../availability/observation.ts";
import type { Outcome } from "../../availability/outcome.ts";
import type { Hex } from "../../base/bytes.ts";
import { toHex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import type { Resolution } from "../../client/resolution.ts";
import { decodeRRset } from "../../protocol/rrset.ts";

/** What a resolution tells, as far as judging it goes. */
export type Told = Pick<Resolution, "outcome" | "value" | "path" | "evidence" | "trace">;

/** Record data of an RRset value, in an order and without the TTLs, so that two servers' answers can be compared. */
export function rdatasOf(value: Hex): string {
  return decodeRRset(value)
    .rdatas.map((rdata) => toHex(rdata))
    .sort()
    .join();
}

/**
 * The outcome of a probe: what the client says, except that a value or an absence that is not the truth is `wrong`, whatever
 * the client thought of it.
 */
export function judge(told: Told, truth: Hex | null): Outcome {
  if (told.outcome === "absent") return truth === null ? "absent" : "wrong";
  if (told.outcome !== "answered") return told.outcome;
  if (truth === null || told.value === null) return "wrong";
  try {
    return rdatasOf(told.value) === rdatasOf(truth) ? "answered" : "wrong";
  } catch (error) {
    if (error instanceof BaseError) return "wrong";
    throw error;
  }
}

/** The fields of an observation that come from the resolution itself. */
export function observed(
  told: Told,
  truth: Hex | null,
): Pick<Observation, "outcome" | "evidence" | "detail" | "accepted"> {
  const outcome = judge(told, truth);
  if (outcome === "answered" || outcome === "absent") {
    return { outcome, evidence: told.path === null ? told.evidence : `${told.path} ${told.evidence}` };
  }
  const last = told.trace.findLast((attempt) => attempt.outcome !== "answered");
  const detail =
    outcome === "wrong" && told.outcome !== "wrong" ? "not what the chain says" : (last?.reason ?? told.outcome);
  return { outcome, detail, ...(told.outcome === "wrong" ? { accepted: false } : {}) };
}
