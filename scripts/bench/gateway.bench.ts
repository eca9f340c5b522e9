/**
 * `npm run bench -- gateway`: the replica of a gateway: following, restarting, its memory, its trie, its proofs. Its fronts are
 * in the benchmark `dns`. `--names N` sets how many names the replica holds.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { keccak256 } from "../../src/base/keccak.ts";
import { StorageTrie } from "../../src/replica/trie/storageTrie.ts";
import type { StartFigures } from "./gateway/startChild.ts";
import { EVENTS_PER_NAME } from "./gateway/syntheticChain.ts";
import { openReplica } from "./gateway/syntheticReplica.ts";
import { type Bench, type BenchRow, figure } from "./row.ts";

const SLOTS_PER_BLOCK = 200;

async function timed<Value>(work: () => Value | Promise<Value>): Promise<[Value, number]> {
  const startMs = systemClock.monotonicMs();
  const value = await work();
  return [value, systemClock.monotonicMs() - startMs];
}

function hashedSlot(index: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, index);
  return keccak256(bytes);
}

async function trieRows(slotCount: number): Promise<BenchRow[]> {
  const trie = new StorageTrie();
  const value = new Uint8Array(32).fill(5);
  const [, buildMs] = await timed(() => {
    for (let index = 0; index < slotCount; index += 1) trie.set(hashedSlot(index), value);
    return trie.root();
  });
  const [, blockMs] = await timed(() => {
    for (let block = 0; block < 20; block += 1) {
      value[0] = block;
      // Half of what a block writes is new, half was there.
      for (let slot = 0; slot < SLOTS_PER_BLOCK; slot += 1) {
        const isNew = slot % 2 === 0;
        trie.set(
          hashedSlot(isNew ? slotCount + block * SLOTS_PER_BLOCK + slot : (block * 7919 + slot) % slotCount),
          value,
        );
      }
      trie.root();
    }
  });
  const proofCount = 20_000;
  const [, proofMs] = await timed(() => {
    for (let index = 0; index < proofCount; index += 1) trie.prove(hashedSlot((index * 31) % slotCount));
  });
  const isWhole = slotCount >= 1_000_000;
  const name = isWhole ? "a million slots" : `${slotCount} slots`;
  return [
    figure(`trie of ${name}, build`, buildMs / 1000, "s", "<= 60", buildMs <= 60_000),
    figure(`trie of ${name}, bytes a slot`, trie.byteCount / trie.slotCount, "B", "-", true),
    figure(`trie of ${name}, block of ${SLOTS_PER_BLOCK} writes`, blockMs / 20, "ms", "<= 50", blockMs / 20 <= 50),
    figure(`trie of ${name}, proofs`, proofCount / (proofMs / 1000), "1/s", ">= 10000", proofCount / proofMs >= 10),
  ];
}

/** Follows the chain from its first block with a replica that is gone afterwards; returns how long it took. */
async function follow(path: string, nameCount: number): Promise<number> {
  const first = openReplica(path, nameCount);
  const [, followMs] = await timed(() => first.step());
  await first.stop();
  return followMs;
}

function startIn(path: string, kind: "whole" | "partition"): StartFigures {
  const child = new URL("./gateway/startChild.ts", import.meta.url).pathname;
  const args = ["--disable-warning=ExperimentalWarning", "--expose-gc", child, path, kind];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as StartFigures;
}

async function replicaRows(nameCount: number): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const path = join(folder, "replica.db");
  try {
    const eventsPerSecond = (nameCount * EVENTS_PER_NAME) / ((await follow(path, nameCount)) / 1000);
    const of = `${nameCount} names with two records`;
    return [
      figure(`follow ${of}`, eventsPerSecond, "events/s", ">= 5000", eventsPerSecond >= 5_000),
      ...startRows(startIn(path, "whole"), of, nameCount),
      ...partitionRows(startIn(path, "partition"), nameCount),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function startRows(figures: StartFigures, of: string, nameCount: number): BenchRow[] {
  const { startMs, firstProofMs, liveBytes, residentBytes, slotCount } = figures;
  // The goals are for a million names; in a far smaller run Node itself is most of the time and the memory.
  const isJudged = nameCount >= 100_000;
  const goalMs = Math.max((10_000 * nameCount) / 1_000_000, 1_000);
  const perName = residentBytes / nameCount;
  const goal = "<= 10 at a million";
  return [
    figure(`cold start with ${of}`, startMs / 1000, "s", goal, startMs <= goalMs),
    figure(
      "cold start, to the first proof",
      (startMs + firstProofMs) / 1000,
      "s",
      goal,
      startMs + firstProofMs <= goalMs,
    ),
    figure(`memory of ${of}, resident`, perName, "B/name", "<= 1024", perName <= 1_024 || !isJudged),
    figure(`memory of ${of}, heap and arrays`, liveBytes / nameCount, "B/name", "-", true),
    figure(`slots of ${of}`, slotCount, "slots", "-", true),
  ];
}

/** The same store with its slots left there: what memory, starts and proofs cost then. */
function partitionRows(figures: StartFigures, nameCount: number): BenchRow[] {
  const { startMs, firstProofMs, liveBytes, residentBytes, proofsPerSecond } = figures;
  return [
    figure("partition: cold start", startMs / 1000, "s", "-", true),
    figure("partition: cold start, to the first proof", (startMs + firstProofMs) / 1000, "s", "-", true),
    figure("partition: memory, resident", residentBytes / nameCount, "B/name", "-", true),
    figure("partition: memory, heap and arrays", liveBytes / nameCount, "B/name", "-", true),
    figure("partition: proofs", proofsPerSecond, "1/s", "-", true),
  ];
}

export const bench: Bench = async ({ small, say, args }) => {
  const at = args.indexOf("--names");
  const nameCount = at === -1 ? (small ? 2_000 : 1_000_000) : Number(args[at + 1]);
  say("the replica's trie");
  const trie = await trieRows(small ? 20_000 : 1_000_000);
  say(`a replica of ${nameCount} names`);
  const replica = await replicaRows(nameCount);
  return [...trie, ...replica];
};
