/** Fetches slots of a contract from a provider: proven against a block's state root, or as the provider says. */
import { fromHex, type Hex, isHex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import { verifyAccount, verifySlot } from "../../proof/account.ts";
import type { BlockReference } from "../../protocol/answer.ts";
import { type RpcCall, RpcError } from "../rpc.ts";

/** A contract whose state is read. */
export interface ContractAccount {
  readonly address: Hex;
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
const SLOTS_PER_PROOF = 256;

function proofNodes(value: unknown): Uint8Array[] {
  if (!Array.isArray(value) || value.length > PROOF_NODES_MAX || !value.every(isHex)) {
    throw new RpcError("wrong", "a proof out of form");
  }
  return value.map(fromHex);
}

/** `eth_getProof`, verified: account by its pinned code hash, then each slot (EIP-1186). */
export function provenSlots(account: ContractAccount): SlotFetcher {
  return {
    calls: (slots, tag) =>
      chunksOf(slots).map((chunk) => ({ method: "eth_getProof", params: [account.address, chunk, tag] })),
    parse(slots, block, results) {
      const words = new Map<Hex, Uint8Array>();
      for (const [index, chunk] of chunksOf(slots).entries()) {
        for (const [slot, word] of parseProof(account, chunk, block, results[index])) words.set(slot, word);
      }
      return words;
    },
  };
}

/** Slots of one proof; providers limit how many they prove at once. */
function chunksOf(slots: readonly Hex[]): readonly (readonly Hex[])[] {
  const chunks: Hex[][] = [];
  for (let start = 0; start < slots.length || start === 0; start += SLOTS_PER_PROOF) {
    chunks.push(slots.slice(start, start + SLOTS_PER_PROOF));
  }
  return chunks;
}

/** One proof of several slots, verified: the account by its pinned code hash, then each slot. */
function parseProof(
  account: ContractAccount,
  slots: readonly Hex[],
  block: BlockReference,
  result: unknown,
): SlotWords {
  if (typeof result !== "object" || result === null) throw new RpcError("wrong", "no proof in the reply");
  const { accountProof, storageProof } = result as Record<string, unknown>;
  if (!Array.isArray(storageProof) || storageProof.length !== slots.length) {
    throw new RpcError("wrong", "not a proof for each slot");
  }
  const root = verifyAccount(fromHex(block.stateRoot), account.address, account.codeHash, proofNodes(accountProof));
  const words = new Map<Hex, Uint8Array>();
  for (const [index, slot] of slots.entries()) {
    const entry = storageProof[index] as { proof?: unknown } | null;
    words.set(slot, verifySlot(root, slot, proofNodes(entry?.proof)));
  }
  return words;
}

/** `eth_getStorageAt`: the provider's word, for where there is nobody to agree with it. */
export function claimedSlots(account: ContractAccount): SlotFetcher {
  return {
    calls: (slots, tag) => slots.map((slot) => ({ method: "eth_getStorageAt", params: [account.address, slot, tag] })),
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
  return error instanceof BaseError && /^(?:PROOF|DIRECTORY)_/.test(error.code);
}
