/** Judges a scenario's claims by what a run counted. */
import type { Claim } from "./scenario.ts";
import type { TallySummary } from "./tally.ts";

export interface ClaimVerdict {
  readonly text: string;
  readonly claim: Claim;
  /** `null` where nothing was measured, or the quantile was never reached. */
  readonly measured: number | null;
  readonly holds: boolean;
}

/** The measured figure of a claim. */
export function measureOf(claim: Pick<Claim, "measure">, summary: TallySummary): number | null {
  const { probes, outcomes, queriesPerProbe } = summary;
  if (probes === 0) return null;
  switch (claim.measure) {
    case "availability":
      return summary.availability;
    case "wrongRatio":
      // A false "no such name" is as wrong as a false address.
      return (outcomes.wrong + outcomes.absent) / probes;
    case "staleRatio":
      return outcomes.stale / probes;
    case "latencyMsP50":
      return summary.latencyMsP50;
    case "latencyMsP99":
      return summary.latencyMsP99;
    case "queriesPerProbe":
      return queriesPerProbe.dns + queriesPerProbe.gateways + queriesPerProbe.chain;
  }
}

/** A latency that was never reached counts as infinite: it satisfies `min` and breaks `max`. */
export function judgeClaim(claim: Claim, summary: TallySummary): ClaimVerdict {
  const measured = measureOf(claim, summary);
  const isLatency = claim.measure.startsWith("latency");
  const value = measured ?? (isLatency && summary.probes > 0 ? Number.POSITIVE_INFINITY : Number.NaN);
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = claim;
  return { text: claim.text, claim, measured, holds: value >= min && value <= max };
}
