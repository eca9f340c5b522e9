/**
 * `npm run bench -- gateway`: the replica of a gateway: following, restarting, its memory, its trie, its proofs. Its fronts are
 * in the benchmark `dns`. `--names N` sets how many names the replica holds.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../../src/base/clock.ts";
import { keccak256 } from "../../src/base/keccak.ts";
import { silentLog } from "../../src/base/log.ts";
import { createLogDecoder } from "../../src/replica/decode.ts";
import { Replica } from "../../src/replica/replica.ts";
import { ProviderPool } from "../../src/replica/source/providerPool.ts";
import { Store } from "../../src/replica/store/store.ts";
import { StorageTrie } from "../../src/replica/trie/storageTrie.ts";
import { createSyntheticChain, DIRECTORY, EVENTS_PER_NAME, REGISTRY, TLD_NODE } from "./gateway/syntheticChain.ts";
import type { Bench, BenchRow } from "./row.ts";

const SLOTS_PER_BLOCK = 200;

/** A row without a peer. */
function row(id: string, value: number, unit: string, goal: string, isMet: boolean): BenchRow {
  return { id, value, unit, peer: null, peerValue: null, ratio: null, goal, ok: isMet };
}

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
    row(`trie of ${name}, build`, buildMs / 1000, "s", "<= 60", buildMs <= 60_000),
    row(`trie of ${name}, bytes a slot`, trie.byteCount / trie.slotCount, "B", "-", true),
    row(`trie of ${name}, block of ${SLOTS_PER_BLOCK} writes`, blockMs / 20, "ms", "<= 50", blockMs / 20 <= 50),
    row(`trie of ${name}, proofs`, proofCount / (proofMs / 1000), "1/s", ">= 10000", proofCount / proofMs >= 10),
  ];
}

function open(path: string, nameCount: number, isPartition = false): Replica {
  const source = createSyntheticChain(nameCount);
  return new Replica({
    store: new Store(path, { chainId: 31337, registry: REGISTRY, directory: DIRECTORY, startBlock: 0 }),
    pool: new ProviderPool({ sources: [source], clock: systemClock, log: silentLog }),
    decode: createLogDecoder({ registry: REGISTRY, directory: DIRECTORY }),
    contracts: { registry: REGISTRY, directory: DIRECTORY, tldNode: TLD_NODE },
    codeHash: `0x${"00".repeat(32)}`,
    startBlock: 0,
    clock: systemClock,
    log: silentLog,
    rangeBlocksMax: 200,
    isPartition,
  });
}

/** Live bytes of heap and arrays; resident memory would count what an earlier replica gave back as if it were free. */
function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Follows the chain from its first block with a replica that is gone afterwards; returns how long it took. */
async function follow(path: string, nameCount: number): Promise<number> {
  const first = open(path, nameCount);
  const [, followMs] = await timed(() => first.step());
  await first.stop();
  return followMs;
}

async function replicaRows(nameCount: number): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const path = join(folder, "replica.db");
  try {
    const beforeBytes = usedBytes();
    const followMs = await follow(path, nameCount);
    const [again, startMs] = await timed(() => open(path, nameCount));
    const bytesPerName = (usedBytes() - beforeBytes) / nameCount;
    const slotCount = again.slotCount;
    await again.stop();
    const partition = await partitionRows(path, nameCount);
    const eventsPerSecond = (nameCount * EVENTS_PER_NAME) / (followMs / 1000);
    const of = `${nameCount} names with two records`;
    // The goals are for a million names; a smaller run shows the figures and is judged by the same rates.
    const startGoalMs = (10_000 * nameCount) / 1_000_000;
    return [
      row(`follow ${of}`, eventsPerSecond, "events/s", ">= 5000", eventsPerSecond >= 5_000),
      row(`cold start with ${of}`, startMs / 1000, "s", "<= 10 at a million", startMs <= Math.max(startGoalMs, 1_000)),
      row(`memory of ${of}`, bytesPerName, "B/name", "<= 1024", bytesPerName <= 1_024 || nameCount < 100_000),
      row(`slots of ${of}`, slotCount, "slots", "-", true),
      ...partition,
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same store with its slots left there: what memory, starts and proofs cost then. */
async function partitionRows(path: string, nameCount: number): Promise<BenchRow[]> {
  const beforeBytes = usedBytes();
  const [replica, startMs] = await timed(() => open(path, nameCount, true));
  const bytesPerName = (usedBytes() - beforeBytes) / nameCount;
  const proofCount = 2_000;
  const [, proofMs] = await timed(() => {
    for (let index = 0; index < proofCount; index += 1) replica.prove(hashedSlot(index));
  });
  await replica.stop();
  return [
    row("partition: cold start", startMs / 1000, "s", "-", true),
    row("partition: memory", bytesPerName, "B/name", "-", true),
    row("partition: proofs", proofCount / (proofMs / 1000), "1/s", "-", true),
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
