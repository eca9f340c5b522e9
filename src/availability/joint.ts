/** How paths fail together. Two paths of 99 % make 99.99 % only if nothing common takes both; this measures that. */
import { power } from "../base/elementary.ts";
import type { Random } from "../base/random.ts";
import { burstDifference, burstInterval, effectiveSampleSize } from "./bootstrap.ts";
import { createFold, type SeriesFold } from "./fold.ts";
import { type Interval, incompleteBeta } from "./interval.ts";
import { isRight, type Observation } from "./observation.ts";

/** 95 % interval of `allFailed`, that minds bursts, in `low` and `high`. */
export interface JointFailure extends Interval {
  readonly paths: readonly string[];
  /** Rounds in which every one of the paths was probed. */
  readonly rounds: number;
  /** Share of rounds in which each path failed. */
  readonly failureRatio: readonly number[];
  /** Share of rounds in which all failed. */
  readonly allFailed: number;
  /** What that share would be, did the paths fail independently. */
  readonly allFailedIndependent: number;
  /** Correlation of failures of two paths, -1 to 1; `null` for more than two or where one path never changes. */
  readonly phi: number | null;
  /** Share of failures with a common cause (beta-factor model, for paths that fail about equally often); `null` where it cannot be told. */
  readonly commonCauseRatio: number | null;
  /** Share of the failures of the path that fails most rarely in which all others failed too; `null` where it never failed. */
  readonly rarestShared: number | null;
}

/** What one path buys over another, round by round; with the 95 % interval of the difference. */
export interface Gain extends Interval {
  readonly better: string;
  readonly other: string;
  /** Rounds in which both paths were probed. */
  readonly rounds: number;
  /** Right answers of `better` less those of `other`, as a share of rounds. */
  readonly difference: number;
  /** Rounds in which only `better`, or only `other`, was right. */
  readonly onlyBetter: number;
  readonly onlyOther: number;
  /** As many independent rounds the series is worth; outages come in bursts. */
  readonly effectiveRounds: number;
  /**
   * Two-sided McNemar p-value of as many rounds: the chance of a split as uneven as this, were both paths equally good.
   */
  readonly pValue: number;
}

export interface RoundLedger {
  /** Counted observations, about in order of time; a round is a name, a vantage point and a number. */
  note(observation: Pick<Observation, "atMs" | "round" | "name" | "path" | "vantage" | "outcome">): void;
  /** Every pair of the single paths that met, and all of them together where there are more than two. */
  joint(random: Random): JointFailure[];
  /** Every combination against every single path that it met. */
  gains(random: Random): Gain[];
}

/** A round whose paths have not all been told yet is waited for this long. */
const ROUND_MS_MAX = 60_000;

interface Row {
  readonly atMs: number;
  /** Whether each path that was told of failed. */
  readonly failed: Map<string, boolean>;
}

interface Together {
  readonly paths: readonly string[];
  readonly failed: number[];
  rounds: number;
  allFailed: number;
  /** 1 where one of them at least was right. */
  readonly spared: SeriesFold;
}

interface Versus {
  readonly better: string;
  readonly other: string;
  onlyBetter: number;
  onlyOther: number;
  readonly differences: SeriesFold;
}

/** Pairs what several paths told of the same round. `combined`: what uses several paths at once. */
export function createRoundLedger(single: readonly string[], combined: readonly string[]): RoundLedger {
  const pairs = single.flatMap((left, index) => single.slice(index + 1).map((right) => [left, right]));
  const together = [...pairs, ...(single.length > 2 ? [single] : [])].map(
    (paths): Together => ({ paths, failed: paths.map(() => 0), rounds: 0, allFailed: 0, spared: createFold() }),
  );
  const versus = combined.flatMap((better) =>
    single.map((other): Versus => ({ better, other, onlyBetter: 0, onlyOther: 0, differences: createFold() })),
  );
  const watched = new Set([...single, ...combined]);
  const open = new Map<string, Row>();
  const close = (row: Row) => {
    for (const one of together) noteTogether(one, row);
    for (const one of versus) noteVersus(one, row);
  };
  const closeAll = () => {
    for (const row of open.values()) close(row);
    open.clear();
  };
  return {
    note({ atMs, round, name, path, vantage = "", outcome }) {
      if (!watched.has(path)) return;
      const key = `${vantage}\n${round}\n${name}`;
      let row = open.get(key);
      // Another run may have counted its rounds from the same number.
      if (row !== undefined && (row.failed.has(path) || Math.abs(atMs - row.atMs) > ROUND_MS_MAX)) {
        close(row);
        open.delete(key);
        row = undefined;
      }
      if (row === undefined) {
        row = { atMs, failed: new Map() };
        open.set(key, row);
      }
      row.failed.set(path, !isRight({ outcome }));
      for (const [old, waiting] of open) {
        if (waiting.failed.size < watched.size && atMs - waiting.atMs <= ROUND_MS_MAX) break;
        close(waiting);
        open.delete(old);
      }
    },
    joint(random) {
      closeAll();
      return together.filter(({ rounds }) => rounds > 0).map((one) => jointOf(one, random));
    },
    gains(random) {
      closeAll();
      return versus.filter(({ differences }) => differences.count > 0).map((one) => gainOf(one, random));
    },
  };
}

function noteTogether(one: Together, { atMs, failed }: Row): void {
  if (!one.paths.every((path) => failed.has(path))) return;
  let all = true;
  one.paths.forEach((path, index) => {
    if (failed.get(path)) one.failed[index]! += 1;
    else all = false;
  });
  one.rounds += 1;
  if (all) one.allFailed += 1;
  one.spared.add(all ? 0 : 1, atMs);
}

function noteVersus(one: Versus, { atMs, failed }: Row): void {
  const [better, other] = [failed.get(one.better), failed.get(one.other)];
  if (better === undefined || other === undefined) return;
  if (!better && other) one.onlyBetter += 1;
  if (better && !other) one.onlyOther += 1;
  one.differences.add(Number(other) - Number(better), atMs);
}

function jointOf({ paths, failed, rounds, allFailed: count, spared }: Together, random: Random): JointFailure {
  const failureRatio = failed.map((many) => many / rounds);
  const allFailed = count / rounds;
  const interval = burstInterval(spared, random);
  const rarest = Math.min(...failed);
  return {
    paths,
    rounds,
    failureRatio,
    allFailed,
    low: 1 - interval.high,
    high: 1 - interval.low,
    allFailedIndependent: failureRatio.reduce((product, ratio) => product * ratio, 1),
    phi: paths.length === 2 ? phi(failureRatio[0]!, failureRatio[1]!, allFailed) : null,
    commonCauseRatio: commonCauseRatio(failureRatio, allFailed),
    rarestShared: rarest === 0 ? null : count / rarest,
  };
}

/** How the paths failed together over a run: every pair, then all. */
export function jointFailures(
  observations: readonly Observation[],
  paths: readonly string[],
  random: Random,
): JointFailure[] {
  const ledger = createRoundLedger(paths, []);
  for (const observation of observations) ledger.note(observation);
  return ledger.joint(random);
}

function phi(left: number, right: number, both: number): number | null {
  const spread = Math.sqrt(left * (1 - left) * right * (1 - right));
  return spread === 0 ? null : (both - left * right) / spread;
}

/**
 * The beta of `all = beta q + ((1 - beta) q)^n`, with q the geometric mean of the paths' failure shares: 0 where they
 * fail no more together than chance has it, 1 where every failure is common. Of paths that fail unequally often it is less
 * than 1 even where all failures of the rarer are common; `rarestShared` tells those.
 */
export function commonCauseRatio(failureRatio: readonly number[], allFailed: number): number | null {
  const count = failureRatio.length;
  const q = power(
    failureRatio.reduce((product, ratio) => product * ratio, 1),
    1 / count,
  );
  if (count < 2 || q === 0) return null;
  const predicted = (beta: number) => beta * q + power((1 - beta) * q, count);
  if (allFailed <= predicted(0)) return 0;
  // Roots are right but for their last bits.
  if (allFailed >= predicted(1) * (1 - 1e-12)) return 1;
  // Below its minimum the model falls with beta; above, it rises. The wanted beta lies on the rising side.
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (predicted(middle) < allFailed) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function gainOf({ better, other, onlyBetter, onlyOther, differences }: Versus, random: Random): Gain {
  const rounds = differences.count;
  const effective = effectiveSampleSize(differences);
  const worth = effective / rounds;
  return {
    better,
    other,
    rounds,
    difference: differences.sum / rounds,
    onlyBetter,
    onlyOther,
    ...burstDifference(differences, random, effective),
    effectiveRounds: effective,
    pValue: signTest(onlyBetter * worth, onlyOther * worth),
  };
}

/** What `better` buys over `other`. */
export function gainsOver(
  observations: readonly Observation[],
  better: string,
  other: string,
  random: Random,
): Gain | undefined {
  const ledger = createRoundLedger([other], [better]);
  for (const observation of observations) ledger.note(observation);
  return ledger.gains(random)[0];
}

/**
 * Chance of a split as uneven, were both sides equally likely: twice the binomial's tail, which the incomplete beta function
 * also tells of counts that are not whole.
 */
export function signTest(left: number, right: number): number {
  const [few, many] = left < right ? [left, right] : [right, left];
  return many === 0 ? 1 : Math.min(1, 2 * incompleteBeta(0.5, many, few + 1));
}
