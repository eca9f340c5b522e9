/** An RPC provider over a simulated chain, as a function from a request's body to its reply's. */
import { isHex } from "../base/bytes.ts";
import type { BlockHeader } from "../replica/source/chainSource.ts";
import { CHAIN_ID, type SimulatedChain } from "./simulatedChain.ts";

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Replies to one call or a batch of them, in JSON-RPC 2.0. */
export function answerRpc(chain: SimulatedChain, body: string): string {
  const request = JSON.parse(body) as Call | Call[];
  return JSON.stringify(Array.isArray(request) ? request.map((call) => reply(chain, call)) : reply(chain, request));
}

function reply(chain: SimulatedChain, call: Call): unknown {
  const common = { jsonrpc: "2.0", id: call.id };
  switch (call.method) {
    case "eth_chainId":
      return { ...common, result: `0x${CHAIN_ID.toString(16)}` };
    case "eth_getBlockByNumber": {
      const header = headerAt(chain, call.params[0]);
      return { ...common, result: header === null ? null : blockOf(header) };
    }
    case "eth_getStorageAt":
      return { ...common, result: isHex(call.params[1]) ? chain.slot(call.params[1]).value : null };
    case "eth_getProof": {
      const slots = (call.params[1] as unknown[]).filter(isHex);
      const header = headerAt(chain, call.params[2]);
      if (header === null) return { ...common, error: { code: -32_001, message: "unknown block" } };
      return { ...common, result: proofOf(chain, slots) };
    }
    default:
      return { ...common, error: { code: -32_601, message: `${call.method} is not supported` } };
  }
}

function headerAt(chain: SimulatedChain, tag: unknown): BlockHeader | null {
  return chain.headerAt(tag === "latest" || typeof tag !== "string" ? "latest" : Number(tag));
}

function blockOf(header: BlockHeader): unknown {
  return {
    number: `0x${header.number.toString(16)}`,
    hash: header.hash,
    parentHash: header.parentHash,
    stateRoot: header.stateRoot,
    timestamp: `0x${header.timestamp.toString(16)}`,
  };
}

function proofOf(chain: SimulatedChain, slots: readonly `0x${string}`[]): unknown {
  return {
    accountProof: chain.accountNodes,
    storageProof: slots.map((slot) => {
      const { value, nodes } = chain.slot(slot);
      return { key: slot, value: `0x${BigInt(value).toString(16)}`, proof: nodes };
    }),
  };
}
