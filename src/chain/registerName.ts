/** Registering one name under the TLD: commitment, wait, reveal. A registration that was begun can be finished later. */
import { encodeFunctionData, type Hex, zeroHash } from "viem";
import { type Clock, delay } from "../base/clock.ts";
import { BaseError } from "../base/errors.ts";
import { controllerAbi } from "./abis/controller.ts";
import type { Deployment } from "./deployment.ts";
import type { Sender } from "./sender.ts";

/** What a commitment hides; who loses it loses the commitment. */
export interface PendingRegistration {
  readonly label: string;
  readonly owner: Hex;
  readonly durationSeconds: number;
  readonly secret: Hex;
  /** Whether the name becomes the sender's primary name too. */
  readonly primary: boolean;
}

export declare namespace registerName {
  interface Options {
    readonly clock: Clock;
    /** Told of each step. */
    readonly onStep?: (step: string) => void;
    /** Moves a development chain's clock instead of waiting. */
    readonly skipWait?: boolean;
    readonly signal?: AbortSignal;
  }
  interface ReturnType {
    readonly transaction: Hex;
    /** What was sent with it, in wei; the surplus over the price has come back. */
    readonly priceWei: bigint;
  }
}

/** How often the chain's time is asked, in milliseconds. */
const POLL_MS = 1_000;

function registrationOf(pending: PendingRegistration) {
  return {
    label: pending.label,
    owner: pending.owner,
    duration: BigInt(pending.durationSeconds),
    secret: pending.secret,
    data: [],
    reverse: pending.primary ? 1n : 0n,
    referrer: zeroHash,
  };
}

/**
 * Registers a name. Commits unless the same commitment waits on chain already, so a second call after an interruption goes on
 * where the first stopped. Throws `NameUnavailableError`, `TransactionFailedError`.
 */
export async function registerName(
  sender: Sender,
  deployment: Deployment,
  pending: PendingRegistration,
  options: registerName.Options,
): Promise<registerName.ReturnType> {
  const { onStep = () => {} } = options;
  const controller = { address: deployment.contracts.controller, abi: controllerAbi } as const;
  const { client } = sender;
  const registration = registrationOf(pending);
  const free = await client.readContract({ ...controller, functionName: "available", args: [pending.label] });
  if (!free) throw new NameUnavailableError(`${pending.label}.${deployment.tld}`);
  const commitment = await client.readContract({ ...controller, functionName: "makeCommitment", args: [registration] });
  const committedAt = () => client.readContract({ ...controller, functionName: "commitments", args: [commitment] });
  if ((await committedAt()) === 0n) {
    onStep("committing");
    const data = encodeFunctionData({ abi: controllerAbi, functionName: "commit", args: [commitment] });
    await sender.send("The commitment", controller.address, data);
  }
  const ripeAt =
    (await committedAt()) + (await client.readContract({ ...controller, functionName: "minCommitmentAge" }));
  onStep("waiting for the commitment to ripen");
  await waitUntil(sender, ripeAt, options);
  const [base, premium] = await client.readContract({
    ...controller,
    functionName: "rentPrice",
    args: [pending.label, registration.duration],
  });
  // The feed may move between the asking and the paying; what is too much comes back.
  const priceWei = ((base + premium) * 105n) / 100n;
  onStep("registering");
  const data = encodeFunctionData({ abi: controllerAbi, functionName: "register", args: [registration] });
  return { transaction: await sender.send("The registration", controller.address, data, priceWei), priceWei };
}

/** Waits until the next block's time is `atSeconds`, by the chain's clock. */
async function waitUntil(sender: Sender, atSeconds: bigint, options: registerName.Options): Promise<void> {
  const { client } = sender;
  for (;;) {
    const { timestamp } = await client.getBlock({ blockTag: "pending" });
    if (timestamp >= atSeconds) return;
    if (options.skipWait) {
      const seconds = Number(atSeconds - timestamp);
      await client.request({ method: "evm_increaseTime" as never, params: [`0x${seconds.toString(16)}`] as never });
      await client.request({ method: "evm_mine" as never, params: [] as never });
    } else {
      await delay(options.clock, POLL_MS, options.signal);
    }
  }
}

export class NameUnavailableError extends BaseError {
  override readonly name = "Chain.NameUnavailableError";
  constructor(name: string) {
    super("CHAIN_NAME_UNAVAILABLE", `${name} cannot be registered: it is taken, or no label the registry accepts.`);
  }
}
