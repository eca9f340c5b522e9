/** How a try along a path can end. An outage is never reported as absence. */

/** The three ways to an answer. */
export const PATHS = ["dns", "chain", "gateways"] as const;
export type PathName = (typeof PATHS)[number];

/**
 * - `answered`: a value;
 * - `absent`: there is no such record; proven unless the answer's evidence says `none`;
 * - `stale`: verified, but older than asked;
 * - `wrong`: failed verification;
 * - `refused`: the other side was reached and would not or could not answer (REFUSED, SERVFAIL, HTTP 429 or 5xx);
 * - `timedOut`: no answer in time;
 * - `unreachable`: no connection, or none to try.
 */
export const OUTCOMES = ["answered", "absent", "stale", "wrong", "refused", "timedOut", "unreachable"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * How a probe can end: as a try can, and
 * - `unproven`: somebody said that there is no such record, and nothing that is known bears him out.
 */
export const PROBE_OUTCOMES = [
  "answered",
  "absent",
  "unproven",
  "stale",
  "wrong",
  "refused",
  "timedOut",
  "unreachable",
] as const satisfies readonly (Outcome | "unproven")[];
export type ProbeOutcome = (typeof PROBE_OUTCOMES)[number];
