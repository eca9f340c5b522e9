/** A block as a provider tells it. Its hash is only the provider's word until others agree. */
import { type Hex, isHex } from "../../base/bytes.ts";
import type { BlockReference } from "../../protocol/answer.ts";
import { RpcError } from "../rpc.ts";

function quantity(value: unknown): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-f]{1,16}$/i.test(value)) {
    throw new RpcError("wrong", "a block with a number out of form");
  }
  return BigInt(value);
}

function hash(value: unknown): Hex {
  if (!isHex(value) || value.length !== 66) throw new RpcError("wrong", "a block with a hash out of form");
  return value.toLowerCase() as Hex;
}

/** The result of `eth_getBlockByNumber`. Throws `RpcError`. */
export function parseRpcBlock(value: unknown): BlockReference {
  if (value === null) throw new RpcError("refused", "the provider does not have the block");
  if (typeof value !== "object") throw new RpcError("wrong", "the provider's block is not one");
  const block = value as Record<string, unknown>;
  return {
    number: quantity(block.number),
    hash: hash(block.hash),
    stateRoot: hash(block.stateRoot),
    timestamp: quantity(block.timestamp),
  };
}

export function blockTag(number: bigint): string {
  return `0x${number.toString(16)}`;
}

/** Whether two providers tell of the same block. */
export function isSameBlock(left: BlockReference, right: BlockReference): boolean {
  return left.hash === right.hash && left.stateRoot === right.stateRoot && left.timestamp === right.timestamp;
}
