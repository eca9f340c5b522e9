/**
 * What makes a gateway's answers worth believing: its signature over what it says at its replica's head, or the proof of what its
 * replica held at the last checkpoint, with attestations of that block.
 */
import { fromHex, type Hex, toHex } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import {
  type Answer,
  answerDigest,
  type BlockReference,
  type HeaderAttestation,
  type ProofEvidence,
  type SigningDomain,
  type StorageProof,
} from "../protocol/answer.ts";
import { attestationDigest } from "../protocol/attestation.ts";
import type { Replica } from "../replica/replica.ts";
import type { BlockHeader } from "../replica/source/chainSource.ts";
import type { Signer } from "./signer.ts";

export interface EvidenceOptions {
  /** The copy of the contract that answers are about. */
  readonly replica: Replica;
  /** This gateway's number in the directory. */
  readonly gatewayId: number;
  readonly signer: Signer;
  readonly domain: SigningDomain;
  /** What other gateways attested of a block, to be handed out with proofs; nothing by default. */
  readonly othersAttesting?: (hash: Hex) => readonly HeaderAttestation[];
}

export interface Attested {
  readonly block: BlockReference;
  readonly attestation: HeaderAttestation;
  readonly others: readonly HeaderAttestation[];
}

type Unsigned = Omit<Answer, "evidence">;

export interface Evidence {
  readonly sign: (answer: Unsigned) => Answer;
  /** Only while there is a checkpoint; `touched` are the slots that were read at it. */
  readonly prove: (answer: Unsigned, touched: ReadonlySet<Hex>, zone?: ProofEvidence["zone"]) => Answer;
  /** This gateway's word about the block of its checkpoint, signed once; `undefined` before the first one. */
  readonly attestation: () => Attested | undefined;
}

export function createEvidence(options: EvidenceOptions): Evidence {
  const { replica, gatewayId, signer, domain, othersAttesting = () => [] } = options;
  let attested: Omit<Attested, "others"> | undefined;

  const attestation = (): Attested | undefined => {
    const header = replica.checkpoint?.header;
    if (header === undefined) return undefined;
    if (attested?.block.hash !== header.hash) {
      const block = blockReferenceOf(header);
      attested = { block, attestation: { gatewayId, signature: signer.sign(attestationDigest(domain, block)) } };
    }
    return { ...attested, others: othersAttesting(header.hash) };
  };

  const sign = (answer: Unsigned): Answer => {
    const unsigned = { ...answer, evidence: { kind: "signature", gatewayId, signature: "0x" } } as Answer;
    const signature = signer.sign(answerDigest(domain, unsigned));
    return { ...unsigned, evidence: { kind: "signature", gatewayId, signature } };
  };

  const prove = (answer: Unsigned, touched: ReadonlySet<Hex>, zone?: ProofEvidence["zone"]): Answer => {
    const checkpoint = replica.checkpoint!;
    const { attestation: own, others } = attestation()!;
    return {
      ...answer,
      evidence: {
        kind: "proof",
        header: toHexFast(checkpoint.header.rlp),
        attestations: [own, ...others],
        account: checkpoint.account,
        storage: [...touched].map((slot) => storageProofOf(replica, slot)),
        ...(zone === undefined ? {} : { zone }),
      },
    } as Answer;
  };

  return { sign, prove, attestation };
}

/** A header as answers refer to it. */
export function blockReferenceOf(header: BlockHeader): BlockReference {
  return {
    number: BigInt(header.number),
    hash: header.hash,
    stateRoot: header.stateRoot,
    timestamp: BigInt(header.timestamp),
  };
}

/** One slot at the last checkpoint. */
function storageProofOf(replica: Replica, slot: Hex): StorageProof {
  const bytes = fromHex(slot);
  return {
    slot,
    value: toHex(replica.readAtCheckpoint(bytes)),
    nodes: replica.prove(keccak256(bytes)).map(toHexFast),
  };
}

/** Long byte strings as hexadecimal: Node's own conversion is some twenty times that of a loop. */
function toHexFast(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}
