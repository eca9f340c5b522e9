/** What journals allow to be said of names over days: availability, outages, budgets, joint failures, name by name. */
import { blockBootstrap, effectiveSampleSize } from "../../availability/bootstrap.ts";
import { type BurnWindow, burningWindows, type ErrorBudget, errorBudget } from "../../availability/budget.ts";
import { type Episode, outageEpisodes, type RepairTimes, repairTimes } from "../../availability/episodes.ts";
import { type EarnedClaim, earnedClaim, type Interval } from "../../availability/interval.ts";
import { type JointFailure, jointFailure } from "../../availability/joint.ts";
import { counted, isRight, type Observation } from "../../availability/observation.ts";
import { type Cell, cellOf, milliseconds, percent } from "../../availability/report.ts";
import { seededRandom } from "../../base/random.ts";

export interface SeriesReport {
  readonly name: string;
  readonly path: string;
  readonly vantage: string;
  readonly cell: Cell;
  /** By whole blocks of probes, since outages come in bursts. */
  readonly blocks: Interval;
  readonly effectiveProbes: number;
  readonly earned: EarnedClaim;
  readonly budget: ErrorBudget;
  readonly burning: readonly BurnWindow[];
  readonly episodes: readonly Episode[];
  readonly repair: RepairTimes;
}

export interface AvailabilityReport {
  readonly fromMs: number;
  readonly toMs: number;
  readonly probes: number;
  readonly voided: number;
  readonly objective: number;
  readonly series: readonly SeriesReport[];
  /** For each name, how its single paths failed together; `null` where fewer than two were probed. */
  readonly joint: readonly { readonly name: string; readonly failure: JointFailure }[];
}

export interface ReportOptions {
  /** The share of right answers aimed at. */
  readonly objective: number;
  /** Length of the bins in which an outage is told, in milliseconds. */
  readonly binMs: number;
}

const SINGLE_PATHS = ["dns", "chain", "gateways"];

export function reportAvailability(all: readonly Observation[], options: ReportOptions): AvailabilityReport {
  const usable = counted(all);
  const groups = new Map<string, Observation[]>();
  for (const one of usable) {
    const key = JSON.stringify([one.name, one.path, one.vantage ?? ""]);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  const names = [...new Set(usable.map(({ name }) => name))].sort();
  return {
    fromMs: all[0]?.atMs ?? 0,
    toMs: all.at(-1)?.atMs ?? 0,
    probes: all.length,
    voided: all.length - usable.length,
    objective: options.objective,
    series: [...groups.values()].map((group) => seriesOf(group, options)),
    joint: names.flatMap((name) => {
      const mine = usable.filter((one) => one.name === name);
      const paths = SINGLE_PATHS.filter((path) => mine.some((one) => one.path === path));
      return paths.length < 2 ? [] : [{ name, failure: jointFailure(mine, paths) }];
    }),
  };
}

function seriesOf(group: readonly Observation[], options: ReportOptions): SeriesReport {
  const { name, path, vantage = "" } = group[0]!;
  const rights = group.map((one) => (isRight(one) ? 1 : 0));
  const episodes = outageEpisodes(group, { binMs: options.binMs });
  const cell = cellOf("all", path, group);
  return {
    name,
    path,
    vantage,
    cell,
    blocks: blockBootstrap(rights, seededRandom(1, "bootstrap")),
    effectiveProbes: Math.round(effectiveSampleSize(rights)),
    earned: earnedClaim(cell.right, cell.probes),
    budget: errorBudget(group, options.objective),
    burning: burningWindows(group, options.objective, group.at(-1)!.atMs + 1),
    episodes,
    repair: repairTimes(episodes),
  };
}

/** What may be said of a series: no nine that the sample has not earned. */
export function claimText({ earned, next, missing }: EarnedClaim): string {
  const said = earned === null ? "nothing can be claimed" : `at least ${percent(earned)}`;
  return `${said}; ${percent(next)} takes ${missing} more right answers in a row`;
}

/** The report as Markdown. */
export function reportMarkdown(report: AvailabilityReport): string {
  const at = (ms: number) => new Date(ms).toISOString();
  const rows = report.series.map(({ name, path, vantage, cell, blocks, effectiveProbes, earned, episodes }) =>
    [
      name,
      path,
      vantage,
      cell.probes,
      percent(cell.availability),
      `${percent(cell.low)} to ${percent(cell.high)}`,
      `${percent(blocks.low)} to ${percent(blocks.high)} (${effectiveProbes})`,
      milliseconds(cell.p50Ms),
      milliseconds(cell.p99Ms),
      cell.wrong,
      episodes.length,
      claimText(earned),
    ].join(" | "),
  );
  const joint = report.joint.map(
    ({ name, failure }) =>
      `- ${name}: ${failure.paths.join(", ")} failed together in ${percent(failure.allFailed)} of ${failure.rounds} rounds; were they independent, in ${percent(failure.allFailedIndependent)}.${failure.commonCauseRatio === null ? "" : ` Common-cause share ${percent(failure.commonCauseRatio)}.`}`,
  );
  const burning = report.series.flatMap(({ name, path, burning }) =>
    burning.map(
      (window) =>
        `- ${name} by ${path}: ${window.severity}, ${window.factor} times too fast over ${window.longMs / 3_600_000} h.`,
    ),
  );
  return `# Availability, ${at(report.fromMs)} to ${at(report.toMs)}

${report.probes} probes, of which ${report.voided} do not count because the instrument itself was late.

name | path | vantage | probes | availability | 95 % interval | by blocks (worth probes) | median | p99 | wrong | outages | may be claimed
--- | --- | --- | ---: | ---: | --- | --- | ---: | ---: | ---: | ---: | ---
${rows.join("\n")}

## Joint failures

${joint.join("\n") || "Fewer than two paths were probed."}

## Error budgets at ${percent(report.objective)}

${burning.join("\n") || "No budget burns too fast."}

Intervals take probes as independent but for those by blocks. Answers are judged by the verified one of the same round.
`;
}

/** The series as comma-separated values, a header line first. */
export function reportCsv(report: AvailabilityReport): string {
  const head = "name,path,vantage,probes,right,wrong,availability,low,high,p50Ms,p99Ms,outages,mttrMs,budgetRemaining";
  const rows = report.series.map(({ name, path, vantage, cell, episodes, repair, budget }) =>
    [
      name,
      path,
      vantage,
      cell.probes,
      cell.right,
      cell.wrong,
      cell.availability,
      cell.low,
      cell.high,
      cell.p50Ms ?? "",
      cell.p99Ms ?? "",
      episodes.length,
      repair.mttrMs ?? "",
      budget.remainingRatio,
    ].join(),
  );
  return `${[head, ...rows].join("\n")}\n`;
}
