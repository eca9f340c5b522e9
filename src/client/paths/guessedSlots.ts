/**
 * The slots that a reading of a name would touch if the name were as most are: with an index that one can guess, the registry for its
 * resolver, and records never cleared. They can be asked for before the name's word is known, so that the records come with the first
 * exchange. Slots are keys and no answers: where the name is otherwise, the reading asks for those that it needs.
 */
import { fromHex, type Hex } from "../../base/bytes.ts";
import { labelsOf, registeredNameOf } from "../../naming/name.ts";
import { namehash } from "../../naming/namehash.ts";
import { anchorSlot, freshNameWord, nameSlot } from "../../proof/layout.ts";
import { readName } from "../../proof/readName.ts";
import type { NameQuery } from "./pathReply.ts";
import { SlotStore } from "./slotStore.ts";

/** More guesses than this cost more than the exchange they save: each is some kilobytes of proofs. */
const GUESSES_MAX = 2;

export interface GuessOptions {
  readonly tld: string;
  readonly registry: Hex;
  /** Indices that the name directly under the TLD may have, the likeliest first. */
  readonly guessesOf: (registered: string) => readonly number[];
}

/** The slots to ask for along with the words of a query's names. */
export function guessedSlots({ tld, registry, guessesOf }: GuessOptions, { name, records }: NameQuery): readonly Hex[] {
  const registered = registeredNameOf(name, tld);
  if (registered === undefined) return [];
  const slots = new Set<Hex>();
  for (const index of guessesOf(registered).slice(0, GUESSES_MAX)) {
    for (const words of worldsOf(name, registered, index)) {
      const store = new SlotStore();
      for (const [slot, word] of words) store.set(slot, word);
      const told = store.attempt((read) => readName(read, { name, records, tld, registry, timestamp: 0n }));
      for (const slot of "missing" in told ? [...words.keys(), ...told.missing] : words.keys()) slots.add(slot);
    }
  }
  return [...slots];
}

/** What the registry may hold: the name directly under the TLD, alone or with a subname that is asked about. */
function worldsOf(name: string, registered: string, index: number): readonly ReadonlyMap<Hex, Uint8Array>[] {
  const node = namehash(registered);
  const alone = new Map([[nameSlot(node), freshNameWord(index, "leased")]]);
  if (labelsOf(name).length !== labelsOf(registered).length + 1) return [alone];
  const withSubname = new Map(alone)
    .set(nameSlot(namehash(name)), freshNameWord(index, "plain"))
    .set(anchorSlot(index), fromHex(node));
  return [alone, withSubname];
}
