/** The registry with its controller, feed and reverse registrar on a fresh in-process chain, for tests of contracts. */
import { network } from "hardhat";
import { type Abi, encodeAbiParameters, type Hex, keccak256, stringToBytes, zeroAddress, zeroHash } from "viem";
import { namehash } from "../../../src/naming/namehash.ts";

export const TLD = "hold";
export const YEAR_SECONDS = 365n * 86_400n;
/** 2,500 USD with eight decimals. */
export const FEED_ANSWER = 250_000_000_000n;

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
    secret: keccak256(stringToBytes(`secret of ${wanted.label}`)),
    data: wanted.data ?? [],
    reverse: wanted.reverse ?? 0n,
    referrer: wanted.referrer ?? zeroHash,
  };
}

export const labelhash = (label: string): Hex => keccak256(stringToBytes(label));
export const nodeOf = (name: string): Hex => namehash(name);

/** Slot of an entry of the mapping at `slot` (`LAYOUT.md`). */
export function mappingSlot(key: Hex, slot: bigint): Hex {
  return keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint256" }], [key, slot]));
}

async function connect() {
  const connection = await network.create();
  const { viem } = connection;
  const wallets = await viem.getWalletClients();
  const [governor, alice, bob, carol] = wallets;
  if (!governor || !alice || !bob || !carol) throw new Error("the chain has fewer than four accounts");
  const feed = await viem.deployContract("MockPriceFeed", [8, FEED_ANSWER]);
  const manager = await viem.deployContract("AccessManager", [governor.account.address]);
  const renderer = await viem.deployContract("TokenRenderer");
  const code = await viem.deployContract("NameRegistry", [
    "hold",
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
      maxFeedAge: 3600n,
      treasury: "0x00000000000000000000000000000000000071ea",
    },
  ]);
  const reverse = await viem.getContractAt("ReverseRegistrar", await genesis.read.reverseRegistrar());
  const registry = await viem.getContractAt("NameRegistry", await genesis.read.registry());
  const controller = await viem.getContractAt("RegistrarController", await genesis.read.controller());
  return { connection, viem, governor, alice, bob, carol, feed, manager, reverse, renderer, registry, controller };
}

/** Deploys everything and returns it with the few moves that most tests make. */
export async function deployHoldfast() {
  const deployed = await connect();
  const { connection, controller, registry } = deployed;
  const time = connection.networkHelpers.time;

  /** Commits to a registration, waits on the chain's clock, reveals it. */
  async function register(wanted: Wanted, from: Hex = wanted.owner): Promise<Hex> {
    const wish = registration(wanted);
    await controller.write.commit([await controller.read.makeCommitment([wish])], { account: from });
    await time.increase(60);
    const [base, premium] = await controller.read.rentPrice([wish.label, wish.duration]);
    await controller.write.register([wish], { account: from, value: base + premium });
    return nodeOf(`${wish.label}.${TLD}`);
  }

  return { ...deployed, time, register, zeroAddress, registryAddress: registry.address };
}

export type Holdfast = Awaited<ReturnType<typeof deployHoldfast>>;

/** A contract whose custom errors a refusal is read by. */
interface ErrorSource {
  readonly abi: Abi;
  readonly address: Hex;
}

/**
 * Deploys everything once for the tests of a `describe`, with `prepare`'s moves made, and undoes after each test what that did.
 * The returned function gives it to them.
 */
export function useHoldfast<Prepared = undefined>(prepare?: (holdfast: Holdfast) => Promise<Prepared>) {
  let world: Holdfast & { readonly prepared: Prepared };
  let snapshot: { restore(): Promise<void> };
  before(async () => {
    const holdfast = await deployHoldfast();
    world = { ...holdfast, prepared: (await prepare?.(holdfast)) as Prepared };
    snapshot = await holdfast.connection.networkHelpers.takeSnapshot();
  });
  afterEach(() => snapshot.restore());
  return () => world;
}

/** Expects a call to be refused with a custom error, and with the very values that offend. */
export function refuses(
  world: { readonly viem: Holdfast["viem"] },
  call: Promise<unknown>,
  source: ErrorSource,
  error: string,
  values: readonly unknown[] = [],
): Promise<void> {
  const { revertWithCustomErrorWithArgs } = world.viem.assertions;
  return revertWithCustomErrorWithArgs(call as Promise<Hex>, source as never, error as never, [...values] as never);
}

/** What a call reverted with, out of the error of a client or a provider, however deep. */
export function revertData(error: unknown): Hex {
  for (
    let cause = error as { data?: unknown; cause?: unknown } | undefined;
    cause;
    cause = cause.cause as typeof cause
  ) {
    const { data } = cause;
    if (typeof data === "string") return data as Hex;
    const inner = (data as { data?: unknown } | undefined)?.data;
    if (typeof inner === "string") return inner as Hex;
  }
  throw error;
}
