/** DNS handlers that know nothing themselves: one passes queries on to a server, one keeps answers as a cache does. */
import { type Clock, withDeadline } from "../../base/clock.ts";
import { nodeTransport } from "../../client/nodeTransport.ts";
import { RCODE } from "../../dns/codes.ts";
import { decodeMessage } from "../../dns/decode.ts";
import { lowerName } from "../../dns/name.ts";
import type { DnsHandler } from "../../gateway/dns/handler.ts";

/** Longer than any probe waits. */
const FORWARD_MS = 5_000;
const CACHE_ENTRIES_MAX = 10_000;

/** The parts of a handler that serve precompiled answers, of which there are none here. */
const NOTHING_AT_HAND = {
  needsNetwork: false,
  answerInto: () => -1,
  precompile: () => [],
  hashOf: () => 0,
  prefetch: () => 0,
  close() {},
} satisfies Omit<DnsHandler, "handle">;

export function forwardingHandler(target: { readonly host: string; readonly port: number }, clock: Clock): DnsHandler {
  return {
    ...NOTHING_AT_HAND,
    async handle(query, _, transport) {
      const isReply = (message: Uint8Array) => message[0] === query[0] && message[1] === query[1];
      try {
        return await withDeadline(clock, FORWARD_MS, "The forwarding", (signal) =>
          transport === "udp"
            ? nodeTransport.udp(target, query, isReply, signal)
            : nodeTransport.tcp(target, query, signal),
        );
      } catch {
        // As a network does: whoever cannot be reached says nothing.
        return null;
      }
    },
  };
}

export interface CacheTimes {
  /** How long answers are kept, and how long denials, in milliseconds. */
  readonly ttlMs: number;
  readonly negativeTtlMs: number;
}

/** Keeps whatever `upstream` answers, right or wrong, for the times given. */
export function cachingHandler(upstream: DnsHandler, { ttlMs, negativeTtlMs }: CacheTimes, clock: Clock): DnsHandler {
  const kept = new Map<string, { readonly reply: Uint8Array; readonly untilMs: number }>();
  return {
    ...NOTHING_AT_HAND,
    async handle(query, peer, transport) {
      const [asked] = decodeMessage(query).questions;
      const key = `${lowerName(asked?.name ?? "")} ${asked?.type}`;
      const nowMs = clock.monotonicMs();
      const known = kept.get(key);
      if (known !== undefined && known.untilMs > nowMs) {
        const reply = known.reply.slice();
        reply.set(query.subarray(0, 2));
        return reply;
      }
      const reply = await upstream.handle(query, peer, transport);
      if (reply === null) return null;
      const { rcode, answers } = decodeMessage(reply);
      const isDenial = rcode === RCODE.NXDOMAIN || (rcode === RCODE.NOERROR && answers.length === 0);
      const lifeMs = isDenial ? negativeTtlMs : rcode === RCODE.NOERROR ? ttlMs : 0;
      if (kept.size >= CACHE_ENTRIES_MAX) kept.clear();
      if (lifeMs > 0) kept.set(key, { reply: reply.slice(), untilMs: nowMs + lifeMs });
      return reply;
    },
  };
}
