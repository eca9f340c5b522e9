/** ASCII text in seven bits a character, as the registry stores texts of 32 characters and more (its LAYOUT.md). */

/** The fewest characters that are packed: fewer fit a slot as they are. */
export const PACKED_CHARACTERS_MIN = 32;

/** How many bytes that many packed characters take. */
export function packedLength(characterCount: number): number {
  return (7 * characterCount + 7) >> 3;
}

/**
 * The packed form of a text's bytes, first character in the highest bits; `undefined` for those that are stored as they
 * are: shorter ones, and whatever is not ASCII.
 *
 * @example
 * ```ts
 * packAscii(utf8Bytes("https://example.org/a-long-page-of-text"))?.length; // 35 instead of 39
 * ```
 */
export function packAscii(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < PACKED_CHARACTERS_MIN || bytes.some((byte) => byte > 127)) return undefined;
  const packed = new Uint8Array(packedLength(bytes.length));
  bytes.forEach((byte, index) => {
    const bit = index * 7;
    // Seven bits fall into one byte or two: shifted to the top of a 16-bit window that starts at the first.
    const window = byte << (9 - (bit & 7));
    packed[bit >> 3]! |= window >> 8;
    if ((window & 0xff) !== 0) packed[(bit >> 3) + 1]! |= window & 0xff;
  });
  return packed;
}

/** The text's bytes of a packed form. */
export function unpackAscii(packed: Uint8Array, characterCount: number): Uint8Array {
  return Uint8Array.from({ length: characterCount }, (_, index) => {
    const bit = index * 7;
    const window = ((packed[bit >> 3] ?? 0) << 8) | (packed[(bit >> 3) + 1] ?? 0);
    return (window >> (9 - (bit & 7))) & 127;
  });
}
