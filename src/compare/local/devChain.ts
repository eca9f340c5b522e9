/** The few calls that only a development chain takes: moving its clock, and reading past any provider. */

import type { Hex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";

export class DevChainError extends BaseError {
  override readonly name = "Compare.DevChainError";
  constructor(method: string, reason: string) {
    super("COMPARE_DEV_CHAIN", `The chain refused ${method}: ${reason}.`);
  }
}

export interface DevChain {
  readonly url: string;
  request(method: string, params?: readonly unknown[]): Promise<unknown>;
  firstAccount(): Promise<Hex>;
  blockNumber(): Promise<bigint>;
  /** Moves the chain's clock forward and makes a block. */
  passTime(seconds: number): Promise<void>;
  /** Brings the chain's clock, which began in the past, up to `nowMs`. */
  catchUp(nowMs: number): Promise<void>;
}

export function createDevChain(url: string): DevChain {
  let id = 0;
  const request = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    id += 1;
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
    });
    const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
    if (answer.error) throw new DevChainError(method, answer.error.message);
    return answer.result;
  };
  return {
    url,
    request,
    firstAccount: async () => ((await request("eth_accounts")) as Hex[])[0]!,
    blockNumber: async () => BigInt((await request("eth_blockNumber")) as string),
    async passTime(seconds) {
      await request("evm_increaseTime", [seconds]);
      await request("evm_mine");
    },
    async catchUp(nowMs) {
      await request("evm_setNextBlockTimestamp", [Math.floor(nowMs / 1000)]);
      await request("evm_mine");
    },
  };
}
