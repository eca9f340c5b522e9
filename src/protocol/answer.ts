/**
 * What a gateway answers, and the digest it signs.
 *
 * An answer always says at which block it was read. Either it carries a result for every record of the query, in the
 * query's order, with evidence; or it is a referral: this gateway does not serve the name and says which shard does.
 */
import { hashTypedData, keccak256 } from "viem";
import { concatBytes, fromHex, type Hex, utf8Bytes } from "../base/bytes.ts";
import type { Node } from "../naming/namehash.ts";
import { formatRecordKey, type RecordKey } from "./record.ts";

/** The block an answer was read at. */
export interface BlockReference {
  readonly number: bigint;
  readonly hash: Hex;
  readonly stateRoot: Hex;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
}

/** One record's result. Absence is a statement like any other: signed or proven. */
export interface RecordResult {
  readonly record: RecordKey;
  /** The record's bytes; `null` where the name has none. */
  readonly value: Hex | null;
  /** How long the value may be kept, in seconds. */
  readonly ttlSeconds: number;
}

/** The name's standing in the registry at the answer's block. */
export interface NameStatus {
  /** The deepest registered name at or above the asked one, in normal form; `null` where not even the 2LD is live. */
  readonly closest: string | null;
  /** Shard index of the name directly under the TLD; `null` where that is not registered. */
  readonly shardIndex: number | null;
  /** When the name directly under the TLD lapses, in seconds since 1970; 0 where it is not registered. */
  readonly expiry: bigint;
}

/** A gateway's signature over `answerDigest`, by the signer key the directory lists for it. */
export interface SignatureEvidence {
  readonly kind: "signature";
  readonly gatewayId: number;
  readonly signature: Hex;
}

/** A gateway operator's EIP-712 statement that a header is on the chain it follows. */
export interface HeaderAttestation {
  readonly gatewayId: number;
  readonly signature: Hex;
}

/** Proof of one storage slot (EIP-1186); an exclusion proof where `value` is zero. */
export interface StorageProof {
  readonly slot: Hex;
  readonly value: Hex;
  readonly nodes: readonly Hex[];
}

/** Evidence from a trusted header down to the slots that hold the answer. */
export interface ProofEvidence {
  readonly kind: "proof";
  /** RLP of the block header. */
  readonly header: Hex;
  readonly attestations: readonly HeaderAttestation[];
  /** Account proof of the registry contract. */
  readonly account: readonly Hex[];
  readonly storage: readonly StorageProof[];
}

export type Evidence = SignatureEvidence | ProofEvidence;

export interface RecordsAnswer {
  readonly kind: "records";
  readonly name: string;
  readonly node: Node;
  readonly block: BlockReference;
  readonly status: NameStatus;
  readonly results: readonly RecordResult[];
  readonly evidence: Evidence;
}

/** "Not mine": the proven shard index of the name, so that the client asks the right four. */
export interface Referral {
  readonly kind: "referral";
  readonly name: string;
  readonly node: Node;
  readonly block: BlockReference;
  readonly status: NameStatus;
  readonly evidence: Evidence;
}

export type Answer = RecordsAnswer | Referral;

/** Where signatures are valid: one chain, one directory contract. */
export interface SigningDomain {
  readonly chainId: number;
  readonly directory: Hex;
}

const ANSWER_TYPES = {
  GatewayAnswer: [
    { name: "node", type: "bytes32" },
    { name: "blockNumber", type: "uint64" },
    { name: "blockHash", type: "bytes32" },
    { name: "contentHash", type: "bytes32" },
  ],
} as const;

function field(text: string): Uint8Array {
  const bytes = utf8Bytes(text);
  return concatBytes(fromHex(`0x${bytes.length.toString(16).padStart(8, "0")}`), bytes);
}

/**
 * keccak256 of what an answer says apart from the block: status, then every record with its value. Two gateways that agree
 * have equal content hashes even when they read at different blocks, which is what a vote counts.
 */
export function contentHash(
  answer: Pick<RecordsAnswer, "status"> & { readonly results?: readonly RecordResult[] },
): Hex {
  const { closest, shardIndex, expiry } = answer.status;
  const parts = [field(closest ?? ""), field(String(shardIndex)), field(String(expiry))];
  for (const result of answer.results ?? []) {
    parts.push(field(formatRecordKey(result.record)), field(String(result.value)), field(String(result.ttlSeconds)));
  }
  return keccak256(concatBytes(...parts));
}

/** The EIP-712 digest a gateway signs. */
export function answerDigest(domain: SigningDomain, answer: Answer): Hex {
  return hashTypedData({
    domain: { name: "Holdfast", version: "1", chainId: domain.chainId, verifyingContract: domain.directory },
    types: ANSWER_TYPES,
    primaryType: "GatewayAnswer",
    message: {
      node: answer.node,
      blockNumber: answer.block.number,
      blockHash: answer.block.hash,
      contentHash: contentHash(answer),
    },
  });
}
