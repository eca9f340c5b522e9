/** Reads a contract's state at one block, slot by slot, in as few round trips as the reading allows. */
import type { Hex } from "../../base/bytes.ts";
import type { ReadSlot } from "../../proof/value.ts";
import type { BlockReference } from "../../protocol/answer.ts";
import type { Run } from "../run.ts";
import { agreeOnHead, type ChainHeadOptions, fetchSlots } from "./chainHead.ts";
import { failedReply, type PathReply } from "./pathReply.ts";
import { type ContractAccount, claimedSlots, isVerificationError, provenSlots } from "./rpcSlots.ts";
import { SlotStore } from "./slotStore.ts";

/** What was read, and at which block. */
export interface StateReading<Result> {
  readonly block: BlockReference;
  readonly results: readonly Result[];
}

/** One reading among several that share their round trips; must be pure, since it is made again with more slots at hand. */
export type ReadState<Result> = (read: ReadSlot, block: BlockReference) => Result;

/** A name's words, then its records, then the rest of long ones; more only for plain names that hang deep. */
const ROUNDS_MAX = 24;

/** Whether a block of these options counts as proven, rather than as somebody's word. */
export function isProven(options: Pick<ChainHeadOptions, "quorum" | "lightClient">): boolean {
  return options.quorum >= 2 || options.lightClient !== undefined;
}

/**
 * Makes several readings of one contract's state at the block that providers agree on. Never throws.
 *
 * @param firstSlots Slots certain to be needed, which come with the block.
 */
export async function readState<Result>(
  run: Run,
  options: ChainHeadOptions,
  account: ContractAccount,
  firstSlots: readonly Hex[],
  readers: readonly ReadState<Result>[],
): Promise<StateReading<Result> | PathReply> {
  const fetcher = isProven(options) ? provenSlots(account) : claimedSlots(account);
  const head = await agreeOnHead(options, fetcher, run, firstSlots);
  if ("path" in head) return head;
  const { block } = head;
  options.guard.accepted(block);
  const store = new SlotStore();
  for (const [slot, word] of head.words) store.set(slot, word);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const results: Result[] = [];
    const missing = new Set<Hex>();
    for (const reader of readers) {
      try {
        const told = store.attempt((read) => reader(read, block));
        if ("result" in told) results.push(told.result);
        else for (const slot of told.missing) missing.add(slot);
      } catch (error) {
        if (!isVerificationError(error)) throw error;
        return failedReply("chain", "wrong", error.shortMessage);
      }
    }
    if (missing.size === 0) return { block, results };
    const words = await fetchSlots(options, fetcher, run, block, [...missing], head.target);
    if ("path" in words) return words;
    for (const [slot, word] of words) store.set(slot, word);
  }
  return failedReply("chain", "wrong", "the contract's state leads in circles");
}
