/** RRsets as the chain packs them: ttl, then length and data of each record; owner name, type and class follow from the key. */
import { concatBytes, type Hex, toHex } from "../base/bytes.ts";
import { encodeDnsName } from "../naming/dnsName.ts";

/** The wire form of a packed RRset; `undefined` where the bytes are not one. */
export function unpackRRset(
  owner: string,
  rrtype: number,
  packed: Uint8Array,
): { value: Hex; ttlSeconds: number } | undefined {
  if (packed.length < 6) return undefined;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const prefix = concatBytes(
    encodeDnsName(owner),
    Uint8Array.of(rrtype >> 8, rrtype & 0xff, 0, 1),
    packed.subarray(0, 4),
  );
  const parts: Uint8Array[] = [];
  let offset = 4;
  while (offset < packed.length) {
    if (offset + 2 > packed.length) return undefined;
    const end = offset + 2 + view.getUint16(offset);
    if (end > packed.length) return undefined;
    parts.push(prefix, packed.subarray(offset, end));
    offset = end;
  }
  return { value: toHex(concatBytes(...parts)), ttlSeconds: view.getUint32(0) & 0x7fffffff };
}
