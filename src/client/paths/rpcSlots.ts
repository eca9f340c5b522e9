/** Fetches slots of the registry from a provider: proven against a block's state root, or as the provider says. */
import { fromHex, type Hex, isHex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import { verifyAccount, verifySlot } from "../../proof/account.ts";
import type { BlockReference } from "../../protocol/answer.ts";
import { type RpcCall, RpcError } from "../rpc.ts";

export interface RegistryAccount {
  readonly registry: Hex;
  /** keccak256 of its code. */
  readonly codeHash: Hex;
}

export type SlotWords = ReadonlyMap<Hex, Uint8Array>;

/** How slots are asked for, and how the results are read; `results` are those of `calls`. */
export interface SlotFetcher {
  readonly calls: (slots: readonly Hex[], tag: string) => readonly RpcCall[];
  /** Throws `RpcError`, or an error of the proof room where the proofs do not hold. */
  readonly parse: (slots: readonly Hex[], block: BlockReference, results: readonly unknown[]) => SlotWords;
}

const PROOF_NODES_MAX = 65;

function proofNodes(value: unknown): Uint8Array[] {
  if (!Array.isArray(value) || value.length > PROOF_NODES_MAX || !value.every(isHex)) {
    throw new RpcError("wrong", "a proof out of form");
  }
  return value.map(fromHex);
}

/** `eth_getProof`, verified: account by its pinned code hash, then each slot (EIP-1186). */
export function provenSlots(account: RegistryAccount): SlotFetcher {
  return {
    calls: (slots, tag) => [{ method: "eth_getProof", params: [account.registry, slots, tag] }],
    parse(slots, block, [result]) {
      if (typeof result !== "object" || result === null) throw new RpcError("wrong", "no proof in the reply");
      const { accountProof, storageProof } = result as Record<string, unknown>;
      if (!Array.isArray(storageProof) || storageProof.length !== slots.length) {
        throw new RpcError("wrong", "not a proof for each slot");
      }
      const root = verifyAccount(
        fromHex(block.stateRoot),
        account.registry,
        account.codeHash,
        proofNodes(accountProof),
      );
      const words = new Map<Hex, Uint8Array>();
      for (const [index, slot] of slots.entries()) {
        const entry = storageProof[index] as { proof?: unknown } | null;
        words.set(slot, verifySlot(root, slot, proofNodes(entry?.proof)));
      }
      return words;
    },
  };
}

/** `eth_getStorageAt`: the provider's word, for where there is nobody to agree with it. */
export function claimedSlots(account: RegistryAccount): SlotFetcher {
  return {
    calls: (slots, tag) => slots.map((slot) => ({ method: "eth_getStorageAt", params: [account.registry, slot, tag] })),
    parse(slots, _block, results) {
      const words = new Map<Hex, Uint8Array>();
      for (const [index, slot] of slots.entries()) {
        const value = results[index];
        if (!isHex(value) || value.length !== 66) throw new RpcError("wrong", "a slot's value out of form");
        words.set(slot, fromHex(value));
      }
      return words;
    },
  };
}

/** Whether an error means that what a provider sent does not hold. */
export function isVerificationError(error: unknown): error is BaseError {
  return error instanceof BaseError && error.code.startsWith("PROOF_");
}
