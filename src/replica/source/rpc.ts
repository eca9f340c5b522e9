/** JSON-RPC over HTTP with a deadline and a size cap on every call: what a gateway needs of an RPC provider, no more. */
import { type Clock, withDeadline } from "../../base/clock.ts";
import { BaseError, messageOf } from "../../base/errors.ts";

/** What `fetch` does; handed in, so that tests and the simulator answer it themselves. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface RpcOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly fetch?: Fetch;
  /** Per call, in milliseconds. */
  readonly deadlineMs?: number;
  /** Longest response body read, in bytes. */
  readonly bodyBytesMax?: number;
}

/** Calls one method; resolves to its `result`. Throws `RpcUnreachableError` or `RpcRefusedError`. */
export type Rpc = (method: string, parameters: readonly unknown[]) => Promise<unknown>;

export class RpcUnreachableError extends BaseError {
  override readonly name = "Replica.RpcUnreachableError";
  constructor(url: string, cause: unknown) {
    super("REPLICA_RPC_UNREACHABLE", `The RPC provider at ${originOf(url)} gave no answer: ${messageOf(cause)}.`, {
      cause,
      retriable: true,
    });
  }
}

export class RpcRefusedError extends BaseError {
  override readonly name = "Replica.RpcRefusedError";
  readonly rpcCode: number;
  constructor(url: string, method: string, rpcCode: number, reason: string) {
    super("REPLICA_RPC_REFUSED", `The RPC provider at ${originOf(url)} refused ${method}: ${reason.slice(0, 200)}`, {
      metaMessages: [`JSON-RPC error ${rpcCode}.`],
    });
    this.rpcCode = rpcCode;
  }
}

class MalformedRpcResponseError extends BaseError {
  override readonly name = "Replica.MalformedRpcResponseError";
  constructor(reason: string) {
    super("REPLICA_MALFORMED_RPC_RESPONSE", `the response ${reason}`);
  }
}

/** A provider without the path and the query of its URL, which often hold a key. */
export function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "a malformed URL";
}

async function readCapped(response: Response, byteCountMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of response.body ?? []) {
    byteCount += chunk.length;
    if (byteCount > byteCountMax) throw new MalformedRpcResponseError(`is longer than ${byteCountMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A caller of one RPC provider. */
export function createRpc(options: RpcOptions): Rpc {
  const { url, clock, fetch = globalThis.fetch, deadlineMs = 5_000, bodyBytesMax = 64 * 1024 * 1024 } = options;
  let id = 0;
  return async (method, parameters) => {
    id += 1;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params: parameters });
    let message: unknown;
    try {
      const text = await withDeadline(clock, deadlineMs, "The call", async (signal) => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" });
        return await readCapped(response, bodyBytesMax);
      });
      message = JSON.parse(text);
    } catch (error) {
      throw new RpcUnreachableError(url, error);
    }
    if (typeof message !== "object" || message === null) {
      throw new RpcUnreachableError(url, new MalformedRpcResponseError("is not an object"));
    }
    const { result, error } = message as { result?: unknown; error?: { code?: unknown; message?: unknown } };
    if (error) throw new RpcRefusedError(url, method, Number(error.code), String(error.message));
    if (result === undefined) throw new RpcUnreachableError(url, new MalformedRpcResponseError("has no result"));
    return result;
  };
}
