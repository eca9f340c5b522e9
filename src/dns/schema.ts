/**
 * How the data of each known type is laid out: a list of fields. One table drives the wire reader, the writer, the
 * presentation form and its parser, so a new type is one line here. Types not listed have opaque data (RFC 3597).
 */
import { TYPE } from "./codes.ts";

export type Field =
  | "u8"
  | "u16"
  | "u32"
  /** Seconds; text may carry units (1h30m). */
  | "ttl"
  /** A name that may be compressed on the wire (RFC 3597 section 4: only the types of RFC 1035). */
  | "name"
  /** A name that is never compressed. */
  | "plainName"
  | "ipv4"
  | "ipv6"
  /** One length-prefixed string. */
  | "string"
  /** One string of letters and digits, written without quotes. */
  | "tag"
  /** One or more strings, to the end. */
  | "strings"
  /** Text to the end without a length (CAA, URI). */
  | "text"
  /** Hexadecimal to the end, blanks allowed in text. */
  | "hex"
  | "base64"
  /** A type as mnemonic. */
  | "type"
  /** A type bitmap to the end (RFC 4034 section 4.1.2). */
  | "types"
  /** Time as YYYYMMDDHHmmSS. */
  | "time"
  /** Length-prefixed hexadecimal, "-" when empty (RFC 5155). */
  | "salt"
  /** Length-prefixed base32hex (RFC 5155). */
  | "hash32"
  /** Service parameters (RFC 9460). */
  | "params"
  | "eui48"
  | "eui64"
  /** Location (RFC 1876). */
  | "location";

const SCHEMAS: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [TYPE.A, ["ipv4"]],
  [TYPE.NS, ["name"]],
  [TYPE.CNAME, ["name"]],
  [TYPE.SOA, ["name", "name", "u32", "ttl", "ttl", "ttl", "ttl"]],
  [TYPE.PTR, ["name"]],
  [TYPE.HINFO, ["string", "string"]],
  [TYPE.MX, ["u16", "name"]],
  [TYPE.TXT, ["strings"]],
  [TYPE.RP, ["plainName", "plainName"]],
  [TYPE.AFSDB, ["u16", "plainName"]],
  [TYPE.AAAA, ["ipv6"]],
  [TYPE.LOC, ["location"]],
  [TYPE.SRV, ["u16", "u16", "u16", "plainName"]],
  [TYPE.NAPTR, ["u16", "u16", "string", "string", "string", "plainName"]],
  [TYPE.KX, ["u16", "plainName"]],
  [TYPE.CERT, ["u16", "u16", "u8", "base64"]],
  [TYPE.DNAME, ["plainName"]],
  [TYPE.DS, ["u16", "u8", "u8", "hex"]],
  [TYPE.SSHFP, ["u8", "u8", "hex"]],
  [TYPE.RRSIG, ["type", "u8", "u8", "u32", "time", "time", "u16", "plainName", "base64"]],
  [TYPE.NSEC, ["plainName", "types"]],
  [TYPE.DNSKEY, ["u16", "u8", "u8", "base64"]],
  [TYPE.DHCID, ["base64"]],
  [TYPE.NSEC3, ["u8", "u8", "u16", "salt", "hash32", "types"]],
  [TYPE.NSEC3PARAM, ["u8", "u8", "u16", "salt"]],
  [TYPE.TLSA, ["u8", "u8", "u8", "hex"]],
  [TYPE.SMIMEA, ["u8", "u8", "u8", "hex"]],
  [TYPE.CDS, ["u16", "u8", "u8", "hex"]],
  [TYPE.CDNSKEY, ["u16", "u8", "u8", "base64"]],
  [TYPE.OPENPGPKEY, ["base64"]],
  [TYPE.CSYNC, ["u32", "u16", "types"]],
  [TYPE.ZONEMD, ["u32", "u8", "u8", "hex"]],
  [TYPE.SVCB, ["u16", "plainName", "params"]],
  [TYPE.HTTPS, ["u16", "plainName", "params"]],
  [TYPE.SPF, ["strings"]],
  [TYPE.EUI48, ["eui48"]],
  [TYPE.EUI64, ["eui64"]],
  [TYPE.URI, ["u16", "u16", "text"]],
  [TYPE.CAA, ["u8", "tag", "text"]],
  [TYPE.ALIAS, ["plainName"]],
]);

/** Types whose names must be expanded on receipt though they may not be compressed on sending (RFC 3597 section 4). */
const EXPANDED = new Set<number>([TYPE.RP, TYPE.AFSDB, TYPE.SRV, TYPE.NAPTR, TYPE.KX, TYPE.DNAME]);

/** The fields of a type's data; `undefined` for unknown types. */
export function schemaOf(type: number): readonly Field[] | undefined {
  return SCHEMAS.get(type);
}

/** Whether names in received data of this type may hold compression pointers. */
export function mayHoldPointers(type: number): boolean {
  return EXPANDED.has(type) || (SCHEMAS.get(type)?.includes("name") ?? false);
}
