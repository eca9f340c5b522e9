/** Registers many names with their DNS records in few transactions, by commitment and reveal of whole batches. */
import { createPublicClient, createWalletClient, encodeFunctionData, http } from "viem";
import type { Hex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { childNode, namehash } from "../naming/namehash.ts";
import { controllerAbi } from "./abis/controller.ts";
import { registryAbi } from "./abis/registry.ts";
import type { Deployment } from "./deployment.ts";

export interface BulkName {
  /** The label under the TLD. */
  readonly label: string;
  /** DNS RRsets in wire form, uncompressed, their owners at or below the name. */
  readonly rrsets: readonly Hex[];
}

export declare namespace registerInBulk {
  interface Parameters {
    readonly rpcUrl: string;
    readonly deployment: Deployment;
    /** An account the RPC provider itself can send from, which will own the names and pays for them. */
    readonly sender: Hex;
    readonly names: readonly BulkName[];
    /** Length of the leases, in seconds. */
    readonly durationSeconds: bigint;
    /** Paid with each batch, in wei; what is too much comes back in the same transaction. */
    readonly valueWei: bigint;
    /** Lets the commitments ripen: waits, or moves a development chain's clock. */
    readonly ripen: (seconds: number) => Promise<void>;
    readonly secret: Hex;
    readonly onProgress?: (registered: number, total: number) => void;
    readonly signal?: AbortSignal;
  }
}

export class BatchRevertedError extends BaseError {
  override readonly name = "Chain.BatchRevertedError";
  constructor(first: string, last: string, transaction: Hex) {
    super("CHAIN_BATCH_REVERTED", `Registering the names from ${first} to ${last} reverted.`, {
      metaMessages: [`Transaction ${transaction}.`],
    });
  }
}

/** The most gas one transaction may use (EIP-7825). */
const TRANSACTION_GAS_MAX = 16_777_216n;
/** Batches are cut so that they use about two thirds of that by this estimate, which the tests hold against the chain. */
const NAME_GAS = 80_000n;
const RRSET_GAS = 30_000n;
const WORD_GAS = 23_000n;
const BATCH_GAS = 11_000_000n;
/** Up to about this length of its wire form, an RRset fits one storage slot. */
const WIRE_BYTES_OF_A_SLOT = 56;

function gasOf(name: BulkName): bigint {
  let gas = NAME_GAS;
  for (const rrset of name.rrsets) {
    // Stored sets are shorter than their wire form: the owner's name and the type are not kept.
    const byteCount = (rrset.length - 2) / 2;
    gas += RRSET_GAS + (byteCount > WIRE_BYTES_OF_A_SLOT ? WORD_GAS * BigInt(Math.ceil(byteCount / 64)) : 0n);
  }
  return gas;
}

/** Cuts names into batches that fit a transaction, in order. */
export function batchesOf(names: readonly BulkName[]): BulkName[][] {
  const batches: BulkName[][] = [];
  let room = 0n;
  for (const name of names) {
    const gas = gasOf(name);
    if (gas > room || batches.length === 0) {
      batches.push([]);
      room = BATCH_GAS;
    }
    batches.at(-1)!.push(name);
    room -= gas;
  }
  return batches;
}

/**
 * Registers `names`, batch after batch, all or nothing a batch; which shard index each gets is the registry's to say. Throws
 * `BatchRevertedError`, and viem's errors where the RPC provider fails.
 */
export async function registerInBulk(parameters: registerInBulk.Parameters): Promise<void> {
  const { deployment, sender, names, signal, onProgress } = parameters;
  const transport = http(parameters.rpcUrl, { timeout: 60_000, retryCount: 0 });
  const reader = createPublicClient({ transport, pollingInterval: 50 });
  const writer = createWalletClient({ transport, account: sender });
  const tld = namehash(deployment.tld);
  const send = async (data: Hex, value: bigint, batch: readonly BulkName[]) => {
    signal?.throwIfAborted();
    const to = deployment.contracts.controller;
    const hash = await writer.sendTransaction({ chain: null, to, data, value, gas: TRANSACTION_GAS_MAX });
    const receipt = await reader.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") throw new BatchRevertedError(batch[0]!.label, batch.at(-1)!.label, hash);
  };
  const batches = batchesOf(names).map((batch) => ({
    batch,
    registrations: batch.map((name) => registrationOf(name, tld, parameters)),
  }));
  const age = await reader.readContract({
    abi: controllerAbi,
    address: deployment.contracts.controller,
    functionName: "minCommitmentAge",
  });
  for (const { batch, registrations } of batches) {
    const commitment = await reader.readContract({
      abi: controllerAbi,
      address: deployment.contracts.controller,
      functionName: "makeBatchCommitment",
      args: [registrations],
    });
    await send(encodeFunctionData({ abi: controllerAbi, functionName: "commit", args: [commitment] }), 0n, batch);
  }
  await parameters.ripen(Number(age) + 1);
  let done = 0;
  onProgress?.(done, names.length);
  for (const { batch, registrations } of batches) {
    const data = encodeFunctionData({ abi: controllerAbi, functionName: "registerMany", args: [registrations] });
    await send(data, parameters.valueWei, batch);
    done += batch.length;
    onProgress?.(done, names.length);
  }
}

function registrationOf(name: BulkName, tld: Hex, parameters: registerInBulk.Parameters) {
  const node = childNode(tld, name.label);
  const wire = name.rrsets.map((rrset) => rrset.slice(2)).join("");
  const records = encodeFunctionData({ abi: registryAbi, functionName: "setDNSRecords", args: [node, `0x${wire}`] });
  return {
    label: name.label,
    owner: parameters.sender,
    duration: parameters.durationSeconds,
    secret: parameters.secret,
    data: wire === "" ? [] : [records],
    reverse: 0n,
    referrer: `0x${"00".repeat(32)}` as Hex,
  };
}
