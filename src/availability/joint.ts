/** How paths fail together. Two paths of 99 % make 99.99 % only if nothing common takes both; this measures that. */
import { exp, log, power } from "../base/elementary.ts";
import { isRight, type Observation } from "./observation.ts";

export interface JointFailure {
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
  /** Share of failures with a common cause (beta-factor model); `null` where it cannot be told. */
  readonly commonCauseRatio: number | null;
}

/** Rounds as rows of booleans, `true` where the path failed; rounds that miss a path are left out. */
export function failureRows(observations: readonly Observation[], paths: readonly string[]): boolean[][] {
  const rounds = new Map<string, Map<string, boolean>>();
  for (const observation of observations) {
    const key = `${observation.vantage ?? ""}/${observation.round}`;
    const row = rounds.get(key) ?? new Map<string, boolean>();
    row.set(observation.path, !isRight(observation));
    rounds.set(key, row);
  }
  return [...rounds.values()]
    .filter((row) => paths.every((path) => row.has(path)))
    .map((row) => paths.map((path) => row.get(path)!));
}

export function jointFailure(observations: readonly Observation[], paths: readonly string[]): JointFailure {
  const rows = failureRows(observations, paths);
  const share = (matches: (row: boolean[]) => boolean) =>
    rows.length === 0 ? 0 : rows.filter(matches).length / rows.length;
  const failureRatio = paths.map((_, index) => share((row) => row[index]!));
  const allFailed = share((row) => row.every(Boolean));
  return {
    paths,
    rounds: rows.length,
    failureRatio,
    allFailed,
    allFailedIndependent: failureRatio.reduce((product, ratio) => product * ratio, 1),
    phi: paths.length === 2 ? phi(failureRatio[0]!, failureRatio[1]!, allFailed) : null,
    commonCauseRatio: commonCauseRatio(failureRatio, allFailed),
  };
}

function phi(left: number, right: number, both: number): number | null {
  const spread = Math.sqrt(left * (1 - left) * right * (1 - right));
  return spread === 0 ? null : (both - left * right) / spread;
}

/**
 * The beta of `all = beta q + ((1 - beta) q)^n`, with q the geometric mean of the paths' failure shares: 0 where they
 * fail no more together than chance has it, 1 where every failure is common.
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
  if (allFailed >= predicted(1)) return 1;
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

export interface PairedDifference {
  /** Rounds in which both paths were probed. */
  readonly rounds: number;
  /** Right answers of `better` less those of `other`, as a share of rounds. */
  readonly difference: number;
  /** Rounds in which only `better`, or only `other`, was right. */
  readonly onlyBetter: number;
  readonly onlyOther: number;
  /** Two-sided exact McNemar p-value: the chance of a split as uneven as this, were both paths equally good. */
  readonly pValue: number;
}

/** What `better` buys over `other`, round by round. */
export function pairedDifference(
  observations: readonly Observation[],
  better: string,
  other: string,
): PairedDifference {
  const rows = failureRows(observations, [better, other]);
  const onlyBetter = rows.filter(([one, two]) => !one && two).length;
  const onlyOther = rows.filter(([one, two]) => one && !two).length;
  return {
    rounds: rows.length,
    difference: rows.length === 0 ? 0 : (onlyBetter - onlyOther) / rows.length,
    onlyBetter,
    onlyOther,
    pValue: signTest(onlyBetter, onlyOther),
  };
}

function signTest(left: number, right: number): number {
  const count = left + right;
  let logTerm = -count * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= Math.min(left, right); k += 1) {
    tail += exp(logTerm);
    logTerm += log((count - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}
