/**
 * Durability over HTTP: sets are put to a name's four gateways, processes of their own, while one after the other is killed (kill -9) and
 * started again. What was acknowledged is looked for at all four once they have repaired themselves.
 */
import { systemClock } from "../../../src/base/clock.ts";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import type { ProcessWorld, Told } from "../../../test/support/offchain/processes.ts";

export interface FleetCrashResult {
  /** Writes that were acknowledged as stored: two gateways had them on disk. */
  readonly writeCount: number;
  readonly killCount: number;
  /** Requests that failed or were not acknowledged as stored, and were made again at another gateway. */
  readonly retryCount: number;
  /** Acknowledged sets of which some gateway has neither them nor a later one. */
  readonly lostCount: number;
  /** Sets held that are not what was signed, byte for byte. */
  readonly brokenCount: number;
  /** Names of which the four do not hold the same. */
  readonly unequalCount: number;
  /** From the last acknowledgement until all four hold the same. */
  readonly repairMs: number;
}

/** A gateway that was away asks the others when it starts, and every 30 seconds. */
const REPAIR_MS_MAX = 120_000;
/** A write that nobody takes in so many requests ends the run. */
const TRIES_MAX = 1_000;

/** Puts a set until two gateways have it; resolves to how many requests it took. */
async function write(world: ProcessWorld, random: Random, text: string): Promise<number> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const told: Told = await world.put(random.below(4), text).catch((): Told => ({ status: 0, body: "" }));
    if (told.status === 200 || told.status === 201) return tries;
    if (told.status !== 0 && told.status !== 202 && told.status < 500) throw new Error(`${told.status}: ${told.body}`);
  }
  throw new Error(`nobody took a set in ${TRIES_MAX} requests`);
}

/** What the four hold of a name. */
export async function heldAt(world: ProcessWorld, label: string): Promise<readonly string[]> {
  const told = await Promise.all([0, 1, 2, 3].map((index) => world.get(index, `/v1/sets/${label}.hold`)));
  return told.map(({ status, body }) => (status === 200 ? body : ""));
}

/** Resolves to how long it took until the four held the same of each name, in milliseconds. */
export async function untilAlike(world: ProcessWorld, labels: readonly string[]): Promise<number> {
  const startMs = systemClock.monotonicMs();
  for (const label of labels) {
    for (;;) {
      const [first, ...others] = await heldAt(world, label);
      if (first !== "" && others.every((text) => text === first)) break;
      if (systemClock.monotonicMs() - startMs > REPAIR_MS_MAX) return REPAIR_MS_MAX;
    }
  }
  return systemClock.monotonicMs() - startMs;
}

/** Kills and restarts one gateway at a time, after some acknowledgements each, until all is written. */
async function killOnAndOn(world: ProcessWorld, random: Random, meanLife: number, progress: Progress): Promise<number> {
  let killCount = 0;
  while (!progress.isOver) {
    await progress.until(progress.count + 1 + random.below(2 * meanLife));
    if (progress.isOver) break;
    const index = random.below(4);
    await world.kill(index);
    // The others go on taking sets, but not so many that the run is over before the next is killed.
    progress.countMax = progress.count + meanLife;
    await world.restart(index);
    progress.countMax = Number.POSITIVE_INFINITY;
    progress.wakeWriters();
    killCount += 1;
  }
  return killCount;
}

/** How many writes were acknowledged, who waits for how many, and how many there may be. */
class Progress {
  count = 0;
  countMax = Number.POSITIVE_INFINITY;
  isOver = false;
  #wake: () => void = () => {};
  #wanted = 0;
  #writers: (() => void)[] = [];

  note(): void {
    this.count += 1;
    if (this.count >= this.#wanted) this.#wake();
  }

  end(): void {
    this.isOver = true;
    this.#wake();
  }

  until(count: number): Promise<void> {
    this.#wanted = count;
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Settles when one more write may be made. */
  async turn(): Promise<void> {
    while (this.count >= this.countMax) {
      await new Promise<void>((resolve) => {
        this.#writers.push(resolve);
      });
    }
  }

  wakeWriters(): void {
    for (const wake of this.#writers.splice(0)) wake();
  }
}

/** Writes sets of some names of the world, `perName` each, under as many kills as come. */
export async function runFleetCrashes(
  world: ProcessWorld,
  labels: readonly string[],
  perName: number,
  meanLife: number,
  seed: string,
): Promise<FleetCrashResult> {
  const signed = new Map<string, readonly string[]>();
  for (const label of labels) signed.set(label, await world.sign(label, 1, perName));
  const progress = new Progress();
  let requestCount = 0;
  const killing = killOnAndOn(world, seededRandom(seed, "kills"), meanLife, progress);
  const writing = labels.map(async (label) => {
    const random = seededRandom(seed, label);
    for (const text of signed.get(label)!) {
      await progress.turn();
      const tries = await write(world, random, text);
      requestCount += tries;
      progress.note();
    }
  });
  await Promise.all(writing);
  progress.end();
  const killCount = await killing;
  const repairMs = await untilAlike(world, labels);
  const { count } = progress;
  return {
    writeCount: count,
    killCount,
    retryCount: requestCount - count,
    repairMs,
    ...(await inspect(world, signed)),
  };
}

async function inspect(world: ProcessWorld, signed: ReadonlyMap<string, readonly string[]>) {
  let [lostCount, brokenCount, unequalCount] = [0, 0, 0];
  for (const [label, texts] of signed) {
    const held = await heldAt(world, label);
    // All were acknowledged, so the last is what everybody must have.
    for (const text of held) {
      if (text !== texts.at(-1)) lostCount += 1;
      if (text !== "" && !texts.includes(text)) brokenCount += 1;
    }
    if (new Set(held).size > 1) unequalCount += 1;
  }
  return { lostCount, brokenCount, unequalCount };
}
