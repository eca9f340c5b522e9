/** Gateways that exist only in the test: eight of them, two to a zone, on a network with a false clock. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes } from "../../../src/base/bytes.ts";
import { type Clock, delay, systemClock } from "../../../src/base/clock.ts";
import { keccak256 } from "../../../src/base/keccak.ts";
import { createNameClient, type NameClient } from "../../../src/client/nameClient.ts";
import type { NameClientOptions } from "../../../src/client/options.ts";
import {
  type ClientTransport,
  type HttpRequest,
  type HttpResponse,
  TransportError,
} from "../../../src/client/transport.ts";
import { EMPTY_DIRECTORY, gatewaysOfShard, shardOf } from "../../../src/directory/directory.ts";
import type { DirectorySnapshot } from "../../../src/directory/snapshot.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { addressOfPublicKey } from "../../../src/proof/recoverAddress.ts";
import { type Answer, answerDigest, type BlockReference, type RecordsAnswer } from "../../../src/protocol/answer.ts";
import { decodeQuery, encodeAnswer } from "../../../src/protocol/json.ts";
import { formatRecordKey } from "../../../src/protocol/record.ts";
import { FalseClock } from "../../../src/simulation/falseClock.ts";

export const DOMAIN = { chainId: 31337, directory: `0x${"d1".repeat(20)}` as Hex } as const;
export const DEPLOYMENT = {
  chainId: DOMAIN.chainId,
  tld: "hold",
  contracts: { registry: `0x${"e1".repeat(20)}` as Hex, directory: DOMAIN.directory },
  codeHashes: { registry: `0x${"c0".repeat(32)}` as Hex },
} as const;
export const START_MS = 1_700_000_000_000;
export const EXCHANGE_MS = 50;

const keyOf = (id: number) => keccak256(utf8Bytes(`gateway ${id}`));
const addressOf = (key: Uint8Array) => addressOfPublicKey(secp256k1.getPublicKey(key, false).subarray(1)) as Hex;

/** A 65-byte signature, v 27 or 28. */
export function signDigest(digest: Hex, key: Uint8Array): Hex {
  const signature = secp256k1.sign(fromHex(digest), key, { prehash: false, format: "recovered" });
  return toHex(concatBytes(signature.subarray(1), Uint8Array.of(27 + signature[0]!)));
}

export function gatewayUrl(id: number): string {
  return `https://g${id}.example.org`;
}

export function createDirectory(gatewayCount = 8): DirectorySnapshot {
  const gateways = Array.from({ length: gatewayCount }, (_, index) => ({
    id: index + 1,
    operator: `0x${(index + 1).toString(16).padStart(40, "0")}` as Hex,
    signer: addressOf(keyOf(index + 1)),
    zone: index % 4,
    active: true,
    httpUrl: gatewayUrl(index + 1),
    dnsEndpoint: `127.0.0.1:${5300 + index}`,
  }));
  const table = EMPTY_DIRECTORY.table.map((_, id) => {
    const members = gateways.filter((gateway) => gateway.zone === Math.floor(id / 544));
    return members[(id % 544) % members.length]?.id ?? 0;
  });
  return {
    ...EMPTY_DIRECTORY,
    version: 1n,
    gateways: new Map(gateways.map((gateway) => [gateway.id, gateway])),
    table,
    chainId: DOMAIN.chainId,
    address: DOMAIN.directory,
    tld: "hold",
    block: { number: 1n, hash: `0x${"00".repeat(32)}`, timestamp: 1n },
  };
}

/** How a gateway misbehaves. */
export type Behaviour =
  | "good"
  | "hangs"
  | "unreachable"
  | "lies"
  | "badSignature"
  | "otherName"
  | "dropsRecord"
  | "old"
  | "stuck"
  | "future"
  | "junk"
  | "empty"
  | "huge"
  | { readonly status: number; readonly retryAfter?: string };

export interface World<Time extends Clock = FalseClock> {
  readonly clock: Time;
  readonly transport: ClientTransport;
  readonly directory: DirectorySnapshot;
  /** Value by `name`, then record text; and the shard index of each registered name. */
  readonly records: Map<string, Map<string, Hex>>;
  readonly shardIndices: Map<string, number>;
  readonly behaviours: Map<number, Behaviour>;
  /** Milliseconds one exchange with a gateway takes, where it differs. */
  readonly latencies: Map<number, number>;
  readonly hits: Map<number, number>;
  readonly block: { current: BlockReference };
  readonly client: (options?: Partial<NameClientOptions>) => NameClient;
  /** The gateways of a registered name, by its own index. */
  readonly shardOf: (name: string) => readonly number[];
  /** Runs work on the false clock. */
  readonly run: <Value>(work: Promise<Value>) => Promise<Value>;
}

/** An honest answer: the records to a member of the name's shard, to others a referral there. */
function truth(
  world: Pick<World<Clock>, "records" | "shardIndices" | "block" | "shardOf">,
  body: string,
  id: number,
): Answer {
  const query = decodeQuery(body);
  const registered = query.name.split(".").slice(-2).join(".");
  const index = world.shardIndices.get(registered);
  const kept = world.records.get(query.name);
  const common: Omit<RecordsAnswer, "kind" | "results"> = {
    name: query.name,
    node: namehash(query.name),
    block: world.block.current,
    status: {
      closest: index === undefined ? null : kept === undefined ? registered : query.name,
      shardIndex: index ?? null,
      expiry: index === undefined ? 0n : 4_000_000_000n,
    },
    evidence: { kind: "signature", gatewayId: id, signature: "0x" },
  };
  if (!world.shardOf(registered).includes(id)) return { kind: "referral", ...common };
  const results = query.records.map((record) => {
    const value = kept?.get(formatRecordKey(record)) ?? null;
    return { record, value, ttlSeconds: value === null ? 60 : 300 };
  });
  return { kind: "records", ...common, results };
}

function bodyOf(world: World<Clock>, id: number, behaviour: Behaviour, request: HttpRequest): string | undefined {
  let answer: Answer = truth(world, String(request.body), id);
  const results = "results" in answer ? answer.results : [];
  if (behaviour === "junk") return "<html>moved</html>";
  if (behaviour === "empty") return "";
  if (behaviour === "lies") {
    answer = { ...answer, results: results.map((result) => ({ ...result, value: "0xdeadbeef" })) } as Answer;
  }
  if (behaviour === "otherName") answer = { ...answer, name: "other.hold", node: namehash("other.hold") };
  if (behaviour === "dropsRecord") answer = { ...answer, results: results.slice(1) } as Answer;
  if (behaviour === "old") answer = { ...answer, block: { ...answer.block, number: 1n, timestamp: 1n } };
  if (behaviour === "stuck") {
    const { number, timestamp } = answer.block;
    answer = { ...answer, block: { ...answer.block, number: number - 10n, timestamp: timestamp - 1_000n } };
  }
  if (behaviour === "future") answer = { ...answer, block: { ...answer.block, timestamp: 9_000_000_000n } };
  const key = behaviour === "badSignature" ? keyOf(999) : keyOf(id);
  const signature = signDigest(answerDigest(DOMAIN, answer), key);
  return encodeAnswer({ ...answer, evidence: { kind: "signature", gatewayId: id, signature } });
}

async function answerHttp(world: World<Clock>, request: HttpRequest): Promise<HttpResponse> {
  const id = Number(/^https:\/\/g(\d+)\./.exec(request.url)?.[1] ?? 0);
  const behaviour = world.behaviours.get(id) ?? "good";
  world.hits.set(id, (world.hits.get(id) ?? 0) + 1);
  if (behaviour === "hangs") await delay(world.clock, 1e9, request.signal);
  await delay(world.clock, world.latencies.get(id) ?? EXCHANGE_MS, request.signal);
  if (behaviour === "unreachable") throw new TransportError("refused", "connection refused");
  if (behaviour === "huge") throw new TransportError("oversized", "too long a body");
  if (typeof behaviour === "object") {
    const { status, retryAfter } = behaviour;
    return { status, field: (name) => (name === "retry-after" ? retryAfter : undefined), body: new Uint8Array(0) };
  }
  return { status: 200, field: () => undefined, body: utf8Bytes(bodyOf(world, id, behaviour, request) ?? "") };
}

/** A world on a false clock, in which time passes as soon as everybody waits. */
export function createWorld(gatewayCount = 8): World {
  const clock = new FalseClock(START_MS);
  return createWorldOn(clock, gatewayCount, (work) => clock.runUntilSettled("the test", work));
}

/** The same world on the machine's own time, for benchmarks. */
export function createLiveWorld(gatewayCount = 8): World<Clock> {
  return createWorldOn(systemClock, gatewayCount, (work) => work);
}

function createWorldOn<Time extends Clock>(clock: Time, gatewayCount: number, run: World["run"]): World<Time> {
  const directory = createDirectory(gatewayCount);
  const never = () => Promise.reject(new TransportError("unsupported", "no sockets in this world"));
  const world: World<Time> = {
    clock,
    directory,
    records: new Map(),
    shardIndices: new Map(),
    behaviours: new Map(),
    latencies: new Map(),
    hits: new Map(),
    block: {
      current: {
        number: 1_000n,
        hash: `0x${"ab".repeat(32)}`,
        stateRoot: `0x${"cd".repeat(32)}`,
        timestamp: BigInt(Math.floor(clock.nowMs() / 1000)),
      },
    },
    transport: { http: (request) => answerHttp(world, request), udp: never, tcp: never, systemServers: () => [] },
    client: (options = {}) =>
      createNameClient({
        deployment: DEPLOYMENT,
        paths: { gateways: { directory } },
        transport: world.transport,
        clock,
        seed: "a client",
        trust: { gateways: "signature" },
        ...options,
      }),
    shardOf: (name) =>
      gatewaysOfShard(directory, shardOf(directory, namehash(name), world.shardIndices.get(name) ?? null)).flatMap(
        (gateway) => (gateway === undefined ? [] : [gateway.id]),
      ),
    run,
  };
  return world;
}

/** Registers a name with an Ethereum address in a world. */
export function addName(
  world: World<Clock>,
  name: string,
  shardIndex: number,
  address: Hex = `0x${"aa".repeat(20)}`,
): void {
  world.shardIndices.set(name, shardIndex);
  world.records.set(name, new Map([["addr:60", address]]));
}
