/** JSON-RPC to one provider over HTTP: several calls in one exchange, every reply checked for shape. */
import { utf8Text } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { refusalOf } from "./httpReply.ts";
import type { Run } from "./run.ts";

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A provider said that it could not, or said nonsense. */
export class RpcError extends BaseError {
  override readonly name = "Client.RpcError";
  /** `refused`: it is unwilling or unable; `wrong`: what it said is no reply. */
  readonly outcome: "refused" | "wrong";
  readonly barredMs: number | undefined;
  constructor(outcome: "refused" | "wrong", reason: string, barredMs?: number) {
    super("CLIENT_RPC", reason, { retriable: outcome === "refused" });
    this.outcome = outcome;
    this.barredMs = barredMs;
  }
}

/** Proofs of a hundred long records fit. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

function parseBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Text(body) ?? "");
  } catch {
    throw new RpcError("wrong", "the provider's reply is not JSON");
  }
}

/** What a provider said went wrong with one call. */
export interface RpcFailure {
  readonly code: unknown;
  readonly message: string;
  readonly data: unknown;
}

/** What came of one call: a result, or what the provider said went wrong. */
export type RpcOutcome = { readonly result: unknown } | { readonly failure: RpcFailure };

/** What came of each of `calls`, in order. Throws `RpcError` where the reply is none to them, and `TransportError`. */
export async function exchangeRpc(
  run: Run,
  url: string,
  calls: readonly RpcCall[],
  signal: AbortSignal,
): Promise<readonly RpcOutcome[]> {
  const messages = calls.map((call, id) => ({ jsonrpc: "2.0", id, method: call.method, params: call.params }));
  const response = await run.transport.http({
    method: "POST",
    url,
    fields: { "content-type": "application/json" },
    body: JSON.stringify(messages.length === 1 ? messages[0] : messages),
    bodyBytesMax: BODY_BYTES_MAX,
    signal,
  });
  const refusal = refusalOf(run, response);
  if (refusal !== undefined) throw new RpcError("refused", refusal.reason, refusal.barredMs);
  const parsed = parseBody(response.body);
  const replies = new Map<unknown, unknown>();
  for (const reply of Array.isArray(parsed) ? parsed : [parsed]) {
    if (typeof reply === "object" && reply !== null && "id" in reply) replies.set(reply.id, reply);
    else throw new RpcError("wrong", "the provider's reply is not JSON-RPC");
  }
  // A provider that refuses a batch as a whole answers with a single error whose id is null.
  return calls.map((call, id) => outcomeOf(call, replies.get(id) ?? replies.get(null)));
}

/** The results of `calls`, in order. Throws `RpcError` where any failed, and `TransportError`. */
export async function callRpc(
  run: Run,
  url: string,
  calls: readonly RpcCall[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const outcomes = await exchangeRpc(run, url, calls, signal);
  return outcomes.map((outcome, index) => {
    if ("result" in outcome) return outcome.result;
    throw new RpcError("refused", `${calls[index]?.method}: ${outcome.failure.message}`);
  });
}

function outcomeOf(call: RpcCall, reply: unknown): RpcOutcome {
  if (typeof reply !== "object" || reply === null) throw new RpcError("wrong", `no reply to ${call.method}`);
  if ("error" in reply && reply.error !== undefined && reply.error !== null) {
    const error: Record<string, unknown> = typeof reply.error === "object" ? { ...reply.error } : {};
    const message = String(error.message ?? "an error").slice(0, 200);
    return { failure: { code: error.code, message, data: error.data } };
  }
  if (!("result" in reply)) throw new RpcError("wrong", `no result of ${call.method}`);
  return { result: reply.result };
}
