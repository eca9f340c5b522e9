/** Waits until every gateway has read what was written to the chain. */
import { type Clock, delay, withDeadline } from "../../base/clock.ts";
import { BaseError } from "../../base/errors.ts";
import type { GatewayMember } from "./network.ts";

const SYNC_DEADLINE_MS = 60_000;
const ASK_AGAIN_MS = 50;

export class GatewayLaggingError extends BaseError {
  override readonly name = "Compare.GatewayLaggingError";
  constructor(what: string, block: bigint, last: string) {
    super("COMPARE_GATEWAY_LAGGING", `The ${what} did not reach block ${block} in time.`, { metaMessages: [last] });
  }
}

export interface InStepOptions {
  readonly gateways: readonly GatewayMember[];
  readonly block: bigint;
  readonly clock: Clock;
  readonly onProgress: (step: string, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Throws `GatewayLaggingError` where a gateway does not reach `block`. */
export async function untilInStep(options: InStepOptions): Promise<void> {
  const { gateways, block, clock, signal } = options;
  let ready = 0;
  await Promise.all(
    gateways.map(async (gateway) => {
      let last = "";
      const reached = async (stop: AbortSignal) => {
        for (;;) {
          const state = await gatewayState(gateway.ready.httpUrl, stop);
          last = state.text;
          if (state.block !== undefined && state.block >= block) return;
          await delay(clock, ASK_AGAIN_MS, stop);
        }
      };
      try {
        await withDeadline(clock, SYNC_DEADLINE_MS, `The ${gateway.what}`, reached, signal);
      } catch (error) {
        signal?.throwIfAborted();
        throw error instanceof BaseError && error.code === "BASE_DEADLINE"
          ? new GatewayLaggingError(gateway.what, block, last)
          : error;
      }
      ready += 1;
      options.onProgress("gateways in step", ready, gateways.length);
    }),
  );
}

async function gatewayState(
  httpUrl: string,
  signal: AbortSignal,
): Promise<{ block: bigint | undefined; text: string }> {
  const response = await fetch(`${httpUrl}/v1/status`, { signal });
  const text = await response.text();
  if (!response.ok) return { block: undefined, text };
  const { status, head } = JSON.parse(text) as { status: string; head: { number: string } | null };
  return { block: status === "following" && head !== null ? BigInt(head.number) : undefined, text };
}
