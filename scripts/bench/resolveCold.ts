/**
 * Cold answers over exchanges of 50 ms: verified ones of the name client beside viem's unverified ones. Cold means that the client
 * has nothing but the directory that the deployment ships, with its shard hints: no answer, no header. Gateways refer as real ones do,
 * so without hints a name's first question takes a second exchange unless one of those asked first is one of its four; how often that
 * is so hangs on the size of the fleet.
 */
import { createPublicClient, custom } from "viem";
import { foundry } from "viem/chains";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { delay, systemClock } from "../../src/base/clock.ts";
import { createNodeNameClient } from "../../src/client/nodeClient.ts";
import type { Resolution } from "../../src/client/resolution.ts";
import type { ClientTransport } from "../../src/client/transport.ts";
import { decodeQuery } from "../../src/protocol/json.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { createChainWorld, namehash, RPC_URLS } from "../../test/support/client/chainWorld.ts";
import { EXCHANGE_MS } from "../../test/support/client/gatewayWorld.ts";
import { bodyOfGateway, hintsOfAnswers, provenDirectory } from "../../test/support/client/provenFleet.ts";
import { createProvenWorld, DOMAIN, type ProvenAnswer } from "../../test/support/client/provenWorld.ts";
import { type BenchOptions, type BenchRow, figure } from "./row.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Exchanges one after the other: the longest chain of tries of which each began when the one before had ended. */
function depthOf(resolutions: readonly Resolution[]): number {
  const depths = resolutions.map(({ trace }) => {
    const ordered = [...trace].sort((left, right) => left.startedAtMs - right.startedAtMs);
    let depth = 0;
    let endMs = Number.NEGATIVE_INFINITY;
    for (const attempt of ordered) {
      if (attempt.startedAtMs < endMs) continue;
      depth += 1;
      endMs = attempt.startedAtMs + attempt.durationMs;
    }
    return depth;
  });
  return Math.max(...depths);
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = systemClock.monotonicMs();
  await work();
  return systemClock.monotonicMs() - startedAtMs;
}

export async function coldRows({ small }: BenchOptions): Promise<BenchRow[]> {
  const chain = await createChainWorld();
  const { holdfast, call } = chain;
  const nameCount = small ? 4 : 100;
  for (let index = 0; index < nameCount; index += 1) {
    const label = `name${index}`;
    const node = namehash(`${label}.hold`);
    const data = [
      call("setAddr", [node, `0x${"ab".repeat(20)}`]),
      call("setText", [node, "url", "https://example.org"]),
    ];
    await holdfast.register({ label, owner: holdfast.alice.account.address, data });
  }
  const ahead = 61 * nameCount + 60;
  const world = await createProvenWorld(holdfast);
  const records: readonly RecordKey[] = [
    ADDR,
    ...["url", "a", "b", "c"].map((key): RecordKey => ({ kind: "text", key })),
  ];
  const answers = new Map<string, ProvenAnswer>();
  for (let index = 0; index < nameCount; index += 1) {
    const name = `name${index}.hold`;
    answers.set(`${name}/1`, await world.prove(name, [ADDR]));
    answers.set(`${name}/5`, await world.prove(name, records));
  }
  const shardHints = hintsOfAnswers(answers.values());
  const largeSize = small ? 16 : 64;
  const fleets = new Map([8, largeSize].map((size) => [size, { ...provenDirectory(size), shardHints }]));
  let fleetSize = 8;
  let exchangeCount = 0;
  // Gateways keep their answers; what a client costs is what counts here.
  const bodies = new Map<string, Uint8Array>();
  /** Gateways that answer at once from proofs made beforehand, 50 ms away. */
  const transport: ClientTransport = {
    ...chain.transport,
    async http(request) {
      exchangeCount += 1;
      await delay(systemClock, EXCHANGE_MS, request.signal);
      if (RPC_URLS.some((url) => url === request.url)) return await chain.transport.http(request);
      const query = decodeQuery(String(request.body));
      const answer = answers.get(`${query.name}/${query.records.length}`)!;
      const id = Number(/g(\d+)\./.exec(request.url)?.[1]);
      const key = `${query.name}/${query.records.length}/${id}/${fleetSize}`;
      const body = bodies.get(key) ?? utf8Bytes(bodyOfGateway(fleets.get(fleetSize)!, answer, id));
      bodies.set(key, body);
      return { status: 200, field: () => undefined, body };
    },
  };
  const { registry } = world.pinned;
  const connect = (hints: "used" | "unused" = "used") =>
    createNodeNameClient({
      deployment: {
        chainId: DOMAIN.chainId,
        tld: "hold",
        contracts: { registry, directory: DOMAIN.directory },
        codeHashes: { registry: world.pinned.codeHash },
      },
      paths: { gateways: { directory: fleets.get(fleetSize)!, shardHints: hints }, chain: { rpcUrls: RPC_URLS } },
      clock: { ...systemClock, nowMs: () => systemClock.nowMs() + ahead * 1000 },
      freshness: { ageSecondsMax: 1e7 },
      trust: { gateways: "proof" },
      transport,
      cache: false,
    });
  const viem = createPublicClient({
    chain: foundry,
    transport: custom({
      async request({ method, params }) {
        await delay(systemClock, EXCHANGE_MS);
        return await holdfast.connection.provider.request({ method, params });
      },
    }),
  });
  const readAddress = (name: string) =>
    viem.readContract({ address: registry, abi: holdfast.registry.abi, functionName: "addr", args: [namehash(name)] });

  const nameOf = (index: number) => `name${index % nameCount}.hold`;
  const prepare = () => {
    for (const [key, answer] of answers) {
      for (const id of fleets.get(fleetSize)!.gateways.keys()) {
        const name = `${key}/${id}/${fleetSize}`;
        if (!bodies.has(name)) bodies.set(name, utf8Bytes(bodyOfGateway(fleets.get(fleetSize)!, answer, id)));
      }
    }
  };
  const rounds = small ? 3 : 40;
  /** Cold clients, each meeting another name. */
  const measure = async (size: number, hints: "used" | "unused", path: "gateways" | "chain" = "gateways") => {
    fleetSize = size;
    prepare();
    await connect(hints).resolve(nameOf(rounds), ADDR, { path });
    const ours: number[] = [];
    const theirs: number[] = [];
    let inOne = 0;
    for (let round = 0; round < rounds; round += 1) {
      const client = connect(hints);
      const startedAtMs = systemClock.monotonicMs();
      const told = await client.resolve(nameOf(round), ADDR, { path });
      ours.push(systemClock.monotonicMs() - startedAtMs);
      if (depthOf([told]) <= 1) inOne += 1;
      theirs.push(await timeOf(() => readAddress(nameOf(round))));
    }
    return { ours: median(ours), theirs: median(theirs), sharePercent: Math.round((100 * inOne) / rounds) };
  };
  const [smallFleet, largeFleet] = [await measure(8, "used"), await measure(largeSize, "used")];
  const unhinted = await measure(largeSize, "unused");
  const [chained, unhintedChain] = [await measure(8, "used", "chain"), await measure(8, "unused", "chain")];
  fleetSize = 8;
  const met = connect();
  await met.resolve("name1.hold", ADDR, { path: "gateways" });
  const again: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    again.push(await timeOf(() => met.resolve("name1.hold", ADDR, { path: "gateways" })));
  const five = connect();
  await five.resolve("name2.hold", ADDR, { path: "gateways" });
  exchangeCount = 0;
  const fiveTrips = depthOf(await five.resolveRecords("name2.hold", records, { path: "gateways" }));
  const fiveExchanges = exchangeCount;
  const many = connect();
  let manyTrips = 0;
  const manyMs = await timeOf(async () => {
    const asked = Array.from({ length: nameCount }, (_, index) => ({ name: `name${index}.hold`, records: [ADDR] }));
    manyTrips = depthOf((await many.resolveMany(asked, { path: "gateways" })).flat());
  });
  const rpc = connect();
  let rpcTrips = 0;
  const rpcMs = await timeOf(async () => {
    const asked = Array.from({ length: nameCount }, (_, index) => ({ name: `name${index}.hold`, records: [ADDR] }));
    rpcTrips = depthOf((await rpc.resolveMany(asked, { path: "chain" })).flat());
  });
  const beside = (id: string, value: number, peerValue: number, unit: string): BenchRow => ({
    id,
    value,
    unit,
    peer: "viem readContract, unverified",
    peerValue,
    ratio: value / peerValue,
    goal: "<= 1.15x",
    ok: small || value <= peerValue * 1.15,
  });
  /** What there is without hints, beside the same peer: no goal, since nobody needs to go without. */
  const plain = (id: string, told: Awaited<ReturnType<typeof measure>>, why: string): BenchRow => {
    const judged = beside(id, told.ours, told.theirs, inOne(told.sharePercent));
    return { ...judged, goal: `none: without hints ${why}`, ok: null };
  };
  const inOne = (share: number) => `ms (${share} % in one round trip)`;
  return [
    beside("cold.fleet8", smallFleet.ours, smallFleet.theirs, inOne(smallFleet.sharePercent)),
    beside(`cold.fleet${largeSize}`, largeFleet.ours, largeFleet.theirs, inOne(largeFleet.sharePercent)),
    plain(`cold.fleet${largeSize}.unhinted`, unhinted, "a name never met takes a referral"),
    beside("cold.chain", chained.ours, chained.theirs, inOne(chained.sharePercent)),
    plain("cold.chain.unhinted", unhintedChain, "where a name's records lie hangs on its index"),
    beside("metBefore.verified", median(again), smallFleet.theirs, "ms, no answer cached"),
    figure("metBefore.fiveRecords", fiveTrips, `round trips (${fiveExchanges} gateways asked)`, "1", fiveTrips <= 1),
    figure(`cold.${nameCount}names`, manyTrips, `round trips (${manyMs.toFixed(0)} ms)`, "<= 3", manyTrips <= 3),
    figure(`cold.${nameCount}names.rpc`, rpcTrips, `round trips (${rpcMs.toFixed(0)} ms)`, "<= 3", rpcTrips <= 3),
  ];
}
