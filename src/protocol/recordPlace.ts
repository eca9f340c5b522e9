/** A record's place under its name, as the registry keeps it (contracts/registry/LAYOUT.md) and signed sets do. */
import { fromHex, utf8Bytes } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import { encodeDnsName } from "../naming/dnsName.ts";
import type { StoredRecordKey } from "./record.ts";

export interface RecordPlace {
  readonly kind: number;
  /** Of an RRset its type, otherwise 0. */
  readonly rrtype: number;
  /** 32 bytes. */
  readonly subkey: Uint8Array;
}

const ZERO_KEY = new Uint8Array(32);

export function placeOf(record: StoredRecordKey): RecordPlace {
  switch (record.kind) {
    case "addr":
      return { kind: 1, rrtype: 0, subkey: fromHex(`0x${record.coinType.toString(16).padStart(64, "0")}`) };
    case "text":
      return { kind: 2, rrtype: 0, subkey: keccak256(utf8Bytes(record.key)) };
    case "contenthash":
      return { kind: 3, rrtype: 0, subkey: ZERO_KEY };
    case "name":
      return { kind: 4, rrtype: 0, subkey: ZERO_KEY };
    case "pubkey":
      return { kind: 6, rrtype: 0, subkey: ZERO_KEY };
    case "dns":
      return { kind: 8, rrtype: record.rrtype, subkey: keccak256(encodeDnsName(record.owner)) };
    case "data":
      return { kind: 10, rrtype: 0, subkey: keccak256(utf8Bytes(record.key)) };
  }
}
