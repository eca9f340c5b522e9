/** Availability over time of a run whose length nobody knows beforehand: bins grow wider as it goes on. */
import type { SeriesPoint } from "./report.ts";

/** A stretch of a series without a silence in it. */
export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
  readonly points: readonly SeriesPoint[];
}

export interface TimeBins {
  add(atMs: number, isRight: boolean): void;
  /** Stretches parted where nothing was probed for longer than `silenceMs`; bins without probes are left out. */
  stretches(silenceMs: number): Stretch[];
}

interface Bin {
  firstMs: number;
  lastMs: number;
  probes: number;
  right: number;
}

/** Bins are a second wide at first, and twice as wide whenever there are more than `binsMax`. */
export function createTimeBins(binsMax = 240): TimeBins {
  let widthMs = 1000;
  let bins = new Map<number, Bin>();
  const put = (into: Map<number, Bin>, index: number, one: Bin) => {
    const bin = into.get(index);
    if (bin === undefined) {
      into.set(index, one);
      return;
    }
    bin.firstMs = Math.min(bin.firstMs, one.firstMs);
    bin.lastMs = Math.max(bin.lastMs, one.lastMs);
    bin.probes += one.probes;
    bin.right += one.right;
  };
  return {
    add(atMs, isRight) {
      put(bins, Math.floor(atMs / widthMs), { firstMs: atMs, lastMs: atMs, probes: 1, right: isRight ? 1 : 0 });
      while (bins.size > binsMax) {
        widthMs *= 2;
        const wider = new Map<number, Bin>();
        for (const [index, bin] of bins) put(wider, Math.floor(index / 2), bin);
        bins = wider;
      }
    },
    stretches(silenceMs) {
      const out: { startMs: number; endMs: number; points: SeriesPoint[] }[] = [];
      for (const [index, bin] of [...bins].sort(([left], [right]) => left - right)) {
        const point = { atMs: (index + 0.5) * widthMs, probes: bin.probes, availability: bin.right / bin.probes };
        const open = out.at(-1);
        if (open === undefined || bin.firstMs - open.endMs > silenceMs) {
          out.push({ startMs: bin.firstMs, endMs: bin.lastMs, points: [point] });
        } else {
          open.endMs = bin.lastMs;
          open.points.push(point);
        }
      }
      return out;
    },
  };
}
