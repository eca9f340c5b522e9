/** Isolating a name on chain, and releasing it: the transactions, sent and waited for. */
import { createWalletClient, custom, decodeErrorResult, encodeFunctionData, type PublicClient } from "viem";
import { type Hex, isHex } from "../base/bytes.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import { directoryAbi } from "./abis/directory.ts";
import { createDeployProvider } from "./deployer.ts";
import type { Deployment } from "./deployment.ts";

/** One act of the isolation role. */
export type IsolationAct =
  | { readonly kind: "isolate"; readonly node: Hex; readonly index: number }
  | { readonly kind: "release"; readonly node: Hex }
  /** Gives one reserved slot (0..31) of a zone to a gateway of that zone. */
  | {
      readonly kind: "assignReservedSlot";
      readonly zone: number;
      readonly reservedSlot: number;
      readonly gatewayId: number;
    };

export interface SendOptions {
  readonly rpcUrl: string;
  /** The key of an account with the isolation role; the provider's own first account where it is left out, as on development chains. */
  readonly privateKey?: Hex;
}

function calldataOf(act: IsolationAct): Hex {
  switch (act.kind) {
    case "isolate":
      return encodeFunctionData({ abi: directoryAbi, functionName: "isolate", args: [act.node, act.index] });
    case "release":
      return encodeFunctionData({ abi: directoryAbi, functionName: "release", args: [act.node] });
    case "assignReservedSlot":
      return encodeFunctionData({
        abi: directoryAbi,
        functionName: "assignReservedSlot",
        args: [act.zone, act.reservedSlot, act.gatewayId],
      });
  }
}

/**
 * Sends acts one after the other, each once the one before is mined. Returns the hashes of their transactions.
 *
 * Throws `IsolationFailedError` at the first that fails; those before it stand.
 */
export async function sendIsolation(
  client: PublicClient,
  deployment: Deployment,
  acts: readonly IsolationAct[],
  options: SendOptions,
): Promise<Hex[]> {
  const provider = createDeployProvider(options.rpcUrl, options.privateKey);
  const [account] = (await provider.request({ method: "eth_accounts" })) as Hex[];
  if (account === undefined)
    throw new IsolationFailedError("no account", new Error("the RPC provider has none of its own"));
  const wallet = createWalletClient({ account, transport: custom(provider) });
  const hashes: Hex[] = [];
  for (const act of acts) {
    try {
      const data = calldataOf(act);
      const gas = await client.estimateGas({ account, to: deployment.contracts.directory, data });
      const fees = await client.estimateFeesPerGas();
      const nonce = await client.getTransactionCount({ address: account, blockTag: "pending" });
      const hash = await wallet.sendTransaction({
        to: deployment.contracts.directory,
        data,
        gas,
        ...fees,
        nonce,
        chain: null,
      });
      const receipt = await client.waitForTransactionReceipt({ hash });
      if (receipt.status !== "success") throw new Error(`transaction ${hash} reverted`);
      hashes.push(hash);
    } catch (error) {
      throw new IsolationFailedError(act.kind, error);
    }
  }
  return hashes;
}

/** The directory's refusal in an RPC provider's error; `undefined` where it gave none. */
function refusalOf(error: unknown): { readonly errorName: string; readonly args: readonly unknown[] } | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { data } = cause as { data?: unknown };
    const bytes = isHex(data) ? data : (data as { data?: unknown } | undefined)?.data;
    if (!isHex(bytes) || bytes === "0x") continue;
    try {
      const { errorName, args } = decodeErrorResult({ abi: directoryAbi, data: bytes });
      return { errorName, args: args ?? [] };
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** What to do about a refusal. */
const ADVICE: Readonly<Record<string, string>> = {
  GatewayDirectorySlotHandoverUnderWay:
    "The slot's former holder serves on until then (the last number, in seconds since 1970). Another reserved index is free to use.",
  GatewayDirectoryReservedSlotInUse:
    "Names are isolated there: give the slot to another gateway, or release them first.",
};

export class IsolationFailedError extends BaseError {
  override readonly name = "Chain.IsolationFailedError";
  constructor(act: string, cause: unknown) {
    const refusal = refusalOf(cause);
    const reason = refusal ? `${refusal.errorName}(${refusal.args.join(", ")})` : messageOf(cause);
    const advice =
      ADVICE[refusal?.errorName ?? ""] ?? "It takes an account with the isolation role; give its key in HOLDFAST_KEY.";
    super("CHAIN_ISOLATION_FAILED", `${act} failed: ${reason}`, { cause, metaMessages: [advice] });
  }
}
