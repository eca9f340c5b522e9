/** Primary names as the ReverseRegistrar keeps them: from an account to the name it claims (ENSIP-3, ENSIP-19). */
import { concatBytes, fromHex, type Hex, toHex } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import { childNode, namehash } from "../naming/namehash.ts";
import { COIN_TYPE_DEFAULT, COIN_TYPE_ETHEREUM, isEvmCoinType } from "../protocol/record.ts";
import { type ReadSlot, readValue } from "./value.ts";

/** Base slot of the mapping from a reverse node to the name kept there. */
const NAMES_SLOT = 3n;

const ADDR_REVERSE = namehash("addr.reverse");
const DEFAULT_REVERSE = namehash("default.reverse");
const REVERSE_NAME = /^([0-9a-f]{40})\.(addr|default|[0-9a-f]{1,16})\.reverse$/;

/** An account on one chain. */
export interface ReverseQuestion {
  /** 20 bytes, lower case. */
  readonly account: Hex;
  /** SLIP-44; of an EVM chain (ENSIP-11). */
  readonly coinType: bigint;
}

/**
 * The reverse name of an account (ENSIP-19).
 *
 * @example
 * ```ts
 * reverseNameOf({ account: "0x00000000000000000000000000000000000a11ce", coinType: 60n }); // "00…a11ce.addr.reverse"
 * ```
 */
export function reverseNameOf({ account, coinType }: ReverseQuestion): string {
  const chain =
    coinType === COIN_TYPE_ETHEREUM ? "addr" : coinType === COIN_TYPE_DEFAULT ? "default" : coinType.toString(16);
  return `${account.slice(2).toLowerCase()}.${chain}.reverse`;
}

/** The account whose reverse name this is; `undefined` where it is none of an EVM account. */
export function parseReverseName(name: string): ReverseQuestion | undefined {
  const [, digits, chain] = REVERSE_NAME.exec(name) ?? [];
  if (digits === undefined || chain === undefined) return undefined;
  const coinType =
    chain === "addr" ? COIN_TYPE_ETHEREUM : chain === "default" ? COIN_TYPE_DEFAULT : BigInt(`0x${chain}`);
  return isEvmCoinType(coinType) ? { account: `0x${digits}`, coinType } : undefined;
}

function headSlot(parent: Hex, account: Hex): Hex {
  const node = childNode(parent, account.slice(2));
  return toHex(keccak256(concatBytes(fromHex(node), fromHex(`0x${NAMES_SLOT.toString(16).padStart(64, "0")}`))));
}

/** The head slots that the question leads to, the one that counts first. */
export function reverseSlots({ account, coinType }: ReverseQuestion): readonly Hex[] {
  const byDefault = headSlot(DEFAULT_REVERSE, account);
  return coinType === COIN_TYPE_ETHEREUM ? [headSlot(ADDR_REVERSE, account), byDefault] : [byDefault];
}

/**
 * The bytes of the name that an account claims, that for all EVM chains where it has none for Ethereum alone; `undefined` where it
 * claims none. Whether the name resolves back to the account is another question. Throws `CorruptRecordError`.
 */
export function readPrimaryName(read: ReadSlot, question: ReverseQuestion): Uint8Array | undefined {
  // All heads are looked at, so that whoever fetches slots fetches them together.
  const found = reverseSlots(question).map((slot) => readValue(read, slot));
  return found.find((value) => value !== undefined);
}
