/** Counts of probes, small enough to keep for a million of them. */
import { availabilityInterval, earnedClaim, type Interval } from "../availability/interval.ts";
import type { ProbeResult } from "./probeTree.ts";

export type OutcomeCounts = Readonly<Record<ProbeResult["outcome"], number>>;

const OUTCOMES = ["answered", "absent", "stale", "wrong", "refused", "timedOut", "unreachable"] as const;

/** What a tally says. Quantiles are `null` where that share of probes was never answered. */
export interface TallySummary {
  readonly probes: number;
  readonly right: number;
  /** Right answers in time, as a share of probes. */
  readonly availability: number;
  /** Of 95 %. */
  readonly interval: Interval;
  /** The highest of 90 %, 99 %, ... that the sample supports; `null` where none. */
  readonly earned: number | null;
  readonly outcomes: OutcomeCounts;
  /** Wrong answers that the client took; the others it saw through. */
  readonly wrongAccepted: number;
  readonly latencyMsP50: number | null;
  readonly latencyMsP99: number | null;
  readonly queriesPerProbe: { readonly dns: number; readonly gateways: number; readonly chain: number };
}

export class Tally {
  #probes = 0;
  #wrongAccepted = 0;
  readonly #outcomes: Record<ProbeResult["outcome"], number> = {
    answered: 0,
    absent: 0,
    stale: 0,
    wrong: 0,
    refused: 0,
    timedOut: 0,
    unreachable: 0,
  };
  readonly #latencies = new Map<number, number>();
  readonly #queries = { dns: 0, gateways: 0, chain: 0 };

  add(result: ProbeResult): void {
    this.#probes += 1;
    this.#outcomes[result.outcome] += 1;
    if (result.outcome === "wrong" && result.accepted) this.#wrongAccepted += 1;
    if (result.outcome === "answered") {
      this.#latencies.set(result.latencyMs, (this.#latencies.get(result.latencyMs) ?? 0) + 1);
    }
    this.#queries.dns += result.queries.dns;
    this.#queries.gateways += result.queries.gateways;
    this.#queries.chain += result.queries.chain;
  }

  summary(): TallySummary {
    const probes = this.#probes;
    // Every simulated name exists, so only a value is right; "absent" is never the truth here.
    const right = this.#outcomes.answered;
    const ascending = [...this.#latencies].sort(([left], [right]) => left - right);
    const quantile = (ratio: number) => {
      let left = Math.max(1, Math.ceil(ratio * probes - 1e-9));
      for (const [latencyMs, count] of ascending) {
        left -= count;
        if (left <= 0) return latencyMs;
      }
      return null;
    };
    const each = (count: number) => (probes === 0 ? 0 : count / probes);
    return {
      probes,
      right,
      availability: each(right),
      interval: availabilityInterval(right, probes),
      earned: earnedClaim(right, probes).earned,
      outcomes: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, this.#outcomes[outcome]])) as OutcomeCounts,
      wrongAccepted: this.#wrongAccepted,
      latencyMsP50: quantile(0.5),
      latencyMsP99: quantile(0.99),
      queriesPerProbe: {
        dns: each(this.#queries.dns),
        gateways: each(this.#queries.gateways),
        chain: each(this.#queries.chain),
      },
    };
  }
}
