/**
 * Sets of records that a name's owner signs and the name's gateways hold (contracts/offchain). A set is the head of a tree
 * (`offchainTree.ts`); who has the signature, the leaf and the path to the root needs nothing else to believe a record.
 */
import { hashTypedData, type TypedDataDomain } from "viem";
import type { Hex } from "../base/bytes.ts";
import type { Node } from "../naming/namehash.ts";

/** The head of a set: what is signed. */
export interface RecordSet {
  /** The name whose owner signs; the set holds records of names at or below it. */
  readonly node: Node;
  /** The name's record epoch in the registry: a re-registered or cleared name has no set. */
  readonly epoch: bigint;
  /** Higher than that of every set of the name signed before. */
  readonly sequence: bigint;
  /** Seconds since 1970. */
  readonly validFrom: number;
  /** The last second at which it counts. */
  readonly validUntil: number;
  readonly root: Hex;
}

/** Where a set counts: one chain, one resolver contract. */
export interface RecordSetDomain {
  readonly chainId: number;
  readonly resolver: Hex;
}

/** A set with its signature. */
export interface SignedRecordSet extends RecordSet {
  /** The name's owner, or an account that may write its records. */
  readonly signer: Hex;
  readonly signature: Hex;
}

export const RECORD_SET_TYPES = {
  RecordSet: [
    { name: "node", type: "bytes32" },
    { name: "epoch", type: "uint64" },
    { name: "sequence", type: "uint64" },
    { name: "validFrom", type: "uint48" },
    { name: "validUntil", type: "uint48" },
    { name: "root", type: "bytes32" },
  ],
} as const;

/** What a wallet is asked to sign (EIP-712). */
export function recordSetTypedData(domain: RecordSetDomain, set: RecordSet) {
  const { node, epoch, sequence, validFrom, validUntil, root } = set;
  return {
    domain: {
      name: "Holdfast Records",
      version: "1",
      chainId: domain.chainId,
      verifyingContract: domain.resolver,
    } satisfies TypedDataDomain,
    types: RECORD_SET_TYPES,
    primaryType: "RecordSet",
    message: { node, epoch, sequence, validFrom, validUntil, root },
  } as const;
}

/** The EIP-712 digest of a set, as `OffchainResolver.recordSetDigest` computes it. */
export function recordSetDigest(domain: RecordSetDomain, set: RecordSet): Hex {
  return hashTypedData(recordSetTypedData(domain, set));
}
