/**
 * What a gateway answers, and the digest it signs.
 *
 * An answer always says at which block it was read. Either it carries a result for every record of the query, in the
 * query's order, with evidence; or it is a referral: this gateway does not serve the name and says which shard does.
 */
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import type { Node } from "../naming/namehash.ts";
import { type SigningDomain, typedDigest, typeHash, uintWord } from "./eip712.ts";
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

/** A gateway operator's statement that a header is on the chain it follows: see `attestationDigest`. */
export interface HeaderAttestation {
  readonly gatewayId: number;
  readonly signature: Hex;
}

/**
 * Proof of one storage slot (EIP-1186): the trie nodes from the storage root down, each in RLP; an exclusion proof where
 * `value` is zero. Slots may come in any order, and more of them than are needed: the verifier looks up the ones it
 * derives itself. `value` is the whole word, 32 bytes.
 */
export interface StorageProof {
  readonly slot: Hex;
  readonly value: Hex;
  readonly nodes: readonly Hex[];
}

/**
 * Evidence from a trusted header down to the slots that hold the answer: those `readName` of the proof room touches for
 * the query. The header is the attested one, at the answer's block.
 */
export interface ProofEvidence {
  readonly kind: "proof";
  /** RLP of the block header. */
  readonly header: Hex;
  readonly attestations: readonly HeaderAttestation[];
  /** Account proof of the registry contract. */
  readonly account: readonly Hex[];
  readonly storage: readonly StorageProof[];
  /** Where a wildcard may answer: every RRset that the name has, whose slots are then among those proven. */
  readonly zone?: readonly DnsRecordKey[];
}

type DnsRecordKey = Extract<RecordKey, { kind: "dns" }>;

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

export type { SigningDomain } from "./eip712.ts";

const GATEWAY_ANSWER = typeHash("GatewayAnswer(bytes32 node,uint64 blockNumber,bytes32 blockHash,bytes32 contentHash)");

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
  return toHex(keccak256(concatBytes(...parts)));
}

/** The EIP-712 digest a gateway signs. */
export function answerDigest(domain: SigningDomain, answer: Answer): Hex {
  return typedDigest(
    domain,
    GATEWAY_ANSWER,
    fromHex(answer.node),
    uintWord(answer.block.number),
    fromHex(answer.block.hash),
    fromHex(contentHash(answer)),
  );
}
