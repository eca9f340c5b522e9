/** What the replica reads of a chain, whoever provides it. */
import { fromHex, type Hex } from "../../base/bytes.ts";

/** A block header as far as the replica cares, with its RLP, from which the hash was computed rather than believed. */
export interface BlockHeader {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly stateRoot: Hex;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly rlp: Uint8Array;
}

export interface ChainLog {
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly logIndex: number;
  readonly transactionHash: Hex;
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** The account of the registry at a block (EIP-1186), unverified. */
export interface AccountProof {
  readonly nodes: readonly Hex[];
  readonly storageRoot: Hex;
}

/** One source of chain data. Every method rejects with a `BaseError` when the source gives no answer. */
export interface ChainSource {
  /** For logs and reports; never a whole URL. */
  readonly label: string;
  chainId(): Promise<number>;
  /** The header at a height or the newest one; `null` where the source has no such block. */
  header(at: number | "latest"): Promise<BlockHeader | null>;
  /** All logs of `addresses` in `[from, to]`, in order. */
  logs(addresses: readonly Hex[], from: number, to: number): Promise<readonly ChainLog[]>;
  accountProof(address: Hex, block: number): Promise<AccountProof>;
}

/** A 32-byte word of shorter or equal hexadecimal text, left-padded, as RPC providers write storage values. */
export function wordOf(text: string): Uint8Array {
  return fromHex(`0x${text.replace(/^0x/, "").padStart(64, "0")}`);
}
