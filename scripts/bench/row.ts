/** What every benchmark reports. */

export interface BenchRow {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** The system it is held against, measured in the same run; `null` for absolute figures. */
  readonly peer: string | null;
  /** `null` where the peer is not installed. */
  readonly peerValue: number | null;
  readonly ratio: number | null;
  /** The goal in words, such as `>= 1.2x` or `<= 44400`. */
  readonly goal: string;
  /** `null` where there is no goal, or where it could not be judged for want of the peer. */
  readonly ok: boolean | null;
}

/** A row without a peer. */
export function figure(id: string, value: number, unit: string, goal: string, ok: boolean | null): BenchRow {
  return { id, value, unit, peer: null, peerValue: null, ratio: null, goal, ok };
}

export interface BenchOptions {
  /** A small run of a few seconds, as the tests make it. */
  readonly small: boolean;
  /** Progress and missing peers, for people. */
  readonly say: (text: string) => void;
  /** Arguments after the benchmark's name. */
  readonly args: readonly string[];
}

/** A benchmark's file, `scripts/bench/NAME.bench.ts`, exports one of these as `bench`. */
export type Bench = (options: BenchOptions) => Promise<readonly BenchRow[]>;

/** What a benchmark's file exports. */
export interface BenchModule {
  readonly bench: Bench;
  /** The shape of `--json`, where it is not that of the rows. */
  readonly json?: (rows: readonly BenchRow[]) => unknown;
}
