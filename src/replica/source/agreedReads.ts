/** Reads from the providers that agree on a head: from any of them where the answer proves itself, from two where it does not. */
import { BaseError, messageOf } from "../../base/errors.ts";
import { keccak256Text } from "../../base/keccak.ts";
import type { BlockHeader, ChainLog, ChainSource } from "./chainSource.ts";
import { type AgreedHead, type ProviderPool, ProvidersDisagreeError } from "./providerPool.ts";
import { DishonestProviderError } from "./rpcSource.ts";

/** Blocks as one provider tells them. */
export interface BlocksRead {
  readonly source: ChainSource;
  readonly headers: readonly BlockHeader[];
  readonly logs: readonly ChainLog[];
}

/** Providers that must tell the same logs, where there are as many. One that lies is found out before anybody is answered from it. */
const WITNESSES = 2;

async function attempt<Value>(
  pool: ProviderPool,
  source: ChainSource,
  ask: (source: ChainSource) => Promise<Value>,
): Promise<{ readonly value: Value } | { readonly error: BaseError }> {
  try {
    return { value: await ask(source) };
  } catch (error) {
    if (error instanceof DishonestProviderError) pool.suspect(source, messageOf(error));
    if (error instanceof BaseError) return { error };
    throw error;
  }
}

/** The first answer of the agreeing providers, asked in turn; one that contradicts itself is left out for a while. */
export async function readFromAny<Value>(
  pool: ProviderPool,
  { sources }: AgreedHead,
  ask: (source: ChainSource) => Promise<Value>,
): Promise<Value> {
  let last: unknown;
  for (const source of sources) {
    const result = await attempt(pool, source, ask);
    if ("value" in result) return result.value;
    last = result.error;
  }
  throw last;
}

function digestOf({ headers, logs }: BlocksRead): string {
  const lines = logs.map(({ blockNumber, logIndex, blockHash, address, topics, data }) =>
    [blockNumber, logIndex, blockHash, address, ...topics, data].join(),
  );
  return keccak256Text([...headers.map(({ hash }) => hash), ...lines].join("\n"));
}

/**
 * Blocks that two of the agreeing providers tell alike; where only one tells anything and the pool asks for no more, its own. A
 * minority is left out for a while. Throws `ProvidersDisagreeError` where no two are alike, and what the last one threw where too
 * few gave an answer.
 */
export async function readWitnessed(
  pool: ProviderPool,
  { sources }: AgreedHead,
  ask: (source: ChainSource) => Promise<BlocksRead>,
): Promise<BlocksRead> {
  const votes = new Map<string, BlocksRead[]>();
  let last: unknown;
  for (const source of sources) {
    const result = await attempt(pool, source, ask);
    if ("error" in result) {
      last = result.error;
      continue;
    }
    const digest = digestOf(result.value);
    const alike = [...(votes.get(digest) ?? []), result.value];
    votes.set(digest, alike);
    if (alike.length < WITNESSES) continue;
    for (const [other, reads] of votes) {
      if (other !== digest) for (const read of reads) pool.suspect(read.source, "its logs are not those of the others");
    }
    return alike[0]!;
  }
  const [only, ...others] = votes.values();
  if (only === undefined || (others.length === 0 && pool.agreement > 1)) throw last;
  if (others.length === 0) return only[0]!;
  const labels = [...votes.values()].map((reads) => reads.map(({ source }) => source.label).join(", "));
  throw new ProvidersDisagreeError(only[0]!.headers.at(-1)!.number, labels);
}
