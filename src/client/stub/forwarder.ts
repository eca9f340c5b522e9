/**
 * Forwards questions to upstream servers: hedged like everything else, kept for as long as their TTLs say, and served stale
 * when no upstream answers (RFC 8767).
 */
import type { Clock } from "../../base/clock.ts";
import { EDE, RCODE } from "../../dns/codes.ts";
import type { Message, ResourceRecord } from "../../dns/message.ts";
import { askSeveral } from "../askSeveral.ts";
import { createHealth } from "../health.ts";
import { type DnsTarget, exchangeDns } from "../paths/dnsExchange.ts";
import { createRetryBudget } from "../retryBudget.ts";
import { type Shared, withRun } from "../run.ts";
import { respond } from "./reply.ts";

export interface ForwarderOptions extends Pick<Shared, "clock" | "random" | "transport"> {
  readonly targets: () => readonly DnsTarget[];
  readonly deadlineMs: number;
  /** How long after its TTL a response may be served when no upstream answers, in seconds. */
  readonly staleSecondsMax?: number;
  readonly entryCountMax?: number;
}

export interface Forwarded {
  readonly message: Message;
  readonly source: "upstream" | "cache" | "stale" | "none";
}

interface Entry {
  readonly message: Message;
  readonly storedAtMs: number;
  readonly freshUntilMs: number;
}

const STALE_TTL_SECONDS = 30;
/** A failure is remembered for this long, so that it is not asked for again at once (RFC 9520). */
const NEGATIVE_SECONDS_MAX = 10_800;

function ttlOf(message: Message): number {
  const records = [...message.answers, ...message.authorities];
  if (records.length === 0) return 0;
  return Math.min(NEGATIVE_SECONDS_MAX, ...records.map((record) => record.ttlSeconds));
}

function aged(records: readonly ResourceRecord[], change: (ttlSeconds: number) => number): ResourceRecord[] {
  return records.map((record) => ({ ...record, ttlSeconds: change(record.ttlSeconds) }));
}

/** The response of an entry for another query of the same question. */
function replay(query: Message, entry: Entry, clock: Clock, isStale: boolean): Message {
  const heldSeconds = Math.floor((clock.nowMs() - entry.storedAtMs) / 1000);
  const change = (ttlSeconds: number) => (isStale ? STALE_TTL_SECONDS : Math.max(0, ttlSeconds - heldSeconds));
  const { rcode, answers, authorities } = entry.message;
  const errors = isStale ? [{ code: EDE.STALE_ANSWER, text: "no upstream answers" }] : [];
  return respond(query, { rcode, answers: aged(answers, change), authorities: aged(authorities, change) }, errors);
}

export function createForwarder(options: ForwarderOptions): (query: Message) => Promise<Forwarded> {
  const { clock } = options;
  const shared: Shared = { ...options, health: createHealth(clock), budget: createRetryBudget() };
  const entries = new Map<string, Entry>();
  const staleMs = (options.staleSecondsMax ?? 86_400) * 1000;
  const entryCountMax = options.entryCountMax ?? 50_000;

  const ask = async (query: Message, question: { name: string; type: number }): Promise<Message | undefined> => {
    const limits = { what: "The forwarding", deadlineMs: options.deadlineMs };
    const { result: told } = await withRun(shared, limits, (run) =>
      askSeveral<DnsTarget, Message, Message>(run, {
        path: "dns",
        targets: options.targets(),
        async ask(target, signal) {
          const reply = await exchangeDns(run, target, question, signal);
          const isFailure = reply.value?.rcode === RCODE.SERVFAIL || reply.value?.rcode === RCODE.REFUSED;
          return isFailure ? { outcome: "refused", reason: "SERVFAIL or REFUSED" } : reply;
        },
        judge: ([first]) => (first === undefined ? { missing: 1 } : { done: first }),
      }),
    );
    if (told.result === undefined) return undefined;
    const { rcode, answers, authorities } = told.result;
    return respond(query, { rcode, answers, authorities });
  };

  return async (query) => {
    const [question] = query.questions;
    if (question === undefined || question.class !== 1) {
      return { message: respond(query, { rcode: RCODE.REFUSED }), source: "none" };
    }
    const key = `${question.type}/${question.name.toLowerCase()}`;
    const entry = entries.get(key);
    if (entry !== undefined && clock.nowMs() < entry.freshUntilMs) {
      return { message: replay(query, entry, clock, false), source: "cache" };
    }
    const message = await ask(query, question);
    if (message !== undefined) {
      const ttlSeconds = ttlOf(message);
      entries.delete(key);
      const oldest = entries.size >= entryCountMax ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      const now = clock.nowMs();
      if (ttlSeconds > 0) entries.set(key, { message, storedAtMs: now, freshUntilMs: now + ttlSeconds * 1000 });
      return { message, source: "upstream" };
    }
    if (entry !== undefined && clock.nowMs() < entry.freshUntilMs + staleMs) {
      return { message: replay(query, entry, clock, true), source: "stale" };
    }
    const failure = { code: EDE.NO_REACHABLE_AUTHORITY, text: "no upstream answers" };
    return { message: respond(query, { rcode: RCODE.SERVFAIL }, [failure]), source: "none" };
  };
}
