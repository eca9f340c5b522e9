/**
 * The journal of an interrupted deployment. Ignition notes a transaction before it sends it and again once it knows the hash; a
 * process that ends in between leaves it to a person to find out whether the transaction was sent. The chain knows: the
 * account's next nonce says whether, and the block in which it moved says which.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import type { Hex } from "../base/bytes.ts";
import { delay, systemClock } from "../base/clock.ts";

interface Line {
  readonly text: string;
  readonly type: string;
  readonly interaction: string;
  readonly nonce: number | undefined;
}

function parseLine(text: string): Line {
  const { type, futureId, networkInteractionId, nonce } = JSON.parse(text) as Record<string, unknown>;
  return { text, type: String(type), interaction: `${futureId}/${networkInteractionId}`, nonce: nonce as number };
}

function isWhole(line: string): boolean {
  try {
    return typeof JSON.parse(line) === "object";
  } catch {
    return false;
  }
}

/** Looks at a count that will not stand still, before the last one is taken. */
const LOOKS_MAX = 50;

/**
 * Makes a journal ready to go on from, whatever the moment at which its process ended. Nothing to do without a journal. `pollMs` lies
 * between two looks at the account.
 */
export async function mendJournal(
  folder: string,
  provider: EIP1193Provider,
  account: string,
  pollMs: number,
): Promise<void> {
  const path = join(folder, "journal.jsonl");
  const text = await readFile(path, "utf8").catch(() => "");
  // A last line that was cut off was not acted upon yet: what it announces comes after it is written.
  const lines = text
    .split("\n")
    .filter((line) => isWhole(line))
    .map(parseLine);
  const sent = new Set(lines.filter(({ type }) => type === "TRANSACTION_SEND").map(({ interaction }) => interaction));
  const open = lines.filter(({ type, interaction }) => type === "TRANSACTION_PREPARE_SEND" && !sent.has(interaction));
  const next = open.length === 0 ? 0 : await settledCount(provider, account, pollMs);
  const unsent = new Set(open.filter(({ nonce }) => nonce! >= next));
  const kept = lines.filter((line) => !unsent.has(line)).map((line) => `\n${line.text}`);
  if (kept.join("") !== text && text !== "") await writeFile(path, kept.join(""));
  const { trackTransaction } = await import("@nomicfoundation/ignition-core");
  for (const line of open) {
    if (unsent.has(line)) continue;
    const hash = await transactionAt(provider, account, line.nonce!, pollMs);
    if (hash !== undefined) await trackTransaction(folder, hash, provider, 1);
  }
}

/**
 * How many transactions an account has sent, told twice alike: a node that is just putting one into a block, or has not heard of it
 * from its neighbours yet, counts it neither in its pool nor on the chain.
 */
async function settledCount(provider: EIP1193Provider, account: string, pollMs: number): Promise<number> {
  const params = [account, "pending"];
  let count = -1;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const told = Number(await provider.request({ method: "eth_getTransactionCount", params }));
    if (told === count) return told;
    count = told;
    await delay(systemClock, pollMs);
  }
  return count;
}

interface Block {
  readonly transactions: readonly { readonly from: Hex; readonly nonce: Hex; readonly hash: Hex }[];
}

/** The account's transaction with this nonce, in the pool or in the block in which the account's nonce passed it. */
async function transactionAt(
  provider: EIP1193Provider,
  account: string,
  nonce: number,
  pollMs: number,
): Promise<Hex | undefined> {
  const countAt = async (block: string) =>
    Number(await provider.request({ method: "eth_getTransactionCount", params: [account, block] }));
  const findIn = async (block: string) => {
    const found = (await provider.request({ method: "eth_getBlockByNumber", params: [block, true] })) as Block | null;
    return found?.transactions.find(
      (transaction) => transaction.from.toLowerCase() === account.toLowerCase() && Number(transaction.nonce) === nonce,
    )?.hash;
  };
  for (let look = 0; (await countAt("latest")) <= nonce; look += 1) {
    const hash = await findIn("pending");
    if (hash !== undefined || look === LOOKS_MAX) return hash;
    // It may have been mined between the two questions, and is in neither place for a moment.
    await delay(systemClock, pollMs);
  }
  let low = 0;
  let high = Number(await provider.request({ method: "eth_blockNumber" }));
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await countAt(`0x${middle.toString(16)}`)) > nonce) high = middle;
    else low = middle + 1;
  }
  return findIn(`0x${high.toString(16)}`);
}
