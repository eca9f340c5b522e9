/**
 * Leaves and branches of a storage trie as rows of typed arrays: a million of them cost no objects, and freed rows are
 * used again. A row number is positive; as a child, a branch is its row and a leaf its row negated, so 0 is "nothing".
 */

/** Bytes of a hashed slot, a value, a node hash. */
export const WORD_BYTES = 32;
/** Children of a branch. */
export const RADIX = 16;
/** Nibbles of a hashed slot. */
export const KEY_NIBBLES = 64;

/** Rows that arrays begin with, unless told otherwise. */
export const ROWS_MIN = 1_024;

function grown<Rows extends Uint8Array | Int32Array>(rows: Rows, length: number): Rows {
  const next = new (rows.constructor as new (length: number) => Rows)(length);
  next.set(rows as never);
  return next;
}

/** The rows' numbers: which are used, which are free. */
class Rows {
  /** One above the highest row ever used; row 0 stands for nothing. */
  end = 1;
  capacity: number;
  readonly #free: number[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get count(): number {
    return this.end - 1 - this.#free.length;
  }

  /** A row to use, and whether the arrays must grow to hold it. */
  take(): { row: number; grows: boolean } {
    const row = this.#free.pop();
    if (row !== undefined) return { row, grows: false };
    const next = this.end;
    this.end += 1;
    if (next < this.capacity) return { row: next, grows: false };
    // A quarter more at a time: slack costs memory for as long as the process lives, copying only now.
    this.capacity = Math.ceil(this.capacity * 1.25);
    return { row: next, grows: true };
  }

  release(row: number): void {
    this.#free.push(row);
  }

  clear(): void {
    this.end = 1;
    this.#free.length = 0;
  }
}

/** Leaves: hashed slot, value, and the cached reference by which the parent names the leaf. */
export class Leaves {
  readonly #rows: Rows;
  keys: Uint8Array;
  /** Of a bundle, the hash of the branch at its top. */
  values: Uint8Array;
  references: Uint8Array;
  /** 32: a hash; 1 to 31: the node itself, which is that short; 0: to be computed. */
  referenceBytes: Uint8Array;
  /** 0 of a slot; of a bundle, which stands for all slots under a prefix, the depth of its first branch. */
  bundleDepths: Uint8Array;

  constructor(rowCount: number) {
    this.#rows = new Rows(rowCount);
    this.keys = new Uint8Array(rowCount * WORD_BYTES);
    this.values = new Uint8Array(rowCount * WORD_BYTES);
    this.references = new Uint8Array(rowCount * WORD_BYTES);
    this.referenceBytes = new Uint8Array(rowCount);
    this.bundleDepths = new Uint8Array(rowCount);
  }

  get count(): number {
    return this.#rows.count;
  }

  add(key: Uint8Array, value: Uint8Array): number {
    const { row, grows } = this.#rows.take();
    if (grows) {
      const { capacity } = this.#rows;
      this.keys = grown(this.keys, capacity * WORD_BYTES);
      this.values = grown(this.values, capacity * WORD_BYTES);
      this.references = grown(this.references, capacity * WORD_BYTES);
      this.referenceBytes = grown(this.referenceBytes, capacity);
      this.bundleDepths = grown(this.bundleDepths, capacity);
    }
    this.keys.set(key, row * WORD_BYTES);
    this.values.set(value, row * WORD_BYTES);
    this.referenceBytes[row] = 0;
    this.bundleDepths[row] = 0;
    return row;
  }

  release(row: number): void {
    this.#rows.release(row);
  }

  clear(): void {
    this.#rows.clear();
  }

  /** The nibble of a leaf's hashed slot at `depth`. */
  nibble(row: number, depth: number): number {
    const byte = this.keys[row * WORD_BYTES + (depth >> 1)]!;
    return depth & 1 ? byte & 15 : byte >> 4;
  }

  get byteCount(): number {
    return 3 * this.keys.length + 2 * this.referenceBytes.length;
  }
}

/** Branches: the depth at which keys part, sixteen children, and the cached reference. */
export class Branches {
  readonly #rows: Rows;
  children: Int32Array;
  depths: Uint8Array;
  references: Uint8Array;
  /** As in `Leaves`; the reference covers the extension above the branch too. */
  referenceBytes: Uint8Array;

  constructor(rowCount: number) {
    this.#rows = new Rows(rowCount);
    this.children = new Int32Array(rowCount * RADIX);
    this.depths = new Uint8Array(rowCount);
    this.references = new Uint8Array(rowCount * WORD_BYTES);
    this.referenceBytes = new Uint8Array(rowCount);
  }

  get count(): number {
    return this.#rows.count;
  }

  add(depth: number): number {
    const { row, grows } = this.#rows.take();
    if (grows) {
      const { capacity } = this.#rows;
      this.children = grown(this.children, capacity * RADIX);
      this.depths = grown(this.depths, capacity);
      this.references = grown(this.references, capacity * WORD_BYTES);
      this.referenceBytes = grown(this.referenceBytes, capacity);
    }
    this.children.fill(0, row * RADIX, (row + 1) * RADIX);
    this.depths[row] = depth;
    this.referenceBytes[row] = 0;
    return row;
  }

  release(row: number): void {
    this.#rows.release(row);
  }

  clear(): void {
    this.#rows.clear();
  }

  get byteCount(): number {
    return this.children.byteLength + this.depths.length + this.references.length + this.referenceBytes.length;
  }
}
