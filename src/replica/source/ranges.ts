/** Runs of headers and logs of one provider, checked against each other. */
import type { Hex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import type { BlockHeader, ChainLog, ChainSource } from "./chainSource.ts";
import { RpcRefusedError } from "./rpc.ts";
import { DishonestProviderError } from "./rpcSource.ts";

/** At most this many requests to one provider at a time. */
const CONCURRENT_MAX = 8;

/** The chain changed between two reads; the same step succeeds once the common block is found. */
export class UnlinkedBlockError extends BaseError {
  override readonly name = "Replica.UnlinkedBlockError";
  constructor(number: number) {
    super("REPLICA_UNLINKED_BLOCK", `Block ${number} does not follow the block before it.`, { retriable: true });
  }
}

const NO_PARENT = `0x${"00".repeat(32)}`;

/**
 * Whether a header is a child of the block of `parentHash`. Development chains fill long stretches of empty blocks with headers
 * that name no parent; no real chain has such a block, and the storage root still has to be right behind them.
 */
export function follows(header: BlockHeader, parentHash: Hex): boolean {
  return header.parentHash === parentHash || header.parentHash === NO_PARENT;
}

/** The headers of `[from, to]`, each the child of the one before. */
export async function fetchHeaders(source: ChainSource, from: number, to: number): Promise<BlockHeader[]> {
  const headers: BlockHeader[] = [];
  for (let first = from; first <= to; first += CONCURRENT_MAX) {
    const numbers = Array.from({ length: Math.min(CONCURRENT_MAX, to - first + 1) }, (_, index) => first + index);
    for (const header of await Promise.all(numbers.map((number) => source.header(number)))) {
      if (header === null) throw new UnlinkedBlockError(first);
      const parent = headers.at(-1);
      if (parent !== undefined && !follows(header, parent.hash)) throw new UnlinkedBlockError(header.number);
      headers.push(header);
    }
  }
  return headers;
}

/**
 * The logs of `[from, to]`. A provider that finds the range too wide is asked for its halves. Logs of a block whose header is
 * among `headers` must name that block's hash.
 */
export async function fetchLogs(
  source: ChainSource,
  addresses: readonly Hex[],
  from: number,
  to: number,
  headers: readonly BlockHeader[],
): Promise<readonly ChainLog[]> {
  const hashes = new Map(headers.map((header) => [header.number, header.hash]));
  const logs = await fetchHalving(source, addresses, from, to);
  for (const log of logs) {
    const hash = hashes.get(log.blockNumber);
    if (hash !== undefined && hash !== log.blockHash) {
      throw new DishonestProviderError(source.label, `a log of block ${log.blockNumber} names another hash`);
    }
  }
  return logs;
}

/** Headers and logs of a run of blocks. */
export interface Blocks {
  readonly headers: readonly BlockHeader[];
  readonly logs: readonly ChainLog[];
}

/**
 * The logs of `[from, to]` with every header, or with the last one alone. The first block must follow the one of `parentHash`,
 * where its header is read; otherwise this throws `UnlinkedBlockError`.
 */
export async function fetchBlocks(
  source: ChainSource,
  addresses: readonly Hex[],
  range: { readonly from: number; readonly to: number; readonly parentHash: Hex | undefined },
  which: "every header" | "last header",
): Promise<Blocks> {
  const { from, to, parentHash } = range;
  const headers = await fetchHeaders(source, which === "every header" ? from : to, to);
  const first = headers[0]!;
  if (parentHash !== undefined && first.number === from && !follows(first, parentHash)) {
    throw new UnlinkedBlockError(first.number);
  }
  return { headers, logs: await fetchLogs(source, addresses, from, to, headers) };
}

export declare namespace fetchRanges {
  interface Options {
    readonly from: number;
    readonly to: number;
    /** How many blocks' logs are asked for at once. */
    readonly rangeBlocksMax: number;
    /** Whether to stop at the end of a range. */
    readonly isEnough: (logCount: number, rangeCount: number) => boolean;
  }
}

/**
 * The logs of `[from, to]`, range after range, until there are enough of them, with the header of the last block reached. A range
 * that fails ends the run before it, so that nothing that came is read again; the first one throws.
 */
export async function fetchRanges(
  source: ChainSource,
  addresses: readonly Hex[],
  options: fetchRanges.Options,
): Promise<Blocks> {
  const { from, to, rangeBlocksMax, isEnough } = options;
  const logs: ChainLog[] = [];
  let reached: BlockHeader | undefined;
  for (let first = from; first <= to; first += rangeBlocksMax) {
    const last = Math.min(first + rangeBlocksMax - 1, to);
    try {
      const headers = await fetchHeaders(source, last, last);
      for (const log of await fetchLogs(source, addresses, first, last, headers)) logs.push(log);
      reached = headers[0]!;
    } catch (error) {
      if (reached === undefined || !(error instanceof BaseError)) throw error;
      break;
    }
    if (isEnough(logs.length, (last - from + 1) / rangeBlocksMax)) break;
  }
  return { headers: [reached!], logs };
}

async function fetchHalving(
  source: ChainSource,
  addresses: readonly Hex[],
  from: number,
  to: number,
): Promise<readonly ChainLog[]> {
  try {
    return await source.logs(addresses, from, to);
  } catch (error) {
    if (!(error instanceof RpcRefusedError) || from === to) throw error;
    const middle = Math.floor((from + to) / 2);
    const left = await fetchHalving(source, addresses, from, middle);
    return [...left, ...(await fetchHalving(source, addresses, middle + 1, to))];
  }
}
