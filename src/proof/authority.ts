/** Who may write a name's records, and which signed sets are revoked, by the registry's storage. */
import { concatBytes, fromHex, type Hex } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import type { Node } from "../naming/namehash.ts";
import type { NameWord } from "./layout.ts";

/** Base slot of the registry's `_operators[owner][operator]`. */
const OPERATORS_SLOT = 6n;
const OPERATOR_KIND = 11n;
const PERMISSION_RECORDS = 1;
const NUMBER_BYTES_MAX = 32;

const word = (value: bigint): Uint8Array => fromHex(`0x${value.toString(16).padStart(64, "0")}`);
const hashed = (...parts: readonly Uint8Array[]): Uint8Array => keccak256(concatBytes(...parts));

/** Whether an account may write the records of a live name: its owner, an operator of the owner, or one of the name. */
export function mayWriteRecords(
  read: (slot: Uint8Array) => Uint8Array,
  node: Node,
  { owner, epoch }: NameWord,
  account: Hex,
): boolean {
  if (BigInt(account) === 0n || BigInt(owner) === 0n) return false;
  if (owner === account) return true;
  const [ownerWord, accountWord] = [word(BigInt(owner)), word(BigInt(account))];
  const operator = hashed(accountWord, hashed(ownerWord, word(OPERATORS_SLOT)));
  if (read(operator)[31] === 1) return true;
  const kindWord = word((OPERATOR_KIND << 248n) | epoch);
  const permissions = read(hashed(fromHex(node), kindWord, hashed(ownerWord, accountWord)));
  return ((permissions[31] ?? 0) & PERMISSION_RECORDS) !== 0;
}

/** The lowest sequence that counts, of the registry's record; a record too long to be a number revokes all. */
export function minSequenceOf(bytes: Uint8Array | undefined): bigint {
  if (bytes === undefined || bytes.length === 0) return 0n;
  if (bytes.length > NUMBER_BYTES_MAX) return 2n ** 256n - 1n;
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
