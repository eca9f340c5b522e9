/** The gateways path: the name's own four, asked over HTTP, their answers checked before they count. */
import { nowSeconds } from "../../base/clock.ts";
import { BaseError } from "../../base/errors.ts";
import { parentOf, registeredNameOf } from "../../naming/name.ts";
import { parseReverseName } from "../../proof/reverse.ts";
import { contentHash } from "../../protocol/answer.ts";
import type { EvidenceKind, Query } from "../../protocol/query.ts";
import type { RecordKey } from "../../protocol/record.ts";
import { askSeveral } from "../askSeveral.ts";
import type { Run } from "../run.ts";
import { foreignReply } from "./foreignNames.ts";
import { askGateway, type GatewayChecks, type GatewayTarget, type GatewayValue } from "./gatewayAnswer.ts";
import { failedReply, type Path, type PathReply } from "./pathReply.ts";
import type { ShardTargets } from "./shardTargets.ts";
import { type GatewayVerdict, judgeProofs, judgeVotes } from "./signatureVote.ts";
import { apartFromAuthority, withAuthority } from "./signedForeign.ts";

export interface GatewaysPathOptions {
  readonly tld: string;
  readonly checks: GatewayChecks;
  readonly shards: ShardTargets;
  readonly evidence: EvidenceKind;
}

/** From a wrong guess to the bootstrap shard, to the name's own, and once more where the name moved meanwhile. */
const HOPS_MAX = 4;

export function createGatewaysPath(options: GatewaysPathOptions): Path {
  return {
    name: "gateways",
    verified: true,
    supports: (record, name) =>
      name === options.tld ||
      name.endsWith(`.${options.tld}`) ||
      (record.kind === "name" && options.checks.keeper !== undefined && parseReverseName(name) !== undefined),
    ask: (run, name, records) => askShard(options, run, name, records),
  };
}

/** Which gateways are asked first, and as members of which shard. */
interface Start {
  readonly index: number | null;
  readonly targets: readonly GatewayTarget[];
}

/**
 * Where to ask first. Hints may come from anybody, so they count only where the answer proves the index: votes are worth no more
 * than the choice of who votes. After the gateways of a guess come those of the bootstrap shard, so that whoever made a hint up
 * cannot lead to gateways that stay silent.
 */
function startOf({ shards, evidence, tld }: GatewaysPathOptions, registered: string): Start {
  const index = shards.indexOf(registered);
  const isGuessed = index === null && evidence === "proof" && registered.endsWith(`.${tld}`);
  const guess = isGuessed ? shards.guessesOf(registered)[0] : undefined;
  const targets = shards.targetsOf(registered, guess ?? index);
  if (guess === undefined) return { index, targets };
  const first = new Set(targets.map((target) => target.gatewayId));
  const others = shards.targetsOf(registered, null).filter((target) => !first.has(target.gatewayId));
  return { index: guess, targets: [...targets, ...others] };
}

async function askShard(
  options: GatewaysPathOptions,
  run: Run,
  name: string,
  records: readonly RecordKey[],
): Promise<PathReply> {
  const { checks, shards } = options;
  const registered =
    registeredNameOf(name, options.tld) ?? (parseReverseName(name) === undefined ? parentOf(name) : name);
  const isSigned = options.evidence === "signature";
  const wanted = isSigned ? withAuthority(records) : records;
  const query: Query = {
    name,
    records: wanted,
    evidence: options.evidence,
    blockNumberMin: checks.guard.blockNumberMin(),
  };
  let { index, targets } = startOf(options, registered);
  let carried: readonly GatewayValue[] = [];
  for (let hop = 0; hop < HOPS_MAX; hop += 1) {
    const members = new Set(targets.map((target) => target.gatewayId));
    const kept = carried.filter((value) => value.answer.kind === "records" && members.has(value.target.gatewayId));
    const asked = new Set(kept.map((value) => value.target.gatewayId));
    const current = index;
    const isolated = shards.isIsolated(registered);
    const judge = (values: readonly GatewayValue[]) =>
      isSigned
        ? judgeVotes(values, current, isolated)
        : judgeProofs(values, current, isolated, checks.headers, nowSeconds(run.clock));
    const isFresh = (value: GatewayValue) => !checks.guard.isStale(value.answer.block);
    /** What is true but old: good enough only when nobody knows better. */
    let old: GatewayVerdict | undefined;
    const told = await askSeveral<GatewayTarget, GatewayValue, GatewayVerdict>(run, {
      path: "gateways",
      targets: targets.filter((target) => !asked.has(target.gatewayId)),
      ask: (target, signal) => askGateway(run, checks, target, query, signal),
      judge: (values) => {
        const verdict = judge([...kept, ...values]);
        if (!("done" in verdict) || !("agreed" in verdict.done) || isFresh(verdict.done.agreed)) return verdict;
        old = verdict.done;
        return judge([...kept, ...values].filter(isFresh));
      },
    });
    const verdict = told.result ?? old;
    if (verdict === undefined) return failure(told.values, told.failure, told.reason);
    if ("agreed" in verdict) {
      shards.learn(registered, verdict.agreed.answer.status.shardIndex);
      if (!isSigned) return replyOf(checks, verdict.agreed);
      nameLiars(run, verdict.agreed, told.values);
      return signedReplyOf(checks, verdict.agreed, name, records);
    }
    shards.learn(registered, verdict.index);
    index = verdict.index;
    targets = shards.targetsOf(registered, index);
    carried = [...kept, ...told.values];
  }
  return failedReply("gateways", "wrong", "its gateways keep referring to one another");
}

/** Whoever told something else about the very block that two agree on has lied; the trace says so. */
function nameLiars(run: Run, agreed: GatewayValue, values: readonly GatewayValue[]): void {
  const truth = contentHash(agreed.answer);
  for (const { answer, target } of values) {
    if (answer.kind !== "records" || contentHash(answer) === truth) continue;
    if (answer.block.number !== agreed.answer.block.number) continue;
    run.health.failed(target.endpoint);
    const at = run.trace.findLastIndex((attempt) => attempt.endpoint === target.endpoint);
    const attempt = run.trace[at];
    if (attempt !== undefined) {
      run.trace[at] = { ...attempt, outcome: "wrong", reason: "two others tell otherwise of the same block" };
    }
  }
}

/** The reply of what was signed alike, what was only asked along taken out of it. */
function signedReplyOf(
  checks: GatewayChecks,
  agreed: GatewayValue,
  name: string,
  records: readonly RecordKey[],
): PathReply {
  const { answer } = agreed;
  if (answer.kind !== "records") return replyOf(checks, agreed);
  try {
    const { results, foreign } = apartFromAuthority(name, records, answer.results, answer.status);
    const told = { ...agreed, answer: { ...answer, results } };
    return replyOf(checks, foreign === undefined ? told : { ...told, foreign });
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    return failedReply("gateways", "wrong", error.shortMessage);
  }
}

function replyOf(checks: GatewayChecks, { answer, foreign }: GatewayValue): PathReply {
  const { block, status } = answer;
  checks.guard.accepted(block);
  if (foreign !== undefined) return foreignReply("gateways", block, answer.evidence.kind, foreign);
  const stale = checks.guard.isStale(block);
  const isProven = answer.evidence.kind === "proof";
  const why = isProven ? "proven" : "two signed the same";
  return {
    path: "gateways",
    outcome: stale ? "stale" : "answered",
    results: answer.kind === "records" ? answer.results : [],
    evidence: answer.evidence.kind,
    block,
    status,
    reason: stale ? `${why}, but block ${block.number} is old` : `${why} at block ${block.number}`,
  };
}

/** Signed answers that nobody seconded are no answer; where they contradict each other, somebody lied. */
function failure(values: readonly GatewayValue[], outcome: PathReply["outcome"] | "absent", reason: string): PathReply {
  if (outcome === "answered" || outcome === "absent") return failedReply("gateways", "unreachable", reason);
  if (values.length >= 2)
    return failedReply(
      "gateways",
      "wrong",
      `${values.length} gateways answered, but not alike or without enough attestations`,
    );
  if (values.length === 1) return failedReply("gateways", outcome, `only one gateway answered; ${reason}`);
  return failedReply("gateways", outcome, reason);
}
