/**
 * Verifies owner-signed sets of records as OffchainResolver does (contracts/offchain), with the chain's word on who may sign. The
 * signature itself is checked apart from the rest: a contract's (ERC-1271) takes a call to it.
 */
import { fromHex, type Hex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { namehash } from "../naming/namehash.ts";
import type { Authority } from "../protocol/offchainAuthority.ts";
import { placesOfCall, type RecordQuestion } from "../protocol/offchainMessages.ts";
import { type RecordSetDomain, recordSetDigest, type SignedRecordSet } from "../protocol/offchainSet.ts";
import { EMPTY_ROOT, type RecordLeaf, rootOf, spansKey } from "../protocol/offchainTree.ts";

/** What a set can fail, named as the errors of the contract. */
export type SetFlaw =
  | "wrong-name"
  | "wrong-epoch"
  | "expired"
  | "not-yet-valid"
  | "revoked"
  | "wrong-signer"
  | "wrong-signature"
  | "wrong-leaf-count"
  | "wrong-proof"
  | "unrelated-leaf";

export class InvalidSetError extends BaseError {
  override readonly name = "Proof.InvalidSetError";
  readonly flaw: SetFlaw;
  constructor(flaw: SetFlaw, reason: string) {
    super("PROOF_INVALID_SET", reason);
    this.flaw = flaw;
  }
}

/** Clocks may differ by this much, in seconds. */
export const SET_CLOCK_SKEW_SECONDS = 300;

/**
 * Throws `InvalidSetError` unless a set counts for its name now, its signature apart.
 *
 * @param nowSeconds Seconds since 1970.
 */
export function checkSet(set: SignedRecordSet, authority: Authority, nowSeconds: number): void {
  const refuse = (flaw: SetFlaw, reason: string) => {
    throw new InvalidSetError(flaw, reason);
  };
  if (set.node !== authority.node) refuse("wrong-name", "The set is another name's.");
  if (set.epoch !== authority.epoch) refuse("wrong-epoch", `The name's record epoch is ${authority.epoch}.`);
  if (set.validUntil < nowSeconds) refuse("expired", `The set counted until ${set.validUntil}.`);
  if (set.validFrom > nowSeconds + SET_CLOCK_SKEW_SECONDS) {
    refuse("not-yet-valid", `The set counts from ${set.validFrom}.`);
  }
  if (set.sequence < authority.minSequence) {
    refuse("revoked", `Sets below sequence ${authority.minSequence} are revoked; this is ${set.sequence}.`);
  }
  if (!authority.mayWrite && set.signer.toLowerCase() !== authority.owner) {
    refuse("wrong-signer", `${set.signer} may not write the name's records.`);
  }
}

/** Whether a set's signature is that of its signer's key; a contract's cannot be told so. */
export function isSignedByKey(
  domain: RecordSetDomain,
  set: SignedRecordSet,
  recoverAddress: (digest: Uint8Array, signature: Uint8Array) => string | undefined,
): boolean {
  const signature = fromHex(set.signature);
  // As the contract has it: 65 bytes, the last of them 27 or 28.
  if (signature.length !== 65 || signature[64]! < 27) return false;
  return recoverAddress(fromHex(recordSetDigest(domain, set)), signature) === set.signer.toLowerCase();
}

/** The value that leaves prove for each call of a question; `null` where they prove that there is none. Throws `InvalidSetError`. */
export function readLeaves(
  set: SignedRecordSet,
  { node, name, calls }: RecordQuestion,
  leaves: readonly (readonly RecordLeaf[])[],
): readonly { readonly value: Hex | null; readonly isWildcard: boolean }[] {
  if (leaves.length !== calls.length) {
    throw new InvalidSetError("wrong-leaf-count", `The answer is to ${leaves.length} calls, not ${calls.length}.`);
  }
  const nameNode = namehash(name);
  return calls.map((call, index) => {
    if (set.root === EMPTY_ROOT) return { value: null, isWildcard: false };
    const places = placesOfCall(node, nameNode, call);
    for (const [position, { key, isWildcard }] of places.entries()) {
      const value = provenValue(set.root, key, leaves[index]![position]);
      if (value !== null) return { value, isWildcard };
    }
    return { value: null, isWildcard: places.at(-1)!.isWildcard };
  });
}

function provenValue(root: Hex, key: Hex, leaf: RecordLeaf | undefined): Hex | null {
  if (leaf === undefined) throw new InvalidSetError("wrong-leaf-count", "A leaf is missing.");
  if (rootOf(leaf) !== root) throw new InvalidSetError("wrong-proof", `The leaf ${leaf.key} is not part of the set.`);
  // As the contract has it, a record of no bytes is none.
  if (leaf.key === key) return leaf.value === "0x" ? null : leaf.value;
  if (spansKey(leaf, key)) return null;
  throw new InvalidSetError("unrelated-leaf", `The leaf ${leaf.key} says nothing about ${key}.`);
}
