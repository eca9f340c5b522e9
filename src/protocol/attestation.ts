/**
 * Header attestations: a gateway operator's EIP-712 statement that a block header is on the chain it follows.
 *
 * Gateways attest checkpoint blocks only, every `CHECKPOINT_INTERVAL`-th, and read proofs at them, so that a client which
 * asks several operators finds equal statements. The message is
 * `HeaderAttestation(uint64 blockNumber,bytes32 blockHash,bytes32 stateRoot,uint64 timestamp)` in the domain
 * `{ name: "Holdfast", version: "1", chainId, verifyingContract: directory }`, signed by the gateway's signer key.
 */
import { fromHex, type Hex } from "../base/bytes.ts";
import type { BlockReference } from "./answer.ts";
import { type SigningDomain, typedDigest, typeHash, uintWord } from "./eip712.ts";

/** Blocks whose number this divides are checkpoints. */
export const CHECKPOINT_INTERVAL = 8n;

const HEADER_ATTESTATION = typeHash(
  "HeaderAttestation(uint64 blockNumber,bytes32 blockHash,bytes32 stateRoot,uint64 timestamp)",
);

/** The newest checkpoint at or below a block number. */
export function checkpointOf(blockNumber: bigint): bigint {
  return blockNumber - (blockNumber % CHECKPOINT_INTERVAL);
}

/** The EIP-712 digest an operator signs to attest a header. */
export function attestationDigest(domain: SigningDomain, block: BlockReference): Hex {
  return typedDigest(
    domain,
    HEADER_ATTESTATION,
    uintWord(block.number),
    fromHex(block.hash),
    fromHex(block.stateRoot),
    uintWord(block.timestamp),
  );
}
