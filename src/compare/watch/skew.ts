/**
 * Whether the instrument's own clock is off. Who asks with a clock that is behind takes every block for one from the future, and with
 * one that is ahead every block for an old one: such rounds say nothing about anybody else.
 */
import type { Clock } from "../../base/clock.ts";
import type { ClientTransport } from "../../client/transport.ts";
import type { Saying } from "./sources.ts";

/** What HTTP servers said the time was. */
export interface ClockWitnesses {
  /** The same transport, its responses' Date noted. */
  readonly watching: (transport: ClientTransport) => ClientTransport;
  /** By how much each server's time was ahead of the own one, in milliseconds, of those heard since (monotonic). */
  readonly aheadMsSince: (fromMs: number) => readonly number[];
}

/** Further off than this, a clock spoils what it measures; servers' own clocks differ by seconds. */
const SKEW_MS_MAX = 60_000;
const WITNESSES_MAX = 1_024;
/** A Date has no fractions of a second: on average it is half a second old when it is written. */
const DATE_LAG_MS = 500;

export function createClockWitnesses(clock: Clock): ClockWitnesses {
  const heard = new Map<string, { readonly aheadMs: number; readonly atMs: number }>();
  const note = (url: string, date: string | undefined) => {
    const toldMs = Date.parse(date ?? "");
    if (!Number.isFinite(toldMs)) return;
    const { origin } = new URL(url);
    // Out and in again: those heard longest ago stand first.
    heard.delete(origin);
    heard.set(origin, { aheadMs: toldMs + DATE_LAG_MS - clock.nowMs(), atMs: clock.monotonicMs() });
    if (heard.size > WITNESSES_MAX) for (const oldest of [...heard.keys()].slice(0, 1)) heard.delete(oldest);
  };
  return {
    watching: (transport) => ({
      udp: (...query) => transport.udp(...query),
      tcp: (...query) => transport.tcp(...query),
      systemServers: () => transport.systemServers(),
      async http(request) {
        const response = await transport.http(request);
        // What a cache kept carries the Date of long ago (RFC 9111 section 4.2.3).
        if (response.field("age") === undefined) note(request.url, response.field("date"));
        return response;
      },
    }),
    aheadMsSince: (fromMs) => [...heard.values()].filter(({ atMs }) => atMs >= fromMs).map(({ aheadMs }) => aheadMs),
  };
}

/** A verified block has two who vouch for it. */
const VERIFIED_WEIGHT = 2;
/** One alone may lie, or have a wrong clock itself. */
const WEIGHT_MIN = 2;

/**
 * Why a round does not count, where the own clock is off; otherwise `undefined`. At least two must say so, and more than say that it is
 * right: a single liar with a block from the future is a liar.
 *
 * @param dates By how much HTTP servers' clocks are ahead of the own one, in milliseconds.
 * @param nowMs The own clock.
 */
export function skewOf(sayings: Iterable<Saying>, dates: readonly number[], nowMs: number): string | undefined {
  const aheadMsOf = (block: { readonly timestamp: bigint }) => Number(block.timestamp) * 1000 - nowMs;
  const future = new Map<string, number>();
  const verified: number[] = [];
  for (const { block, evidence, rejected = [] } of sayings) {
    if (block && evidence !== "none") verified.push(aheadMsOf(block));
    for (const one of rejected) if (one.block) future.set(one.endpoint, aheadMsOf(one.block));
  }
  const isBehind = (aheadMs: number) => aheadMs > SKEW_MS_MAX;
  const isAhead = (aheadMs: number) => aheadMs < -SKEW_MS_MAX;
  const datesBehind = dates.filter(isBehind);
  const datesAhead = dates.filter(isAhead);
  const blocksBehind = [...future.values(), ...verified].filter(isBehind);
  // A block that is old says nothing: chains halt, and whoever is asked may lag.
  const behind =
    datesBehind.length +
    [...future.values()].filter(isBehind).length +
    VERIFIED_WEIGHT * verified.filter(isBehind).length;
  const right = dates.length - datesBehind.length - datesAhead.length;
  const notBehind = right + datesAhead.length + VERIFIED_WEIGHT * verified.filter((one) => !isBehind(one)).length;
  if (behind >= WEIGHT_MIN && behind > notBehind) {
    const said = blocksBehind.length > 0 ? "the chain" : "what servers say";
    return `the clock is ${seconds([...datesBehind, ...blocksBehind])} s behind ${said}`;
  }
  const isFarAhead = datesAhead.length >= WEIGHT_MIN && datesAhead.length > right + behind;
  return isFarAhead ? `the clock is ${seconds(datesAhead)} s ahead of what servers say` : undefined;
}

/** The median, without its sign. */
function seconds(values: readonly number[]): number {
  const ascending = [...values].sort((left, right) => left - right);
  return Math.abs(Math.round((ascending[Math.floor(ascending.length / 2)] ?? 0) / 1000));
}
