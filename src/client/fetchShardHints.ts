/**
 * Newer shard hints, from whichever gateway has them first: each publishes its table at `/v1/directory/hints`. No two need agree, since
 * a hint carries no trust.
 */
import { BaseError } from "../base/errors.ts";
import { shuffled } from "../base/random.ts";
import type { DirectoryGateway } from "../directory/directory.ts";
import {
  decodeShardHints,
  encodeShardHints,
  SHARD_HINTS_BYTES_MAX,
  type ShardHints,
  shardHintsTag,
} from "../directory/shardHints.ts";
import { askSeveral, type Reply, type Target } from "./askSeveral.ts";
import { refusalOf } from "./httpReply.ts";
import type { Run } from "./run.ts";

/** Gateways asked at most: a table is great, and can be done without. */
const ASKED_MAX = 3;

/** The table of one of the gateways; `undefined` where none has one, and where it is the one at hand. Never throws. */
export async function fetchShardHints(
  run: Run,
  gateways: readonly DirectoryGateway[],
  current: ShardHints | undefined,
): Promise<ShardHints | undefined> {
  const tag = current === undefined ? undefined : shardHintsTag(encodeShardHints(current));
  const targets: readonly Target[] = shuffled(run.random, gateways)
    .slice(0, ASKED_MAX)
    .map((gateway) => ({ endpoint: gateway.httpUrl }));
  const told = await askSeveral<Target, ShardHints | "unchanged", ShardHints | "unchanged">(run, {
    path: "gateways",
    targets,
    ask: (target, signal) => ask(run, target, tag, signal),
    judge: ([first]) => (first === undefined ? { missing: 1 } : { done: first }),
  });
  return told.result === "unchanged" ? undefined : told.result;
}

async function ask(
  run: Run,
  target: Target,
  tag: string | undefined,
  signal: AbortSignal,
): Promise<Reply<ShardHints | "unchanged">> {
  const response = await run.transport.http({
    method: "GET",
    url: `${target.endpoint}/v1/directory/hints`,
    fields: tag === undefined ? {} : { "if-none-match": tag },
    bodyBytesMax: SHARD_HINTS_BYTES_MAX,
    signal,
  });
  if (response.status === 304) return { outcome: "answered", value: "unchanged", reason: "the same hints" };
  const refusal = refusalOf(run, response);
  if (refusal !== undefined) return refusal;
  try {
    const value = decodeShardHints(response.body);
    return { outcome: "answered", value, reason: `${response.body.length} bytes of hints` };
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    return { outcome: "wrong", reason: error.shortMessage };
  }
}
