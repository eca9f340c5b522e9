/**
 * A contract's slots as far as they have been fetched at one block. A reading from it either succeeds or tells which slots are
 * still missing, several at a time, so that it takes few round trips.
 */
import type { Hex } from "../../base/bytes.ts";
import type { ReadSlot } from "../../proof/value.ts";

const ZERO = new Uint8Array(32);

export class SlotStore {
  readonly #slots = new Map<Hex, Uint8Array>();

  set(slot: Hex, word: Uint8Array): void {
    this.#slots.set(slot, word);
  }

  /**
   * The reading, or the slots without which it cannot be made. Unknown slots are read as empty to find out what else would
   * be looked at, so that an absent record and its fallbacks are asked for together.
   */
  attempt<Result>(reading: (read: ReadSlot) => Result): { result: Result } | { missing: readonly Hex[] } {
    const missing = new Set<Hex>();
    const lookUp = (slot: Hex) => {
      const word = this.#slots.get(slot);
      if (word === undefined) missing.add(slot);
      return word ?? ZERO;
    };
    try {
      const result = reading(lookUp);
      return missing.size === 0 ? { result } : { missing: [...missing] };
    } catch (error) {
      if (missing.size === 0) throw error;
      return { missing: [...missing] };
    }
  }
}
