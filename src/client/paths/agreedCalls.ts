/**
 * Calls to a contract whose code the client does not know: RPC providers run it, at one block, and what as many of them as the
 * quorum say alike is the outcome. This is agreement, not proof: it holds while one of those who agree is honest.
 */
import { type Hex, isHex } from "../../base/bytes.ts";
import type { BlockReference } from "../../protocol/answer.ts";
import { askSeveral, type Target } from "../askSeveral.ts";
import { exchangeRpc, RpcError, type RpcFailure, type RpcOutcome } from "../rpc.ts";
import type { Run } from "../run.ts";
import { failedReply, type PathReply } from "./pathReply.ts";

export interface ContractCall {
  readonly to: Hex;
  readonly data: Hex;
}

/** What a call returned, or the data it reverted with. */
export interface CallOutcome {
  readonly isReverted: boolean;
  readonly data: Hex;
}

export interface AgreedCallsOptions {
  readonly rpcUrls: readonly string[];
  /** How many providers must say the same. */
  readonly quorum: number;
}

interface Saying {
  readonly target: Target;
  readonly outcomes: readonly CallOutcome[];
  /** All outcomes as one text, to compare. */
  readonly content: string;
}

/** Geth's code for an execution that reverted. */
const REVERTED_CODE = 3;

/** The revert data in a provider's error, in whatever of the known places it is; `undefined` where nothing was reverted. */
function revertDataOf(failure: RpcFailure): Hex | undefined {
  let at: unknown = failure.data;
  for (let depth = 0; depth < 4 && typeof at === "object" && at !== null; depth += 1) {
    at = "data" in at ? at.data : "originalError" in at ? at.originalError : undefined;
  }
  const text = typeof at === "string" ? at.replace(/^Reverted\s+/, "") : at;
  if (isHex(text)) return text.toLowerCase() as Hex;
  return failure.code === REVERTED_CODE || /revert/i.test(failure.message) ? "0x" : undefined;
}

/** Throws `RpcError` where the provider did not run the call. */
function callOutcomeOf(outcome: RpcOutcome): CallOutcome {
  if ("result" in outcome) {
    if (!isHex(outcome.result)) throw new RpcError("wrong", "what a call returned is out of form");
    return { isReverted: false, data: outcome.result.toLowerCase() as Hex };
  }
  const data = revertDataOf(outcome.failure);
  if (data === undefined) throw new RpcError("refused", `eth_call: ${outcome.failure.message}`);
  return { isReverted: true, data };
}

/** The largest group of providers that say the same. */
function largestGroup(sayings: readonly Saying[]): readonly Saying[] {
  const groups = [...Map.groupBy(sayings, ({ content }) => content).values()];
  return groups.reduce<readonly Saying[]>((left, right) => (right.length > left.length ? right : left), []);
}

/** Whoever said otherwise of the same block has lied; the trace says so. */
function nameLiars(run: Run, agreed: readonly Saying[], sayings: readonly Saying[]): void {
  for (const { target, content } of sayings) {
    if (content === agreed[0]?.content) continue;
    run.health.failed(target.endpoint);
    const at = run.trace.findLastIndex(({ endpoint }) => endpoint === target.endpoint);
    const attempt = run.trace[at];
    if (attempt !== undefined) run.trace[at] = { ...attempt, outcome: "wrong", reason: "others say otherwise" };
  }
}

/** The outcomes of `calls` at a block, in order, once enough providers agree on all of them. Never throws. */
export async function callAgreed(
  run: Run,
  options: AgreedCallsOptions,
  block: BlockReference,
  calls: readonly ContractCall[],
): Promise<readonly CallOutcome[] | PathReply> {
  const messages = calls.map((call) => ({ method: "eth_call", params: [call, { blockHash: block.hash }] }));
  const told = await askSeveral<Target, Saying, readonly Saying[]>(run, {
    path: "chain",
    targets: options.rpcUrls.map((endpoint) => ({ endpoint })),
    async ask(target, signal) {
      try {
        const outcomes = (await exchangeRpc(run, target.endpoint, messages, signal)).map(callOutcomeOf);
        const content = outcomes.map(({ isReverted, data }) => `${isReverted} ${data}`).join("\n");
        const reason = `${calls.length} calls at block ${block.number}`;
        return { outcome: "answered", value: { target, outcomes, content }, reason };
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        const { outcome, shortMessage: reason, barredMs } = error;
        return { outcome, reason, ...(barredMs === undefined ? {} : { barredMs }) };
      }
    },
    judge(sayings) {
      const group = largestGroup(sayings);
      return group.length >= options.quorum ? { done: group } : { missing: options.quorum - group.length };
    },
  });
  const [first] = told.result ?? [];
  if (first !== undefined && told.result !== undefined) {
    nameLiars(run, told.result, told.values);
    return first.outcomes;
  }
  const isSplit = told.values.length >= options.quorum;
  if (isSplit) return failedReply("chain", "wrong", "providers say that the resolver answers differently");
  const { failure, reason } = told;
  return failedReply("chain", failure === "answered" || failure === "absent" ? "unreachable" : failure, reason);
}
