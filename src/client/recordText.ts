/** Records as people write and read them: `A`, `TXT`, `addr`, `text:url`; values in their usual form. */
import { fromHex, type Hex, utf8Text } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { typeCode, typeName } from "../dns/codes.ts";
import { formatRdata } from "../dns/rdataText.ts";
import { COIN_TYPE_ETHEREUM, parseRecordKey, type RecordKey } from "../protocol/record.ts";
import { decodeRRset } from "../protocol/rrset.ts";

export class UnknownRecordTypeError extends BaseError {
  override readonly name = "Client.UnknownRecordTypeError";
  constructor(text: string) {
    super("CLIENT_UNKNOWN_RECORD_TYPE", `"${text.slice(0, 80)}" is no type of record.`, {
      metaMessages: [
        "A DNS type such as A, AAAA, TXT or TYPE65, or addr, addr:COIN, text:KEY, contenthash, name, data:KEY.",
      ],
    });
  }
}

/**
 * The record of a name that a type's text means. DNS types are upper case or lower case; `addr` is the Ethereum address.
 *
 * @example
 * ```ts
 * recordOfType("www.shop.hold", "AAAA"); // { kind: "dns", owner: "www.shop.hold", rrtype: 28 }
 * ```
 */
export function recordOfType(name: string, text: string): RecordKey {
  if (text === "addr") return { kind: "addr", coinType: COIN_TYPE_ETHEREUM };
  const rrtype = typeCode(text);
  if (rrtype !== undefined) return { kind: "dns", owner: name, rrtype };
  try {
    return parseRecordKey(text);
  } catch {
    throw new UnknownRecordTypeError(text);
  }
}

/** The type's text of a record. */
export function typeOfRecord(record: RecordKey): string {
  switch (record.kind) {
    case "dns":
      return typeName(record.rrtype);
    case "addr":
      return record.coinType === COIN_TYPE_ETHEREUM ? "addr" : `addr:${record.coinType}`;
    case "text":
    case "data":
      return `${record.kind}:${record.key}`;
    default:
      return record.kind;
  }
}

/** A value's lines: one for each resource record; text for texts and names; hexadecimal for the rest. */
export function formatValue(record: RecordKey, value: Hex): readonly string[] {
  if (record.kind === "dns") {
    const rrset = decodeRRset(value);
    return rrset.rdatas.map((rdata) => `${typeName(rrset.type)} ${formatRdata(rrset.type, rdata)}`);
  }
  if (record.kind === "text" || record.kind === "name") return [utf8Text(fromHex(value)) ?? value];
  return [value];
}
