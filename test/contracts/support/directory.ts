/** A directory of gateways on a fresh in-process chain, over a registry that knows no names, for tests of contracts. */
import { network } from "hardhat";
import type { Hex } from "viem";

/** Deploys the directory; every gateway's `entry` has the operator's account and endpoints of its own number. */
export async function deployDirectory() {
  const { viem, networkHelpers } = await network.create();
  const wallets = await viem.getWalletClients();
  const [governor, operator, stranger] = wallets.map(({ account }) => account.address) as [Hex, Hex, Hex];
  const manager = await viem.deployContract("AccessManager", [governor]);
  const registry = await viem.deployContract("MockShardIndices");
  const directory = await viem.deployContract("GatewayDirectory", [manager.address, registry.address]);
  const entry = (number: number, zone: number) => ({
    operator,
    signer: stranger,
    zone,
    httpUrl: `https://g${number}.example.org`,
    dnsEndpoint: `g${number}.example.org:53`,
  });
  return { viem, networkHelpers, governor, operator, stranger, manager, registry, directory, entry };
}

export type DeployedDirectory = Awaited<ReturnType<typeof deployDirectory>>;

/** Slots 0..511 as the two words of a set, a bit each. */
export function slotSetOf(slots: readonly number[]): readonly [bigint, bigint] {
  const words: [bigint, bigint] = [0n, 0n];
  for (const slot of slots) words[slot >> 8]! |= 1n << BigInt(slot & 255);
  return words;
}

/** How long whoever lost a slot serves on, as the contract has it. */
export const HANDOVER_SECONDS = 300;

/** Words of a zone whose 512 slots belong to the ids in turn. */
export function wordsOf(...ids: readonly number[]): bigint[] {
  return Array.from({ length: 32 }, (_, word) =>
    Array.from({ length: 16 }, (_, lane) => BigInt(ids[(16 * word + lane) % ids.length]!) << BigInt(16 * lane)).reduce(
      (sum, part) => sum | part,
    ),
  );
}
