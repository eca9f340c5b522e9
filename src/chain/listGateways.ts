/** Lists a fleet's gateways in the directory and gives out every slot of every zone, as a new network does once. */
import { createPublicClient, createWalletClient, encodeFunctionData, http } from "viem";
import type { Hex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { placeGateways } from "../sharding/placement.ts";
import { ORDINARY_SLOT_COUNT, SLOT_COUNT, ZONE_COUNT } from "../sharding/shard.ts";
import { directoryAbi } from "./abis/directory.ts";
import type { Deployment } from "./deployment.ts";

export interface NewGateway {
  readonly signer: Hex;
  /** Who may change the entry, and counts as its operator where operators must be distinct. */
  readonly operator: Hex;
  /** 0 to 3. */
  readonly zone: number;
  readonly httpUrl: string;
  /** `host:port` */
  readonly dnsEndpoint: string;
}

export declare namespace listGateways {
  interface Parameters {
    readonly rpcUrl: string;
    readonly deployment: Deployment;
    /** An account the RPC provider can send from; it holds the fleet role. */
    readonly sender: Hex;
    /** At least one in each zone. */
    readonly gateways: readonly NewGateway[];
    /** Draws the slots. */
    readonly seed: number | string;
  }
}

export class ListingRevertedError extends BaseError {
  override readonly name = "Chain.ListingRevertedError";
  constructor(what: string) {
    super("CHAIN_LISTING_REVERTED", `The directory did not take ${what}.`);
  }
}

/**
 * Lists gateways in order and seeds the zones; the ids are 1, 2, … in a directory without gateways. Throws
 * `ListingRevertedError`, or what `placeGateways` throws for a fleet that leaves a zone empty.
 */
export async function listGateways(parameters: listGateways.Parameters): Promise<readonly number[]> {
  const { deployment, gateways, sender } = parameters;
  const transport = http(parameters.rpcUrl, { timeout: 60_000, retryCount: 0 });
  const reader = createPublicClient({ transport, pollingInterval: 50 });
  const writer = createWalletClient({ transport, account: sender });
  const address = deployment.contracts.directory;
  const send = async (data: Hex, what: string) => {
    const hash = await writer.sendTransaction({ chain: null, to: address, data, gas: 5_000_000n });
    const receipt = await reader.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") throw new ListingRevertedError(what);
  };
  const before = await reader.readContract({ abi: directoryAbi, address, functionName: "gatewayCount" });
  const ids = gateways.map((_, index) => Number(before) + index + 1);
  const placement = placeGateways({
    gateways: gateways.map(({ zone }, index) => ({ id: ids[index]!, zone })),
    seed: parameters.seed,
  });
  for (const gateway of gateways) {
    const data = encodeFunctionData({ abi: directoryAbi, functionName: "registerGateway", args: [gateway] });
    await send(data, `the gateway ${gateway.httpUrl}`);
  }
  for (let zone = 0; zone < ZONE_COUNT; zone += 1) {
    const words = wordsOf(placement.table, zone);
    await send(
      encodeFunctionData({ abi: directoryAbi, functionName: "seedZone", args: [zone, words] }),
      `zone ${zone}'s slots`,
    );
  }
  return ids;
}

type SeedWords = Parameters<typeof encodeFunctionData<typeof directoryAbi, "seedZone">>[0]["args"][1];

/** 16 gateway ids to a word, slot 0 in the lowest bits. */
function wordsOf(table: Uint16Array, zone: number): SeedWords {
  const words = Array.from({ length: ORDINARY_SLOT_COUNT / 16 }, (_, word) => {
    let value = 0n;
    for (let lane = 15; lane >= 0; lane -= 1) {
      value = (value << 16n) | BigInt(table[zone * SLOT_COUNT + word * 16 + lane] ?? 0);
    }
    return value;
  });
  return words as unknown as SeedWords;
}
