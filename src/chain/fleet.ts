/** The whole fleet as a chain has it at one block: gateways, slot tables, registered names, isolated names. */
import { createPublicClient, http, type PublicClient, parseAbiItem } from "viem";
import type { Hex } from "../base/bytes.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import { tableFromWords } from "../sharding/placement.ts";
import { ZONE_COUNT } from "../sharding/shard.ts";
import { directoryAbi } from "./abis/directory.ts";
import type { Deployment } from "./deployment.ts";

/** A live name under the TLD. */
export interface FleetName {
  readonly node: Hex;
  readonly label: string;
  readonly shardIndex: number;
  /** Seconds since 1970. */
  readonly expiry: bigint;
}

export interface FleetGateway {
  readonly id: number;
  readonly zone: number;
  readonly active: boolean;
  readonly operator: Hex;
  readonly httpUrl: string;
}

export interface ChainFleet {
  readonly chainId: number;
  readonly blockNumber: bigint;
  /** Moves up by one with every change of the directory. */
  readonly version: bigint;
  readonly gateways: readonly FleetGateway[];
  /** Gateway id by virtual gateway id, 4 x 544. */
  readonly table: Uint16Array;
  readonly names: readonly FleetName[];
  /** By zone, when the handover of its last join or leave is over, in seconds since 1970; 0 where none is under way. */
  readonly handoverEndsAt: readonly number[];
  /** Reserved index by node. */
  readonly isolated: ReadonlyMap<Hex, number>;
}

/** Blocks asked for in one request at first; halved when a provider refuses, doubled again when it does not. */
const BLOCKS_PER_REQUEST = 10_000n;

const NAME_REGISTERED = parseAbiItem(
  "event NameRegistered(bytes32 indexed node, address indexed owner, string label, uint256 expiry, uint256 shardIndex)",
);
const NAME_RENEWED = parseAbiItem("event NameRenewed(bytes32 indexed node, uint256 expiry)");
const NAME_ISOLATED = parseAbiItem("event NameIsolated(bytes32 indexed node, uint32 index, uint64 version)");
const NAME_RELEASED = parseAbiItem("event NameReleased(bytes32 indexed node, uint64 version)");

/** A client of the RPC provider at `rpcUrl`, for the readers of this room. */
export function createChainReader(rpcUrl: string): PublicClient {
  return createPublicClient({ transport: http(rpcUrl, { retryCount: 1 }) });
}

/**
 * Reads the fleet at the chain's head, everything at the same block.
 *
 * Throws `WrongChainError` where the provider follows another chain than the deployment is of, `UnreadableFleetError`.
 *
 * @example
 * ```ts
 * const fleet = await readFleet(createChainReader("http://127.0.0.1:8545"), await readDeployment(path));
 * fleet.names.length; // every live name under the TLD
 * ```
 */
export async function readFleet(client: PublicClient, deployment: Deployment): Promise<ChainFleet> {
  try {
    const chainId = await client.getChainId();
    if (chainId !== deployment.chainId) throw new WrongChainError(chainId, deployment.chainId);
    const { number: blockNumber, timestamp } = await client.getBlock();
    const directory = { address: deployment.contracts.directory, abi: directoryAbi, blockNumber } as const;
    const version = await client.readContract({ ...directory, functionName: "version" });
    const zones: (readonly bigint[])[] = [];
    const handoverEndsAt: number[] = [];
    for (let zone = 0; zone < ZONE_COUNT; zone += 1) {
      zones.push(await client.readContract({ ...directory, functionName: "zoneTable", args: [zone] }));
      const endsAt = await client.readContract({ ...directory, functionName: "handoverEndsAt", args: [zone] });
      handoverEndsAt.push(endsAt > timestamp ? Number(endsAt) : 0);
    }
    return {
      chainId,
      blockNumber,
      version,
      gateways: await readGateways(client, deployment, blockNumber),
      table: tableFromWords(zones),
      handoverEndsAt,
      names: await readNames(client, deployment, blockNumber, timestamp),
      isolated: await readIsolated(client, deployment, blockNumber),
    };
  } catch (error) {
    if (error instanceof BaseError) throw error;
    throw new UnreadableFleetError(error);
  }
}

async function readGateways(
  client: PublicClient,
  deployment: Deployment,
  blockNumber: bigint,
): Promise<FleetGateway[]> {
  const directory = { address: deployment.contracts.directory, abi: directoryAbi, blockNumber } as const;
  const count = Number(await client.readContract({ ...directory, functionName: "gatewayCount" }));
  const gateways: FleetGateway[] = [];
  for (let id = 1; id <= count; id += 1) {
    const { zone, active, operator, httpUrl } = await client.readContract({
      ...directory,
      functionName: "gateway",
      args: [id],
    });
    gateways.push({ id, zone, active, operator, httpUrl });
  }
  return gateways;
}

async function readNames(
  client: PublicClient,
  deployment: Deployment,
  toBlock: bigint,
  now: bigint,
): Promise<FleetName[]> {
  const names = new Map<Hex, FleetName>();
  const address = deployment.contracts.registry;
  await forEachRange(deployment.startBlock, toBlock, async (range) => {
    for (const { eventName, args } of await client.getLogs({
      address,
      events: [NAME_REGISTERED, NAME_RENEWED],
      strict: true,
      ...range,
    })) {
      if (eventName === "NameRegistered") {
        const { node, label, expiry, shardIndex } = args;
        names.set(node, { node, label, expiry, shardIndex: Number(shardIndex) });
        continue;
      }
      // Emancipated subnames are renewed too; they carry no index of their own.
      const name = names.get(args.node);
      if (name) names.set(args.node, { ...name, expiry: args.expiry });
    }
  });
  return [...names.values()].filter((name) => name.expiry > now);
}

async function readIsolated(client: PublicClient, deployment: Deployment, toBlock: bigint): Promise<Map<Hex, number>> {
  const isolated = new Map<Hex, number>();
  const address = deployment.contracts.directory;
  await forEachRange(deployment.startBlock, toBlock, async (range) => {
    for (const { eventName, args } of await client.getLogs({
      address,
      events: [NAME_ISOLATED, NAME_RELEASED],
      strict: true,
      ...range,
    })) {
      if (eventName === "NameIsolated") isolated.set(args.node, args.index);
      else isolated.delete(args.node);
    }
  });
  return isolated;
}

/** Walks blocks in ranges as large as the provider allows. */
async function forEachRange(
  fromBlock: bigint,
  toBlock: bigint,
  work: (range: { fromBlock: bigint; toBlock: bigint }) => Promise<void>,
): Promise<void> {
  let size = BLOCKS_PER_REQUEST;
  for (let start = fromBlock; start <= toBlock; ) {
    const end = start + size - 1n < toBlock ? start + size - 1n : toBlock;
    try {
      await work({ fromBlock: start, toBlock: end });
    } catch (error) {
      if (start === end) throw error;
      size = (end - start + 1n) / 2n;
      continue;
    }
    start = end + 1n;
    if (size < BLOCKS_PER_REQUEST) size *= 2n;
  }
}

/** The index behind a name's shard at the head. */
export interface NameIndex {
  readonly index: number;
  /** From the isolation range, stored at registration, or hashed from the node of a name that is not registered. */
  readonly kind: "isolation" | "registered" | "bootstrap";
}

/** Asks the directory for the index of the name with this node. Throws `UnreadableFleetError`. */
export async function readNameIndex(client: PublicClient, deployment: Deployment, node: Hex): Promise<NameIndex> {
  try {
    const directory = { address: deployment.contracts.directory, abi: directoryAbi, args: [node] } as const;
    const [index, isBootstrap] = await client.readContract({ ...directory, functionName: "indexOf" });
    const isolation = await client.readContract({ ...directory, functionName: "isolationOf" });
    return { index: Number(index), kind: isBootstrap ? "bootstrap" : isolation === 0 ? "registered" : "isolation" };
  } catch (error) {
    throw new UnreadableFleetError(error);
  }
}

export class WrongChainError extends BaseError {
  override readonly name = "Chain.WrongChainError";
  constructor(actual: number, expected: number) {
    super("CHAIN_WRONG_CHAIN", `The RPC provider follows chain ${actual}; the deployment is on chain ${expected}.`);
  }
}

export class UnreadableFleetError extends BaseError {
  override readonly name = "Chain.UnreadableFleetError";
  constructor(cause: unknown) {
    super("CHAIN_UNREADABLE_FLEET", `The fleet cannot be read from the chain: ${messageOf(cause)}`, {
      cause,
      retriable: true,
    });
  }
}
