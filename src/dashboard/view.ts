/** What the dashboard shows, as plain data: rolling bins by path, what was broken when, and the latest disagreements. */

import { quantile } from "../availability/latency.ts";
import { isRight } from "../availability/observation.ts";
import type { BrokenPart } from "../availability/report.ts";
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
  /** Share of all its probes answered right within each time of `CDF_MS`; what never was is missing at the top. */
  readonly within: readonly number[];
  /** Of all its probes, in milliseconds; `null` where fewer than 99 of 100 were answered. */
  readonly p99Ms: number | null;
}

/** How the gateways path fared for a name in the last minute. */
export interface NameView {
  readonly name: string;
  readonly probes: number;
  readonly failed: number;
}

export interface DashboardView {
  /** Start of each bin, in seconds since 1970, oldest first. */
  readonly times: readonly number[];
  /** Latencies at which distributions are told, in milliseconds. */
  readonly latenciesMs: readonly number[];
  readonly paths: readonly PathView[];
  /** When something was broken, in seconds since 1970. */
  readonly faults: readonly { readonly from: number; readonly to: number }[];
  readonly voided: number;
}

/** A time in which nothing was broken or mended; `parts` is what was broken in it. */
export interface Stretch {
  readonly startMs: number;
  readonly parts: readonly BrokenPart[];
}

/** All that is kept, for a report over it. */
export interface LiveWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly samples: readonly Sample[];
  /** In order; the first one may have begun before the window. */
  readonly stretches: readonly Stretch[];
  readonly disagreements: readonly DisagreementEntry[];
}

export interface ViewModel {
  note(sample: Sample): void;
  noteDisagreement(entry: DisagreementEntry): void;
  /** Exactly this is broken from now on. */
  noteBroken(nowMs: number, parts: readonly BrokenPart[]): void;
  view(nowMs: number): DashboardView;
  window(nowMs: number): LiveWindow;
  /** Every name that the gateways path was probed for in the last minute. */
  names(nowMs: number): readonly NameView[];
}

const BIN_MS = 2_000;
const BINS = 150;
const DISAGREEMENTS_MAX = 20;
const STRETCHES_MAX = 60;
const NAME_BINS = 30;
/** Three steps to an octave, from a millisecond to four seconds. */
export const CDF_MS: readonly number[] = Array.from(
  { length: 37 },
  (_, step) => Math.round(2 ** (step / 3) * 100) / 100,
);

/** Begin of what is kept. */
function startOf(nowMs: number): number {
  return (Math.floor(nowMs / BIN_MS) - BINS + 1) * BIN_MS;
}

/** What was broken when, as far as it is kept. */
function keptStretches() {
  const stretches: Stretch[] = [];
  return {
    note(nowMs: number, parts: readonly BrokenPart[]): void {
      if (JSON.stringify(stretches.at(-1)?.parts ?? []) === JSON.stringify(parts)) return;
      stretches.push({ startMs: nowMs, parts });
      // What ended before the window is told no more; whoever clicks without end loses the oldest.
      while (stretches.length > STRETCHES_MAX || (stretches[1]?.startMs ?? nowMs) < startOf(nowMs)) stretches.shift();
    },
    /** With their ends, cut to what is kept. */
    within(nowMs: number): readonly (Stretch & { readonly endMs: number })[] {
      return stretches.flatMap(({ startMs, parts }, index) => {
        const from = Math.max(startMs, startOf(nowMs));
        const endMs = stretches[index + 1]?.startMs ?? nowMs;
        return endMs > from ? [{ startMs: from, endMs, parts }] : [];
      });
    },
  };
}

/** Keeps the last five minutes. */
export function createViewModel(): ViewModel {
  const bins = new Map<string, Map<number, Sample[]>>();
  const disagreements: DisagreementEntry[] = [];
  const broken = keptStretches();
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
      disagreements.unshift(entry);
      disagreements.splice(DISAGREEMENTS_MAX);
    },
    noteBroken: broken.note,
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
        latenciesMs: CDF_MS,
        paths,
        faults: broken
          .within(nowMs)
          .flatMap(({ startMs, endMs, parts }) =>
            parts.length === 0 ? [] : [{ from: startMs / 1000, to: endMs / 1000 }],
          ),
        voided,
      };
    },
    window(nowMs) {
      const startMs = startOf(nowMs);
      const samples = [...bins.values()].flatMap((mine) => [...mine.values()].flat());
      return {
        startMs,
        endMs: nowMs,
        samples: samples.filter(({ at }) => at >= startMs),
        stretches: broken.within(nowMs),
        disagreements: [...disagreements],
      };
    },
    names: (nowMs) => namesIn(bins.get("gateways") ?? new Map(), Math.floor(nowMs / BIN_MS)),
  };
}

/** How each name fared in the last bins. */
function namesIn(bins: ReadonlyMap<number, readonly Sample[]>, last: number): readonly NameView[] {
  const names = new Map<string, { name: string; probes: number; failed: number }>();
  for (const [index, bin] of bins) {
    if (index <= last - NAME_BINS) continue;
    for (const sample of bin) {
      const one = names.get(sample.name) ?? { name: sample.name, probes: 0, failed: 0 };
      one.probes += 1;
      if (!isRight(sample)) one.failed += 1;
      names.set(sample.name, one);
    }
  }
  return [...names.values()];
}

function pathView(path: string, bins: readonly (readonly Sample[])[]): PathView {
  const all = bins.flat();
  const ascendingOf = (bin: readonly Sample[]) =>
    bin.map((one) => (isRight(one) ? one.latencyMs : Number.POSITIVE_INFINITY)).sort((a, b) => a - b);
  const medianOf = (bin: readonly Sample[]) => quantile(ascendingOf(bin), 0.5);
  const ascending = ascendingOf(all);
  let count = 0;
  const within = CDF_MS.map((ms) => {
    while (count < ascending.length && ascending[count]! <= ms) count += 1;
    return ascending.length === 0 ? 0 : count / ascending.length;
  });
  return {
    path,
    probes: all.length,
    right: all.filter(isRight).length,
    wrong: all.filter(({ outcome }) => outcome === "wrong").length,
    availability: bins.map((bin) => (bin.length === 0 ? null : bin.filter(isRight).length / bin.length)),
    medianMs: bins.map(medianOf),
    within,
    p99Ms: quantile(ascending, 0.99),
  };
}
