/**
 * Runs single probes for real: the name client as it is, against gateways, DNS servers and RPC providers as they are, over a
 * network of promises and false time. Only what an exchange meets on its way is made up, and that is handed in.
 */
import { PATHS, type PathName } from "../availability/outcome.ts";
import { toHex, utf8Bytes } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import { seededRandom } from "../base/random.ts";
import { createNameClient } from "../client/nameClient.ts";
import type { DnsEndpoint } from "../client/paths/dnsPath.ts";
import { sameSetKey } from "../client/policy.ts";
import type { Resolution } from "../client/resolution.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import { TYPE } from "../dns/codes.ts";
import { createSigner } from "../gateway/signer.ts";
import { namehash } from "../naming/namehash.ts";
import { recoverAddressFast } from "../proof/recoverAddressFast.ts";
import { gatewaysOf } from "../sharding/placement.ts";
import { bootstrapSlotsOf } from "../sharding/shard.ts";
import { checkSafety } from "./checkers.ts";
import { createDnsServers, dnsNameOf } from "./dnsServers.ts";
import { FalseClock } from "./falseClock.ts";
import { judge } from "./judge.ts";
import { type Bench, type Course, EPOCH_MS, originsOf, transportOf, Winding } from "./labNetwork.ts";
import { type DrawFate, type ProbeResult, ProbeTree, type RunProbe } from "./probeTree.ts";
import type { Scenario, Service } from "./scenario.ts";
import { CHAIN_ID, CODE_HASH, DIRECTORY, REGISTRY, TLD } from "./simulatedChain.ts";
import { ADDRESS, buildStates, recordValue } from "./states.ts";
import { machinesOfName, type Topology } from "./topology.ts";

/** Between a client's acquaintance with a name and its probe, in milliseconds. */
const REST_MS = 5_000;
/** The most exchanges that a probe may make before a checker complains. */
const QUERIES_MAX = 40;

export interface Laboratory {
  /**
   * Runs a probe of `service` by a client of its own; `variant` is who the client is: it decides whom it asks first. `overlap`
   * has a bit for each zone in which the name's own and its bootstrap gateway are the same machine.
   */
  runner(service: Service, variant: number, overlap?: number): RunProbe;
  /** What is known of such probes so far; kept from run to run, since it depends on nothing but the fates met. */
  tree(service: Service, variant: number, overlap?: number): ProbeTree;
}

/** Text of the name with this number. */
export function nameOf(name: number): string {
  return `n${name}.${TLD}`;
}

/** A laboratory with the scenario's fleet, on which one name stands for all: the network decides what its machines are like. */
export async function createLaboratory(scenario: Scenario, topology: Topology): Promise<Laboratory> {
  const benches = new Map<number, Promise<Bench>>([[0, createBench(scenario, topology, 0)]]);
  await benches.get(0);
  const trees = new Map<string, ProbeTree>();
  const runner =
    (service: Service, variant: number, overlap = 0) =>
    async (draw: DrawFate) => {
      const bench = benches.get(overlap) ?? createBench(scenario, topology, overlap);
      benches.set(overlap, bench);
      return await runProbe(await bench, service, variant, draw);
    };
  return {
    runner,
    tree(service, variant, overlap = 0) {
      const key = `${service.id}/${variant}/${overlap}`;
      const tree = trees.get(key) ?? new ProbeTree(runner(service, variant, overlap));
      trees.set(key, tree);
      return tree;
    },
  };
}

async function createBench(scenario: Scenario, topology: Topology, overlap: number): Promise<Bench> {
  const clock = new Winding();
  const signers = topology.machines.map((_, machine) =>
    createSigner(toHex(keccak256(utf8Bytes(`simulated signer ${machine}`))), "the simulation"),
  );
  const index = typicalName(topology, overlap);
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
  return {
    scenario,
    topology,
    clock,
    name,
    own: machinesOfName(topology, index),
    bootstrap: bootstrapMachines(topology, name),
    ...originsOf(topology),
    states,
    signers,
    dns: createDnsServers(name, clock),
    answers: new Map(),
    gateways: new Map(),
    recover: keptRecover(),
  };
}

function bootstrapMachines(topology: Topology, name: string): readonly number[] {
  return gatewaysOf(topology.placement, bootstrapSlotsOf(namehash(name))).map((id) => id - 1);
}

/** The zones, as bits, in which two shards have the same machine. */
export function overlapBits(own: readonly number[], bootstrap: readonly number[]): number {
  return own.reduce((bits, machine, zone) => (machine === bootstrap[zone] ? bits | (1 << zone) : bits), 0);
}

/**
 * The first name whose own and bootstrap shard overlap in just these zones; the first of all where there is none, as in a fleet
 * of one machine a zone.
 */
function typicalName(topology: Topology, overlap: number): number {
  for (let index = 0; index < 100_000; index += 1) {
    const bootstrap = bootstrapMachines(topology, nameOf(index));
    if (overlapBits(machinesOfName(topology, index), bootstrap) === overlap) return index;
  }
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
    trust: { gateways: service.evidence },
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

function resultOf(bench: Bench, course: Course, resolution: Resolution): ProbeResult {
  const truth = recordValue(bench.name, ADDRESS.now);
  const former = recordValue(bench.name, ADDRESS.before);
  const queries = { ...course.queries };
  const violations = checkSafety({
    resolution,
    truth: sameSetKey(truth),
    former: sameSetKey(former),
    comparable: sameSetKey,
    timeoutMs: bench.scenario.load.timeoutMs,
    maxAgeSeconds: bench.scenario.load.maxAgeSeconds,
    queries: queries.dns + queries.gateways + queries.chain,
    queriesMax: QUERIES_MAX,
  });
  return {
    outcome: judge(resolution, truth, former),
    verified: resolution.evidence !== "none",
    accepted: resolution.outcome !== "wrong",
    latencyMs: Math.round(resolution.durationMs * 10) / 10,
    queries,
    violations,
  };
}
