/**
 * Runs single probes for real: the name client as it is, against gateways, DNS servers and RPC providers as they are, over a
 * network of promises and false time. Only what an exchange meets on its way is made up, and that is handed in.
 */
import { PATHS, type PathName } from "../availability/outcome.ts";
import { type Hex, toHex, utf8Bytes, utf8Text } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { assert, BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import { seededRandom } from "../base/random.ts";
import { createNameClient } from "../client/nameClient.ts";
import { recoverAddressFast } from "../client/nodeRecover.ts";
import type { DnsEndpoint } from "../client/paths/dnsPath.ts";
import { sameSetKey } from "../client/policy.ts";
import type { Resolution } from "../client/resolution.ts";
import { type ClientTransport, type HttpResponse, TransportError } from "../client/transport.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import { TYPE } from "../dns/codes.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import { createSigner, type Signer } from "../gateway/signer.ts";
import { namehash } from "../naming/namehash.ts";
import { decodeQuery, encodeAnswer } from "../protocol/json.ts";
import { gatewaysOf } from "../sharding/placement.ts";
import { bootstrapSlotsOf } from "../sharding/shard.ts";
import { checkSafety } from "./checkers.ts";
import { createDnsServers, type DnsServers, dnsNameOf } from "./dnsServers.ts";
import { FalseClock } from "./falseClock.ts";
import type { Fate, Manner } from "./fate.ts";
import { latencyGrid } from "./latencyGrid.ts";
import { type Asked, type DrawFate, type ProbeResult, ProbeTree, type RunProbe } from "./probeTree.ts";
import type { Scenario, Service } from "./scenario.ts";
import { CHAIN_ID, CODE_HASH, DIRECTORY, REGISTRY, TLD } from "./simulatedChain.ts";
import { answerRpc } from "./simulatedRpc.ts";
import { ADDRESS, buildStates, httpUrlOf, recordValue, type StateName, type WorldState } from "./states.ts";
import { machinesOfName, type Topology } from "./topology.ts";

/** False time begins here: 1 January 2026. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);
/** Between a client's acquaintance with a name and its probe, in milliseconds. */
const REST_MS = 5_000;
/** The most exchanges that a probe may make before a checker complains. */
const QUERIES_MAX = 40;

export interface Laboratory {
  /** Runs a probe of `service` by a client of its own; `variant` is who the client is: it decides whom it asks first. */
  runner(service: Service, variant: number): RunProbe;
  /** What is known of such probes so far; kept from run to run, since it depends on nothing but the fates met. */
  tree(service: Service, variant: number): ProbeTree;
}

/** Text of the name with this number. */
export function nameOf(name: number): string {
  return `n${name}.${TLD}`;
}

/** A clock that everything in the laboratory reads, wound back before each probe. */
class Winding implements Clock {
  current = new FalseClock(EPOCH_MS);
  nowMs = () => this.current.nowMs();
  monotonicMs = () => this.current.monotonicMs();
  schedule = (delayMs: number, callback: () => void) => this.current.schedule(delayMs, callback);
}

interface Bench {
  readonly scenario: Scenario;
  readonly topology: Topology;
  readonly clock: Winding;
  readonly name: string;
  /** Machines of the name's own shard and of its bootstrap shard, by zone. */
  readonly own: readonly number[];
  readonly bootstrap: readonly number[];
  readonly states: ReadonlyMap<StateName, WorldState>;
  readonly signers: readonly Signer[];
  readonly dns: DnsServers;
  /** Signing and recovering are pure; what was worked out once is kept. */
  readonly answers: Map<string, HttpResponse>;
  readonly gateways: Map<string, Gateway>;
  readonly recover: (digest: Uint8Array, signature: Uint8Array) => string | undefined;
}

/** A laboratory with the scenario's fleet, on which one name stands for all: the network decides what its machines are like. */
export async function createLaboratory(scenario: Scenario, topology: Topology): Promise<Laboratory> {
  const clock = new Winding();
  const signers = topology.machines.map((_, machine) =>
    createSigner(toHex(keccak256(utf8Bytes(`simulated signer ${machine}`))), "the simulation"),
  );
  const index = typicalName(topology);
  const name = nameOf(index);
  const states = await buildStates({
    topology,
    name,
    shardIndex: index,
    signers: signers.map((signer) => signer.address),
    clock,
    nowSeconds: EPOCH_MS / 1000,
    maxAgeSeconds: scenario.load.maxAgeSeconds,
    blockSeconds: scenario.topology.chain.blockSeconds,
  });
  const bench: Bench = {
    scenario,
    topology,
    clock,
    name,
    own: machinesOfName(topology, index),
    bootstrap: bootstrapMachines(topology, name),
    states,
    signers,
    dns: createDnsServers(name, clock),
    answers: new Map(),
    gateways: new Map(),
    recover: keptRecover(),
  };
  const trees = new Map<string, ProbeTree>();
  const runner = (service: Service, variant: number) => (draw: DrawFate) => runProbe(bench, service, variant, draw);
  return {
    runner,
    tree(service, variant) {
      const key = `${service.id}/${variant}`;
      const tree = trees.get(key) ?? new ProbeTree(runner(service, variant));
      trees.set(key, tree);
      return tree;
    },
  };
}

function bootstrapMachines(topology: Topology, name: string): readonly number[] {
  return gatewaysOf(topology.placement, bootstrapSlotsOf(namehash(name))).map((id) => id - 1);
}

/** A name whose own and bootstrap shard have no machine in common where that can be, so that each is told from the other. */
function typicalName(topology: Topology): number {
  for (let index = 0; index < 100_000; index += 1) {
    const bootstrap = bootstrapMachines(topology, nameOf(index));
    if (machinesOfName(topology, index).every((machine) => !bootstrap.includes(machine))) return index;
  }
  // A fleet of one machine a zone: both shards are everybody.
  return 0;
}

function keptRecover(): Bench["recover"] {
  const known = new Map<string, string | undefined>();
  return (digest, signature) => {
    const key = `${toHex(digest)}${toHex(signature)}`;
    if (!known.has(key)) known.set(key, recoverAddressFast(digest, signature));
    return known.get(key);
  };
}

/** What one probe has done so far. */
interface Course {
  readonly draw: DrawFate;
  readonly clock: FalseClock;
  queries: { dns: number; gateways: number; chain: number };
  /** When the probe itself began, on the false clock; `undefined` while the client still gets acquainted. */
  beganAtMs: number | undefined;
  ended: boolean;
}

async function runProbe(bench: Bench, service: Service, variant: number, draw: DrawFate): Promise<ProbeResult> {
  const clock = new FalseClock(EPOCH_MS);
  bench.clock.current = clock;
  const course: Course = {
    draw,
    clock,
    queries: { dns: 0, gateways: 0, chain: 0 },
    beganAtMs: undefined,
    ended: false,
  };
  const { load } = bench.scenario;
  const client = createNameClient({
    deployment: {
      chainId: CHAIN_ID,
      tld: TLD,
      contracts: { registry: REGISTRY, directory: DIRECTORY },
      codeHashes: { registry: CODE_HASH },
    },
    paths: pathsOf(bench, service, variant),
    transport: transportOf(bench, course),
    clock,
    random: seededRandom(variant, "client"),
    policy: service.policy,
    freshness: { ageSecondsMax: load.maxAgeSeconds },
    cache: false,
    deadlineMs: load.timeoutMs,
    seed: `client ${variant}`,
    recoverAddress: bench.recover,
  });
  const record = { kind: "dns", owner: bench.name, rrtype: TYPE.A } as const;
  const probe = (path: PathName | "all") =>
    clock.runUntilSettled("the probe", client.probe({ name: bench.name, record, path, deadlineMs: load.timeoutMs }));
  if (load.clients === "acquainted") {
    for (const path of PATHS) await probe(path);
    await clock.runUntil(clock.monotonicMs() + REST_MS);
  }
  course.beganAtMs = clock.monotonicMs();
  course.queries = { dns: 0, gateways: 0, chain: 0 };
  const resolution = await probe("all");
  course.ended = true;
  return resultOf(bench, course, resolution);
}

function pathsOf(bench: Bench, service: Service, variant: number) {
  const { topology } = bench;
  const endpoints = dnsEndpoints(topology, service, variant);
  const providers = service.rpc ?? topology.rpcProviders.map((index) => topology.endpoints[index]!.provider);
  const from = variant % providers.length;
  const rpcUrls = [...providers.slice(from), ...providers.slice(0, from)].map(
    (provider) => `http://${provider}.example`,
  );
  return {
    ...(endpoints.length === 0 ? {} : { dns: { endpoints, dnsNameOf, tryCount: 1 } }),
    ...(service.chain ? { chain: { rpcUrls } } : {}),
    ...(service.gateways ? { gateways: { directory: snapshotOf(bench) } } : {}),
  };
}

/** Servers in the order in which this client asks them: by turns of the providers, each client starting elsewhere. */
function dnsEndpoints(topology: Topology, service: Service, variant: number): DnsEndpoint[] {
  const lists = service.dns.map((provider) => topology.dnsServers.get(provider) ?? []);
  const out: DnsEndpoint[] = [];
  const longest = Math.max(0, ...lists.map((list) => list.length));
  for (let turn = 0; turn < longest; turn += 1) {
    for (let at = 0; at < lists.length; at += 1) {
      const list = lists[(at + variant) % lists.length]!;
      const server = list[(turn + Math.floor(variant / lists.length)) % list.length];
      if (turn < list.length && server !== undefined) out.push({ host: `dns-${server}.example`, port: 53 });
    }
  }
  return out;
}

function snapshotOf(bench: Bench): DirectorySnapshot {
  const { replica } = bench.states.get("honest")!;
  const head = replica.head!;
  const block = { number: BigInt(head.number), hash: head.hash, timestamp: BigInt(head.timestamp) };
  return { ...replica.directory, chainId: CHAIN_ID, address: DIRECTORY, tld: TLD, block };
}

function transportOf(bench: Bench, course: Course): ClientTransport {
  const machines = new Map(bench.topology.machines.map((_, machine) => [httpUrlOf(machine), machine]));
  const providers = new Map(
    bench.topology.rpcProviders.map((index) => [`http://${bench.topology.endpoints[index]!.provider}.example`, index]),
  );
  return {
    http(request) {
      const { origin } = new URL(request.url);
      const body = typeof request.body === "string" ? request.body : (utf8Text(request.body ?? new Uint8Array()) ?? "");
      const provider = providers.get(origin);
      if (provider !== undefined) {
        const asked: Asked = { path: "chain", index: provider, bootstrap: false };
        return exchange(bench, course, asked, request.signal, (manner) => rpcResponse(bench, manner, body));
      }
      const machine = machines.get(origin);
      assert(machine !== undefined, `nobody lives at ${request.url}`);
      const zone = bench.own.indexOf(machine);
      const asked: Asked = {
        path: "gateways",
        index: zone === -1 ? bench.bootstrap.indexOf(machine) : zone,
        bootstrap: zone === -1,
      };
      return exchange(bench, course, asked, request.signal, (manner) => gatewayResponse(bench, manner, machine, body));
    },
    udp(server, query, accepts, signal) {
      const asked: Asked = { path: "dns", index: Number(/^dns-(\d+)\./.exec(server.host)?.[1]), bootstrap: false };
      return exchange(bench, course, asked, signal, async (manner) => {
        const reply = await bench.dns.answer(manner, query);
        return reply !== undefined && accepts(reply) ? reply : undefined;
      });
    },
    tcp: () => Promise.reject(new TransportError("unsupported", "no simulated server needs TCP")),
    systemServers: () => [],
  };
}

/** What an exchange meets while all is well: an honest answer after the usual time. */
function usualFate(bench: Bench, asked: Asked): Fate {
  const { topology } = bench;
  const index = asked.path === "gateways" ? topology.machines[0]! : asked.index;
  const latencyMs = latencyGrid(topology.endpoints[index]!.latency, 0).points[1]!;
  return { id: -1, arrival: "answer", manner: "honest", latencyMs };
}

/** One exchange: its fate is drawn when the question leaves, and met when the answer would arrive. */
function exchange<Reply>(
  bench: Bench,
  course: Course,
  asked: Asked,
  signal: AbortSignal,
  answer: (manner: Manner) => Reply | undefined | Promise<Reply | undefined>,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new TransportError("timedOut", "given up"));
    if (course.ended || signal.aborted) return onAbort();
    course.queries[asked.path] += 1;
    const fate =
      course.beganAtMs === undefined
        ? usualFate(bench, asked)
        : course.draw(asked, course.clock.monotonicMs() - course.beganAtMs);
    signal.addEventListener("abort", onAbort, { once: true });
    if (fate.arrival === "never") return;
    const timer = course.clock.schedule(fate.latencyMs, () => {
      signal.removeEventListener("abort", onAbort);
      if (fate.arrival === "refused") return reject(new TransportError("refused", "nobody listens"));
      Promise.resolve(answer(fate.manner)).then((reply) => {
        // What is no answer to the question is dropped, as a socket would drop it.
        if (reply !== undefined) resolve(reply);
      }, reject);
    });
    signal.addEventListener("abort", () => timer.cancel(), { once: true });
  });
}

function httpResponse(status: number, body: string, fields: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, field: (name) => fields[name], body: utf8Bytes(body) };
}

function refusal(manner: Manner): HttpResponse | undefined {
  if (manner === "servfail") return httpResponse(503, "");
  return manner === "limited" ? httpResponse(429, "", { "retry-after": "1" }) : undefined;
}

function gatewayResponse(bench: Bench, manner: Manner, machine: number, body: string): HttpResponse {
  const refused = refusal(manner);
  if (refused !== undefined) return refused;
  const key = `${machine}/${manner}/${body}`;
  let response = bench.answers.get(key);
  if (response === undefined) {
    try {
      response = httpResponse(
        200,
        encodeAnswer(gatewayOf(bench, machine, manner as StateName).answer(decodeQuery(body))),
      );
    } catch (error) {
      if (!(error instanceof BaseError)) throw error;
      response = httpResponse(error.retriable ? 503 : 400, error.shortMessage);
    }
    bench.answers.set(key, response);
  }
  return response;
}

/** The gateway of a machine in one of the worlds: a liar is a sound gateway in a false world. */
function gatewayOf(bench: Bench, machine: number, state: StateName): Gateway {
  const key = `${machine}/${state}`;
  let gateway = bench.gateways.get(key);
  if (gateway === undefined) {
    gateway = createGateway({
      replica: bench.states.get(state)!.replica,
      gatewayId: machine + 1,
      signer: bench.signers[machine]!,
      domain: { chainId: CHAIN_ID, directory: DIRECTORY },
      registry: REGISTRY,
      tld: TLD,
      clock: bench.clock,
    });
    bench.gateways.set(key, gateway);
  }
  return gateway;
}

function rpcResponse(bench: Bench, manner: Manner, body: string): HttpResponse {
  const refused = refusal(manner);
  if (refused !== undefined) return refused;
  const key = `rpc/${manner}/${body}`;
  let response = bench.answers.get(key);
  if (response === undefined) {
    response = httpResponse(200, answerRpc(bench.states.get(manner as StateName)!.chain, body));
    bench.answers.set(key, response);
  }
  return response;
}

function resultOf(bench: Bench, course: Course, resolution: Resolution): ProbeResult {
  const truth = sameSetKey(recordValue(bench.name, ADDRESS.now));
  const former = sameSetKey(recordValue(bench.name, ADDRESS.before));
  const queries = { ...course.queries };
  const violations = checkSafety({
    resolution,
    truth,
    former,
    comparable: sameSetKey,
    timeoutMs: bench.scenario.load.timeoutMs,
    queries: queries.dns + queries.gateways + queries.chain,
    queriesMax: QUERIES_MAX,
  });
  return {
    outcome: outcomeOf(resolution, truth, former),
    verified: resolution.evidence !== "none",
    latencyMs: Math.round(resolution.durationMs * 10) / 10,
    queries,
    violations,
  };
}

/** What the client says, held against the truth: a value that is not the record's is wrong, and so is a false absence. */
function outcomeOf(resolution: Resolution, truth: string, former: string): ProbeResult["outcome"] {
  if (resolution.outcome === "absent") return "wrong";
  if (resolution.outcome !== "answered") return resolution.outcome;
  const told: Hex | null = resolution.value;
  if (told === null) return "wrong";
  const key = sameSetKey(told);
  if (key === truth) return "answered";
  return key === former ? "stale" : "wrong";
}
