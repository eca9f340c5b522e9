/**
 * The world that a lying RPC provider tells of: the registry's storage with some words replaced, so that every question about
 * them has one answer, whichever way it is asked. Words are only ever replaced by others, never emptied, so that the lie has the
 * shape of the truth; what commits to them (tries, state roots) the liar cannot forge without forging the block.
 */
import { type Hex, toHex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import { SlotStore } from "../../client/paths/slotStore.ts";
import { type Node, namehash } from "../../naming/namehash.ts";
import {
  FLAG,
  HEAD_BYTES,
  hasOwner,
  nameSlot,
  parseHead,
  parseNameWord,
  parseSettings,
  recordSlot,
  settingsSlot,
  slotAfter,
} from "../../proof/layout.ts";
import { countsSlot, IN_SLOT } from "../../proof/recordCounts.ts";
import { type ReadSlot, readValue } from "../../proof/value.ts";
import { substituted } from "./forgery.ts";

/** What lies are about: names directly under the TLD, and the RRset of each that clients ask for. */
export interface LieSubject {
  readonly registry: Hex;
  readonly names: readonly LiedAbout[];
}

export interface LiedAbout {
  readonly name: string;
  /** `undefined` where nobody asks for records of the name. */
  readonly rrset: { readonly owner: string; readonly type: number } | undefined;
}

/** `wrong`: another's address; `nxdomain`: there is no such name; `empty`: the name has no such RRset. */
export type Lie = "wrong" | "nxdomain" | "empty";

/** A word of storage as it is, and as the liar tells it. */
export interface FalseWord {
  readonly truth: Hex;
  readonly told: Hex;
}

/** The words that are lied about, by slot. */
export type FalseWorld = ReadonlyMap<Hex, FalseWord>;

export class UnreadableWorldError extends BaseError {
  override readonly name = "Compare.UnreadableWorldError";
  constructor() {
    super("COMPARE_UNREADABLE_WORLD", "The registry's storage leads in circles; there is nothing to lie about.");
  }
}

/** A name's words, the settings and records they lead to, and the rest of long records. */
const ROUNDS_MAX = 6;

/**
 * The false world of a lie. Throws `UnreadableWorldError`, and whatever `fetchSlots` throws.
 *
 * @param fetchSlots Words of the registry's true storage, in the order of the slots.
 */
export async function falseWorldOf(
  lie: Lie,
  { names }: LieSubject,
  fetchSlots: (slots: readonly Hex[]) => Promise<readonly Uint8Array[]>,
): Promise<FalseWorld> {
  const store = new SlotStore();
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const told = store.attempt((read) => lies(lie, names, read));
    if ("result" in told) return told.result;
    const words = await fetchSlots(told.missing);
    for (const [index, slot] of told.missing.entries()) store.set(slot, words[index] ?? new Uint8Array(32));
  }
  throw new UnreadableWorldError();
}

function lies(lie: Lie, names: readonly LiedAbout[], read: ReadSlot): FalseWorld {
  const world = new Map<Hex, FalseWord>();
  const tell = (slot: Hex, change: (word: Uint8Array) => void) => {
    const truth = read(slot);
    const told = truth.slice();
    change(told);
    world.set(slot, { truth: toHex(truth), told: toHex(told) });
  };
  for (const { name, rrset } of names) {
    const node = namehash(name);
    if (!hasOwner(parseNameWord(read(nameSlot(node))))) continue;
    if (lie === "nxdomain") tell(nameSlot(node), (word) => word.fill(0, 12));
    else if (rrset !== undefined) lieAboutRRset(lie, node, rrset, read, tell);
  }
  return world;
}

/** Where a name's word, or else the slot of its counts, has the number of RRsets. */
const TALLY_AT = 6;
const COUNT_AT = 31;

function lieAboutRRset(
  lie: Exclude<Lie, "nxdomain">,
  node: Node,
  { owner, type }: NonNullable<LiedAbout["rrset"]>,
  read: ReadSlot,
  tell: (slot: Hex, change: (word: Uint8Array) => void) => void,
): void {
  const { flags, epoch, tally } = parseNameWord(read(nameSlot(node)));
  const zoneVersion = (flags & FLAG.settings) === 0 ? 0 : parseSettings(read(settingsSlot(node))).zoneVersion;
  const head = recordSlot(node, { kind: "dns", owner, rrtype: type }, epoch, zoneVersion);
  const packed = readValue(read, head);
  if (packed === undefined) return;
  if (lie === "empty") {
    // A length of nothing; and the name's word must not count what is not there.
    tell(head, (word) => word.fill(0, 31));
    const [slot, at] = tally === IN_SLOT ? [countsSlot(node, epoch), COUNT_AT] : [nameSlot(node), TALLY_AT];
    tell(slot, (word) => word.fill(word[at]! - 1, at, at + 1));
    return;
  }
  const forged = forgedPacked(packed, type);
  const isLong = parseHead(read(head))?.isLong === true;
  const inHead = isLong ? HEAD_BYTES : forged.length;
  tell(head, (word) => word.set(forged.subarray(0, inHead)));
  for (let at = inHead, index = 1; at < forged.length; at += 32, index += 1) {
    tell(slotAfter(head, index), (word) => word.set(forged.subarray(at, at + 32)));
  }
}

/** A packed RRset (TTL, then length and data of each record) with its addresses replaced; as long as before. */
function forgedPacked(packed: Uint8Array, rrtype: number): Uint8Array {
  const forged = packed.slice();
  const view = new DataView(forged.buffer);
  for (let at = 4; at + 2 <= forged.length; ) {
    const end = at + 2 + view.getUint16(at);
    const rdata = substituted("forged", rrtype, forged.subarray(at + 2, end));
    if (rdata.length === end - at - 2) forged.set(rdata, at + 2);
    at = end;
  }
  return forged;
}
