/** Cold answers over exchanges of 50 ms: verified ones of the name client beside viem's unverified ones. */
import { createPublicClient, custom } from "viem";
import { foundry } from "viem/chains";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { delay, systemClock } from "../../src/base/clock.ts";
import { createNodeNameClient } from "../../src/client/nodeClient.ts";
import type { Resolution } from "../../src/client/resolution.ts";
import type { ClientTransport } from "../../src/client/transport.ts";
import { decodeQuery, encodeAnswer } from "../../src/protocol/json.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { createChainWorld, namehash, RPC_URLS } from "../../test/support/client/chainWorld.ts";
import { createDirectory, EXCHANGE_MS } from "../../test/support/client/gatewayWorld.ts";
import {
  attest,
  attesterAddress,
  createProvenWorld,
  DOMAIN,
  type ProvenAnswer,
} from "../../test/support/client/provenWorld.ts";
import type { BenchOptions, BenchRow } from "./row.ts";

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
  const stock = createDirectory();
  const directory = {
    ...stock,
    gateways: new Map([...stock.gateways].map(([id, gateway]) => [id, { ...gateway, signer: attesterAddress(id) }])),
  };
  let exchangeCount = 0;
  // Gateways keep their answers; what a client costs is what counts here.
  const bodies = new Map<string, Uint8Array>();
  const bodyOf = (answer: ProvenAnswer, id: number) =>
    utf8Bytes(encodeAnswer({ ...answer, evidence: { ...answer.evidence, attestations: [attest(id, answer.block)] } }));
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
      const key = `${query.name}/${query.records.length}/${id}`;
      const body = bodies.get(key) ?? bodyOf(answer, id);
      bodies.set(key, body);
      return { status: 200, field: () => undefined, body };
    },
  };
  const { registry } = world.pinned;
  const connect = () =>
    createNodeNameClient({
      deployment: {
        chainId: DOMAIN.chainId,
        tld: "hold",
        contracts: { registry, directory: DOMAIN.directory },
        codeHashes: { registry: world.pinned.codeHash },
      },
      paths: { gateways: { directory } },
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

  const rounds = small ? 3 : 15;
  const ours: number[] = [];
  const theirs: number[] = [];
  await connect().resolve("name1.hold", ADDR);
  for (let round = 0; round < rounds; round += 1) {
    const client = connect();
    ours.push(await timeOf(() => client.resolve("name1.hold", ADDR)));
    theirs.push(await timeOf(() => readAddress("name1.hold")));
  }
  const one = median(ours);
  const peer = median(theirs);
  const five = connect();
  exchangeCount = 0;
  const fiveTrips = depthOf(await five.resolveRecords("name2.hold", records));
  const fiveExchanges = exchangeCount;
  const many = connect();
  for (const [key, answer] of answers) {
    if (key.endsWith("/1")) for (const id of stock.gateways.keys()) bodies.set(`${key}/${id}`, bodyOf(answer, id));
  }
  let manyTrips = 0;
  const manyMs = await timeOf(async () => {
    const asked = Array.from({ length: nameCount }, (_, index) => many.resolve(`name${index}.hold`, ADDR));
    manyTrips = depthOf(await Promise.all(asked));
  });
  const row = (id: string, value: number, unit: string, goal: string, ok: boolean): BenchRow => ({
    id,
    value,
    unit,
    peer: null,
    peerValue: null,
    ratio: null,
    goal,
    ok,
  });
  return [
    {
      id: "cold.verified",
      value: one,
      unit: "ms",
      peer: "viem readContract, unverified",
      peerValue: peer,
      ratio: one / peer,
      goal: "<= 1.15x",
      ok: small || one <= peer * 1.15,
    },
    row("cold.fiveRecords", fiveTrips, `round trips (${fiveExchanges} gateways asked)`, "1", fiveTrips <= 1),
    row(`cold.${nameCount}names`, manyTrips, `round trips (${manyMs.toFixed(0)} ms)`, "<= 3", manyTrips <= 3),
  ];
}
