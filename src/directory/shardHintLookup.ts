/** Looks names up in shard hints: a hash table over the fingerprints, made when it is first asked. */
import type { Node } from "../naming/namehash.ts";
import { fingerprintOf, hintAt, hintCountOf, type ShardHints } from "./shardHints.ts";

/** The indices that a node's fingerprint stands at, the newest first; at most `countMax`, 4 unless said otherwise. */
export type ShardHintLookup = (node: Node, countMax?: number) => readonly number[];

/** Spreads fingerprints over buckets; they are hashes, but anybody may have chosen them. */
const SPREAD = 0x9e3779b1;
/** With as many buckets as entries, no honest chain comes near this. */
const STEPS_MAX = 256;

/** Chains of positions by bucket: `heads[bucket]` is the newest, `next[position]` the one before it; both count from 1. */
interface Chains {
  readonly shift: number;
  readonly heads: Uint32Array;
  readonly next: Uint32Array;
}

const bucketOf = (fingerprint: number, shift: number) => Math.imul(fingerprint, SPREAD) >>> shift;

function chainsOf(hints: ShardHints): Chains {
  const count = hintCountOf(hints);
  const bits = Math.max(1, Math.ceil(Math.log2(count + 1)));
  const chains = { shift: 32 - bits, heads: new Uint32Array(2 ** bits), next: new Uint32Array(count) };
  for (let position = 0; position < count; position += 1) {
    const fingerprint = hintAt(hints.fingerprints, position);
    if (fingerprint === 0) continue;
    const bucket = bucketOf(fingerprint, chains.shift);
    chains.next[position] = chains.heads[bucket]!;
    chains.heads[bucket] = position + 1;
  }
  return chains;
}

/**
 * A look-up in a table; made lazily, in some milliseconds for the largest.
 *
 * @example
 * ```ts
 * const lookUp = createShardHintLookup(hints);
 * lookUp(namehash("shop.hold")); // [512]
 * ```
 */
export function createShardHintLookup(hints: ShardHints): ShardHintLookup {
  let chains: Chains | undefined;
  return (node, countMax = 4) => {
    chains ??= chainsOf(hints);
    const fingerprint = fingerprintOf(node);
    const found: number[] = [];
    if (fingerprint === 0) return found;
    // A chain of others' making could be as long as the table; a look-up walks no further than an honest one would have it.
    let stepsLeft = STEPS_MAX;
    for (let at = chains.heads[bucketOf(fingerprint, chains.shift)]!; at !== 0; at = chains.next[at - 1]!) {
      if (hintAt(hints.fingerprints, at - 1) === fingerprint) found.push(hints.firstIndex + at - 1);
      stepsLeft -= 1;
      if (found.length === countMax || stepsLeft === 0) break;
    }
    return found;
  };
}
