/** The report's sentences. */

import type { Recovery } from "../../availability/recovery.ts";
import { milliseconds, percent } from "../../availability/report.ts";
import type { ReportData } from "./data.ts";

/** The verdict in a sentence or two. */
export function verdictOf(data: ReportData): string {
  const failed = data.claims.filter((claim) => !claim.holds);
  const probes = `${data.probes - data.voided} probes`;
  if (data.holds && failed.length > 0)
    return `As a canary must, ${failed.length} of ${data.claims.length} claims failed.`;
  if (failed.length > 0) {
    return `${failed.length} of ${data.claims.length} claims failed in ${probes}, first: ${failed[0]!.text}.`;
  }
  const faulty = data.phases.filter((phase) => phase.faults.length > 0);
  const best = data.services.at(-1);
  const cells = data.cells.filter((cell) => cell.path === best?.id && faulty.some((phase) => phase.id === cell.phase));
  const right = cells.reduce((sum, cell) => sum + cell.right, 0);
  const asked = cells.reduce((sum, cell) => sum + cell.probes, 0);
  // No more than the smallest sample has earned: the lower end of the worst phase's interval.
  const low = cells.reduce((least, cell) => Math.min(least, cell.low), 1);
  const kept = best
    ? ` While things were broken, ${best.id} answered right in ${right} of ${asked} probes; in every phase that shows ${percent(low)} or more, with 95 % confidence.`
    : "";
  return `All ${data.claims.length} claims hold, in ${probes}.${kept}`;
}

/** One path's way through a fault. */
export function recoverySentence(recovery: Recovery): string {
  const { path, failOverMs, longestGapMs, recoveryMs, faultMs } = recovery;
  const lasted = `${((faultMs[1] - faultMs[0]) / 1000).toFixed(1)} s`;
  const back =
    recoveryMs === null ? "was not seen to come back" : `was back ${milliseconds(recoveryMs)} after it ended`;
  if (failOverMs === null) return `${path}: gone for the whole fault (${lasted}); ${back}.`;
  return `${path}: first right answer ${milliseconds(failOverMs)} into the fault (${lasted}), longest gap ${milliseconds(longestGapMs)}; ${back}.`;
}

export function methodOf(data: ReportData): string[] {
  return [
    "Every round asks all paths for the same name at once, each probe on a cold cache and without a retry of its own; names come round evenly. A phase ends when its last probe has ended, and only then do the faults change, so that no probe lives in two phases.",
    "Every answer is compared with what the chain says. A probe counts as right when it brought that value, or a true absence, before its deadline; a time-out weighs as infinity in every quantile.",
    `Intervals by blocks of time span two: whole blocks of probes resampled, and the exact interval of as many independent probes as the series is worth, with Student's factor where outages were few. All others are Clopper-Pearson's below 40 probes or without a failure, Wilson's otherwise. ${data.voided} probes do not count because the instrument itself was late, or its flood fell short.`,
  ];
}

export function limitsOf(data: ReportData): string[] {
  const fleet = data.blasts[0] ? new Set(data.blasts[0].names.flatMap((name) => name.gatewayIds)).size : 0;
  const vantages = new Set(data.byVantage.map(({ phase }) => phase)).size;
  const where = vantages > 1 ? `${vantages} vantage points` : "One vantage point";
  return [
    `${where}, one machine, loopback: latencies are a floor, and nothing here says how the Internet between two continents behaves.`,
    "The faults are made, not found: shares of a phase say what happens under that fault, not how often it comes.",
    ...(fleet > 0
      ? [
          `${fleet} gateways stand behind 2,048 virtual ones, so shards coincide on machines far more often than on virtual gateways; both predictions are given.`,
        ]
      : []),
  ];
}
