/** Measures of a whole run by path, taken probe by probe in memory that does not grow with the run's length. */
import { burstInterval, effectiveInterval, effectiveSampleSize } from "../../availability/bootstrap.ts";
import { type BurnAlarm, createBurnMeter, type ErrorBudget, errorBudget } from "../../availability/budget.ts";
import { createFold, type Fold } from "../../availability/fold.ts";
import { type EarnedClaim, earnedOfRatio } from "../../availability/interval.ts";
import { createRoundLedger, type Gain, type JointFailure } from "../../availability/joint.ts";
import { isRight, type Observation } from "../../availability/observation.ts";
import { type Cell, createCellCounter } from "../../availability/report.ts";
import type { Random } from "../../base/random.ts";

/** One path's availability over a series in which outages come in bursts. */
export interface RobustRow {
  readonly path: string;
  readonly probes: number;
  readonly availability: number;
  /** 95 % interval that minds bursts. */
  readonly low: number;
  readonly high: number;
  /** How many independent probes the series is worth. */
  readonly effectiveSamples: number;
}

export interface BudgetRow extends ErrorBudget {
  readonly path: string;
  readonly probes: number;
  /** What each pair of burn-rate windows saw. */
  readonly alarms: readonly BurnAlarm[];
}

export interface RunMeasures {
  readonly robust: readonly RobustRow[];
  readonly budgets: readonly BudgetRow[];
  /** Every pair of single paths, then all of them. */
  readonly joint: readonly JointFailure[];
  readonly gains: readonly Gain[];
}

export interface RunCollectorOptions {
  /** Paths that are one path each. */
  readonly single: readonly string[];
  /** What uses several paths at once. */
  readonly combined: readonly string[];
  /** The objective of the error budget, such as 0.999. */
  readonly objective: number;
}

export interface RunCollector {
  /** Counted observations in order of time. `silenceMs`: a longer time without one was not watched. */
  note(observation: Observation, silenceMs: number): void;
  measures(paths: readonly string[], random: Random): RunMeasures;
  /** What a path's series allows to be claimed. */
  earned(path: string): EarnedClaim;
}

export function createRunCollector({ single, combined, objective }: RunCollectorOptions): RunCollector {
  const rounds = createRoundLedger(single, combined);
  const newPath = () => ({ rights: createFold(), meter: createBurnMeter(objective) });
  const paths = new Map<string, ReturnType<typeof newPath>>();
  return {
    note(observation, silenceMs) {
      let mine = paths.get(observation.path);
      if (mine === undefined) {
        mine = newPath();
        paths.set(observation.path, mine);
      }
      const right = isRight(observation);
      mine.rights.add(right ? 1 : 0, observation.atMs);
      mine.meter.note(observation.atMs, right, silenceMs);
      rounds.note(observation);
    },
    earned: (path) => earnedOf(paths.get(path)?.rights),
    measures(ids, random) {
      const known = ids.flatMap((path) => {
        const mine = paths.get(path);
        return mine === undefined ? [] : [{ path, ...mine }];
      });
      return {
        robust: known.map(({ path, rights }) => robustRow(path, rights, random)),
        budgets: known.map(({ path, rights, meter }) => {
          const { count, sum } = rights;
          return { path, probes: count, ...errorBudget(count, count - sum, objective), alarms: meter.alarms() };
        }),
        joint: rounds.joint(random),
        gains: rounds.gains(random),
      };
    },
  };
}

function robustRow(path: string, rights: Fold, random: Random): RobustRow {
  const effectiveSamples = effectiveSampleSize(rights);
  const availability = rights.sum / rights.count;
  const interval = burstInterval(rights, random, effectiveSamples);
  return { path, probes: rights.count, availability, ...interval, effectiveSamples };
}

/**
 * What a series allows to be claimed. Nines are said of times to come, so a stretch of time counts once however often it was
 * probed, and no series counts for more than the samples it is worth.
 */
export function earnedOf(rights: Fold | undefined): EarnedClaim {
  if (rights === undefined || rights.count === 0) return earnedOfRatio(0, 0);
  return earnedOfRatio(rights.sum / rights.count, Math.min(effectiveSampleSize(rights), rights.stretches));
}

/** Counts by path in groups of some division other than time, such as names or vantage points. */
export interface GroupCounter {
  /** In order of time, where intervals mind bursts. */
  add(group: string, observation: Observation): void;
  /** Group by group; `phase` holds the group. */
  cells(paths: readonly string[]): Cell[];
}

export interface GroupCounterOptions {
  /** More latencies than these are told to within a hundredth. */
  readonly exactMax?: number;
  /** Bins of a group's series; with it intervals mind bursts, without it they take probes as independent. */
  readonly binsMax?: number;
}

export function createGroupCounter({ exactMax, binsMax }: GroupCounterOptions = {}): GroupCounter {
  const newCounter = () => ({
    counter: createCellCounter(exactMax),
    rights: binsMax === undefined ? undefined : createFold(binsMax),
  });
  const groups = new Map<string, Map<string, ReturnType<typeof newCounter>>>();
  return {
    add(group, observation) {
      let paths = groups.get(group);
      if (paths === undefined) {
        paths = new Map();
        groups.set(group, paths);
      }
      let mine = paths.get(observation.path);
      if (mine === undefined) {
        mine = newCounter();
        paths.set(observation.path, mine);
      }
      mine.counter.add(observation);
      mine.rights?.add(isRight(observation) ? 1 : 0, observation.atMs);
    },
    cells: (paths) =>
      [...groups].flatMap(([group, byPath]) =>
        paths.flatMap((path) => {
          const mine = byPath.get(path);
          if (mine === undefined) return [];
          const { counter, rights } = mine;
          return [{ ...counter.cell(group, path), ...(rights === undefined ? {} : effectiveInterval(rights)) }];
        }),
      ),
  };
}

/** Cells of counted observations by such a division. */
export function groupedCells(
  observations: readonly Observation[],
  paths: readonly string[],
  groupOf: (observation: Observation) => string,
): Cell[] {
  const groups = createGroupCounter();
  for (const observation of observations) groups.add(groupOf(observation), observation);
  return groups.cells(paths);
}
