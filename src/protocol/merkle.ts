/** Binary hash trees whose pairs are hashed in order of value, so that a proof needs no directions. */
import { concatBytes } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";

/** All levels of a tree, the given hashes first and the root last. */
export type Levels = readonly (readonly Uint8Array[])[];

/** Below 0 where `left` comes first as a big-endian number. Both are 32 bytes. */
export function compareHashes(left: Uint8Array, right: Uint8Array): number {
  for (let index = 0; index < left.length; index += 1) {
    const difference = left[index]! - right[index]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return keccak256(compareHashes(left, right) < 0 ? concatBytes(left, right) : concatBytes(right, left));
}

/** The levels above one or more hashes; the odd one of a level rises as it is. */
export function levelsOf(hashes: readonly Uint8Array[]): Levels {
  const levels: Uint8Array[][] = [[...hashes]];
  for (let level = levels[0]!; level.length > 1; level = levels.at(-1)!) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const right = level[index + 1];
      above.push(right === undefined ? level[index]! : hashPair(level[index]!, right));
    }
    levels.push(above);
  }
  return levels;
}

/** The hashes beside the way from a place in the lowest level to the root. */
export function siblingsOf(levels: Levels, position: number): Uint8Array[] {
  const siblings: Uint8Array[] = [];
  let index = position;
  for (const level of levels.slice(0, -1)) {
    const sibling = level[index ^ 1];
    if (sibling !== undefined) siblings.push(sibling);
    index >>>= 1;
  }
  return siblings;
}

/** The last position whose key is not above `key`; the very last where all are: a ring's closing place. */
export function positionOf(keys: readonly Uint8Array[], key: Uint8Array): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareHashes(keys[middle]!, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return (low + keys.length - 1) % keys.length;
}
