/** An RRset in wire form, as its event carries it, in the packed form the contract stores. */
import { concatBytes } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";

export class MalformedRRsetError extends BaseError {
  override readonly name = "Replica.MalformedRRsetError";
  constructor(offset: number) {
    super("REPLICA_MALFORMED_RRSET", `An RRset of an event is malformed at byte ${offset}.`);
  }
}

/** Type, class, ttl and the length of the data follow a resource record's owner name. */
const FIXED_BYTES = 10;

/** The lowest ttl, then length and data of each record in the order given. Throws `MalformedRRsetError`. */
export function packRRset(wire: Uint8Array): Uint8Array {
  const view = new DataView(wire.buffer, wire.byteOffset, wire.length);
  const parts: Uint8Array[] = [];
  let ttlSeconds = 0xffffffff;
  let offset = 0;
  while (offset < wire.length) {
    let at = offset;
    while (at < wire.length && wire[at] !== 0) at += 1 + wire[at]!;
    at += 1;
    if (at + FIXED_BYTES > wire.length) throw new MalformedRRsetError(offset);
    const end = at + FIXED_BYTES + view.getUint16(at + 8);
    if (end > wire.length) throw new MalformedRRsetError(offset);
    ttlSeconds = Math.min(ttlSeconds, view.getUint32(at + 4));
    parts.push(wire.subarray(at + 8, end));
    offset = end;
  }
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, ttlSeconds);
  return concatBytes(head, ...parts);
}
