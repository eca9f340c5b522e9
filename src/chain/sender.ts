/** An account that sends transactions, one after the other, each waited for. */
import { createPublicClient, createWalletClient, custom, type Hex, type PublicClient } from "viem";
import { BaseError, messageOf } from "../base/errors.ts";
import { createDeployProvider } from "./deployer.ts";

/** Reads a chain and writes to it with one account. */
export interface Sender {
  readonly client: PublicClient;
  readonly account: Hex;
  /** Sends a call and resolves to the transaction's hash once it is mined. Throws `TransactionFailedError`. */
  send(what: string, to: Hex, data: Hex, valueWei?: bigint): Promise<Hex>;
}

/**
 * A sender over an RPC provider, with a key of its own or, as on development chains, the provider's first account. Throws
 * `NoAccountError`.
 *
 * @example
 * ```ts
 * const sender = await createSender("http://127.0.0.1:8545");
 * await sender.send("the transfer", "0x…", "0x", 1n);
 * ```
 */
export async function createSender(rpcUrl: string, privateKey?: Hex): Promise<Sender> {
  const provider = createDeployProvider(rpcUrl, privateKey);
  const [account] = (await provider.request({ method: "eth_accounts" })) as Hex[];
  if (account === undefined) throw new NoAccountError();
  const client = createPublicClient({ transport: custom(provider), pollingInterval: 200 });
  const wallet = createWalletClient({ account, transport: custom(provider) });
  return {
    client,
    account,
    async send(what, to, data, valueWei = 0n) {
      try {
        const call = { to, data, value: valueWei } as const;
        const gas = await client.estimateGas({ ...call, account });
        const fees = await client.estimateFeesPerGas();
        const nonce = await client.getTransactionCount({ address: account, blockTag: "pending" });
        const hash = await wallet.sendTransaction({ ...call, gas, ...fees, nonce, chain: null });
        const receipt = await client.waitForTransactionReceipt({ hash });
        if (receipt.status !== "success") throw new Error(`transaction ${hash} reverted`);
        return hash;
      } catch (error) {
        throw new TransactionFailedError(what, error);
      }
    },
  };
}

export class NoAccountError extends BaseError {
  override readonly name = "Chain.NoAccountError";
  constructor() {
    super("CHAIN_NO_ACCOUNT", "There is no account to send from.", {
      metaMessages: ["Give a private key in the environment variable HOLDFAST_KEY."],
    });
  }
}

export class TransactionFailedError extends BaseError {
  override readonly name = "Chain.TransactionFailedError";
  constructor(what: string, cause: unknown) {
    super("CHAIN_TRANSACTION_FAILED", `${what} failed: ${messageOf(cause)}`, { cause });
  }
}
