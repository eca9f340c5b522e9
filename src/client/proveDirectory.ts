/** A newer directory by state proof: read out of the directory contract's own storage and code, at a block that counts. */
import { fromHex, type Hex, isHex, toHex } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import { DIRECTORY_HEAD_SLOTS, type DirectoryState, readDirectoryState, tableOfImage } from "../directory/state.ts";
import type { Node } from "../naming/namehash.ts";
import type { BlockReference } from "../protocol/answer.ts";
import { askSeveral, type Target } from "./askSeveral.ts";
import type { ChainHeadOptions } from "./paths/chainHead.ts";
import { isProven, readState } from "./paths/chainState.ts";
import { failedReply, type PathReply } from "./paths/pathReply.ts";
import { blockTag } from "./paths/rpcBlock.ts";
import { type ContractAccount, isVerificationError, provenSlots } from "./paths/rpcSlots.ts";
import { callRpc, RpcError } from "./rpc.ts";
import type { Run } from "./run.ts";

export interface ProveDirectoryOptions {
  readonly chain: ChainHeadOptions;
  readonly account: ContractAccount;
  readonly chainId: number;
  readonly tld: string;
  /** The directory at hand; names it says are isolated are looked up again. */
  readonly current: DirectorySnapshot | undefined;
  /** Further names that may be isolated. */
  readonly nodes?: readonly Node[];
}

/** A directory that is proven, or why there is none. */
export type ProvenDirectory = { readonly snapshot: DirectorySnapshot } | PathReply;

/** The directory at the newest block that counts. Never throws. */
export async function proveDirectory(run: Run, options: ProveDirectoryOptions): Promise<ProvenDirectory> {
  const { chain, account, chainId, tld, current } = options;
  if (!isProven(chain)) return failedReply("chain", "refused", "one provider alone proves no directory");
  const nodes = new Set([...(current?.isolated.keys() ?? []), ...(options.nodes ?? [])]);
  const told = await readState<DirectoryState>(run, chain, account, DIRECTORY_HEAD_SLOTS, [
    (read) => readDirectoryState(read, nodes),
  ]);
  if ("path" in told) return told;
  const [state] = told.results;
  if (state === undefined) return failedReply("chain", "unreachable", "nothing was read");
  const table = await proveTable(run, chain, told.block, state.image);
  if ("path" in table) return table;
  const { number, hash, timestamp } = told.block;
  const { version, gateways, isolated } = state;
  const read = { version, gateways, isolated, table: table.table, former: new Map() };
  return { snapshot: { ...read, chainId, address: account.address, tld, block: { number, hash, timestamp } } };
}

/** The slot tables: code whose hash the state at the block vouches for. */
async function proveTable(
  run: Run,
  { rpcUrls }: ChainHeadOptions,
  block: BlockReference,
  image: Hex,
): Promise<{ readonly table: Uint16Array } | PathReply> {
  const tag = blockTag(block.number);
  const told = await askSeveral<Target, Uint16Array, Uint16Array>(run, {
    path: "chain",
    targets: rpcUrls.map((endpoint) => ({ endpoint })),
    async ask(target, signal) {
      try {
        const calls = [
          { method: "eth_getCode", params: [image, tag] },
          { method: "eth_getProof", params: [image, [], tag] },
        ];
        const [code, proof] = await callRpc(run, target.endpoint, calls, signal);
        if (!isHex(code)) throw new RpcError("wrong", "code out of form");
        const bytes = fromHex(code);
        provenSlots({ address: image, codeHash: toHex(keccak256(bytes)) }).parse([], block, [proof]);
        return { outcome: "answered", value: tableOfImage(bytes), reason: `the slot tables at block ${block.number}` };
      } catch (error) {
        if (error instanceof RpcError) return { outcome: error.outcome, reason: error.shortMessage };
        if (isVerificationError(error)) return { outcome: "wrong", reason: error.shortMessage };
        throw error;
      }
    },
    judge: ([table]) => (table === undefined ? { missing: 1 } : { done: table }),
  });
  if (told.result !== undefined) return { table: told.result };
  const { failure, reason } = told;
  return failedReply("chain", failure === "answered" || failure === "absent" ? "unreachable" : failure, reason);
}
