/**
 * Off-chain lookups in batches (ENSIP-21): one lookup that stands for several, each with URLs of its own. A contract that names
 * the scheme `x-batch-gateway:true` asks the client to be the batch gateway itself.
 */
import { decodeAbiParameters, encodeAbiParameters } from "viem";
import { type Hex, isHex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";

/** The URL by which a contract asks the client to be the batch gateway. */
export const LOCAL_BATCH_URL = "x-batch-gateway:true";

const REQUESTS = [
  {
    type: "tuple[]",
    components: [
      { name: "sender", type: "address" },
      { name: "urls", type: "string[]" },
      { name: "data", type: "bytes" },
    ],
  },
] as const;
/** `query((address,string[],bytes)[])`. */
const QUERY_SELECTOR = "0xa780bab6";
const RESULT = [{ type: "bool[]" }, { type: "bytes[]" }] as const;
const HTTP_ERROR = [{ type: "uint16" }, { type: "string" }] as const;
/** `HttpError(uint16,string)`, by which a batch tells that one of its requests failed (ENSIP-21). */
const HTTP_ERROR_SELECTOR = "0x01800152";
/** More requests than any batch of a resolver has. */
const BATCH_MAX = 64;

export interface BatchRequest {
  readonly sender: Hex;
  readonly urls: readonly string[];
  readonly data: Hex;
}

export class MalformedBatchError extends BaseError {
  override readonly name = "Client.MalformedBatchError";
  constructor(reason: string, cause?: unknown) {
    super("CLIENT_MALFORMED_BATCH", `The batch of off-chain lookups cannot be made: ${reason}.`, { cause });
  }
}

/** Whether a lookup is a batch that the client is to make itself. */
export function isLocalBatch(urls: readonly string[], data: string): boolean {
  return urls.includes(LOCAL_BATCH_URL) && data.startsWith(QUERY_SELECTOR);
}

/** The requests of a batch. Throws `MalformedBatchError`. */
export function decodeBatch(data: Hex): readonly BatchRequest[] {
  if (!isHex(data)) throw new MalformedBatchError("it is not hexadecimal");
  let requests: readonly BatchRequest[];
  try {
    [requests] = decodeAbiParameters(REQUESTS, `0x${data.slice(QUERY_SELECTOR.length)}`);
  } catch (error) {
    throw new MalformedBatchError("it is out of form", error);
  }
  if (requests.length > BATCH_MAX) throw new MalformedBatchError(`it has more than ${BATCH_MAX} requests`);
  return requests;
}

/** The response to a batch: what came of each request, `undefined` where nothing did. */
export function encodeBatchResult(responses: readonly (Hex | undefined)[]): Hex {
  const failure = `${HTTP_ERROR_SELECTOR}${encodeAbiParameters(HTTP_ERROR, [503, "no answer"]).slice(2)}` as Hex;
  return encodeAbiParameters(RESULT, [
    responses.map((response) => response === undefined),
    responses.map((response) => response ?? failure),
  ]);
}

/** Requests that ask the same of the same contract's behalf: their gateways can stand in for one another. */
export function siblingsOf(requests: readonly BatchRequest[]): readonly (readonly BatchRequest[])[] {
  return [...Map.groupBy(requests, ({ sender, data }) => `${sender}/${data}`).values()];
}
