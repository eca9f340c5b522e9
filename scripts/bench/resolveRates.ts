/** What the name client costs in time of a processor and in memory: cache hits, proofs, a million names. */
import { systemClock } from "../../src/base/clock.ts";
import { createCache } from "../../src/client/cache.ts";
import type { Resolution } from "../../src/client/resolution.ts";
import { verifyAnswer } from "../../src/proof/verifyAnswer.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { createChainWorld, namehash } from "../../test/support/client/chainWorld.ts";
import { addName, createWorld } from "../../test/support/client/gatewayWorld.ts";
import { createProvenWorld } from "../../test/support/client/provenWorld.ts";
import { type BenchOptions, type BenchRow, figure } from "./row.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };

/** Processor time of `work`, in microseconds a round: on a shared machine the steady measure. */
async function cpuMicroseconds(rounds: number, work: (round: number) => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await work(round);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}

export async function cacheRows({ small }: BenchOptions): Promise<BenchRow[]> {
  const world = createWorld();
  addName(world, "shop.hold", 5);
  const client = world.client();
  await world.run(client.resolve("shop.hold", ADDR));
  const rounds = small ? 20_000 : 1_000_000;
  await cpuMicroseconds(rounds / 10, () => client.resolve("shop.hold", ADDR));
  const hit = await cpuMicroseconds(rounds, () => client.resolve("shop.hold", ADDR));
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) client.peek("shop.hold", ADDR);
  const { user, system } = process.cpuUsage(before);
  const peek = (user + system) / rounds;
  return [
    figure("cache.resolve", hit, "us", "<= 2", small || hit <= 2),
    figure("cache.peek", peek, "us", "<= 2", small || peek <= 2),
    figure("cache.rate", 1e6 / hit, "/s", ">= 500000", small || 1e6 / hit >= 500_000),
  ];
}

export async function memoryRows({ small }: BenchOptions): Promise<BenchRow[]> {
  const nameCount = small ? 100_000 : 1_000_000;
  const cache = createCache(systemClock, {});
  const value: Resolution["value"] = `0x${"ab".repeat(20)}`;
  const template: Resolution = {
    name: "",
    record: ADDR,
    outcome: "answered",
    value,
    path: "gateways",
    evidence: "proof",
    block: null,
    status: null,
    ageSeconds: 0,
    ttlSeconds: 300,
    cached: false,
    durationMs: 1,
    trace: [],
  };
  const before = process.memoryUsage().rss;
  for (let index = 0; index < nameCount; index += 1) {
    const name = `name${index}.hold`;
    cache.put(`${name}\naddr:60`, { ...template, name });
  }
  const megabytes = (process.memoryUsage().rss - before) / 2 ** 20;
  const goal = "bounded: <= 100000 kept";
  return [
    figure("cache.million.kept", cache.size(), "names", goal, cache.size() <= 100_000),
    figure("cache.million.rss", megabytes, "MiB", "<= 256", megabytes <= 256),
  ];
}

export async function proofRows({ small }: BenchOptions): Promise<BenchRow[]> {
  const chain = await createChainWorld();
  const { holdfast, call } = chain;
  const nameCount = small ? 3 : 200;
  for (let index = 0; index < nameCount; index += 1) {
    const label = `name${index}`;
    const data = [call("setAddr", [namehash(`${label}.hold`), `0x${"ab".repeat(20)}`])];
    await holdfast.register({ label, owner: holdfast.alice.account.address, data });
  }
  const world = await createProvenWorld(holdfast);
  const answer = await world.prove("name1.hold", [ADDR]);
  const needed = answer.evidence.storage.filter((proof) => BigInt(proof.value) !== 0n);
  const lean = { ...answer, evidence: { ...answer.evidence, storage: needed } };
  const rounds = small ? 200 : 20_000;
  const verify = () => verifyAnswer(world.pinned, lean, [ADDR]);
  await cpuMicroseconds(rounds / 10, verify);
  const cold = await cpuMicroseconds(rounds, verify);
  const roots = new Map();
  const warm = await cpuMicroseconds(rounds, () => verifyAnswer(world.pinned, lean, [ADDR], roots));
  const nodeCount = answer.evidence.account.length + needed.reduce((sum, proof) => sum + proof.nodes.length, 0);
  return [
    figure("verify.answer", cold, `us, ${nodeCount} nodes`, "<= 100", small || cold <= 100),
    figure("verify.sameBlock", warm, "us", "<= 100", small || warm <= 100),
  ];
}
