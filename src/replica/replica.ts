/**
 * A gateway's own copy of the registry and the directory: it follows the chain's logs, survives restarts, undoes
 * reorganisations, and proves to itself at every checkpoint that nothing is missing. Reading never leaves memory.
 *
 *     empty ──step() to the head──▶ following ──root differs──▶ diverged ──step() from another provider──▶ following
 *
 * Only while it is `following` its answers are to be given out. From then on new blocks are taken only as two providers tell them.
 */
import { delay, type Timer } from "../base/clock.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import { type Directory, EMPTY_DIRECTORY } from "../directory/directory.ts";
import type { Node } from "../naming/namehash.ts";
import { CHECKPOINT_INTERVAL } from "../protocol/attestation.ts";
import {
  type Checkpoint,
  formatCheckpoint,
  StorageMismatchError,
  sealCheckpoint,
  storageRootOf,
  storedCheckpoint,
} from "./checkpoint.ts";
import { storedDirectory } from "./directoryText.ts";
import { draftBlocks } from "./draft.ts";
import type { ReplicaOptions } from "./replicaOptions.ts";
import { type BlocksRead, readFromAny, readWitnessed } from "./source/agreedReads.ts";
import type { BlockHeader, ChainSource } from "./source/chainSource.ts";
import type { AgreedHead } from "./source/providerPool.ts";
import { fetchBlocks, fetchHeaders, fetchRanges, UnlinkedBlockError } from "./source/ranges.ts";
import { SlotState } from "./state.ts";
import { ReorgTooDeepError, type Store } from "./store/store.ts";
import { WARM_PREFIXES } from "./trie/storageTrie.ts";

export type ReplicaStatus = "empty" | "following" | "diverged";

/** What moved: the nodes touched, or everything after a reorganisation. */
export interface ReplicaChange {
  /** `undefined` where nothing of the copy was left. */
  readonly head: BlockHeader | undefined;
  readonly touched: ReadonlySet<Node> | "all";
  readonly directoryChanged: boolean;
}

const DEFAULTS = { reorgBlocksMax: 64, confirmationCount: 0, rangeBlocksMax: 2_000, pollMs: 500, isPartition: false };
const INTERVAL = Number(CHECKPOINT_INTERVAL);

/**
 * Logs applied at once while the copy is being filled. They touch pages all over the store, and the more of them share a
 * transaction, the fewer times each page is written.
 */
const FILL_LOGS = 100_000;
/** Ranges of blocks applied at once, however few logs they have: what a crash makes to be read again. */
const FILL_RANGES = 50;

export class Replica {
  #options: Required<ReplicaOptions>;
  readonly #state: SlotState;
  readonly #listeners = new Set<(change: ReplicaChange) => void>();
  #head: BlockHeader | undefined;
  #directory: Directory = EMPTY_DIRECTORY;
  #checkpoint: Checkpoint | undefined;
  #status: ReplicaStatus = "empty";
  #lastStepError: unknown;
  #logSource: ChainSource | undefined;
  /** The last block that could not be made a checkpoint for want of a proof. */
  #unsealed: number | undefined;
  #eventCount = 0;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  /** Prefixes of the trie whose hashes were computed since the start. */
  #warmed = 0;

  /** Loads what the store holds; reads no chain. */
  constructor(options: ReplicaOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#state = new SlotState(this.#options.isPartition ? options.store : undefined);
    this.#load();
  }

  /** The newest block applied; `undefined` while the copy is empty. */
  get head(): BlockHeader | undefined {
    return this.#head;
  }

  get directory(): Directory {
    return this.#directory;
  }

  /** The newest block at which the copy was proven right. */
  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  get status(): ReplicaStatus {
    return this.#status;
  }

  /** Why the last step did not succeed; `undefined` where it did. */
  get lastStepError(): unknown {
    return this.#lastStepError;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  get slotCount(): number {
    return this.#state.trie.slotCount;
  }

  /** Memory that the storage takes, in bytes. */
  get storageBytes(): number {
    return this.#state.trie.byteCount;
  }

  get store(): Store {
    return this.#options.store;
  }

  /** The value of a slot at the head, 32 bytes. */
  read(slot: Uint8Array): Uint8Array {
    return this.#state.read(slot);
  }

  /** The value of a slot at the checkpoint, 32 bytes. */
  readAtCheckpoint(slot: Uint8Array): Uint8Array {
    return this.#state.readAtBase(slot);
  }

  /** The storage proof of a hashed slot at the checkpoint. */
  prove(hashedSlot: Uint8Array): Uint8Array[] {
    return this.#state.trie.prove(hashedSlot);
  }

  /** Calls `listener` after every change; returns how to stop. */
  onChange(listener: (change: ReplicaChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes what may change while following. */
  configure(pace: Pick<ReplicaOptions, "confirmationCount" | "rangeBlocksMax" | "pollMs">): void {
    this.#options = { ...this.#options, ...pace };
  }

  /** Follows the chain until `stop`. Failures are logged when they change and never end it. */
  start(): void {
    const turn = () => {
      this.#running = this.#warmUp()
        .then(() => this.step())
        .then(() => this.#noteStep(undefined))
        .catch((error: unknown) => this.#noteStep(error))
        .finally(() => {
          if (!this.#isStopped) this.#timer = this.#options.clock.schedule(this.#options.pollMs, turn);
        });
    };
    turn();
  }

  /** Ends following, after the step under way, and closes the store. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
    this.#options.store.close();
  }

  /** Computes, once after the start, the hashes that the store does not keep: in turns, since others are answered meanwhile. */
  async #warmUp(): Promise<void> {
    for (; this.#warmed < WARM_PREFIXES && !this.#isStopped; this.#warmed += 1) {
      if (this.#state.warm(this.#warmed)) await delay(this.#options.clock, 0);
    }
  }

  #noteStep(error: unknown): void {
    const { log } = this.#options;
    const text = error === undefined ? undefined : messageOf(error);
    const last = this.#lastStepError === undefined ? undefined : messageOf(this.#lastStepError);
    this.#lastStepError = error;
    if (text === last) return;
    if (text === undefined) log.info("following again", { head: this.#head?.number });
    else log.warn("not following", { reason: text, head: this.#head?.number });
  }

  /** Looks at the providers' head once and applies what is new. Throws when it could not. */
  async step(): Promise<void> {
    const agreed = await this.#options.pool.head();
    if (!(await this.#reconcile(agreed))) return;
    const target = agreed.header.number - this.#options.confirmationCount;
    let next = this.#head === undefined ? this.#options.startBlock : this.#head.number + 1;
    while (next <= target && !this.#isStopped) {
      const end = this.#runEnd(next, target);
      const to = await this.#advance(agreed, next, end, end > target - this.#options.reorgBlocksMax);
      if (to % INTERVAL === 0 && target - to < INTERVAL) await this.#seal(agreed);
      next = to + 1;
    }
    const unsealed = this.#head !== undefined && this.#checkpoint?.header.number !== this.#head.number;
    // A checkpoint whose account could not be had when its block came is tried again while it is still the head.
    if (unsealed && this.#head!.number % INTERVAL === 0 && this.#head!.number === target) await this.#seal(agreed);
    if (this.#status === "empty" && this.#head?.number === target) this.#status = "following";
  }

  #load(): void {
    const { store } = this.#options;
    const head = store.head();
    if (head === undefined) return;
    this.#state.load((visit) => store.forEachSlot(visit));
    this.#directory = storedDirectory(store);
    const checkpoint = storedCheckpoint(store);
    if (checkpoint !== undefined) {
      const base = store.valuesAt(checkpoint.header.number);
      const atHead = new Map([...base.keys()].map((key) => [key, this.#state.valueOf(key)] as const));
      this.#state.setBase(base);
      this.#state.apply(atHead);
      this.#checkpoint = checkpoint;
    }
    this.#head = head;
    // Without a checkpoint it may have stopped half-way, and nobody has held it against the chain yet.
    this.#status = checkpoint === undefined ? "empty" : "following";
  }

  /** Whether the copy is being filled: nobody is answered from it before its root was held against the chain's. */
  get #isFilling(): boolean {
    return this.#status !== "following";
  }

  /** Where a run of blocks that starts at `next` ends: old ones by ranges, then up to the last checkpoint, then the rest. */
  #runEnd(next: number, target: number): number {
    const { rangeBlocksMax, reorgBlocksMax } = this.#options;
    const oldest = target - reorgBlocksMax;
    if (next <= oldest) return this.#isFilling ? oldest : Math.min(next + rangeBlocksMax - 1, oldest);
    const checkpoint = target - (target % INTERVAL);
    return next <= checkpoint ? checkpoint : target;
  }

  /** Makes the copy a prefix of the agreed chain. False where the providers are behind the copy, which then stays. */
  async #reconcile(agreed: AgreedHead): Promise<boolean> {
    const { store, log } = this.#options;
    const head = this.#head;
    if (head === undefined) return true;
    if (agreed.header.number < head.number) return false;
    const remote = agreed.header.number === head.number ? agreed.header : await this.#header(agreed, head.number);
    if (remote.hash === head.hash) return true;
    for (let number = head.number - 1; number >= store.oldestTarget(); number -= 1) {
      const local = store.block(number);
      if (local === undefined) break;
      if ((await this.#header(agreed, number)).hash !== local.hash) continue;
      log.warn("reorganisation", { from: head.number, common: number, head: agreed.header.number });
      this.#rollback(local);
      return true;
    }
    this.#status = "diverged";
    throw new ReorgTooDeepError(head.number - 1, store.oldestTarget());
  }

  #rollback(to: BlockHeader): void {
    const { store } = this.#options;
    const values = store.valuesAt(to.number);
    store.rollback(to.number);
    if (this.#checkpoint !== undefined && to.number < this.#checkpoint.header.number) {
      this.#state.fold();
      this.#state.setBase(values);
      this.#checkpoint = undefined;
    } else {
      this.#state.apply(values);
    }
    this.#directory = storedDirectory(store);
    this.#head = to;
    this.#emit({ head: to, touched: "all", directoryChanged: true });
  }

  /** Applies blocks from `from` on, up to `to` or, while the copy is being filled, up to where there are enough logs. */
  async #advance(agreed: AgreedHead, from: number, to: number, isRecent: boolean): Promise<number> {
    const { store, pool, decode, contracts, reorgBlocksMax } = this.#options;
    const read = (source: ChainSource) => this.#readBlocks(source, from, to, isRecent);
    const readBlocks = this.#isFilling ? readFromAny : readWitnessed;
    const { source, logs, headers } = await readBlocks(pool, agreed, read);
    this.#logSource = source;
    const last = headers.at(-1)!;
    const reached = last.number;
    if (reached === agreed.header.number && last.hash !== agreed.header.hash) throw new UnlinkedBlockError(reached);
    const draft = draftBlocks({
      state: this.#state,
      directory: this.#directory,
      contracts,
      decode,
      logs,
      last,
      ...(isRecent ? { headers } : {}),
      // What follows a proven checkpoint can be taken back to it, however far behind the copy was.
      isUndoable: isRecent || this.#checkpoint !== undefined,
    });
    const undoable = Math.max(
      this.#undoFrom(from),
      Math.min(reached - reorgBlocksMax, this.#checkpoint?.header.number ?? reached),
    );
    store.commit(draft.changes, isRecent || this.#checkpoint !== undefined ? undoable : reached);
    const directoryChanged = draft.directory !== this.#directory;
    // With no checkpoint to prove from, the base is at the head.
    if (this.#checkpoint === undefined) this.#state.applyToBase(draft.writes);
    else this.#state.apply(draft.writes);
    this.#directory = draft.directory;
    this.#head = last;
    this.#eventCount += draft.eventCount;
    this.#emit({ head: last, touched: draft.touched, directoryChanged });
    return reached;
  }

  async #readBlocks(source: ChainSource, from: number, to: number, isRecent: boolean): Promise<BlocksRead> {
    const { contracts, rangeBlocksMax } = this.#options;
    const addresses = [...new Set([contracts.registry, contracts.directory])];
    if (this.#isFilling && !isRecent) {
      const isEnough = (logCount: number, rangeCount: number) =>
        logCount >= FILL_LOGS || rangeCount >= FILL_RANGES || this.#isStopped;
      return { source, ...(await fetchRanges(source, addresses, { from, to, rangeBlocksMax, isEnough })) };
    }
    // On another chain than the one the copy is of, the next step finds the common block.
    const range = { from, to, parentHash: this.#head?.hash };
    return { source, ...(await fetchBlocks(source, addresses, range, isRecent ? "every header" : "last header")) };
  }

  #undoFrom(from: number): number {
    const oldest = this.#options.store.oldestTarget();
    return oldest === Number.MAX_SAFE_INTEGER ? from - 1 : oldest;
  }

  /** Holds the storage at the head against the chain's root, and makes the head the checkpoint. */
  async #seal(agreed: AgreedHead): Promise<void> {
    const { contracts, codeHash, store, log, pool } = this.#options;
    const header = this.#head!;
    const proof = await readFromAny(pool, agreed, async (source) => {
      const account = await source.accountProof(contracts.registry, header.number);
      return { source, account, root: storageRootOf(header, contracts.registry, codeHash, account) };
    }).catch((error: unknown) => {
      if (!(error instanceof BaseError)) throw error;
      // Following goes on: signed answers need no checkpoint, and the next one comes in a few blocks.
      if (this.#unsealed !== header.number)
        log.warn("no checkpoint", { block: header.number, reason: messageOf(error) });
      this.#unsealed = header.number;
      return undefined;
    });
    if (proof === undefined) return;
    const before = this.#state.fold();
    try {
      const checkpoint = sealCheckpoint(header, proof.account.nodes, proof.root, this.#state.trie.root());
      store.setMeta("checkpoint", formatCheckpoint(checkpoint));
      this.#checkpoint = checkpoint;
      this.#state.settle();
      if (this.#status === "diverged") log.info("the copy is the chain's again", { block: header.number });
      this.#status = "following";
    } catch (error) {
      this.#state.unfold(before);
      if (error instanceof StorageMismatchError) {
        this.#status = "diverged";
        log.error("the copy is not the chain's", { block: header.number, reason: error.message });
        if (this.#logSource !== undefined) pool.suspect(this.#logSource, messageOf(error));
        this.#discard();
      }
      throw error;
    }
  }

  /** Goes back to the last state that was proven right, or to nothing. */
  #discard(): void {
    const { store } = this.#options;
    const target = this.#checkpoint?.header;
    if (target !== undefined && target.number >= store.oldestTarget()) {
      this.#rollback(target);
      return;
    }
    store.clear();
    this.#state.clear();
    this.#directory = EMPTY_DIRECTORY;
    this.#checkpoint = undefined;
    this.#head = undefined;
    this.#emit({ head: undefined, touched: "all", directoryChanged: true });
  }

  async #header(agreed: AgreedHead, number: number): Promise<BlockHeader> {
    const read = async (source: ChainSource) => await fetchHeaders(source, number, number);
    const [header] = await readFromAny(this.#options.pool, agreed, read);
    return header!;
  }

  #emit(change: ReplicaChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
