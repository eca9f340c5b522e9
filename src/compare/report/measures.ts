/** Measures of a whole run by path: intervals that mind bursts, error budgets, and cells by any other division. */
import { burstInterval, effectiveSampleSize } from "../../availability/bootstrap.ts";
import {
  BURN_WINDOWS,
  type BurnWindow,
  burningWindows,
  type ErrorBudget,
  errorBudget,
} from "../../availability/budget.ts";
import { isRight, type Observation } from "../../availability/observation.ts";
import { type Cell, cellOf } from "../../availability/report.ts";
import type { Random } from "../../base/random.ts";

/** One path's availability over a series in which outages come in bursts. */
export interface RobustRow {
  readonly path: string;
  readonly probes: number;
  readonly availability: number;
  /** 95 % interval that minds bursts. */
  readonly low: number;
  readonly high: number;
  /** How many independent probes the series is worth; `null` where it is too long to tell. */
  readonly effectiveSamples: number | null;
}

export interface BudgetRow extends ErrorBudget {
  readonly path: string;
  readonly probes: number;
  /** Windows that burn too fast at the end of the run. */
  readonly burning: readonly Pick<BurnWindow, "severity" | "longMs" | "factor">[];
}

/** The autocorrelation of a longer series takes too long. */
const EFFECTIVE_SAMPLES_MAX = 200_000;

/** Expects counted observations in order of time. */
export function robustRows(
  observations: readonly Observation[],
  paths: readonly string[],
  random: Random,
): RobustRow[] {
  return paths.flatMap((path) => {
    const values = observations.filter((one) => one.path === path).map((one) => (isRight(one) ? 1 : 0));
    if (values.length === 0) return [];
    const right = values.reduce((sum: number, value) => sum + value, 0);
    const effective = values.length > EFFECTIVE_SAMPLES_MAX ? null : effectiveSampleSize(values);
    return [
      {
        path,
        probes: values.length,
        availability: right / values.length,
        ...burstInterval(values, random, effective ?? values.length),
        effectiveSamples: effective,
      },
    ];
  });
}

/** The budget of each path, and which burn-rate alarms would ring at the end of the run. Windows longer than the run count as the run. */
export function budgetRows(
  observations: readonly Observation[],
  paths: readonly string[],
  objective: number,
  endMs: number,
): BudgetRow[] {
  return paths.flatMap((path) => {
    const mine = observations.filter((one) => one.path === path);
    if (mine.length === 0) return [];
    const burning = burningWindows(mine, objective, endMs + 1, BURN_WINDOWS);
    return [{ path, probes: mine.length, ...errorBudget(mine, objective), burning }];
  });
}

/** Cells by some other division than time, such as names or vantage points; `phase` holds the group. */
export function groupedCells(
  observations: readonly Observation[],
  paths: readonly string[],
  groupOf: (observation: Observation) => string,
): Cell[] {
  const groups = new Map<string, Observation[]>();
  for (const observation of observations) {
    const group = groupOf(observation);
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [observation]);
    else known.push(observation);
  }
  return [...groups].flatMap(([group, mine]) =>
    paths.filter((path) => mine.some((one) => one.path === path)).map((path) => cellOf(group, path, mine)),
  );
}
