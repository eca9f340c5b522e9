/** Bytes for decoders to stumble over: what somebody could have sent, with a few changes. */
import type { Random } from "../../src/base/random.ts";

const below = (random: Random, bound: number) => (bound === 0 ? 0 : random.below(bound));

/** One to four changes of a seed: a bit, a byte, a cut, a piece twice, a piece of another, bytes put in or taken out, all anew. */
export function mutate(seeds: readonly Uint8Array[], random: Random): Buffer {
  let bytes = Buffer.from(seeds[random.below(seeds.length)]!);
  for (let count = random.below(4); count >= 0; count -= 1) {
    const at = below(random, bytes.length);
    const size = below(random, 12);
    switch (random.below(8)) {
      case 0:
        if (bytes.length > 0) bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        if (bytes.length > 0) bytes[at] = random.below(256);
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + size), bytes.subarray(at)]);
        break;
      case 4: {
        const other = seeds[random.below(seeds.length)]!;
        const from = below(random, other.length);
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + size * 4), bytes.subarray(at)]);
        break;
      }
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(size), bytes.subarray(at)]);
        break;
      case 6:
        if (random.below(8) === 0) bytes = Buffer.from(random.bytes(random.below(300)));
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    }
  }
  return bytes;
}
