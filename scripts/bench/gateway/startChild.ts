/**
 * A cold start in a process of its own, for `gateway.bench.ts`: path of a store and whether its slots stay there in the arguments;
 * figures of the start, its memory and its proofs as one line of JSON. Wants `--expose-gc`.
 */
import { systemClock } from "../../../src/base/clock.ts";
import { keccak256 } from "../../../src/base/keccak.ts";
import { openReplica } from "./syntheticReplica.ts";

export interface StartFigures {
  /** Until names can be read. */
  readonly startMs: number;
  /** From then until the first proof. */
  readonly firstProofMs: number;
  readonly proofsPerSecond: number;
  /** Heap and arrays in use. */
  readonly liveBytes: number;
  /** What the whole process takes, Node itself and the store's cache included. */
  readonly residentBytes: number;
  readonly slotCount: number;
}

const PROOFS = 5_000;
const [path = "", kind = "whole"] = process.argv.slice(2);

const hashedSlot = (index: number) => keccak256(new Uint8Array(new Uint32Array(8).fill(index).buffer));
const elapsedMs = (work: () => unknown) => {
  const beginMs = systemClock.monotonicMs();
  work();
  return systemClock.monotonicMs() - beginMs;
};

const beginMs = systemClock.monotonicMs();
const replica = openReplica(path, 0, kind === "partition");
const startMs = systemClock.monotonicMs() - beginMs;
const firstProofMs = elapsedMs(() => replica.prove(hashedSlot(0)));
const proofsMs = elapsedMs(() => {
  for (let index = 1; index <= PROOFS; index += 1) replica.prove(hashedSlot(index));
});
globalThis.gc?.();
const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
const figures: StartFigures = {
  startMs,
  firstProofMs,
  proofsPerSecond: PROOFS / (proofsMs / 1000),
  liveBytes: heapUsed + arrayBuffers,
  residentBytes: rss,
  slotCount: replica.slotCount,
};
await replica.stop();
process.stdout.write(`${JSON.stringify(figures)}\n`);
