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
  const { probes, outcomes, wrongAccepted, queriesPerProbe } = summary;
  if (probes === 0) return null;
  switch (claim.measure) {
    case "availability":
      return summary.availability;
    case "wrongRatio":
      // A false "no such name" is as wrong as a false address; what the client saw through is not, as in a live drill.
      return (wrongAccepted + outcomes.absent) / probes;
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

/**
 * Whether a figure keeps a claim's bounds. A quantile that was never reached keeps none: not `max`, and not `min` either, since
 * who claims that answers are late claims that they come. That none comes is a claim about availability.
 */
export function isWithin({ min, max }: Pick<Claim, "min" | "max">, value: number | null): boolean {
  if (value === null || !Number.isFinite(value)) return false;
  return value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY);
}

export function judgeClaim(claim: Claim, summary: TallySummary): ClaimVerdict {
  const measured = measureOf(claim, summary);
  return { text: claim.text, claim, measured, holds: isWithin(claim, measured) };
}
