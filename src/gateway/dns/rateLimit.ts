/**
 * Response rate limiting: one client network may draw only so many equal answers a second, so that a forged source
 * address gains an attacker nothing; and budgets: one name may only use so much of the gateway. Both keep their token
 * buckets in typed arrays of fixed size.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";

export type Verdict = "answer" | "truncate" | "drop";

export declare namespace createRateLimiter {
  interface Options {
    readonly clock: Clock;
    /** Answers a second for one key. */
    readonly ratePerSecond: number;
    /** Answers a key may have saved up; one second's worth by default. */
    readonly burst?: number;
    /** Every how many refused answers one is truncated instead, so that real clients come back by TCP; 0 for never. */
    readonly slip: number;
    /** Buckets kept; a power of two. Keys that meet in a bucket share it. */
    readonly bucketCount?: number;
    /** Keeps attackers from choosing which keys meet. */
    readonly salt: number;
  }
}

export interface RateLimiter {
  /** Takes one token for `key`, a hash of 32 bits. */
  take(key: number): Verdict;
}

/** Mixes a 32-bit hash so that every bit of it depends on every bit of the input (murmur3's finaliser). */
export function mix32(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** FNV-1a of a text, continuing from `hash`. */
export function hashText(text: string, hash = 0x811c9dc5): number {
  let value = hash;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}

/** The account of answers that are charged to no name. */
const NO_ACCOUNT = hashText("");

const WAYS = 4;

/**
 * A limiter of token buckets in a four-way table: a key finds its own bucket by a tag, or takes the one idle for longest of
 * its row.
 */
export function createRateLimiter(options: createRateLimiter.Options): RateLimiter {
  const { clock, ratePerSecond, slip, salt } = options;
  const burst = options.burst ?? ratePerSecond;
  const count = options.bucketCount ?? 65_536;
  const tags = new Uint32Array(count);
  const tokens = new Float64Array(count);
  const seenMs = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const refused = new Uint32Array(count);

  const bucketOf = (tag: number, nowMs: number): number => {
    const row = (tag & (count / WAYS - 1)) * WAYS;
    let oldest = row;
    for (let at = row; at < row + WAYS; at += 1) {
      if (tags[at] === tag && seenMs[at]! > Number.NEGATIVE_INFINITY) return at;
      if (seenMs[at]! < seenMs[oldest]!) oldest = at;
    }
    tags[oldest] = tag;
    tokens[oldest] = burst;
    seenMs[oldest] = nowMs;
    refused[oldest] = 0;
    return oldest;
  };

  return {
    take(key) {
      const nowMs = clock.monotonicMs();
      const at = bucketOf(mix32(key ^ salt), nowMs);
      const earned = ((nowMs - seenMs[at]!) / 1000) * ratePerSecond;
      seenMs[at] = nowMs;
      tokens[at] = Math.min(burst, tokens[at]! + earned);
      if (tokens[at]! >= 1) {
        tokens[at]! -= 1;
        return "answer";
      }
      refused[at]! += 1;
      return slip > 0 && refused[at]! % slip === 0 ? "truncate" : "drop";
    },
  };
}

/** The client network a limit applies to, hashed: /24 for IPv4, /56 for IPv6. */
export function networkHash(address: string): number {
  if (!address.includes(":")) return hashText(address.slice(0, address.lastIndexOf(".")));
  const mapped = /^::ffff:(\d+\.\d+\.\d+)\.\d+$/i.exec(address);
  if (mapped) return hashText(mapped[1]!);
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right].slice(0, 4);
  const numbers = groups.map((group) => Number.parseInt(group, 16) || 0);
  return hashText(`${numbers.slice(0, 3).join(":")}:${(numbers[3] ?? 0) >>> 8}`);
}

/** Both limits of the front: answers to one network, and one name's share. */
export interface Limits {
  readonly isOn: boolean;
  /** `network`, `account` and `subject` are hashes; `subject` tells answers apart that are limited apart. */
  judge(network: number, account: number, subject: number): Verdict;
}

export declare namespace createLimits {
  interface Options {
    readonly clock: Clock;
    readonly random: Random;
    readonly responsesPerSecond?: number;
    readonly budgetPerSecond?: number;
    readonly slip?: number;
  }
}

export function createLimits({ clock, random, ...options }: createLimits.Options): Limits {
  const slip = options.slip ?? 2;
  const limiterOf = (ratePerSecond = 0) =>
    ratePerSecond > 0 ? createRateLimiter({ clock, ratePerSecond, slip, salt: random.below(2 ** 32) }) : undefined;
  const responses = limiterOf(options.responsesPerSecond);
  const budgets = limiterOf(options.budgetPerSecond);
  return {
    isOn: responses !== undefined || budgets !== undefined,
    judge(network, account, subject) {
      const verdict = budgets && account !== NO_ACCOUNT ? budgets.take(account) : "answer";
      return verdict === "answer" && responses ? responses.take(mix32(network) ^ subject) : verdict;
    },
  };
}
