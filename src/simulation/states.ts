/** The worlds that gateways, RPC providers and DNS servers may live in: the true one, its past, and three that are lies. */
import { type Hex, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import type { DirectoryEvent } from "../directory/events.ts";
import { TYPE } from "../dns/codes.ts";
import { encodeDnsName } from "../naming/dnsName.ts";
import { namehash } from "../naming/namehash.ts";
import { encodeRRset } from "../protocol/rrset.ts";
import type { RegistryEvent } from "../replica/mirror/events.ts";
import { Replica } from "../replica/replica.ts";
import { ProviderPool } from "../replica/source/providerPool.ts";
import { Store } from "../replica/store/store.ts";
import { tableWords } from "../sharding/placement.ts";
import { ZONE_COUNT } from "../sharding/shard.ts";
import type { Manner } from "./fate.ts";
import { CHAIN_ID, CODE_HASH, DIRECTORY, REGISTRY, SimulatedChain, START_BLOCK, TLD } from "./simulatedChain.ts";
import type { Topology } from "./topology.ts";

/** The manners that are answers out of some world; and the true one as clients met it, some checkpoints ago. */
export type StateName = Extract<Manner, "honest" | "staleYoung" | "staleOld" | "wrong" | "nxdomain" | "empty"> | "met";
export const STATE_NAMES: readonly StateName[] = [
  "honest",
  "met",
  "staleYoung",
  "staleOld",
  "wrong",
  "nxdomain",
  "empty",
];

/** Addresses of the record (TEST-NET-1 and -2): now, before, and the forger's. */
export const ADDRESS = { now: "192.0.2.10", before: "192.0.2.9", forged: "198.51.100.66" } as const;
const TTL_SECONDS = 60;

/** The record's bytes as an RRset of `owner`. */
export function recordValue(owner: string, address: string): Hex {
  const rdata = Uint8Array.from(address.split(".").map(Number));
  return encodeRRset({ name: owner, type: TYPE.A, ttlSeconds: TTL_SECONDS, rdatas: [rdata] });
}

/** What the record says in a world; `undefined` where there is none. */
export function addressIn(state: StateName): string | undefined {
  if (state === "honest" || state === "met") return ADDRESS.now;
  if (state === "wrong") return ADDRESS.forged;
  return state === "staleYoung" || state === "staleOld" ? ADDRESS.before : undefined;
}

export interface WorldState {
  readonly name: StateName;
  readonly chain: SimulatedChain;
  /** Follows the chain by the gateway room's own code; gateways that hold equal copies share it. */
  readonly replica: Replica;
}

export interface WorldStatesOptions {
  readonly topology: Topology;
  /** The name under test, and its index in the registry. */
  readonly name: string;
  readonly shardIndex: number;
  /** Addresses of the machines' signer keys, by machine number. */
  readonly signers: readonly Hex[];
  readonly clock: Clock;
  /** Seconds since 1970. */
  readonly nowSeconds: number;
  readonly maxAgeSeconds: number;
  readonly blockSeconds: number;
}

const OWNER: Hex = "0x3333333333333333333333333333333333333333";
/** A checkpoint, so that the newest block can be proven. */
const HEAD_NUMBER = 64;
const YEAR_SECONDS = 31_536_000;

export function httpUrlOf(machine: number): string {
  return `http://gateway-${machine}.example`;
}

/** The account of a gateway operator. */
function operatorAddress(operator: number): Hex {
  return `0x${(operator + 1).toString(16).padStart(40, "0")}`;
}

function directoryEvents(topology: Topology, signers: readonly Hex[]): DirectoryEvent[] {
  let version = 0n;
  const next = () => {
    version += 1n;
    return version;
  };
  const registered = topology.machines.map((endpoint, machine): DirectoryEvent => {
    const { zone, operator } = topology.endpoints[endpoint]!;
    const args = {
      id: machine + 1,
      zone,
      operator: operatorAddress(operator),
      signer: signers[machine]!,
      version: next(),
    };
    const endpoints = { httpUrl: httpUrlOf(machine), dnsEndpoint: `gateway-${machine}.example:53` };
    return { eventName: "GatewayRegistered", args: { ...args, ...endpoints } };
  });
  const seeded = Array.from({ length: ZONE_COUNT }, (_, zone): DirectoryEvent => {
    return {
      eventName: "ZoneSeeded",
      args: { zone, words: tableWords(topology.placement.table, zone), version: next() },
    };
  });
  return [...registered, ...seeded];
}

function registryEvents(options: WorldStatesOptions, state: StateName): RegistryEvent[] {
  const { name, shardIndex, nowSeconds } = options;
  if (state === "nxdomain") return [];
  const node = namehash(name);
  const label = name.slice(0, -(TLD.length + 1));
  const expiry = BigInt(nowSeconds + YEAR_SECONDS);
  const registered: RegistryEvent = {
    eventName: "NameRegistered",
    args: { node, owner: OWNER, label, expiry, shardIndex: BigInt(shardIndex) },
  };
  const address = addressIn(state);
  if (address === undefined) return [registered];
  const wireName = toHex(encodeDnsName(name));
  const record = recordValue(name, address);
  return [registered, { eventName: "DNSRecordChanged", args: { node, name: wireName, resource: TYPE.A, record } }];
}

/** How far a world's newest block lies behind, in seconds. */
function behindSecondsOf(state: StateName, maxAgeSeconds: number): number {
  if (state === "staleOld") return maxAgeSeconds * 2;
  return state === "staleYoung" || state === "met" ? maxAgeSeconds / 2 : 6;
}

/** Every world, its chain made and its replica up to date and proven at its head. */
export async function buildStates(options: WorldStatesOptions): Promise<ReadonlyMap<StateName, WorldState>> {
  const states = new Map<StateName, WorldState>();
  for (const name of STATE_NAMES) {
    const behindSeconds = behindSecondsOf(name, options.maxAgeSeconds);
    const behindBlocks = Math.min(40, Math.floor(behindSeconds / options.blockSeconds));
    // Only checkpoints can be proven.
    const headNumber = HEAD_NUMBER - (behindBlocks - (behindBlocks % 8));
    const chain = new SimulatedChain({
      registryEvents: registryEvents(options, name),
      directoryEvents: directoryEvents(options.topology, options.signers),
      fork: name === "met" ? "honest" : name,
      headNumber,
      headTimestamp: options.nowSeconds - behindSeconds,
      blockSeconds: options.blockSeconds,
    });
    states.set(name, { name, chain, replica: await followed(chain, options.clock) });
  }
  return states;
}

async function followed(chain: SimulatedChain, clock: Clock): Promise<Replica> {
  const identity = { chainId: CHAIN_ID, registry: REGISTRY, directory: DIRECTORY, startBlock: START_BLOCK };
  const replica = new Replica({
    store: new Store(":memory:", identity),
    pool: new ProviderPool({ sources: [chain], clock, log: silentLog }),
    decode: chain.decode,
    contracts: { registry: REGISTRY, directory: DIRECTORY, tldNode: namehash(TLD) },
    codeHash: CODE_HASH,
    startBlock: START_BLOCK,
    clock,
    log: silentLog,
  });
  await replica.step();
  return replica;
}
