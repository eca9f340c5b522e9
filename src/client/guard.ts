/** What a block must be for an answer read at it to count: not from the future, not older than one already seen. */
import { type Clock, nowSeconds } from "../base/clock.ts";
import type { BlockReference } from "../protocol/answer.ts";

export interface FreshnessOptions {
  /** Answers whose block is older than this, in seconds, are `stale`. */
  readonly ageSecondsMax?: number;
  /** How many blocks an answer may lie behind the newest block the client has accepted. */
  readonly rollbackBlockCount?: number;
}

export interface BlockGuard {
  /** Why the block cannot count at all: it was overtaken, or it claims to be from the future; otherwise `undefined`. */
  readonly objection: (
    block: BlockReference,
  ) => { readonly outcome: "stale" | "wrong"; readonly reason: string; readonly block: BlockReference } | undefined;
  readonly isStale: (block: BlockReference) => boolean;
  readonly ageSeconds: (block: BlockReference) => number;
  /** Answers read below this block are of no use. */
  readonly blockNumberMin: () => bigint;
  /** Notes that an answer of this block was accepted on good evidence. */
  readonly accepted: (block: BlockReference) => void;
}

/** Clocks of block producers and of clients differ by seconds; more is an attempt to look fresh. */
const FUTURE_SECONDS_MAX = 120;

export function createBlockGuard(clock: Clock, options: FreshnessOptions = {}): BlockGuard {
  const ageSecondsMax = options.ageSecondsMax ?? 900;
  const rollback = BigInt(options.rollbackBlockCount ?? 32);
  let newest = 0n;
  const ageSeconds = (block: BlockReference) => Math.max(0, nowSeconds(clock) - Number(block.timestamp));
  const blockNumberMin = () => (newest > rollback ? newest - rollback : 0n);
  return {
    objection(block) {
      if (block.number < blockNumberMin()) {
        return { outcome: "stale", reason: `block ${block.number} is older than block ${newest}, seen before`, block };
      }
      if (Number(block.timestamp) > nowSeconds(clock) + FUTURE_SECONDS_MAX) {
        return { outcome: "wrong", reason: `block ${block.number} is from the future`, block };
      }
      return undefined;
    },
    isStale: (block) => ageSeconds(block) > ageSecondsMax,
    ageSeconds,
    blockNumberMin,
    accepted(block) {
      if (block.number > newest) newest = block.number;
    },
  };
}
