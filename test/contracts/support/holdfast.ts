/** The registry with its controller, feed and reverse registrar on a fresh in-process chain, for tests of contracts. */
import { type Abi, encodeAbiParameters, type Hex, keccak256, stringToBytes, zeroAddress } from "viem";
import { deployInProcess, registration, TLD, type Wanted } from "../../../scripts/deploy/inProcess.ts";
import { namehash } from "../../../src/naming/namehash.ts";

export { FEED_ANSWER, registration, TLD, YEAR_SECONDS } from "../../../scripts/deploy/inProcess.ts";

export const labelhash = (label: string): Hex => keccak256(stringToBytes(label));
export const nodeOf = (name: string): Hex => namehash(name);

/** Slot of an entry of the mapping at `slot` (`LAYOUT.md`). */
export function mappingSlot(key: Hex, slot: bigint): Hex {
  return keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint256" }], [key, slot]));
}

/** Deploys everything and returns it with the few moves that most tests make. */
export async function deployHoldfast() {
  const deployed = await deployInProcess({ feedUpdated: "always", feedAgeSecondsMax: 3_600n });
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
