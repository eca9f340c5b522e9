/**
 * How many signed sets a second a name's four gateways take over HTTP, as processes of their own on one machine: each set is put to one
 * of them, which passes it to the others; each of the four verifies it and writes it through.
 */
import { systemClock } from "../../../src/base/clock.ts";
import { createProcessWorld } from "../../../test/support/offchain/processes.ts";

export interface RelayedRate {
  /** Sets of which at least two gateways had a copy on disk when they were acknowledged. */
  readonly perSecond: number;
  readonly count: number;
  readonly msP99: number;
  /** Sets that all four hold at the end, none newer missing. */
  readonly everywhereCount: number;
}

/** Sets of `names` names, `perName` each, one after the other for a name and all names at once. Throws where one is refused. */
export async function measureRelayedUpdates(wanted: {
  readonly names: number;
  readonly perName: number;
}): Promise<RelayedRate> {
  const labels = Array.from({ length: wanted.names }, (_, index) => `name${index}`);
  const world = await createProcessWorld(labels);
  try {
    const texts: (readonly string[])[] = [];
    for (const label of labels) texts.push(await world.sign(label, 1, wanted.perName));
    const tookMs: number[] = [];
    const startMs = systemClock.monotonicMs();
    await Promise.all(
      texts.map(async (ofName, index) => {
        for (const text of ofName) {
          const beganMs = systemClock.monotonicMs();
          const { status, body } = await world.put(index % 4, text);
          if (status !== 201) throw new Error(`a set was answered with ${status}: ${body}`);
          tookMs.push(systemClock.monotonicMs() - beganMs);
        }
      }),
    );
    const count = wanted.names * wanted.perName;
    const perSecond = count / ((systemClock.monotonicMs() - startMs) / 1_000);
    tookMs.sort((left, right) => left - right);
    let everywhereCount = 0;
    for (const [index, label] of labels.entries()) {
      const newest = texts[index]!.at(-1);
      const held = await Promise.all([0, 1, 2, 3].map((at) => world.get(at, `/v1/sets/${label}.hold`)));
      if (held.every(({ body }) => body === newest)) everywhereCount += wanted.perName;
    }
    return { perSecond, count, msP99: tookMs[Math.floor(tookMs.length * 0.99)]!, everywhereCount };
  } finally {
    await world.stop();
  }
}
