/**
 * Checkpoints: blocks at which the rebuilt storage was found to be the chain's, and from which proofs are given. What a proof
 * needs of the chain is kept with them, so that it can be given with no RPC provider alive.
 */
import { equalBytes, fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { verifyAccount } from "../proof/account.ts";
import type { AccountProof, BlockHeader } from "./source/chainSource.ts";
import type { Store } from "./store/store.ts";

export interface Checkpoint {
  readonly header: BlockHeader;
  /** Account proof of the registry under the header's state root. */
  readonly account: readonly Hex[];
  readonly storageRoot: Hex;
}

/** The storage rebuilt from a provider's logs is not the chain's: logs are missing or wrong, or this program is. */
export class StorageMismatchError extends BaseError {
  override readonly name = "Replica.StorageMismatchError";
  constructor(blockNumber: number, rebuilt: Hex, onChain: Hex) {
    super("REPLICA_STORAGE_MISMATCH", `The storage rebuilt from events is not the chain's at block ${blockNumber}.`, {
      metaMessages: [`Rebuilt root ${rebuilt}, on chain ${onChain}.`],
      retriable: true,
    });
  }
}

/** The storage root that an account proof proves. Throws what `verifyAccount` throws. */
export function storageRootOf(header: BlockHeader, registry: Hex, codeHash: Hex, proof: AccountProof): Uint8Array {
  return verifyAccount(fromHex(header.stateRoot), registry, codeHash, proof.nodes.map(fromHex));
}

/** The checkpoint at a header, if the rebuilt root is the proven one. Throws `StorageMismatchError`. */
export function sealCheckpoint(
  header: BlockHeader,
  account: readonly Hex[],
  proven: Uint8Array,
  rebuilt: Uint8Array,
): Checkpoint {
  if (!equalBytes(proven, rebuilt)) throw new StorageMismatchError(header.number, toHex(rebuilt), toHex(proven));
  return { header, account, storageRoot: toHex(proven) };
}

export function formatCheckpoint({ header, account, storageRoot }: Checkpoint): string {
  return JSON.stringify({ header: { ...header, rlp: toHex(header.rlp) }, account, storageRoot });
}

/** The checkpoint of a text that `formatCheckpoint` wrote. */
export function parseCheckpoint(text: string): Checkpoint {
  const { header, account, storageRoot } = JSON.parse(text);
  return { header: { ...header, rlp: fromHex(header.rlp) }, account, storageRoot };
}

/** The checkpoint of a store, if the state can be taken back to it. */
export function storedCheckpoint(store: Pick<Store, "meta" | "oldestTarget">): Checkpoint | undefined {
  const text = store.meta("checkpoint");
  const checkpoint = text === undefined ? undefined : parseCheckpoint(text);
  return checkpoint !== undefined && checkpoint.header.number >= store.oldestTarget() ? checkpoint : undefined;
}
