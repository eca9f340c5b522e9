/**
 * Sets of records that a name's owner signs and the name's gateways hold (contracts/offchain). A set is the head of a tree
 * (`offchainTree.ts`); who has the signature, the leaf and the path to the root needs nothing else to believe a record.
 */
import type { TypedDataDomain } from "viem";
import { fromHex, type Hex } from "../base/bytes.ts";
import type { Node } from "../naming/namehash.ts";
import { digestIn, typeHash, uintWord } from "./eip712.ts";

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

const DOMAIN_NAME = "Holdfast Records";
const SET_TYPE = typeHash(
  "RecordSet(bytes32 node,uint64 epoch,uint64 sequence,uint48 validFrom,uint48 validUntil,bytes32 root)",
);

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
      name: DOMAIN_NAME,
      version: "1",
      chainId: domain.chainId,
      verifyingContract: domain.resolver,
    } satisfies TypedDataDomain,
    types: RECORD_SET_TYPES,
    primaryType: "RecordSet",
    message: { node, epoch, sequence, validFrom, validUntil, root },
  } as const;
}

/** The EIP-712 digest of a set, as `OffchainResolver.recordSetDigest` computes it; by hand, for a gateway makes thousands a second. */
export function recordSetDigest({ chainId, resolver }: RecordSetDomain, set: RecordSet): Hex {
  const { node, epoch, sequence, validFrom, validUntil, root } = set;
  return digestIn(
    { name: DOMAIN_NAME, chainId, contract: resolver },
    SET_TYPE,
    fromHex(node),
    uintWord(epoch),
    uintWord(sequence),
    uintWord(BigInt(validFrom)),
    uintWord(BigInt(validUntil)),
    fromHex(root),
  );
}
