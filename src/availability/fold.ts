/** A series of values in order of time that never outgrows its memory: neighbours are laid together as it grows. */

/** Bins are laid together in pairs when there are more: a full series keeps between half as many and as many. */
export const FOLD_BINS_MAX = 16_384;

/**
 * Time that stands for itself: probes closer than this may tell of one and the same outage, or of its absence. It is how far
 * apart RSSAC047 takes the probes of the root servers.
 */
export const STRETCH_MS = 300_000;

/** A series in bins of equally many values each, but for the last. Silences take no bin. */
export interface Fold {
  /** Of the values in each bin. */
  readonly sums: readonly number[];
  /** How many values each bin holds. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
  /** In how many stretches of `STRETCH_MS` it has values; 0 where nothing is known of time. */
  readonly stretches: number;
}

export interface SeriesFold extends Fold {
  add(value: number, atMs?: number): void;
}

export function createFold(binsMax = FOLD_BINS_MAX): SeriesFold {
  let sums: number[] = [];
  let counts: number[] = [];
  let perBin = 1;
  let count = 0;
  let sum = 0;
  let squares = 0;
  let stretches = 0;
  let latest = Number.NEGATIVE_INFINITY;
  return {
    get sums() {
      return sums;
    },
    get counts() {
      return counts;
    },
    get count() {
      return count;
    },
    get sum() {
      return sum;
    },
    get squares() {
      return squares;
    },
    get stretches() {
      return stretches;
    },
    add(value, atMs) {
      if (atMs !== undefined && Math.floor(atMs / STRETCH_MS) > latest) {
        latest = Math.floor(atMs / STRETCH_MS);
        stretches += 1;
      }
      const last = counts.length - 1;
      if (last >= 0 && counts[last]! < perBin) {
        counts[last]! += 1;
        sums[last]! += value;
      } else {
        if (counts.length === binsMax) {
          sums = inPairs(sums);
          counts = inPairs(counts);
          perBin *= 2;
        }
        sums.push(value);
        counts.push(1);
      }
      count += 1;
      sum += value;
      squares += value * value;
    },
  };
}

/** Every two neighbours together. */
export function inPairs(values: readonly number[]): number[] {
  const pairs: number[] = [];
  for (let index = 0; index < values.length; index += 2) pairs.push(values[index]! + (values[index + 1] ?? 0));
  return pairs;
}

/** A whole series at once. */
export function foldOf(values: Iterable<number>, binsMax = FOLD_BINS_MAX): Fold {
  const fold = createFold(binsMax);
  for (const value of values) fold.add(value);
  return fold;
}
