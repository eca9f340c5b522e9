/**
 * What a probe finds. A probe is one timed try along a path; its observation says how it ended and, where it brought an
 * answer, whether that answer is the truth. An outage is never "no record": absence has an outcome of its own.
 */

import { PATHS, type ProbeOutcome } from "./outcome.ts";

/** What is probed: each path by itself, and the client that uses all of them at once. */
export const SERIES = [...PATHS, "combined"] as const;

export interface Observation {
  /** When the probe began, in milliseconds since the run's start. */
  readonly atMs: number;
  /** Number of the round in which every path was asked for the same name; pairs observations across paths. */
  readonly round: number;
  readonly name: string;
  /** What was probed: one of `SERIES`, or a service of the scenario's own. */
  readonly path: string;
  readonly outcome: ProbeOutcome;
  /** From the probe's begin to its end, also where it failed. */
  readonly latencyMs: number;
  /** Where the probe was made, where there are several vantage points. */
  readonly vantage?: string;
  /** What the answer rests on, such as `proof`, `signature`, `unverified`; which path of a combination brought it. */
  readonly evidence?: string;
  /** `false` where the client itself saw that an answer was wrong and did not take it; only for `wrong`. */
  readonly accepted?: boolean;
  /** One line about a failure, for people. */
  readonly detail?: string;
  /** The instrument itself was late (its event loop stalled, its clock jumped): marked, and not counted. */
  readonly void?: string;
}

/** Whether the probe brought the truth in time. Only this counts as available. */
export function isRight(observation: Pick<Observation, "outcome">): boolean {
  return observation.outcome === "answered" || observation.outcome === "absent";
}

/** The observations that count: those the instrument did not spoil itself. */
export function counted(observations: readonly Observation[]): Observation[] {
  return observations.filter((observation) => observation.void === undefined);
}
