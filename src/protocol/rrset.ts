/** DNS RRsets as record values: whole resource records in wire form, one after the other, nothing compressed (ENSIP-6). */
import { concatBytes, fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import type { RRset } from "../dns/message.ts";
import { nameToWire, readName } from "../dns/name.ts";

export class MalformedRRsetError extends BaseError {
  override readonly name = "Protocol.MalformedRRsetError";
  constructor(reason: string, offset: number) {
    super("PROTOCOL_MALFORMED_RRSET", `The RRset is malformed at byte ${offset}: ${reason}.`);
  }
}

/** The value of an RRset. */
export function encodeRRset(rrset: RRset): Hex {
  const owner = nameToWire(rrset.name);
  const records = rrset.rdatas.map((rdata) => {
    const fixed = new DataView(new ArrayBuffer(10));
    fixed.setUint16(0, rrset.type);
    fixed.setUint16(2, 1);
    fixed.setUint32(4, rrset.ttlSeconds);
    fixed.setUint16(8, rdata.length);
    return concatBytes(owner, new Uint8Array(fixed.buffer), rdata);
  });
  return toHex(concatBytes(...records));
}

/**
 * The RRset of a value, its owner in lower case and its TTL the smallest of the records' (RFC 2181 section 5.2). Throws
 * `MalformedRRsetError` where the records are not one set.
 *
 * @example
 * ```ts
 * decodeRRset(value).rdatas.map(formatAddress4); // ["192.0.2.1"]
 * ```
 */
export function decodeRRset(value: Hex): RRset {
  const bytes = fromHex(value);
  const rdatas: Uint8Array[] = [];
  let first: { name: string; type: number } | undefined;
  let ttlSeconds = 0x7fffffff;
  let offset = 0;
  while (offset < bytes.length) {
    const owner = readName(bytes, offset, "refused");
    if (typeof owner === "string") throw new MalformedRRsetError(owner, offset);
    if (owner.end + 10 > bytes.length) throw new MalformedRRsetError("a record is cut off", offset);
    const fixed = new DataView(bytes.buffer, bytes.byteOffset + owner.end, 10);
    const name = owner.name.toLowerCase();
    const type = fixed.getUint16(0);
    if (fixed.getUint16(2) !== 1) throw new MalformedRRsetError("the class is not IN", owner.end + 2);
    if (first !== undefined && (first.name !== name || first.type !== type)) {
      throw new MalformedRRsetError("a record is of another set", offset);
    }
    first = { name, type };
    ttlSeconds = Math.min(ttlSeconds, fixed.getUint32(4));
    const start = owner.end + 10;
    offset = start + fixed.getUint16(8);
    if (offset > bytes.length) throw new MalformedRRsetError("the data of a record is cut off", start);
    rdatas.push(bytes.subarray(start, offset));
  }
  if (first === undefined) throw new MalformedRRsetError("it is empty", 0);
  return { ...first, ttlSeconds, rdatas };
}
