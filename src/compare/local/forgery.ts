/** What a forger, and a server with an old copy, put in the place of addresses; everything else they leave as it is. */
import type { Hex } from "../../base/bytes.ts";
import { TYPE } from "../../dns/codes.ts";
import { decodeRRset, encodeRRset } from "../../protocol/rrset.ts";

/** Of the documentation ranges (RFC 5737, RFC 3849), and nobody's in the zones that come with Holdfast. */
const ADDRESSES = {
  forged: {
    [TYPE.A]: Uint8Array.of(203, 0, 113, 254),
    [TYPE.AAAA]: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef),
  },
  former: {
    [TYPE.A]: Uint8Array.of(203, 0, 113, 253),
    [TYPE.AAAA]: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f, 0xee),
  },
} as const satisfies Record<string, Record<number, Uint8Array>>;

/** `forged`: another's address; `former`: the one before the last change. */
export type Substitute = keyof typeof ADDRESSES;

/** The data of a resource record with its address replaced; records of other types as they are. */
export function substituted(substitute: Substitute, rrtype: number, rdata: Uint8Array): Uint8Array {
  const known: Readonly<Record<number, Uint8Array>> = ADDRESSES[substitute];
  return known[rrtype] ?? rdata;
}

/** The value of an RRset with every address in it replaced. */
export function substitutedValue(substitute: Substitute, value: Hex): Hex {
  const rrset = decodeRRset(value);
  return encodeRRset({ ...rrset, rdatas: rrset.rdatas.map((rdata) => substituted(substitute, rrset.type, rdata)) });
}
