/** Everything a report shows, as plain data: the page, the text and `summary.json` are views of it. */

import { type Episode, pathOutages, type RepairTimes } from "../../availability/episodes.ts";
import { createFold } from "../../availability/fold.ts";
import type { EarnedClaim } from "../../availability/interval.ts";
import type { Gain, JointFailure } from "../../availability/joint.ts";
import type { CdfPoint } from "../../availability/latency.ts";
import { counted, isRight, type Observation } from "../../availability/observation.ts";
import { type Recovery, recoveryOf } from "../../availability/recovery.ts";
import {
  availabilitySeries,
  type Cell,
  type ClaimResult,
  cdfOf,
  observationsIn,
  type Phase,
  type SeriesPoint,
  tableOf,
} from "../../availability/report.ts";
import { seededRandom } from "../../base/random.ts";
import type { Scenario } from "../../simulation/scenario.ts";
import type { Blast } from "../drill/blast.ts";
import type { DisagreementEntry } from "../watch/sample.ts";
import { type BudgetRow, createRunCollector, earnedOf, type RobustRow } from "./measures.ts";

export interface ServiceReport {
  readonly id: string;
  readonly title: string;
  /**
   * Availability over time, phase by phase: no bin reaches over a change of faults. A phase in which nobody looked for a
   * while is in several stretches, from `startMs` to `endMs` each.
   */
  readonly series: readonly {
    readonly phase: string;
    readonly points: readonly SeriesPoint[];
    readonly startMs?: number;
    readonly endMs?: number;
  }[];
  /** Latency distribution by phase. */
  readonly cdfs: readonly { readonly phase: string; readonly points: readonly CdfPoint[] }[];
  /** Of very many, those with the most failed probes. */
  readonly episodes: readonly Episode[];
  readonly episodeCount: number;
  readonly repair: RepairTimes;
  /** What the sample of the well phases allows to be claimed; outages by design are no sample of nature. */
  readonly earned: EarnedClaim;
}

export interface ReportData {
  readonly scenario: Pick<Scenario, "id" | "title" | "summary"> & { readonly ko?: Scenario["ko"] };
  readonly startedAt: string;
  readonly command: string;
  /** Facts about the run, label and value. */
  readonly provenance: readonly (readonly [string, string])[];
  readonly holds: boolean;
  readonly services: readonly ServiceReport[];
  readonly phases: readonly Phase[];
  readonly cells: readonly Cell[];
  readonly claims: readonly ClaimResult[];
  readonly recoveries: readonly Recovery[];
  /** Every pair of single paths, then all of them. */
  readonly joint: readonly JointFailure[];
  readonly gains: readonly Gain[];
  readonly blasts: readonly Blast[];
  /** What was measured: a scenario's faults, or names left alone. */
  readonly kind: "drill" | "watch";
  readonly robust: readonly RobustRow[];
  readonly budgets: readonly BudgetRow[];
  /** Cells by name and by vantage point, the group in `phase`; a drill has none by name, and by vantage point where it has several. */
  readonly byName: readonly Cell[];
  readonly byVantage: readonly Cell[];
  readonly disagreements: readonly Disagreement[];
  /** Probes the instrument spoiled itself, which do not count. */
  readonly voided: number;
  readonly probes: number;
}

/** Sources that contradicted each other about a name. */
export interface Disagreement {
  /** Time of day, ISO 8601. */
  readonly at: string;
  readonly vantage: string;
  readonly name: string;
  readonly kind: DisagreementEntry["kind"];
  readonly state: "raised" | "cleared";
  readonly sides: readonly { readonly source: string; readonly said: string }[];
}

export interface ReportInput {
  readonly scenario: Pick<Scenario, "id" | "title" | "summary" | "mustFail"> & {
    readonly ko?: Scenario["ko"];
    readonly services: readonly Pick<Scenario["services"][number], "id" | "title" | "dns" | "chain" | "gateways">[];
  };
  readonly startedAt: string;
  readonly command: string;
  readonly provenance: readonly (readonly [string, string])[];
  readonly observations: readonly Observation[];
  readonly phases: readonly Phase[];
  readonly claims: readonly ClaimResult[];
  readonly blasts: readonly Blast[];
  /** Of the error budget; 99.9 % unless given. */
  readonly objective?: number;
}

/** Bins of the availability chart: about a hundred over the run. */
export function binMsOf(phases: readonly Phase[]): number {
  return Math.max(500, Math.round((phases.at(-1)?.endMs ?? 0) / 100 / 250) * 250);
}

export function buildReport(input: ReportInput): ReportData {
  const { scenario, observations, phases, claims } = input;
  const ids = scenario.services.map(({ id }) => id);
  const all = counted(observations).sort((left, right) => left.atMs - right.atMs);
  const collector = createRunCollector({
    single: scenario.services.filter((service) => pathCount(service) === 1).map(({ id }) => id),
    combined: scenario.services.filter((service) => pathCount(service) > 1).map(({ id }) => id),
    objective: input.objective ?? 0.999,
  });
  // A drill probes from its begin to its end.
  for (const observation of all) collector.note(observation, Number.POSITIVE_INFINITY);
  return {
    scenario: {
      id: scenario.id,
      title: scenario.title,
      summary: scenario.summary,
      ...(scenario.ko === undefined ? {} : { ko: scenario.ko }),
    },
    startedAt: input.startedAt,
    command: input.command,
    provenance: input.provenance,
    holds: claims.every((claim) => claim.holds) !== scenario.mustFail,
    services: scenario.services.map((service) => serviceOf(service, all, phases)),
    phases,
    cells: tableOf(observations, phases, ids),
    claims,
    recoveries: recoveriesOf(observations, phases, ids),
    ...collector.measures(ids, seededRandom(1, "bootstrap")),
    blasts: input.blasts,
    kind: "drill",
    byName: [],
    byVantage: [],
    disagreements: [],
    voided: observations.length - all.length,
    probes: observations.length,
  };
}

/** In a drill a path counts as a whole: its phases are too short for every name to come up often. */
const EPISODE_BIN_MS = 1000;

function serviceOf(
  { id, title }: { readonly id: string; readonly title: string },
  observations: readonly Observation[],
  phases: readonly Phase[],
): ServiceReport {
  const mine = observations.filter(({ path }) => path === id);
  const binMs = binMsOf(phases);
  const well = phases.filter(({ faults }) => faults.length === 0).flatMap((phase) => observationsIn(mine, phase));
  const rights = createFold();
  for (const one of well) rights.add(isRight(one) ? 1 : 0, one.atMs);
  return {
    id,
    title,
    series: phases.map((phase) => ({
      phase: phase.id,
      points: availabilitySeries(observationsIn(mine, phase), id, binMs),
    })),
    cdfs: phases.map((phase) => ({ phase: phase.id, points: cdfOf(observationsIn(mine, phase), id) })),
    ...pathOutages(mine, { binMs: EPISODE_BIN_MS, untilMs: phases.at(-1)?.endMs ?? 0 }),
    earned: earnedOf(rights),
  };
}

/** 0 for what is no path of its own, such as one of several servers. */
function pathCount(service: ReportInput["scenario"]["services"][number]): number {
  return (service.dns.length > 0 ? 1 : 0) + (service.gateways ? 1 : 0) + (service.chain ? 1 : 0);
}

/** Runs of phases with faults, taken as one fault each: from the first fault's begin to the last one's end. */
function recoveriesOf(
  observations: readonly Observation[],
  phases: readonly Phase[],
  ids: readonly string[],
): Recovery[] {
  const out: Recovery[] = [];
  for (const id of ids) {
    let startMs: number | undefined;
    for (const [index, phase] of phases.entries()) {
      const cell = observationsIn(counted(observations), phase).filter(({ path }) => path === id);
      const isHurt = phase.faults.length > 0 && cell.some((observation) => !isRight(observation));
      if (isHurt && startMs === undefined) startMs = phase.startMs;
      const next = phases[index + 1];
      const nextHurt =
        next !== undefined &&
        next.faults.length > 0 &&
        observationsIn(counted(observations), next).some((one) => one.path === id && !isRight(one));
      if (startMs !== undefined && !nextHurt) {
        out.push(recoveryOf(observations, id, startMs, next?.startMs ?? phase.endMs));
        startMs = undefined;
      }
    }
  }
  return out;
}

/** `summary.json`: per phase and path what was measured, and the verdict. */
export function summaryOf(data: ReportData): unknown {
  const phases = data.phases.map((phase) => ({
    id: phase.id,
    faults: phase.faults,
    startMs: phase.startMs,
    endMs: phase.endMs,
    paths: Object.fromEntries(
      data.cells
        .filter((cell) => cell.phase === phase.id)
        .map(({ path, probes, right, wrong, availability, low, high, p50Ms, p99Ms, outcomes }) => [
          path,
          { probes, right, wrong, availability, low, high, p50Ms, p99Ms, outcomes },
        ]),
    ),
  }));
  const blasts = data.blasts.map(({ names, ...rest }) => rest);
  const { scenario, startedAt, holds, claims, recoveries, voided, joint, robust, budgets, disagreements } = data;
  const earned = Object.fromEntries(data.services.map((service) => [service.id, service.earned]));
  const repair = Object.fromEntries(data.services.map((service) => [service.id, service.repair]));
  const episodes = Object.fromEntries(data.services.map((service) => [service.id, service.episodes]));
  const measures = { joint, gains: data.gains, earned, episodes, repair, robust, budgets, voided };
  const divided = data.kind === "watch" ? { byName: data.byName, byVantage: data.byVantage, disagreements } : {};
  const provenance = Object.fromEntries(data.provenance);
  return {
    scenario: scenario.id,
    startedAt,
    provenance,
    holds,
    phases,
    claims,
    recoveries,
    blasts,
    ...measures,
    ...divided,
  };
}
