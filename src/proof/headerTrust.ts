/**
 * Which block headers are to be trusted: those that gateways of enough distinct operators attest. Statements about the same
 * header add up, whichever answers they came with, and a trusted header serves all answers read at its block.
 */
import { fromHex, type Hex } from "../base/bytes.ts";
import type { BlockReference, HeaderAttestation } from "../protocol/answer.ts";
import { attestationDigest } from "../protocol/attestation.ts";
import type { SigningDomain } from "../protocol/eip712.ts";

/** What the directory says of a gateway that attests. */
export interface Attester {
  readonly operator: Hex;
  readonly signer: Hex;
  readonly active: boolean;
}

export interface HeaderTrustOptions {
  readonly domain: SigningDomain;
  /** Distinct operators who must attest a header. */
  readonly quorum: number;
  readonly attesterOf: (gatewayId: number) => Attester | undefined;
  readonly recoverAddress: (digest: Uint8Array, signature: Uint8Array) => string | undefined;
}

export interface HeaderTrust {
  /** Takes in the attestations that hold; the others are ignored. */
  readonly add: (block: BlockReference, attestations: readonly HeaderAttestation[]) => void;
  /** Trusts a header on other grounds than attestations. */
  readonly accept: (block: BlockReference) => void;
  readonly isTrusted: (block: BlockReference) => boolean;
  /** How many more operators must attest the header. */
  readonly missing: (block: BlockReference) => number;
  /** How many more statements a header that nobody has spoken of yet would need: 1 where a current one is trusted already. */
  readonly missingForNext: (nowSeconds: number) => number;
}

interface Entry {
  readonly block: BlockReference;
  readonly operators: Set<string>;
  isAccepted: boolean;
}

/** Headers kept in mind; the one met first is forgotten. */
const HEADERS_MAX = 256;
/** Statements looked at per answer. */
const ATTESTATIONS_MAX = 64;
/** Until two checkpoints have been met: eight blocks of twelve seconds. */
const CHECKPOINT_SECONDS_DEFAULT = 96;

export function createHeaderTrust(options: HeaderTrustOptions): HeaderTrust {
  const { domain, quorum } = options;
  const entries = new Map<Hex, Entry>();
  let newest: BlockReference | undefined;
  let intervalSeconds = CHECKPOINT_SECONDS_DEFAULT;

  const noteTrusted = (block: BlockReference) => {
    if (newest === undefined || block.number > newest.number) {
      if (newest !== undefined) intervalSeconds = Math.max(1, Number(block.timestamp - newest.timestamp));
      newest = block;
    }
  };
  const entryOf = (block: BlockReference): Entry => {
    let entry = entries.get(block.hash);
    if (entry === undefined) {
      const oldest = entries.size >= HEADERS_MAX ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      entry = { block, operators: new Set(), isAccepted: false };
      entries.set(block.hash, entry);
    }
    return entry;
  };
  const missing = (block: BlockReference) => {
    const entry = entries.get(block.hash);
    return entry?.isAccepted ? 0 : Math.max(0, quorum - (entry?.operators.size ?? 0));
  };

  return {
    add(block, attestations) {
      if (missing(block) === 0) return;
      const entry = entryOf(block);
      const digest = fromHex(attestationDigest(domain, block));
      for (const { gatewayId, signature } of attestations.slice(0, ATTESTATIONS_MAX)) {
        const attester = options.attesterOf(gatewayId);
        if (attester === undefined || !attester.active) continue;
        const operator = attester.operator.toLowerCase();
        if (entry.operators.has(operator)) continue;
        const signer = options.recoverAddress(digest, fromHex(signature));
        if (signer !== undefined && signer === attester.signer.toLowerCase()) entry.operators.add(operator);
      }
      if (missing(block) === 0) noteTrusted(block);
    },
    accept(block) {
      entryOf(block).isAccepted = true;
      noteTrusted(block);
    },
    isTrusted: (block) => missing(block) === 0,
    missing,
    missingForNext: (nowSeconds) =>
      newest !== undefined && nowSeconds - Number(newest.timestamp) < intervalSeconds ? 1 : quorum,
  };
}
