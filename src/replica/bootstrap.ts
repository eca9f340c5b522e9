/**
 * Starting from a snapshot file that another gateway exported, instead of from the first block. Nothing in it is believed: the
 * storage must have the root that the registry's account proves under a header that the providers know, every name must hash to
 * its node, and the directory, which no proof covers, is read again from the chain.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { equalBytes, fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import { EMPTY_DIRECTORY } from "../directory/directory.ts";
import { applyDirectoryEvent } from "../directory/events.ts";
import { childNode } from "../naming/namehash.ts";
import { verifyAccount } from "../proof/account.ts";
import { parseHeader } from "../proof/header.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { formatDirectory } from "./directoryText.ts";
import type { DecodeLog } from "./draft.ts";
import type { ProviderPool } from "./source/providerPool.ts";
import { fetchLogs } from "./source/ranges.ts";
import { Store, type StoreIdentity } from "./store/store.ts";
import { StorageTrie } from "./trie/storageTrie.ts";

export interface BootstrapParameters {
  /** The snapshot. */
  readonly file: string;
  /** Where the store will be. */
  readonly storePath: string;
  readonly identity: StoreIdentity;
  /** keccak256 of the registry's code. */
  readonly codeHash: Hex;
  readonly pool: ProviderPool;
  readonly decode: DecodeLog;
}

export class UntrustedSnapshotError extends BaseError {
  override readonly name = "Replica.UntrustedSnapshotError";
  constructor(file: string, reason: string, cause?: unknown) {
    super("REPLICA_UNTRUSTED_SNAPSHOT", `The snapshot ${file} is refused: ${reason}.`, { cause });
  }
}

/**
 * Puts a verified snapshot in the place of a store that is not there yet. Returns false, and leaves everything as it is, where
 * there is one: a copy is never replaced. Throws `UntrustedSnapshotError`, `ForeignStoreError`, `NoProviderError`.
 */
export async function bootstrapStore(parameters: BootstrapParameters): Promise<boolean> {
  const { file, storePath, identity } = parameters;
  if (existsSync(storePath)) return false;
  if (!existsSync(file)) throw new UntrustedSnapshotError(file, "it is not there");
  mkdirSync(dirname(storePath), { recursive: true });
  const draft = `${storePath}.draft`;
  const discard = () => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${draft}${suffix}`, { force: true });
  };
  discard();
  copyFileSync(file, draft);
  try {
    const store = new Store(draft, identity);
    try {
      await verify(store, parameters);
    } finally {
      store.close();
    }
    renameSync(draft, storePath);
    return true;
  } catch (error) {
    discard();
    throw error;
  }
}

async function verify(store: Store, parameters: BootstrapParameters): Promise<void> {
  const { file, identity, pool, decode } = parameters;
  const text = store.meta("checkpoint");
  const head = store.head();
  if (text === undefined || head === undefined) throw new UntrustedSnapshotError(file, "it has no checkpoint");
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.header.number < store.oldestTarget()) {
    throw new UntrustedSnapshotError(file, "it cannot be taken back to its checkpoint");
  }
  // What was applied after the checkpoint is not proven; it is read again from the chain.
  if (head.number !== checkpoint.header.number) store.rollback(checkpoint.header.number);
  checkStorage(store, checkpoint, parameters);
  store.forEachName(({ node, parent, label }) => {
    if (childNode(parent, label) !== node)
      throw new UntrustedSnapshotError(file, `"${label}" does not hash to its node`);
  });
  const { sources } = await pool.head();
  const [source] = sources;
  const known = await source!.header(checkpoint.header.number);
  if (known?.hash !== checkpoint.header.hash) {
    throw new UntrustedSnapshotError(file, `block ${checkpoint.header.number} is not the providers'`);
  }
  const { number } = checkpoint.header;
  const logs = await fetchLogs(source!, [identity.directory], identity.startBlock, number, []);
  let directory = EMPTY_DIRECTORY;
  for (const log of logs) {
    const decoded = decode(log);
    if (decoded?.contract === "directory") directory = applyDirectoryEvent(directory, decoded.event, 0);
  }
  store.setMeta("directory", formatDirectory(directory));
}

function checkStorage(store: Store, checkpoint: Checkpoint, { file, identity, codeHash }: BootstrapParameters): void {
  const { header, account } = checkpoint;
  const trie = new StorageTrie();
  store.forEachSlot((key, value) => trie.set(key, value));
  const parsed = parseHeader(header.rlp);
  const isHeader =
    toHex(keccak256(header.rlp)) === header.hash &&
    parsed.stateRoot === header.stateRoot &&
    parsed.number === BigInt(header.number) &&
    parsed.timestamp === BigInt(header.timestamp);
  if (!isHeader) throw new UntrustedSnapshotError(file, "its header does not hash to its hash");
  let root: Uint8Array;
  try {
    root = verifyAccount(fromHex(header.stateRoot), identity.registry, codeHash, account.map(fromHex));
  } catch (error) {
    throw new UntrustedSnapshotError(file, "its account proof does not hold", error);
  }
  if (!equalBytes(root, trie.root()))
    throw new UntrustedSnapshotError(file, "its storage has another root than the chain's");
}
