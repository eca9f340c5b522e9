/** How often the reported 95 % intervals cover the truth where failures come in bursts, and the truth is known. */
import { burstDifference, burstInterval, effectiveInterval } from "../../src/availability/bootstrap.ts";
import { createOutageLedger } from "../../src/availability/episodes.ts";
import { createFold, type Fold } from "../../src/availability/fold.ts";
import type { Interval } from "../../src/availability/interval.ts";
import { log } from "../../src/base/elementary.ts";
import { seededRandom } from "../../src/base/random.ts";
import { type BenchRow, figure } from "./row.ts";

export interface CoverageCase {
  readonly id: string;
  /** Length of the series. */
  readonly probes: number;
  readonly truth: number;
  readonly intervalOf: (seed: number) => Interval;
}

/** Outages of `burst` probes on average at an availability of `truth` (Gilbert's model): whether each probe was right. */
function gilbert(purpose: string, seed: number, truth: number, burst: number): () => 0 | 1 {
  const random = seededRandom(seed, purpose);
  const [ends, starts] = [1 / burst, (1 - truth) / truth / burst];
  let isDown = random.ratio() > truth;
  return () => {
    const right = isDown ? 0 : 1;
    isDown = isDown ? random.ratio() >= ends : random.ratio() < starts;
    return right;
  };
}

function seriesOf(count: number, next: (index: number) => number, binsMax?: number): Fold {
  const fold = createFold(binsMax);
  for (let index = 0; index < count; index += 1) fold.add(next(index));
  return fold;
}

/** One path, `count` probes. */
function availability(count: number, truth: number, burst: number): CoverageCase {
  return {
    id: `bursts-of-${burst}-in-${count}-at-${100 * truth}`,
    probes: count,
    truth,
    intervalOf: (seed) =>
      burstInterval(seriesOf(count, gilbert("gilbert", seed, truth, burst)), seededRandom(seed, "bootstrap")),
  };
}

/** The same in few bins and without resampling, as a name's own row has it. */
function ofName(count: number, truth: number, burst: number): CoverageCase {
  return {
    id: `name-bursts-of-${burst}-in-${count}-at-${100 * truth}`,
    probes: count,
    truth,
    intervalOf: (seed) => effectiveInterval(seriesOf(count, gilbert("gilbert", seed, truth, burst), 256)),
  };
}

/** Names that come up in turn, each with outages of its own: neighbours in the series have nothing to do with each other. */
function inTurn(names: number, cycles: number, truth: number, burst: number): CoverageCase {
  return {
    id: `${names}-names-in-turn-bursts-of-${burst}-at-${100 * truth}`,
    probes: names * cycles,
    truth,
    intervalOf: (seed) => {
      const each = Array.from({ length: names }, (_, name) => gilbert(`name ${name}`, seed, truth, burst));
      const series = seriesOf(names * cycles, (index) => each[index % names]!());
      return burstInterval(series, seededRandom(seed, "bootstrap"));
    },
  };
}

/** What one path buys over another, both with outages of their own; each told as its availability and burst. */
function difference(
  count: number,
  better: readonly [truth: number, burst: number],
  other: readonly [truth: number, burst: number],
): CoverageCase {
  return {
    id: `difference-in-${count}-bursts-of-${better[1]}-at-${100 * better[0]}-and-${other[1]}-at-${100 * other[0]}`,
    probes: count,
    truth: better[0] - other[0],
    intervalOf: (seed) => {
      const [left, right] = [gilbert("better", seed, ...better), gilbert("other", seed, ...other)];
      return burstDifference(
        seriesOf(count, () => left() - right()),
        seededRandom(seed, "bootstrap"),
      );
    },
  };
}

const PROBE_MS = 10_000;
const MEAN_UP_MS = 7_200_000;
const MEAN_DOWN_MS = 600_000;

/** Times up and down in turn, exponential: whether all is down at an instant, asked in order of time. */
function alternating(purpose: string, seed: number): (atMs: number) => boolean {
  const random = seededRandom(seed, purpose);
  let [isDown, untilMs] = [false, 0];
  return (atMs) => {
    while (untilMs <= atMs) {
      if (untilMs > 0) isDown = !isDown;
      untilMs -= (isDown ? MEAN_DOWN_MS : MEAN_UP_MS) * log(1 - random.ratio());
    }
    return isDown;
  };
}

/** Mean time to repair or between failures of several names, which fail together or each by itself. */
function meanTime(measure: "mttr" | "mtbf", names: number, areTogether: boolean, hours: number): CoverageCase {
  const ticks = (hours * 3_600_000) / PROBE_MS;
  return {
    id: `${measure}-of-${names}-names-${areTogether ? "together" : "apart"}-in-${hours}-hours`,
    probes: names * ticks,
    truth: measure === "mttr" ? MEAN_DOWN_MS : MEAN_UP_MS + MEAN_DOWN_MS,
    intervalOf: (seed) => {
      const ledger = createOutageLedger();
      const isDown = Array.from({ length: names }, (_, name) => alternating(areTogether ? "all" : `${name}`, seed));
      for (let tick = 0; tick < ticks; tick += 1) {
        const atMs = tick * PROBE_MS;
        for (const [name, isDownAt] of isDown.entries()) {
          ledger.note({ atMs, isRight: !isDownAt(atMs), name: `${name}`, silenceMs: 2.5 * PROBE_MS });
        }
      }
      const { repair } = ledger.outages(ticks * PROBE_MS);
      // Where no outage was seen nothing is claimed.
      return (measure === "mttr" ? repair.mttrMsInterval : repair.mtbfMsInterval) ?? { low: 0, high: Infinity };
    },
  };
}

/** Short series and long ones, rare and frequent outages; the longest is one of more probes than a fold has bins. */
export const COVERAGE_CASES: readonly CoverageCase[] = [
  availability(1_000, 0.9, 1),
  availability(1_000, 0.9, 5),
  availability(3_000, 0.9, 20),
  availability(5_000, 0.97, 20),
  availability(5_000, 0.99, 10),
  availability(500, 0.9995, 1),
  availability(201_000, 0.98, 600),
  ofName(864, 0.95, 5),
  ofName(8_640, 0.97, 40),
  inTurn(10, 2_000, 0.9, 20),
  difference(1_000, [1, 1], [0.99, 1]),
  difference(1_000, [1, 1], [0.97, 5]),
  difference(3_000, [1, 1], [0.97, 20]),
  difference(5_000, [1, 1], [0.99, 10]),
  difference(3_000, [0.97, 10], [0.95, 20]),
  difference(40_000, [0.99, 50], [0.97, 100]),
  meanTime("mttr", 1, true, 24),
  meanTime("mttr", 3, true, 48),
  meanTime("mttr", 3, false, 24),
  meanTime("mtbf", 1, true, 24),
  meanTime("mtbf", 3, true, 48),
  meanTime("mtbf", 3, false, 24),
];

/** Share of seeds whose interval holds the truth. */
export function coverageOf({ truth, intervalOf }: CoverageCase, seeds: number): number {
  let covered = 0;
  for (let seed = 0; seed < seeds; seed += 1) {
    const { low, high } = intervalOf(seed);
    if (low <= truth && truth <= high) covered += 1;
  }
  return covered / seeds;
}

export function burstCoverageRows(small: boolean): BenchRow[] {
  const seeds = small ? 20 : 1_000;
  // Two standard errors of a share of 95 % among so many seeds.
  const slack = 2 * Math.sqrt((0.95 * 0.05) / seeds);
  return COVERAGE_CASES.map((one) => {
    const share = coverageOf(one, seeds);
    return figure(`interval-of-${one.id}`, 100 * share, "% of seeds", ">= 95 % within 2 s.e.", share >= 0.95 - slack);
  });
}
