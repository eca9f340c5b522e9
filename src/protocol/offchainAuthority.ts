/**
 * Who may sign sets of records for a name: all that a check of a set needs from the chain, as one record that is read like any
 * other (`authority:ACCOUNT`), so it comes signed or proven as every record does.
 */
import { concatBytes, fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import type { Node } from "../naming/namehash.ts";

/** Key of the registry's `data` record (ENSIP-24) by which a name's sets are revoked. */
export const MIN_SEQUENCE_KEY = "holdfast.minSequence";

export interface Authority {
  /** The closest live name at or above the asked one that has a resolver: its owner signs. */
  readonly node: Node;
  /** Its resolver, lower case: sets count where it is the deployment's OffchainResolver. */
  readonly resolver: Hex;
  readonly owner: Hex;
  /** Its record epoch: sets of another are void. */
  readonly epoch: bigint;
  /** Sets with a lower sequence are void. Below 2^256. */
  readonly minSequence: bigint;
  /** Whether the account asked about may write the name's records: as owner, operator of the owner or of the name. */
  readonly mayWrite: boolean;
}

const BYTES = { node: 32, resolver: 20, owner: 20, epoch: 8, minSequence: 32, mayWrite: 1 } as const;
const BYTE_COUNT = Object.values(BYTES).reduce<number>((sum, count) => sum + count, 0);

export class MalformedAuthorityError extends BaseError {
  override readonly name = "Protocol.MalformedAuthorityError";
  constructor(byteCount: number) {
    super("PROTOCOL_MALFORMED_AUTHORITY", `An authority has ${BYTE_COUNT} bytes, not ${byteCount}.`);
  }
}

const bytesOf = (value: bigint, byteCount: number) => fromHex(`0x${value.toString(16).padStart(2 * byteCount, "0")}`);

/** The record's value. */
export function encodeAuthority(authority: Authority): Hex {
  const { node, resolver, owner, epoch, minSequence, mayWrite } = authority;
  return toHex(
    concatBytes(
      fromHex(node),
      fromHex(resolver),
      fromHex(owner),
      bytesOf(epoch, BYTES.epoch),
      bytesOf(minSequence, BYTES.minSequence),
      Uint8Array.of(mayWrite ? 1 : 0),
    ),
  );
}

/** The authority of a record's value. Throws `MalformedAuthorityError`. */
export function decodeAuthority(value: Hex): Authority {
  const bytes = fromHex(value);
  if (bytes.length !== BYTE_COUNT) throw new MalformedAuthorityError(bytes.length);
  let offset = 0;
  const next = (field: keyof typeof BYTES): Hex => {
    offset += BYTES[field];
    return toHex(bytes.subarray(offset - BYTES[field], offset));
  };
  return {
    node: next("node"),
    resolver: next("resolver"),
    owner: next("owner"),
    epoch: BigInt(next("epoch")),
    minSequence: BigInt(next("minSequence")),
    mayWrite: next("mayWrite") === "0x01",
  };
}
