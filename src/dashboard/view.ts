/** What the dashboard shows, as plain data: rolling bins by path, and the latest disagreements. */

import { quantile } from "../availability/latency.ts";
import { isRight } from "../availability/observation.ts";
import type { DisagreementEntry, Sample } from "../compare/watch/sample.ts";

export interface PathView {
  readonly path: string;
  readonly probes: number;
  readonly right: number;
  readonly wrong: number;
  /** Availability bin by bin, oldest first; `null` where there was no probe. */
  readonly availability: readonly (number | null)[];
  /** Median latency bin by bin, in milliseconds; `null` where most probes never ended or there was none. */
  readonly medianMs: readonly (number | null)[];
}

export interface DashboardView {
  /** Start of each bin, in seconds since 1970, oldest first. */
  readonly times: readonly number[];
  readonly paths: readonly PathView[];
  readonly disagreements: readonly string[];
  readonly voided: number;
}

export interface ViewModel {
  note(sample: Sample): void;
  noteDisagreement(entry: DisagreementEntry): void;
  view(nowMs: number): DashboardView;
}

const BIN_MS = 2_000;
const BINS = 150;
const DISAGREEMENTS_MAX = 20;

/** Keeps the last five minutes. */
export function createViewModel(): ViewModel {
  const bins = new Map<string, Map<number, Sample[]>>();
  const disagreements: string[] = [];
  let voided = 0;
  return {
    note(sample) {
      if (sample.void !== undefined) {
        voided += 1;
        return;
      }
      const mine = bins.get(sample.path) ?? new Map<number, Sample[]>();
      bins.set(sample.path, mine);
      const index = Math.floor(sample.at / BIN_MS);
      const bin = mine.get(index);
      if (bin === undefined) mine.set(index, [sample]);
      else bin.push(sample);
      for (const old of mine.keys()) if (old <= index - BINS) mine.delete(old);
    },
    noteDisagreement(entry) {
      const sides = entry.sides.map(({ source, said }) => `${source} says ${said}`).join("; ");
      disagreements.unshift(`${new Date(entry.at).toISOString()} ${entry.state}: ${entry.name}: ${sides}`);
      disagreements.splice(DISAGREEMENTS_MAX);
    },
    view(nowMs) {
      const last = Math.floor(nowMs / BIN_MS);
      const indices = Array.from({ length: BINS }, (_, index) => last - BINS + 1 + index);
      const paths = [...bins].map(([path, mine]) =>
        pathView(
          path,
          indices.map((index) => mine.get(index) ?? []),
        ),
      );
      return {
        times: indices.map((index) => (index * BIN_MS) / 1000),
        paths,
        disagreements: [...disagreements],
        voided,
      };
    },
  };
}

function pathView(path: string, bins: readonly (readonly Sample[])[]): PathView {
  const all = bins.flat();
  const medianOf = (bin: readonly Sample[]) => {
    const ascending = bin.map((one) => (isRight(one) ? one.latencyMs : Number.POSITIVE_INFINITY)).sort((a, b) => a - b);
    return quantile(ascending, 0.5);
  };
  return {
    path,
    probes: all.length,
    right: all.filter(isRight).length,
    wrong: all.filter(({ outcome }) => outcome === "wrong").length,
    availability: bins.map((bin) => (bin.length === 0 ? null : bin.filter(isRight).length / bin.length)),
    medianMs: bins.map(medianOf),
  };
}
