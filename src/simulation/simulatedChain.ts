/**
 * A chain with one registry and one directory on it, made from their events: headers, logs and state proofs as an RPC provider
 * would give them. Storage is what the replica's own mirror of the contract makes of the events, under real tries, so that
 * proofs hold; a fork of a chain is another chain whose events differ.
 */
import { toRlp } from "viem";
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import type { DirectoryEvent } from "../directory/events.ts";
import { type Node, namehash } from "../naming/namehash.ts";
import type { DecodedLog, DecodeLog } from "../replica/draft.ts";
import type { RegistryEvent } from "../replica/mirror/events.ts";
import { applyRegistryEvent, type Mirror } from "../replica/mirror/registryMirror.ts";
import type { AccountProof, BlockHeader, ChainLog, ChainSource } from "../replica/source/chainSource.ts";
import { StorageTrie } from "../replica/trie/storageTrie.ts";

export const CHAIN_ID = 31_337;
export const TLD = "hold";
export const REGISTRY: Hex = "0x1111111111111111111111111111111111111111";
export const DIRECTORY: Hex = "0x2222222222222222222222222222222222222222";
/** keccak256 of the registry's code: the simulated account shows it, and clients and replicas pin it. */
export const CODE_HASH: Hex = toHex(keccak256(utf8Bytes("simulated registry")));
export const START_BLOCK = 1;

export interface SimulatedChainOptions {
  /** All of them happen in the first block. */
  readonly registryEvents: readonly RegistryEvent[];
  readonly directoryEvents: readonly DirectoryEvent[];
  /** Tells forks apart: it goes into the headers. */
  readonly fork: string;
  readonly headNumber: number;
  /** Of the head, in seconds since 1970. */
  readonly headTimestamp: number;
  readonly blockSeconds: number;
}

export class SimulatedChain implements ChainSource {
  readonly label: string;
  readonly #logs: readonly DecodedLog[];
  readonly #trie = new StorageTrie();
  readonly #headers = new Map<number, BlockHeader>();
  readonly #head: number;
  readonly #account: { readonly root: Hex; readonly proof: AccountProof };

  constructor(options: SimulatedChainOptions) {
    this.label = options.fork;
    this.#logs = [
      ...options.directoryEvents.map((event): DecodedLog => ({ contract: "directory", event })),
      ...options.registryEvents.map((event): DecodedLog => ({ contract: "registry", event })),
    ];
    this.#head = options.headNumber;
    this.#write(options.registryEvents);
    this.#account = accountOf(this.#trie.root());
    const { headTimestamp, blockSeconds } = options;
    let parentHash = toHex(keccak256(utf8Bytes("before the first block")));
    for (let number = START_BLOCK; number <= this.#head; number += 1) {
      const timestamp = Math.round(headTimestamp - (this.#head - number) * blockSeconds);
      const header = headerOf({ number, parentHash, timestamp, stateRoot: this.#account.root, fork: options.fork });
      this.#headers.set(number, header);
      parentHash = header.hash;
    }
  }

  /** Makes of a log of this chain the event that it stands for. */
  readonly decode: DecodeLog = (log) => this.#logs[Number(log.data)];

  chainId(): Promise<number> {
    return Promise.resolve(CHAIN_ID);
  }

  header(at: number | "latest"): Promise<BlockHeader | null> {
    return Promise.resolve(this.headerAt(at));
  }

  headerAt(at: number | "latest"): BlockHeader | null {
    return this.#headers.get(at === "latest" ? this.#head : at) ?? null;
  }

  logs(addresses: readonly Hex[], from: number, to: number): Promise<readonly ChainLog[]> {
    if (from > START_BLOCK || to < START_BLOCK) return Promise.resolve([]);
    const { hash } = this.headerAt(START_BLOCK)!;
    const wanted = new Set(addresses.map((address) => address.toLowerCase()));
    const logs = this.#logs.map(
      (log, logIndex): ChainLog => ({
        blockNumber: START_BLOCK,
        blockHash: hash,
        logIndex,
        // Each event is a transaction of its own.
        transactionHash: toHex(keccak256(utf8Bytes(`transaction ${logIndex}`))),
        address: log.contract === "registry" ? REGISTRY : DIRECTORY,
        topics: [],
        data: `0x${logIndex.toString(16).padStart(8, "0")}`,
      }),
    );
    return Promise.resolve(logs.filter((log) => wanted.has(log.address.toLowerCase())));
  }

  accountProof(): Promise<AccountProof> {
    return Promise.resolve(this.#account.proof);
  }

  /** The nodes that prove the registry's account, at every block alike. */
  get accountNodes(): readonly Hex[] {
    return this.#account.proof.nodes;
  }

  /** The value of a slot, and the nodes that prove it. */
  slot(slot: Hex): { readonly value: Hex; readonly nodes: readonly Hex[] } {
    const hashed = keccak256(fromHex(slot));
    return { value: toHex(this.#trie.get(hashed) ?? new Uint8Array(32)), nodes: this.#trie.prove(hashed).map(toHex) };
  }

  #write(events: readonly RegistryEvent[]): void {
    const trie = this.#trie;
    const mirror: Mirror = {
      storage: {
        get: (slot) => trie.get(keccak256(slot)) ?? new Uint8Array(32),
        set: (slot, value) => trie.set(keccak256(slot), value),
      },
      registry: REGISTRY,
      tldNode: namehash(TLD) as Node,
      names: [],
      records: [],
      touched: new Set(),
    };
    for (const event of events) applyRegistryEvent(mirror, event);
  }
}

/** The registry's account, alone in its state trie: the trie is one leaf. */
function accountOf(storageRoot: Uint8Array): { root: Hex; proof: AccountProof } {
  const account = toRlp(["0x01", "0x", toHex(storageRoot), CODE_HASH]);
  // Hex-prefix of an even-length leaf (yellow paper, appendix C), then the whole path.
  const path = toHex(concatBytes(new Uint8Array([0x20]), keccak256(fromHex(REGISTRY))));
  const leaf = toRlp([path, account]);
  return { root: toHex(keccak256(fromHex(leaf))), proof: { nodes: [leaf], storageRoot: toHex(storageRoot) } };
}

const EMPTY_LIST_HASH = toHex(keccak256(fromHex(toRlp([]))));
const EMPTY_TRIE_ROOT = toHex(keccak256(fromHex(toRlp("0x"))));

function quantity(value: number): Hex {
  if (value === 0) return "0x";
  const digits = value.toString(16);
  return `0x${digits.length % 2 === 0 ? digits : `0${digits}`}`;
}

function headerOf(block: {
  number: number;
  parentHash: Hex;
  timestamp: number;
  stateRoot: Hex;
  fork: string;
}): BlockHeader {
  const { number, parentHash, timestamp, stateRoot, fork } = block;
  const zero = (count: number): Hex => `0x${"00".repeat(count)}`;
  const rlp = fromHex(
    toRlp([
      parentHash,
      EMPTY_LIST_HASH,
      zero(20),
      stateRoot,
      EMPTY_TRIE_ROOT,
      EMPTY_TRIE_ROOT,
      zero(256),
      "0x",
      quantity(number),
      quantity(60_000_000),
      "0x",
      quantity(timestamp),
      toHex(utf8Bytes(fork).slice(0, 32)),
      zero(32),
      zero(8),
      quantity(1_000_000_000),
      EMPTY_TRIE_ROOT,
      "0x",
      "0x",
      zero(32),
      toHex(keccak256(utf8Bytes("no requests"))),
    ]),
  );
  return { number, hash: toHex(keccak256(rlp)), parentHash, stateRoot, timestamp, rlp };
}
