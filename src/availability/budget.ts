/** Error budgets and burn rates, after the site-reliability practice of several windows at once. */
import { isRight, type Observation } from "./observation.ts";

export interface BurnWindow {
  /** The alert's name: `page` wakes somebody, `ticket` waits for the morning. */
  readonly severity: "page" | "ticket";
  readonly longMs: number;
  /** The short window must burn as well, so that the alert ends soon after the outage does. */
  readonly shortMs: number;
  /** How many times faster than sustainable the budget must burn. */
  readonly factor: number;
}

const HOUR_MS = 3_600_000;

/** Windows for an objective over 30 days: 2 % of the budget in an hour, 5 % in six, 10 % in three days. */
export const BURN_WINDOWS: readonly BurnWindow[] = [
  { severity: "page", longMs: HOUR_MS, shortMs: HOUR_MS / 12, factor: 14.4 },
  { severity: "page", longMs: 6 * HOUR_MS, shortMs: HOUR_MS / 2, factor: 6 },
  { severity: "ticket", longMs: 72 * HOUR_MS, shortMs: 6 * HOUR_MS, factor: 1 },
];

export interface ErrorBudget {
  readonly objective: number;
  /** Failures the objective allows in as many probes. */
  readonly allowed: number;
  readonly spent: number;
  /** Share of the budget left; negative once it is overspent. */
  readonly remainingRatio: number;
}

export function errorBudget(observations: readonly Observation[], objective: number): ErrorBudget {
  const spent = observations.filter((observation) => !isRight(observation)).length;
  const allowed = observations.length * (1 - objective);
  return { objective, allowed, spent, remainingRatio: allowed === 0 ? 1 : 1 - spent / allowed };
}

/** How many times faster than sustainable the budget burned between `fromMs` and `toMs`; 0 without probes. */
export function burnRate(
  observations: readonly Observation[],
  objective: number,
  fromMs: number,
  toMs: number,
): number {
  const within = observations.filter((observation) => observation.atMs >= fromMs && observation.atMs < toMs);
  if (within.length === 0) return 0;
  return within.filter((observation) => !isRight(observation)).length / within.length / (1 - objective);
}

/** The windows whose alert rings at `nowMs`: both their long and their short window burn too fast. */
export function burningWindows(
  observations: readonly Observation[],
  objective: number,
  nowMs: number,
  windows: readonly BurnWindow[] = BURN_WINDOWS,
): BurnWindow[] {
  return windows.filter((window) =>
    [window.longMs, window.shortMs].every(
      (length) => burnRate(observations, objective, nowMs - length, nowMs) >= window.factor,
    ),
  );
}
