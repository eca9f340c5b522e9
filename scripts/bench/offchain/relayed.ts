/**
 * How many signed sets a second a name's four gateways take over HTTP, as processes of their own on one machine: each set is put to one
 * of them, which passes it to the others; each of the four verifies it and writes it through.
 */
import { systemClock } from "../../../src/base/clock.ts";
import type { ProcessWorld } from "../../../test/support/offchain/processes.ts";
import { heldAt, untilAlike } from "./crashFleet.ts";

export interface RelayedRate {
  /** Sets of which at least two gateways had a copy on disk when they were acknowledged. */
  readonly perSecond: number;
  readonly count: number;
  readonly msP99: number;
  /** CPU time that the four gateways together used for a set, in milliseconds; `undefined` where the system does not tell. */
  readonly cpuMsPerSet: number | undefined;
  /** Sets that all four hold at the end, or newer ones of the name. */
  readonly everywhereCount: number;
}

/** Sets of names of the world, `perName` each, one after the other for a name and all names at once. Throws where one is refused. */
export async function measureRelayedUpdates(
  world: ProcessWorld,
  labels: readonly string[],
  perName: number,
): Promise<RelayedRate> {
  const texts: (readonly string[])[] = [];
  for (const label of labels) texts.push(await world.sign(label, 1, perName));
  const tookMs: number[] = [];
  const startCpuMs = world.cpuMs();
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
  const count = labels.length * perName;
  const perSecond = count / ((systemClock.monotonicMs() - startMs) / 1_000);
  const endCpuMs = world.cpuMs();
  const cpuMsPerSet = startCpuMs === undefined || endCpuMs === undefined ? undefined : (endCpuMs - startCpuMs) / count;
  tookMs.sort((left, right) => left - right);
  await untilAlike(world, labels);
  let everywhereCount = 0;
  for (const [index, label] of labels.entries()) {
    const held = await heldAt(world, label);
    if (held.every((text) => text === texts[index]!.at(-1))) everywhereCount += perName;
  }
  return { perSecond, count, cpuMsPerSet, msP99: tookMs[Math.floor(tookMs.length * 0.99)]!, everywhereCount };
}
