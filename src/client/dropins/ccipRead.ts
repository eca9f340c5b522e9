/**
 * Off-chain lookups (ERC-3668) that survive bad gateways: hedged, checked before they count, and over within a deadline. Stock
 * viem and ethers take this in place of their own fetcher, see `viem.ts` and `ethers.ts`.
 */
import { type Hex, isHex, utf8Text } from "../../base/bytes.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { BaseError, messageOf } from "../../base/errors.ts";
import { type Random, secureRandom } from "../../base/random.ts";
import { askSeveral, type Reply, type Target } from "../askSeveral.ts";
import { createHealth, type HealthOptions } from "../health.ts";
import { refusalOf } from "../httpReply.ts";
import type { Attempt } from "../resolution.ts";
import { createRetryBudget } from "../retryBudget.ts";
import { type Run, type Shared, withRun } from "../run.ts";
import type { ClientTransport, HttpResponse } from "../transport.ts";
import { askNewest, type CcipRanking } from "./ccipNewest.ts";
import { isOutwardUrl } from "./ccipUrl.ts";

export interface CcipReadParameters {
  /** The contract that asks. */
  readonly sender: string;
  readonly data: string;
  /** In the contract's order of preference. */
  readonly urls: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Whether the contract will take a response. Without it, the first well-formed response counts, as in stock clients; with it,
 * a liar costs no more than a dead gateway. May throw, which counts as no.
 */
export type VerifyCcipResponse = (
  request: { readonly sender: string; readonly data: string },
  response: Hex,
) => boolean | Promise<boolean>;

export interface CcipReaderOptions {
  readonly transport: ClientTransport;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly verify?: VerifyCcipResponse;
  /** Where responses can be old and count all the same: the newest of them is taken. */
  readonly ranking?: CcipRanking;
  /** For one lookup, in milliseconds; 2,500 by default. */
  readonly deadlineMs?: number;
  readonly health?: HealthOptions;
  /** Which URLs may be asked; by default those that point outward. */
  readonly allowsUrl?: (url: string) => boolean;
}

/** No gateway gave a response that counts. */
export class CcipUnavailableError extends BaseError {
  override readonly name = "Client.CcipUnavailableError";
  readonly trace: readonly Attempt[];
  constructor(reason: string, trace: readonly Attempt[]) {
    super("CLIENT_CCIP_UNAVAILABLE", `No gateway could answer: ${reason}.`, {
      retriable: true,
      metaMessages: trace.map((attempt) => `${attempt.endpoint}: ${attempt.outcome}, ${attempt.reason}.`),
    });
    this.trace = trace;
  }
}

export interface CcipResponse {
  readonly url: string;
  readonly response: Hex;
  readonly trace: readonly Attempt[];
}

/** One lookup. Rejects with `CcipUnavailableError`. */
export type CcipReader = (parameters: CcipReadParameters) => Promise<CcipResponse>;

interface UrlTarget extends Target {
  readonly url: string;
}

const BODY_BYTES_MAX = 1024 * 1024;
/** Together with the calls to the chain before and after it, a lookup of viem or ethers then ends within three seconds. */
const DEADLINE_MS_DEFAULT = 2_500;
/** A contract that names more gets the first so many asked. */
export const URLS_MAX = 16;

/** The response in a gateway's body: a JSON object with `data`, or bare hexadecimal (ERC-3668). */
function responseOf(response: HttpResponse): Hex | undefined {
  const text = utf8Text(response.body)?.trim() ?? "";
  if (isHex(text) && text.length > 2) return text;
  try {
    const parsed: unknown = JSON.parse(text);
    const data = typeof parsed === "object" && parsed !== null && "data" in parsed ? parsed.data : undefined;
    return isHex(data) && data.length > 2 ? data : undefined;
  } catch {
    return undefined;
  }
}

/** One exchange with one gateway by ERC-3668: its response, whatever it is worth. */
export async function askCcipGateway(
  run: Run,
  question: { readonly sender: string; readonly data: string; readonly url: string },
  signal: AbortSignal,
): Promise<Reply<Hex>> {
  const { sender, data, url } = question;
  // By the letter of ERC-3668: {data} in the URL decides between GET and POST.
  const isGet = url.includes("{data}");
  const response = await run.transport.http({
    method: isGet ? "GET" : "POST",
    url: url.replaceAll("{sender}", sender).replaceAll("{data}", data),
    fields: isGet ? {} : { "content-type": "application/json" },
    ...(isGet ? {} : { body: JSON.stringify({ data, sender }) }),
    bodyBytesMax: BODY_BYTES_MAX,
    signal,
  });
  const refusal = refusalOf(run, response);
  if (refusal !== undefined) return refusal;
  const value = responseOf(response);
  if (value === undefined) return { outcome: "wrong", reason: "not a response" };
  return { outcome: "answered", value, reason: "taken" };
}

async function askGateway(
  run: Run,
  options: CcipReaderOptions,
  parameters: CcipReadParameters,
  url: string,
  signal: AbortSignal,
): Promise<Reply<CcipResponse>> {
  const sender = parameters.sender.toLowerCase();
  const data = parameters.data.toLowerCase();
  const { value: response, ...reply } = await askCcipGateway(run, { sender, data, url }, signal);
  if (response === undefined) return reply;
  try {
    if (options.verify !== undefined && !(await options.verify({ sender, data }, response))) {
      return { outcome: "wrong", reason: "the contract would not take it" };
    }
  } catch (error) {
    return { outcome: "wrong", reason: messageOf(error) };
  }
  return { ...reply, value: { url, response, trace: run.trace } };
}

/** A reader that learns from one lookup to the next which gateways are slow, dead or lying. */
export function createCcipReader(options: CcipReaderOptions): CcipReader {
  const clock = options.clock ?? systemClock;
  const shared: Shared = {
    clock,
    random: options.random ?? secureRandom,
    transport: options.transport,
    health: createHealth(clock, options.health),
    budget: createRetryBudget(),
  };
  const allowsUrl = options.allowsUrl ?? isOutwardUrl;
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS_DEFAULT;

  return async (parameters) => {
    const { signal } = parameters;
    const limits = { what: "The lookup", deadlineMs, ...(signal === undefined ? {} : { signal }) };
    const urls = [...new Set(parameters.urls)].filter(allowsUrl).slice(0, URLS_MAX);
    // Health belongs to the server, not to the question that a GET carries in its URL.
    const targets = urls.map((url): UrlTarget => ({ url, endpoint: url }));
    const { ranking } = options;
    const { run, result } = await withRun(shared, limits, (current) => {
      const ask = (target: UrlTarget, called: AbortSignal) =>
        askGateway(current, options, parameters, target.url, called);
      if (ranking?.applies(parameters) === true) return askNewest(current, targets, ask, ranking);
      return askSeveral<UrlTarget, CcipResponse, CcipResponse>(current, {
        path: "gateways",
        targets,
        ask,
        judge: ([first]) => (first === undefined ? { missing: 1 } : { done: first }),
      });
    });
    if (result.result !== undefined) return result.result;
    throw new CcipUnavailableError(urls.length === 0 ? "none of its URLs may be asked" : result.reason, run.trace);
  };
}
