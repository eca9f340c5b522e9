/**
 * Verifies a proven answer: from its block header to the registry's account, to the slots that the question leads to. The
 * verifier reads the name out of the proven slots by itself and holds the answer against what it finds, so the answer's own
 * words count for nothing. Whether the header is one to trust is another question: see `headerTrust.ts`.
 */
import { fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import type { Answer, BlockReference, ProofEvidence, StorageProof } from "../protocol/answer.ts";
import type { RecordKey } from "../protocol/record.ts";
import { verifyAccount, verifySlot } from "./account.ts";
import { parseHeader } from "./header.ts";
import { type NameReading, readName } from "./readName.ts";
import { parseReverseName } from "./reverse.ts";
import { readReverse } from "./reverseReading.ts";
import type { HashNode } from "./trie.ts";
import type { ReadSlot } from "./value.ts";

/** The evidence does not hold a slot that the answer depends on. */
export class WithheldSlotError extends BaseError {
  override readonly name = "Proof.WithheldSlotError";
  constructor(slot: Hex) {
    super("PROOF_WITHHELD_SLOT", `The evidence does not prove slot ${slot}, on which the answer depends.`);
  }
}

/** The answer says something else than its own proof. */
export class ContradictionError extends BaseError {
  override readonly name = "Proof.ContradictionError";
  constructor(what: string) {
    super("PROOF_CONTRADICTION", `The answer's ${what} is not what its proof shows.`);
  }
}

export interface PinnedRegistry {
  readonly tld: string;
  readonly registry: Hex;
  /** keccak256 of the registry's code. */
  readonly codeHash: Hex;
}

/** A contract and its code. */
export interface PinnedContract {
  readonly address: Hex;
  /** keccak256 of its code. */
  readonly codeHash: Hex;
}

/** Storage roots proven so far, by block hash: answers read at the same block share their account proof. */
export type ProvenRoots = Map<Hex, Uint8Array>;

/** Roots kept; the one proven first is forgotten. */
const ROOTS_MAX = 64;

export interface VerifiedAnswer {
  readonly block: BlockReference;
  readonly reading: NameReading;
}

function checkBlock(told: BlockReference, proven: BlockReference): void {
  const isSame =
    told.number === proven.number &&
    told.hash === proven.hash &&
    told.stateRoot === proven.stateRoot &&
    told.timestamp === proven.timestamp;
  if (!isSame) throw new ContradictionError("block");
}

function storageRootOf(
  pinned: PinnedContract,
  block: BlockReference,
  evidence: ProofEvidence,
  roots: ProvenRoots,
): Uint8Array {
  const known = roots.get(block.hash);
  if (known !== undefined) return known;
  const root = verifyAccount(fromHex(block.stateRoot), pinned.address, pinned.codeHash, evidence.account.map(fromHex));
  const oldest = roots.size >= ROOTS_MAX ? roots.keys().next().value : undefined;
  if (oldest !== undefined) roots.delete(oldest);
  roots.set(block.hash, root);
  return root;
}

/** A node of a proof as text, as bytes and, once it was asked for, as hash. */
interface PooledNode {
  readonly text: Hex;
  readonly bytes: Uint8Array;
  hash: Uint8Array | undefined;
}

/** Nodes of one depth that are looked through; proofs of an answer share their upper nodes and no others. */
const POOLED_MAX = 8;

/**
 * Decodes and hashes each node once, though the proofs of an answer share their upper ones. Compared by text at each depth, which
 * costs less than to hash the text for a map.
 */
function createNodePool(): { readonly nodesOf: (nodes: readonly Hex[]) => Uint8Array[]; readonly hash: HashNode } {
  const byDepth: PooledNode[][] = [];
  const byBytes = new Map<Uint8Array, PooledNode>();
  const nodeOf = (text: Hex, depth: number): Uint8Array => {
    let pooled = byDepth[depth];
    if (pooled === undefined) byDepth[depth] = pooled = [];
    for (const node of pooled) if (node.text === text) return node.bytes;
    const node: PooledNode = { text, bytes: fromHex(text), hash: undefined };
    if (pooled.length < POOLED_MAX) pooled.push(node);
    byBytes.set(node.bytes, node);
    return node.bytes;
  };
  return {
    nodesOf: (nodes) => nodes.map(nodeOf),
    hash(bytes) {
      const node = byBytes.get(bytes);
      if (node === undefined) return keccak256(bytes);
      node.hash ??= keccak256(bytes);
      return node.hash;
    },
  };
}

function checkReading(answer: Answer, reading: NameReading): void {
  const { status } = reading;
  const isSame =
    status.closest === answer.status.closest &&
    status.shardIndex === answer.status.shardIndex &&
    status.expiry === answer.status.expiry;
  if (!isSame) throw new ContradictionError("status");
  if (answer.kind === "referral") return;
  for (const [index, result] of reading.results.entries()) {
    if (result.value !== answer.results[index]?.value) throw new ContradictionError(`record ${index}`);
  }
}

/** The block and the proven slots of an answer; `read` throws where the evidence does not prove a slot. */
interface ProvenState {
  readonly block: BlockReference;
  readonly read: ReadSlot;
}

function provenState(
  pinned: PinnedContract,
  answer: Answer & { readonly evidence: ProofEvidence },
  roots: ProvenRoots,
): ProvenState {
  const { evidence } = answer;
  const block = parseHeader(fromHex(evidence.header));
  checkBlock(answer.block, block);
  const root = storageRootOf(pinned, block, evidence, roots);
  const nodes = createNodePool();
  const proofs = new Map<Hex, StorageProof>();
  for (const proof of evidence.storage) proofs.set(proof.slot, proof);
  const words = new Map<Hex, Uint8Array>();
  const read = (slot: Hex): Uint8Array => {
    const known = words.get(slot);
    if (known !== undefined) return known;
    const proof = proofs.get(slot);
    if (proof === undefined) throw new WithheldSlotError(slot);
    const word = verifySlot(root, slot, nodes.nodesOf(proof.nodes), nodes.hash);
    if (toHex(word) !== proof.value) throw new ContradictionError(`slot ${slot}`);
    words.set(slot, word);
    return word;
  };
  return { block, read };
}

/**
 * What a proven answer shows about `records` of its name (nothing about them where it is a referral), at a block whose header
 * is yet to be trusted. The caller has checked that the answer is to its question.
 *
 * Throws errors of this room where the proof does not hold, and `ForeignResolverError` where the records are not in the
 * registry.
 */
export function verifyAnswer(
  pinned: PinnedRegistry,
  answer: Answer & { readonly evidence: ProofEvidence },
  records: readonly RecordKey[],
  roots: ProvenRoots = new Map(),
): VerifiedAnswer {
  const { evidence } = answer;
  const { block, read } = provenState({ address: pinned.registry, codeHash: pinned.codeHash }, answer, roots);
  const reading = readName(read, {
    name: answer.name,
    records: answer.kind === "referral" ? [] : records,
    tld: pinned.tld,
    registry: pinned.registry,
    timestamp: block.timestamp,
    ...(evidence.zone === undefined ? {} : { zone: evidence.zone }),
  });
  checkReading(answer, reading);
  return { block, reading };
}

/**
 * The same for an answer about a reverse name, out of the contract that keeps primary names. What it shows is what the account
 * claims; whether the name resolves back to the account is another question.
 *
 * @param keeper That contract. `roots` are its own.
 */
export function verifyReverseAnswer(
  keeper: PinnedContract,
  answer: Answer & { readonly evidence: ProofEvidence },
  records: readonly RecordKey[],
  roots: ProvenRoots = new Map(),
): VerifiedAnswer {
  const question = parseReverseName(answer.name);
  if (question === undefined) throw new ContradictionError("name");
  const { block, read } = provenState(keeper, answer, roots);
  const reading = readReverse(read, question, records);
  checkReading(answer, reading);
  return { block, reading };
}
