/**
 * Policies: which paths are asked, in what order, and whose answer counts. Each returns the reply of one path; what the others
 * replied matters only where nobody's counts, and for `cross-check`.
 */
import type { Outcome, PathName } from "../availability/outcome.ts";
import { type Hex, toHex } from "../base/bytes.ts";
import type { Timer } from "../base/clock.ts";
import type { RecordResult } from "../protocol/answer.ts";
import { decodeRRset } from "../protocol/rrset.ts";
import { failedReply, type PathReply } from "./paths/pathReply.ts";
import type { Run } from "./run.ts";

/** What a policy has to work with. Asking the same path twice asks it once. */
export interface PolicyContext {
  readonly run: Run;
  /** The paths that are set up and can tell these records. */
  readonly paths: readonly PathName[];
  readonly ask: (path: PathName) => Promise<PathReply>;
  /** Whether an answer without evidence may be returned at all. */
  readonly allowsUnverified: boolean;
  /** How long evidence is waited for when an answer without any is at hand, in milliseconds. */
  readonly unverifiedAfterMs: number;
}

export interface PolicyReply extends PathReply {
  readonly disagreement?: readonly { readonly path: PathName; readonly outcome: Outcome; readonly value: Hex | null }[];
}

export type PolicyFunction = (context: PolicyContext) => Promise<PolicyReply>;
export type PolicyName = "verified-first" | "dns-first" | "race" | "cross-check";

const isTold = (reply: PathReply) => reply.results !== null;
const isFresh = (reply: PathReply) => isTold(reply) && reply.outcome === "answered";
const isVerified = (reply: PathReply) => isFresh(reply) && reply.evidence !== "none";
/** Absence that nobody vouches for is what an outage or a hijack looks like, so it never ends a search. */
const hasValue = (reply: PathReply) => isFresh(reply) && (reply.results ?? []).some((result) => result.value !== null);

/** From the least to the best of what is left when no reply counts. */
function rank(reply: PathReply): number {
  if (isVerified(reply)) return 9;
  if (isTold(reply)) return reply.evidence !== "none" ? 8 : hasValue(reply) ? 7 : 6;
  return ["unreachable", "timedOut", "refused", "stale", "wrong"].indexOf(reply.outcome);
}

function best(context: PolicyContext, replies: readonly PathReply[]): PathReply {
  const usable = replies.map((reply) =>
    isTold(reply) && reply.evidence === "none" && !context.allowsUnverified
      ? failedReply(reply.path, "wrong", "an answer without evidence, where evidence is asked for")
      : reply,
  );
  const [first, ...rest] = usable;
  if (first === undefined)
    return failedReply(context.paths[0] ?? "gateways", "unreachable", "no path is set up for this record");
  return rest.reduce((left, right) => (rank(right) > rank(left) ? right : left), first);
}

/**
 * Asks the paths in order, the next one when one fails or takes longer than it usually does, until a reply `counts`. Once an
 * answer without evidence has come, evidence is waited for no longer than the context says.
 */
async function inOrder(
  context: PolicyContext,
  order: readonly PathName[],
  counts: (reply: PathReply) => boolean,
): Promise<PathReply> {
  const { run } = context;
  const waiting = order.filter((path) => context.paths.includes(path));
  const replies: PathReply[] = [];
  const giveUpAtMs = run.startedAtMs + context.unverifiedAfterMs;
  return await new Promise<PathReply>((resolve, reject) => {
    let pendingCount = 0;
    let settled = false;
    const timers: Timer[] = [];
    const settle = (reply: PathReply) => {
      if (settled) return;
      settled = true;
      for (const timer of timers) timer.cancel();
      resolve(reply);
    };
    const after = (delayMs: number, then: () => void) => void timers.push(run.clock.schedule(delayMs, then));
    const startNext = () => {
      const path = waiting.shift();
      // At the deadline the paths under way end by themselves, and what they have found still counts.
      if (settled || path === undefined || run.signal.aborted) return;
      pendingCount += 1;
      const startedAtMs = run.clock.monotonicMs();
      if (waiting.length > 0) after(run.health.hedgeDelayMs(`path:${path}`) + 1, startNext);
      context.ask(path).then((reply) => {
        pendingCount -= 1;
        if (settled) return;
        if (isTold(reply)) run.health.answered(`path:${path}`, run.clock.monotonicMs() - startedAtMs);
        replies.push(reply);
        if (counts(reply)) return settle(reply);
        if (hasValue(reply) && context.allowsUnverified) {
          after(Math.max(0, giveUpAtMs - run.clock.monotonicMs()), () => settle(best(context, replies)));
        }
        startNext();
        if (pendingCount === 0) settle(best(context, replies));
      }, reject);
    };
    startNext();
    if (pendingCount === 0) settle(best(context, replies));
  });
}

/** Verified paths first; plain DNS only when they all fail. */
const verifiedFirst: PolicyFunction = (context) => inOrder(context, ["gateways", "chain", "dns"], isVerified);

/** Plain DNS first; the verified paths where it fails or says that there is nothing. */
const dnsFirst: PolicyFunction = (context) =>
  inOrder(
    context,
    ["dns", "gateways", "chain"],
    (reply) => isVerified(reply) || (context.allowsUnverified && hasValue(reply)),
  );

/** All at once; the first value, or the first proof that there is none. */
const race: PolicyFunction = async (context) => {
  const counts = (reply: PathReply) => isVerified(reply) || (context.allowsUnverified && hasValue(reply));
  const asked = context.paths.map((path) => context.ask(path));
  const counted = asked.map(async (reply) => {
    const told = await reply;
    if (!counts(told)) throw told;
    return told;
  });
  try {
    return await Promise.any(counted);
  } catch {
    return best(context, await Promise.all(asked));
  }
};

/** All paths; the best answer, and a list of what each told where they differ. */
const crossCheck: PolicyFunction = async (context) => {
  const replies = await Promise.all(context.paths.map((path) => context.ask(path)));
  const told = replies.filter(isTold);
  const contents = new Set(told.map(comparable));
  const chosen = best(context, replies);
  if (contents.size <= 1) return chosen;
  const disagreement = told.map((reply) => {
    const value = reply.results?.find((result) => result.value !== null)?.value ?? null;
    return { path: reply.path, outcome: value === null ? ("absent" as const) : reply.outcome, value };
  });
  return { ...chosen, disagreement };
};

/** What a reply says, apart from TTLs and the order of a set's records. */
function comparable(reply: PathReply): string {
  return JSON.stringify((reply.results ?? []).map((result) => comparableValue(result)));
}

function comparableValue(result: RecordResult): string {
  if (result.value === null || result.record.kind !== "dns") return String(result.value);
  return sameSetKey(result.value);
}

/** A text that two RRset values share when they hold the same data, whatever their TTLs and order. */
export function sameSetKey(value: Hex): string {
  try {
    const rrset = decodeRRset(value);
    return `${rrset.type}:${rrset.rdatas.map(toHex).sort().join(",")}`;
  } catch {
    return value;
  }
}

export const POLICIES: Readonly<Record<PolicyName, PolicyFunction>> = {
  "verified-first": verifiedFirst,
  "dns-first": dnsFirst,
  race,
  "cross-check": crossCheck,
};
