/**
 * A block that as many RPC providers as the quorum tell of, and slots of a contract proven against its state root, so that it does
 * not matter which of them sent the proof.
 */
import type { Hex } from "../../base/bytes.ts";
import type { BlockReference } from "../../protocol/answer.ts";
import { askSeveral, type Reply, type Target } from "../askSeveral.ts";
import type { BlockGuard } from "../guard.ts";
import type { LightClient } from "../lightClient.ts";
import { callRpc, type RpcCall, RpcError } from "../rpc.ts";
import type { Run } from "../run.ts";
import { failedReply, type PathReply } from "./pathReply.ts";
import { blockTag, isSameBlock, parseRpcBlock } from "./rpcBlock.ts";
import { isVerificationError, type SlotFetcher, type SlotWords } from "./rpcSlots.ts";

export interface ChainHeadOptions {
  /** JSON-RPC endpoints, best of distinct operators. */
  readonly rpcUrls: readonly string[];
  /** How many providers must tell of the same block before its state counts as proven. */
  readonly quorum: number;
  readonly guard: BlockGuard;
  /** Where there is one, its newest block counts, and providers are asked for proofs only. */
  readonly lightClient?: LightClient;
}

/** Providers whose newest blocks lie further apart than this are not on the same footing. */
const HEAD_DISTANCE_MAX = 4n;

/** A block that counts, who told of it, and the slots that came with it. */
export interface Head {
  readonly target: Target;
  readonly block: BlockReference;
  readonly words: SlotWords;
}

/** What one provider tells. Its word about the block counts even where the proofs it sent along do not hold. */
interface Told {
  readonly target: Target;
  readonly block: BlockReference;
  readonly words: SlotWords | undefined;
}

/** The newest block that counts, with the slots certain to be needed. */
export async function agreeOnHead(
  options: ChainHeadOptions,
  fetcher: SlotFetcher,
  run: Run,
  slots: readonly Hex[],
): Promise<Head | PathReply> {
  const { lightClient } = options;
  if (lightClient === undefined) return await askProviders(options, fetcher, run, slots);
  const block = await askLightClient(options, run, lightClient);
  if ("path" in block) return block;
  const first: Target = { endpoint: options.rpcUrls[0] ?? "" };
  const words = await fetchSlots(options, fetcher, run, block, slots, first);
  return "path" in words ? words : { target: first, block, words };
}

const LIGHT_CLIENT = "light client";

async function askLightClient(
  { guard }: ChainHeadOptions,
  run: Run,
  lightClient: LightClient,
): Promise<BlockReference | PathReply> {
  const told = await askSeveral<Target, BlockReference, BlockReference>(run, {
    path: "chain",
    targets: [{ endpoint: LIGHT_CLIENT }],
    ask: (_, signal) =>
      replyFrom(async () => {
        const value = await lightClient.latest(signal);
        return guard.objection(value) ?? { outcome: "answered", value, reason: `block ${value.number}` };
      }),
    judge: ([block]) => (block === undefined ? { missing: 1 } : { done: block }),
  });
  return told.result ?? pathFailure(told.failure, `the light client: ${told.reason}`, 0);
}

/** Asks providers for their newest block and, in the same exchange, for the slots certain to be needed. */
async function askProviders(
  options: ChainHeadOptions,
  fetcher: SlotFetcher,
  run: Run,
  slots: readonly Hex[],
): Promise<Head | PathReply> {
  const { quorum } = options;
  const told = await askSeveral<Target, Told, readonly Told[]>(run, {
    path: "chain",
    targets: options.rpcUrls.map((endpoint) => ({ endpoint })),
    ask: (target, signal) => replyFrom(() => askHead(options, fetcher, run, target, slots, signal)),
    judge(heads) {
      const near = nearest(heads);
      return near.length >= quorum ? { done: near } : { missing: quorum - near.length };
    },
  });
  if (told.result !== undefined) {
    const head = await confirm(options, run, told.result);
    return "path" in head ? head : await withWords(options, fetcher, run, head, told.result, slots);
  }
  const isSplit = told.values.length >= quorum;
  return pathFailure(
    isSplit ? "wrong" : told.failure,
    isSplit ? "providers tell of different blocks" : told.reason,
    told.values.length,
  );
}

const LATEST: RpcCall = { method: "eth_getBlockByNumber", params: ["latest", false] };

async function askHead(
  options: ChainHeadOptions,
  fetcher: SlotFetcher,
  run: Run,
  target: Target,
  slots: readonly Hex[],
  signal: AbortSignal,
): Promise<Reply<Told>> {
  const calls = [LATEST, ...fetcher.calls(slots, "latest")];
  const [head, ...results] = await callRpc(run, target.endpoint, calls, signal);
  const block = parseRpcBlock(head);
  const objection = options.guard.objection(block);
  if (objection !== undefined) return objection;
  try {
    const words = await wordsAt(run, fetcher, target, block, slots, results, signal);
    return { outcome: "answered", value: { target, block, words }, reason: `block ${block.number}` };
  } catch (error) {
    const isWrong = isVerificationError(error) || (error instanceof RpcError && error.outcome === "wrong");
    if (!isWrong) throw error;
    return { outcome: "wrong", value: { target, block, words: undefined }, reason: error.shortMessage };
  }
}

/** A block may arrive between the two calls of one exchange; then the slots are asked for again, at the block told. */
async function wordsAt(
  run: Run,
  fetcher: SlotFetcher,
  target: Target,
  block: BlockReference,
  slots: readonly Hex[],
  results: readonly unknown[],
  signal: AbortSignal,
): Promise<SlotWords> {
  try {
    return fetcher.parse(slots, block, results);
  } catch (error) {
    if (!isVerificationError(error)) throw error;
    const again = await callRpc(run, target.endpoint, fetcher.calls(slots, blockTag(block.number)), signal);
    return fetcher.parse(slots, block, again);
  }
}

/** A block agreed upon with the slots that came with it, from whoever sent them; asked for once more where nobody did. */
async function withWords(
  options: ChainHeadOptions,
  fetcher: SlotFetcher,
  run: Run,
  head: Told,
  heads: readonly Told[],
  slots: readonly Hex[],
): Promise<Head | PathReply> {
  for (const { target, block, words } of [head, ...heads]) {
    if (words !== undefined && isSameBlock(block, head.block)) return { target, block, words };
  }
  const words = await fetchSlots(options, fetcher, run, head.block, slots, head.target);
  return "path" in words ? words : { target: head.target, block: head.block, words };
}

/** The largest group of heads that lie near one another and do not contradict the first of them. */
function nearest(heads: readonly Told[]): readonly Told[] {
  let largest: readonly Told[] = [];
  for (const { block } of heads) {
    const group = heads.filter(({ block: other }) => {
      if (other.number === block.number) return isSameBlock(other, block);
      return other.number < block.number && block.number - other.number <= HEAD_DISTANCE_MAX;
    });
    if (group.length > largest.length) largest = group;
  }
  return largest;
}

/** The lowest of the heads of which enough providers tell; each is tried in turn, since any of them may be made up. */
async function confirm(options: ChainHeadOptions, run: Run, heads: readonly Told[]): Promise<Told | PathReply> {
  let failure: PathReply | undefined;
  for (const head of [...heads].sort((left, right) => Number(left.block.number - right.block.number))) {
    const told = await confirmHead(options, run, head, heads);
    if (!("path" in told)) return told;
    failure = told;
  }
  return failure ?? failedReply("chain", "unreachable", "nobody told of a block");
}

/** Asks whoever has not spoken of the head's block yet, until enough have told of the same. */
async function confirmHead(
  options: ChainHeadOptions,
  run: Run,
  head: Told,
  heads: readonly Told[],
): Promise<Told | PathReply> {
  const { block } = head;
  const spoken = heads.filter((other) => other.block.number === block.number);
  const same = spoken.filter((other) => isSameBlock(other.block, block)).length;
  if (same >= options.quorum) return head;
  const heard = new Set(spoken.map((other) => other.target.endpoint));
  const told = await askSeveral<Target, BlockReference, true>(run, {
    path: "chain",
    targets: options.rpcUrls.filter((endpoint) => !heard.has(endpoint)).map((endpoint) => ({ endpoint })),
    ask: (target, signal) =>
      replyFrom(async () => {
        const call = { method: "eth_getBlockByNumber", params: [blockTag(block.number), false] };
        const [result] = await callRpc(run, target.endpoint, [call], signal);
        const value = parseRpcBlock(result);
        if (!isSameBlock(value, block)) return { outcome: "wrong", reason: `tells of another block ${block.number}` };
        return { outcome: "answered", value, reason: `confirms block ${block.number}` };
      }),
    judge: (values) =>
      same + values.length >= options.quorum ? { done: true } : { missing: options.quorum - same - values.length },
  });
  if (told.result === true) return head;
  if (spoken.length > same) return failedReply("chain", "wrong", `providers tell of different blocks ${block.number}`);
  return pathFailure(told.failure, told.reason, told.values.length);
}

/** More slots at the block agreed upon, from whoever has them first; the provider that has just answered comes first. */
export async function fetchSlots(
  options: ChainHeadOptions,
  fetcher: SlotFetcher,
  run: Run,
  block: BlockReference,
  slots: readonly Hex[],
  first: Target,
): Promise<SlotWords | PathReply> {
  const rest = options.rpcUrls.filter((endpoint) => endpoint !== first.endpoint).map((endpoint) => ({ endpoint }));
  const told = await askSeveral<Target, SlotWords, SlotWords>(run, {
    path: "chain",
    targets: [first, ...rest],
    ask: (target, signal) =>
      replyFrom(async () => {
        const results = await callRpc(run, target.endpoint, fetcher.calls(slots, blockTag(block.number)), signal);
        const value = fetcher.parse(slots, block, results);
        return { outcome: "answered", value, reason: `${slots.length} slots at block ${block.number}` };
      }),
    judge: ([words]) => (words === undefined ? { missing: 1 } : { done: words }),
  });
  return told.result ?? pathFailure(told.failure, told.reason, 0);
}

async function replyFrom<Value>(work: () => Promise<Reply<Value>>): Promise<Reply<Value>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RpcError) {
      const { outcome, barredMs } = error;
      return { outcome, reason: error.shortMessage, ...(barredMs === undefined ? {} : { barredMs }) };
    }
    if (isVerificationError(error)) return { outcome: "wrong", reason: error.shortMessage };
    throw error;
  }
}

function pathFailure(outcome: PathReply["outcome"] | "absent", reason: string, answeredCount: number): PathReply {
  if (outcome === "answered" || outcome === "absent") return failedReply("chain", "unreachable", reason);
  const why = answeredCount > 0 ? `too few providers agree; ${reason}` : reason;
  return failedReply("chain", outcome, why);
}
