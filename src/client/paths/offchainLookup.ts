/**
 * Off-chain lookups (ERC-3668) of a contract that RPC providers run: the gateways it names are hedged, and what one sends counts
 * once the contract's own callback has taken it, so that a liar costs no more than a gateway that is down.
 */
import { decodeAbiParameters, encodeAbiParameters } from "viem";
import type { Hex } from "../../base/bytes.ts";
import type { BlockReference } from "../../protocol/answer.ts";
import { askSeveral, type Reply, type Target } from "../askSeveral.ts";
import { decodeBatch, encodeBatchResult, isLocalBatch, MalformedBatchError } from "../dropins/ccipBatch.ts";
import { askCcipGateway, URLS_MAX } from "../dropins/ccipRead.ts";
import type { Run } from "../run.ts";
import { type AgreedCallsOptions, type CallOutcome, type ContractCall, callAgreed } from "./agreedCalls.ts";
import { failedReply, type PathReply } from "./pathReply.ts";

export interface LookupOptions extends AgreedCallsOptions {
  readonly allowsUrl: (url: string) => boolean;
}

/** `OffchainLookup(address,string[],bytes,bytes4,bytes)`. */
const OFFCHAIN_LOOKUP = "0x556f1830";
const LOOKUP = [
  { type: "address" },
  { type: "string[]" },
  { type: "bytes" },
  { type: "bytes4" },
  { type: "bytes" },
] as const;
/** A callback's arguments: the gateway's response and the lookup's extra data. */
const CALLBACK = [{ type: "bytes" }, { type: "bytes" }] as const;
/** Lookups that lead to one another, as many as viem follows. */
const DEPTH_MAX = 4;

interface Lookup {
  readonly contract: Hex;
  readonly urls: readonly string[];
  readonly data: Hex;
  readonly callback: Hex;
  readonly extraData: Hex;
}

/** One way to answer a lookup: a URL, what to ask there, and the response data that its answer amounts to. */
interface Way extends Target {
  readonly sender: Hex;
  readonly data: Hex;
  readonly respond: (answer: Hex) => Hex;
}

/** The lookup that a call ended in; `undefined` where it ended otherwise, or in that of a contract further in. */
function lookupOf(contract: Hex, outcome: CallOutcome): Lookup | undefined {
  if (!outcome.isReverted || !outcome.data.startsWith(OFFCHAIN_LOOKUP)) return undefined;
  try {
    const [sender, urls, data, callback, extraData] = decodeAbiParameters(LOOKUP, `0x${outcome.data.slice(10)}`);
    return sender.toLowerCase() === contract.toLowerCase() ? { contract, urls, data, callback, extraData } : undefined;
  } catch {
    return undefined;
  }
}

/** The ways to answer a lookup, in the contract's order. Of a batch, one answered request is enough to try the callback. */
function waysOf(lookup: Lookup): readonly Way[] {
  const { contract: sender, data, urls } = lookup;
  if (!isLocalBatch(urls, data)) {
    return urls.map((endpoint) => ({ endpoint, sender, data, respond: (answer: Hex) => answer }));
  }
  const requests = decodeBatch(data);
  return requests.flatMap((request, index) =>
    request.urls.map((endpoint) => ({
      endpoint,
      sender: request.sender,
      data: request.data,
      respond: (answer: Hex) => encodeBatchResult(requests.map((_, at) => (at === index ? answer : undefined))),
    })),
  );
}

function callbackOf(lookup: Lookup, response: Hex): ContractCall {
  const args = encodeAbiParameters(CALLBACK, [response, lookup.extraData]);
  return { to: lookup.contract, data: `${lookup.callback}${args.slice(2)}` as Hex };
}

/** What the callback makes of one gateway's answer. */
async function tryWay(
  run: Run,
  options: LookupOptions,
  block: BlockReference,
  lookup: Lookup,
  way: Way,
  signal: AbortSignal,
): Promise<Reply<CallOutcome>> {
  const sender = way.sender.toLowerCase();
  const { value: answer, ...reply } = await askCcipGateway(run, { sender, data: way.data, url: way.endpoint }, signal);
  if (answer === undefined) return reply;
  const told = await callAgreed(run, options, block, [callbackOf(lookup, way.respond(answer))]);
  if ("path" in told) return { outcome: "unreachable", reason: told.reason };
  const [outcome] = told;
  if (outcome === undefined || (outcome.isReverted && lookupOf(lookup.contract, outcome) === undefined)) {
    return { outcome: "wrong", reason: "the contract would not take it" };
  }
  return { ...reply, value: outcome };
}

/** Follows a call's off-chain lookups to its end: what it returned or reverted with for good. Never throws. */
export async function settleLookups(
  run: Run,
  options: LookupOptions,
  block: BlockReference,
  contract: Hex,
  first: CallOutcome,
): Promise<CallOutcome | PathReply> {
  let outcome = first;
  for (let depth = 0; depth < DEPTH_MAX; depth += 1) {
    const lookup = lookupOf(contract, outcome);
    if (lookup === undefined) return outcome;
    const isBatch = isLocalBatch(lookup.urls, lookup.data);
    let ways: readonly Way[];
    try {
      ways = waysOf(lookup)
        .filter(({ endpoint }) => options.allowsUrl(endpoint))
        .slice(0, URLS_MAX);
    } catch (error) {
      if (!(error instanceof MalformedBatchError)) throw error;
      return failedReply("chain", "refused", error.shortMessage);
    }
    const told = await askSeveral<Way, CallOutcome, CallOutcome>(run, {
      path: "gateways",
      targets: ways,
      ask: (way, signal) => tryWay(run, options, block, lookup, way, signal),
      // In a batch, a further lookup may mean that the contract did not like this answer; another's may end the matter.
      judge(outcomes) {
        const done = isBatch ? outcomes.find(({ isReverted }) => !isReverted) : outcomes[0];
        return done === undefined ? { missing: 1 } : { done };
      },
    });
    const next = told.result ?? told.values[0];
    if (next === undefined) {
      const { failure, reason } = told;
      const why = ways.length === 0 ? "none of the resolver's URLs may be asked" : `the resolver's gateways: ${reason}`;
      return failedReply("chain", failure === "answered" || failure === "absent" ? "unreachable" : failure, why);
    }
    outcome = next;
  }
  return failedReply("chain", "refused", "the resolver's lookups lead to ever more lookups");
}
