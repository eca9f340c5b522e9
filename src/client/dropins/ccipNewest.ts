/** The newest of several responses that count: all gateways are asked at once, and the first that counts ends the wait soon. */
import type { Hex } from "../../base/bytes.ts";
import type { Timer } from "../../base/clock.ts";
import { type AskSeveralResult, askSeveral, type Reply, type Target } from "../askSeveral.ts";
import type { Run } from "../run.ts";

/** Which responses are newer than others. */
export interface CcipRanking {
  /** Whether the responses to this request can be ranked. */
  readonly applies: (request: { readonly sender: string; readonly data: string }) => boolean;
  /** The higher, the newer. Only asked of responses that count. */
  readonly rankOf: (response: Hex) => bigint;
}

/** How long others are waited for once one has given a response that counts, in milliseconds. */
const PATIENCE_MS = 150;

/** Asks all targets at once. Never rejects. */
export async function askNewest<Item extends Target, Value extends { readonly response: Hex }>(
  run: Run,
  targets: readonly Item[],
  ask: (target: Item, signal: AbortSignal) => Promise<Reply<Value>>,
  ranking: CcipRanking,
): Promise<AskSeveralResult<Value, Value>> {
  const values: Value[] = [];
  let failed: AskSeveralResult<Value, Value> | undefined;
  let patience: Timer | undefined;
  let enough = () => {};
  const soon = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const all = targets.map(async (target) => {
    const told = await askSeveral<Item, Value, Value>(run, {
      path: "gateways",
      targets: [target],
      ask,
      judge: ([first]) => (first === undefined ? { missing: 1 } : { done: first }),
    });
    if (told.result === undefined) {
      failed = told;
      return;
    }
    values.push(told.result);
    patience ??= run.clock.schedule(PATIENCE_MS, enough);
  });
  await Promise.race([soon, Promise.all(all)]);
  patience?.cancel();
  let newest: Value | undefined;
  for (const value of values) {
    const isNewer = newest === undefined || ranking.rankOf(value.response) > ranking.rankOf(newest.response);
    if (isNewer) newest = value;
  }
  return {
    result: newest,
    values,
    failure: failed?.failure ?? "unreachable",
    reason: failed?.reason ?? "nobody to ask",
  };
}
