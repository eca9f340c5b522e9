/** Registry, controller and what they need on a fresh in-process chain, for contract tests and the gas benchmark. */
import { network } from "hardhat";
import { type Hex, keccak256, stringToBytes, zeroAddress, zeroHash } from "viem";

export const TLD = "hold";
export const YEAR_SECONDS = 365n * 86_400n;
/** 2,500 USD with eight decimals. */
export const FEED_ANSWER = 250_000_000_000n;
export const TREASURY: Hex = "0x00000000000000000000000000000000000071ea";

/** What a registration asks for, the rest by default. */
export interface Wanted {
  readonly label: string;
  readonly owner: Hex;
  readonly duration?: bigint;
  readonly data?: readonly Hex[];
  readonly reverse?: bigint;
  readonly referrer?: Hex;
}

/** A registration as the controller takes it. */
export function registration(wanted: Wanted) {
  return {
    label: wanted.label,
    owner: wanted.owner,
    duration: wanted.duration ?? YEAR_SECONDS,
    secret: keccak256(stringToBytes(wanted.label)),
    data: wanted.data ?? [],
    reverse: wanted.reverse ?? 0n,
    referrer: wanted.referrer ?? zeroHash,
  };
}

export interface InProcessOptions {
  /** When the feed was updated last: at the time of deployment, or, at every time it is asked, just now. */
  readonly feedUpdated: "once" | "always";
  readonly feedAgeSecondsMax: bigint;
}

/** Deploys on a chain of its own. The same transactions in the same order each time, so that addresses, and with them gas, stay. */
export async function deployInProcess({ feedUpdated, feedAgeSecondsMax }: InProcessOptions) {
  const connection = await network.create();
  const { viem } = connection;
  const client = await viem.getPublicClient();
  const wallets = await viem.getWalletClients();
  const [governor, alice, bob, carol] = wallets;
  if (!governor || !alice || !bob || !carol) throw new Error("the chain has fewer than four accounts");
  const feed = await viem.deployContract("MockPriceFeed", [8, FEED_ANSWER]);
  await feed.write.set([FEED_ANSWER, feedUpdated === "once" ? (await client.getBlock()).timestamp : 0n]);
  const manager = await viem.deployContract("AccessManager", [governor.account.address]);
  const renderer = await viem.deployContract("TokenRenderer");
  const code = await viem.deployContract("NameRegistry", [
    TLD,
    zeroAddress,
    zeroAddress,
    zeroAddress,
    renderer.address,
  ]);
  const genesis = await viem.deployContract("Genesis", [
    {
      tldLabel: TLD,
      governance: manager.address,
      registryCode: code.address,
      priceFeed: feed.address,
      maxFeedAge: feedAgeSecondsMax,
      treasury: TREASURY,
    },
  ]);
  const reverse = await viem.getContractAt("ReverseRegistrar", await genesis.read.reverseRegistrar());
  const registry = await viem.getContractAt("NameRegistry", await genesis.read.registry());
  const controller = await viem.getContractAt("RegistrarController", await genesis.read.controller());
  const accounts = { governor, alice, bob, carol };
  return { connection, viem, client, wallets, ...accounts, feed, manager, reverse, renderer, registry, controller };
}
