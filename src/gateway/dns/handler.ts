/**
 * The authoritative DNS server as a function: query bytes in, answer bytes out. It knows nothing of sockets; `udp.ts`
 * and `tcp.ts` feed it, the HTTP front feeds it DoH. Every rule of conduct (RFC 8906, RFC 9619) is in `request.ts`,
 * every rule of shape in `reply.ts`.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { CLASS_IN, EDE, RCODE, TYPE } from "../../dns/codes.ts";
import type { RRset } from "../../dns/message.ts";
import { lowerName, parentDomain } from "../../dns/name.ts";
import type { TsigKey } from "../../dns/tsig.ts";
import { type AddressResolver, createAliasFlattener } from "./alias.ts";
import { questionHash } from "./answerTable.ts";
import { chaosAnswer } from "./chaos.ts";
import { createFastPath, questionWire } from "./fastPath.ts";
import { type Lookup, lookup, negativeSoa } from "./lookup.ts";
import { createLimits, hashText, type Limits, mix32, networkHash, type Verdict } from "./rateLimit.ts";
import { buildReply, type Outcome } from "./reply.ts";
import { type CookieSecrets, type DnsRequest, headerReply, readRequest } from "./request.ts";
import { UnknownNodeError, type Zone, type ZoneSource } from "./zoneSource.ts";

export type Transport = "udp" | "tcp" | "https";

/** Who asks. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

export interface DnsHandlerOptions {
  readonly source: ZoneSource;
  readonly clock: Clock;
  readonly random: Random;
  /** Names this server to those who ask for it (RFC 5001, RFC 4892); nothing by default. */
  readonly nsid?: string;
  /** Secrets of 16 bytes for server cookies, the current one first; a fresh random one by default. */
  readonly cookieSecrets?: CookieSecrets;
  /** Equal answers a second to one client network over UDP without a cookie; 0 for no limit. */
  readonly responsesPerSecond?: number;
  /** Every how many limited answers one goes out truncated; 2 by default. */
  readonly slip?: number;
  /** Answers a second for one name's account over UDP without a cookie; 0 for no limit. */
  readonly budgetPerSecond?: number;
  /** Largest answer over UDP to an asker without a valid cookie, as a multiple of the query; 0 for no limit. */
  readonly amplificationMax?: number;
  /** How long an idle TCP connection is kept, told to those who ask (RFC 7828), in milliseconds. */
  readonly idleTimeoutMs?: number;
  /** Shared secrets of those who sign their queries (RFC 8945). */
  readonly keys?: readonly TsigKey[];
  /** Finds the addresses of ALIAS targets outside the zones served here. */
  readonly resolveAddress?: AddressResolver;
}

export type DnsReply = Uint8Array | null;

export interface DnsHandler {
  /** Whether `answerInto` looks at the asker's network. */
  readonly needsNetwork: boolean;
  /**
   * The quick way for adapters: answers the query at `[start, start + length)` of `bytes` into `out` at `to` without
   * allocating, where a compiled answer is at hand. `network` is the asker's network, hashed.
   *
   * @returns the answer's length; 0 for silence; -1 where `handle` must be asked
   */
  answerInto(
    bytes: Uint8Array,
    start: number,
    length: number,
    transport: Transport,
    network: number,
    out: Uint8Array,
    to: number,
    knownHash?: number,
  ): number;
  /** Compiles the answers of all zones that can be listed, one a step, so that no first asker has to wait for it. */
  precompile(): Iterable<void>;
  /** The hash of a plain query's question, for `prefetch` and as `knownHash`; 0 for queries that are not plain. */
  hashOf(bytes: Uint8Array, start: number, length: number): number;
  /** Brings the answers of up to 256 hashes nearer, so that answering a batch of queries waits less for memory. */
  prefetch(hashes: Uint32Array, count: number): number;
  /** The answer's bytes, or `null` where silence is the answer. A promise only where an ALIAS must be resolved first. */
  handle(query: Uint8Array, peer: Peer, transport: Transport): DnsReply | Promise<DnsReply>;
  /** Stops watching the source: another handler takes over. */
  close(): void;
}

const DEFAULT_IDLE_TIMEOUT_MS = 10_000;
const DEFAULT_AMPLIFICATION_MAX = 10;

export function createDnsHandler(options: DnsHandlerOptions): DnsHandler {
  const { source, clock, random } = options;
  const secrets: CookieSecrets = options.cookieSecrets ?? [random.bytes(16)];
  const keys = options.keys ?? [];
  const flattener = createAliasFlattener(source, clock, options.resolveAddress);
  const limits = createLimits(options);
  const shape = {
    clock,
    secrets,
    nsid: options.nsid,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    amplificationMax: options.amplificationMax ?? DEFAULT_AMPLIFICATION_MAX,
  };
  const fast = createFastPath({ source, limits, amplificationMax: shape.amplificationMax });

  const finish = (request: DnsRequest, outcome: Outcome, account: string): DnsReply => {
    const verdict = judge(request, outcome, account, limits);
    if (verdict === "drop") return null;
    return buildReply(request, verdict === "truncate" ? { ...outcome, isCut: true } : outcome, shape);
  };

  return {
    needsNetwork: limits.isOn,
    answerInto: fast.answerInto,
    precompile: fast.precompile,
    hashOf: fast.hashOf,
    prefetch: fast.prefetch,
    close: fast.close,
    handle(query, peer, transport) {
      const read = readRequest(query, peer, transport, { secrets, clock, keys });
      if (read === null) return null;
      if ("failure" in read) return headerReply(query, read.failure);
      if ("outcome" in read) return finish(read.request, read.outcome, "");
      const { request } = read;
      const zone = zoneFor(source, request);
      const early = zone ? earlyOutcome(request, zone) : outsideOutcome(request, options.nsid);
      if (!zone || early) return finish(request, early ?? { rcode: RCODE.SERVFAIL }, zone?.apex ?? "");
      const found = lookupOrNothing(zone, request);
      if (found === undefined) return finish(request, NOT_READY, zone.apex);
      if (!found.alias) {
        fast.learn(request.question, zone, found);
        return finish(request, found, found.account);
      }
      const flat = flattener.flatten(found.alias.target, request.question.type, found.alias.ttlSeconds);
      const done = (result: Awaited<typeof flat>) =>
        finish(request, result.kind === "failed" ? UNFLATTENED : flattened(zone, found, result.rrset), found.account);
      return flat instanceof Promise ? flat.then(done) : done(flat);
    },
  };
}

const NOT_READY: Outcome = { rcode: RCODE.SERVFAIL, extendedError: { code: EDE.NOT_READY } };

/** What the zone says; `undefined` where it cannot tell now. */
function lookupOrNothing(zone: Zone, { question }: DnsRequest): Lookup | undefined {
  try {
    return lookup(zone, lowerName(question.name), question.type);
  } catch (error) {
    if (error instanceof UnknownNodeError) return undefined;
    throw error;
  }
}

const UNFLATTENED: Outcome = { rcode: RCODE.SERVFAIL, extendedError: { code: EDE.NO_REACHABLE_AUTHORITY } };

function flattened(zone: Zone, found: Lookup, rrset: RRset | undefined): Outcome {
  const { alias } = found;
  if (!rrset || !alias) return { ...found, authorities: [negativeSoa(zone)] };
  const ttlSeconds = Math.min(rrset.ttlSeconds, alias.ttlSeconds);
  return { ...found, answers: [...found.answers, { ...rrset, name: alias.owner, ttlSeconds }] };
}

/** DS lives above the cut (RFC 4035 section 3.1.4.1), so it is asked of the parent's zone where we serve that too. */
function zoneFor(source: ZoneSource, { question }: DnsRequest): Zone | undefined {
  if (question.class !== CLASS_IN) return undefined;
  const name = lowerName(question.name);
  const zone = source.zoneOf(name);
  if (question.type !== TYPE.DS || zone?.apex !== name) return zone;
  const parent = parentDomain(name);
  return (parent === undefined ? undefined : source.zoneOf(parent)) ?? zone;
}

function earlyOutcome({ question, transport }: DnsRequest, zone: Zone): Outcome | undefined {
  if (zone.isReady === false) return NOT_READY;
  if (question.type === TYPE.AXFR) return { rcode: RCODE.REFUSED, extendedError: { code: EDE.PROHIBITED } };
  if (question.type === TYPE.IXFR) {
    // Over UDP the current SOA tells the asker to come back by TCP (RFC 1995 section 4).
    return transport === "udp"
      ? { rcode: RCODE.NOERROR, isAuthoritative: true, answers: [zone.soa] }
      : { rcode: RCODE.REFUSED, extendedError: { code: EDE.PROHIBITED } };
  }
  return undefined;
}

function outsideOutcome({ question }: DnsRequest, nsid: string | undefined): Outcome {
  const chaos = chaosAnswer(question, nsid);
  return chaos ?? { rcode: RCODE.REFUSED, extendedError: { code: EDE.NOT_AUTHORITATIVE } };
}

/** Answers over UDP to askers who have not shown that they own their address are limited. */
function judge(request: DnsRequest, outcome: Outcome, account: string, limits: Limits): Verdict {
  const { transport, hasValidCookie, peer, question } = request;
  if (transport !== "udp" || hasValidCookie || !limits.isOn) return "answer";
  const isPositive = outcome.rcode === RCODE.NOERROR && (outcome.answers?.length ?? 0) > 0 && !outcome.isGeneric;
  const accountHash = hashText(account);
  const wire = isPositive ? questionWire(question) : undefined;
  const subject = wire ? questionHash(wire, 0, wire.length) : mix32(accountHash ^ outcome.rcode);
  return limits.judge(networkHash(peer.address), accountHash, subject);
}
