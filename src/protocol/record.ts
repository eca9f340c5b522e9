/** What can be asked of a name: one record each, with a text form that serves as key in caches, logs and messages. */
import type { Hex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";

/** SLIP-44 coin type of Ethereum, the default of `addr` (ENSIP-9). */
export const COIN_TYPE_ETHEREUM = 60n;
/** The coin type of all EVM chains together (ENSIP-19). */
export const COIN_TYPE_DEFAULT = 0x80000000n;
const COIN_TYPE_MAX = 0xffffffffn;

/** Whether a coin type is Ethereum's, another EVM chain's (ENSIP-11), or that of all of them. */
export function isEvmCoinType(coinType: bigint): boolean {
  return coinType === COIN_TYPE_ETHEREUM || (coinType >= COIN_TYPE_DEFAULT && coinType <= COIN_TYPE_MAX);
}

/** One record of a name. Values are the bytes the resolver keeps for it. */
export type RecordKey =
  /** An address in its chain's binary form (EIP-137, ENSIP-9, ENSIP-11). */
  | { readonly kind: "addr"; readonly coinType: bigint }
  /** A text value, UTF-8 (ENSIP-5). */
  | { readonly kind: "text"; readonly key: string }
  /** A content hash, multicodec (ENSIP-7). */
  | { readonly kind: "contenthash" }
  /** The primary name, on a reverse node (ENSIP-3). */
  | { readonly kind: "name" }
  /** A DNS RRset in wire form, whole resource records one after the other (ENSIP-6); `owner` is the RRset's name. */
  | { readonly kind: "dns"; readonly owner: string; readonly rrtype: number }
  /** Arbitrary bytes under a key (ENSIP-24). */
  | { readonly kind: "data"; readonly key: string }
  /** A secp256k1 public key, x ‖ y, 64 bytes (EIP-619's `pubkey`). */
  | { readonly kind: "pubkey" }
  /** Who may sign sets of records for the name, and whether `account` may: see `offchainAuthority.ts`. */
  | { readonly kind: "authority"; readonly account: Hex }
  /** The registry's own word about the name: owner, expiry, flags, shard index; 32 bytes. */
  | { readonly kind: "registration" };

export class MalformedRecordKeyError extends BaseError {
  override readonly name = "Protocol.MalformedRecordKeyError";
  constructor(text: string) {
    super("PROTOCOL_MALFORMED_RECORD_KEY", `"${text.slice(0, 120)}" names no record.`, {
      metaMessages: [
        "One of addr:COIN, text:KEY, contenthash, name, pubkey, dns:TYPE:OWNER, data:KEY, authority:ACCOUNT, registration, for example addr:60.",
      ],
    });
  }
}

/**
 * The text form of a record key.
 *
 * @example
 * ```ts
 * formatRecordKey({ kind: "dns", owner: "www.shop.hold", rrtype: 1 }); // "dns:1:www.shop.hold"
 * ```
 */
export function formatRecordKey(record: RecordKey): string {
  switch (record.kind) {
    case "addr":
      return `addr:${record.coinType}`;
    case "text":
      return `text:${record.key}`;
    case "data":
      return `data:${record.key}`;
    case "authority":
      return `authority:${record.account}`;
    case "dns":
      return `dns:${record.rrtype}:${record.owner}`;
    default:
      return record.kind;
  }
}

/** The record key of a text form. Throws `MalformedRecordKeyError`. */
export function parseRecordKey(text: string): RecordKey {
  if (text === "contenthash" || text === "name" || text === "pubkey" || text === "registration") return { kind: text };
  const colon = text.indexOf(":");
  const kind = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (kind === "text" && rest !== "") return { kind, key: rest };
  if (kind === "data" && rest !== "") return { kind, key: rest };
  if (kind === "addr" && /^\d{1,20}$/.test(rest)) return { kind, coinType: BigInt(rest) };
  if (kind === "authority" && /^0x[0-9a-f]{40}$/.test(rest)) return { kind, account: rest as Hex };
  const dns = /^(\d{1,5}):(.*)$/s.exec(rest);
  if (kind === "dns" && dns && Number(dns[1]) <= 0xffff) return { kind, rrtype: Number(dns[1]), owner: dns[2] ?? "" };
  throw new MalformedRecordKeyError(text);
}

/** A record of a name that its owner sets, as opposed to what the registry itself says about the name. */
export type StoredRecordKey = Exclude<RecordKey, { kind: "registration" } | { kind: "authority" }>;

export function isStored(record: RecordKey): record is StoredRecordKey {
  return record.kind !== "registration" && record.kind !== "authority";
}
