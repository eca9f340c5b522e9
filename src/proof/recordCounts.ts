/**
 * How many records a name has, of those that the registry counts ("How many records a name has" in contracts/registry/LAYOUT.md):
 * a byte of the name's word tells, or a slot of its own where both kinds are there or one has many.
 */
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import type { Node } from "../naming/namehash.ts";

/** RRsets, and the other records that are counted. */
export interface RecordCounts {
  readonly rrsets: number;
  readonly others: number;
}

/** Kinds of records as the registry numbers them. */
const KIND = { addr: 1, text: 2, interface: 7, data: 10, counts: 13 };
/** Coin types below are not counted. */
const COINS_UNCOUNTED = 512n;
const COIN_DEFAULT = 0x80000000n;
/** The highest count that a tally holds. */
const TALLY_MAX = 127;
/** The tally of a name whose counts have a slot of their own. */
export const IN_SLOT = 255;

/** The global keys of ENSIP-5 and ENSIP-18, whose texts are not counted. */
export const GLOBAL_TEXT_KEYS = [
  "alias",
  "avatar",
  "description",
  "display",
  "email",
  "header",
  "keywords",
  "language",
  "location",
  "mail",
  "notice",
  "phone",
  "primary-contact",
  "theme",
  "timezone",
  "url",
] as const;

const GLOBAL_SUBKEYS: ReadonlySet<Hex> = new Set(GLOBAL_TEXT_KEYS.map((key) => toHex(keccak256(utf8Bytes(key)))));

/** Whether a record is one of the others that are counted; RRsets are counted apart. `subkey` has 32 bytes. */
export function isCounted(kind: number, subkey: Uint8Array): boolean {
  switch (kind) {
    case KIND.addr: {
      const coinType = BigInt(toHex(subkey));
      return coinType >= COINS_UNCOUNTED && coinType !== COIN_DEFAULT;
    }
    case KIND.text:
      return !GLOBAL_SUBKEYS.has(toHex(subkey));
    default:
      return kind === KIND.interface || kind === KIND.data;
  }
}

/** The slot of a name's counts in one record epoch. */
export function countsSlot(node: Node, epoch: bigint): Hex {
  const kindWord = fromHex(`0x${((BigInt(KIND.counts) << 248n) | epoch).toString(16).padStart(64, "0")}`);
  return toHex(keccak256(concatBytes(fromHex(node), kindWord, new Uint8Array(32))));
}

/** What a tally stands for. `readSlot` is called where the counts have a slot of their own, and returns its 32 bytes. */
export function countsOf(tally: number, readSlot: () => Uint8Array): RecordCounts {
  if (tally <= TALLY_MAX) return { rrsets: tally, others: 0 };
  if (tally < IN_SLOT) return { rrsets: 0, others: tally - TALLY_MAX };
  const slot = readSlot();
  return { rrsets: (slot[30]! << 8) | slot[31]!, others: (slot[28]! << 8) | slot[29]! };
}

/** The tally for some counts, and what their own slot holds then. */
export function keepCounts({ rrsets, others }: RecordCounts): { readonly tally: number; readonly slot: Uint8Array } {
  const slot = new Uint8Array(32);
  if (others === 0 && rrsets <= TALLY_MAX) return { tally: rrsets, slot };
  if (rrsets === 0 && others <= TALLY_MAX) return { tally: TALLY_MAX + others, slot };
  new DataView(slot.buffer).setUint32(28, (others << 16) | rrsets);
  return { tally: IN_SLOT, slot };
}
