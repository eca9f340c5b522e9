/** Asks one gateway one query, and checks everything about its answer that needs no other gateway. */
import { fromHex, utf8Text } from "../../base/bytes.ts";
import { BaseError, messageOf } from "../../base/errors.ts";
import { namehash } from "../../naming/namehash.ts";
import type { HeaderTrust } from "../../proof/headerTrust.ts";
import { type ForeignName, ForeignResolverError } from "../../proof/readName.ts";
import { parseReverseName } from "../../proof/reverse.ts";
import {
  type PinnedContract,
  type PinnedRegistry,
  type ProvenRoots,
  type VerifiedAnswer,
  verifyAnswer,
  verifyReverseAnswer,
} from "../../proof/verifyAnswer.ts";
import {
  type Answer,
  answerDigest,
  type BlockReference,
  type ProofEvidence,
  type SigningDomain,
} from "../../protocol/answer.ts";
import { ANSWER_BYTES_MAX, decodeAnswer, encodeQuery } from "../../protocol/json.ts";
import type { Query } from "../../protocol/query.ts";
import { formatRecordKey, type RecordKey } from "../../protocol/record.ts";
import type { Reply, Target } from "../askSeveral.ts";
import type { BlockGuard } from "../guard.ts";
import { refusalOf } from "../httpReply.ts";
import type { LightClient } from "../lightClient.ts";
import type { Run } from "../run.ts";
import { isSameBlock } from "./rpcBlock.ts";

/** One gateway of a name's shard. */
export interface GatewayTarget extends Target {
  readonly gatewayId: number;
  readonly signer: string;
  readonly zone: number;
}

/** The address that signed a digest, in lower case; `undefined` where the signature is no signature. */
export type RecoverAddress = (digest: Uint8Array, signature: Uint8Array) => string | undefined;

export interface GatewayChecks {
  readonly domain: SigningDomain;
  readonly pinned: PinnedRegistry;
  readonly headers: HeaderTrust;
  readonly roots: ProvenRoots;
  /** The contract that keeps primary names, and its storage roots, where the deployment tells. */
  readonly keeper?: { readonly pinned: PinnedContract; readonly roots: ProvenRoots };
  readonly guard: BlockGuard;
  readonly recoverAddress: RecoverAddress;
  /** Where there is one, headers count by its word instead of by attestations. */
  readonly lightClient?: LightClient;
}

export interface GatewayValue {
  readonly target: GatewayTarget;
  /** As told where it is signed; where it is proven, what its proof shows. */
  readonly answer: Answer;
  /** Where the proof shows that the name's records are in another contract than the registry. */
  readonly foreign?: ForeignName;
}

/** One exchange with one gateway. A value is returned for a records answer and for a referral alike. */
export async function askGateway(
  run: Run,
  checks: GatewayChecks,
  target: GatewayTarget,
  query: Query,
  signal: AbortSignal,
): Promise<Reply<GatewayValue>> {
  const response = await run.transport.http({
    method: "POST",
    url: `${target.endpoint}/v1/answer`,
    fields: { "content-type": "application/json", accept: "application/json" },
    body: encodeQuery(query),
    bodyBytesMax: ANSWER_BYTES_MAX,
    signal,
  });
  const refusal = refusalOf(run, response);
  if (refusal !== undefined) return refusal;
  let answer: Answer;
  try {
    answer = decodeAnswer(utf8Text(response.body) ?? "");
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    return { outcome: "wrong", reason: error.shortMessage };
  }
  const objection = objectionTo(checks, target, query, answer);
  if (objection !== undefined) return { outcome: "wrong", reason: objection };
  const old = checks.guard.objection(answer.block);
  if (old !== undefined) return old;
  if (answer.evidence.kind !== query.evidence)
    return { outcome: "wrong", reason: `its evidence is no ${query.evidence}` };
  let value: GatewayValue = { target, answer };
  if (answer.evidence.kind === "proof") {
    try {
      value = proven(checks, target, { ...answer, evidence: answer.evidence }, query.records);
    } catch (error) {
      if (!(error instanceof BaseError)) throw error;
      return { outcome: "wrong", reason: error.shortMessage };
    }
  }
  const { kind, status, block } = value.answer;
  const doubt = answer.evidence.kind === "proof" ? await doubtAbout(checks, block, signal) : undefined;
  if (doubt !== undefined) return doubt;
  const reason = kind === "referral" ? `refers to shard ${status.shardIndex}` : `block ${block.number}`;
  return { outcome: "answered", value, reason };
}

/** The answer as its proof shows it; its header's attestations are noted. */
function proven(
  checks: GatewayChecks,
  target: GatewayTarget,
  answer: Answer & { readonly evidence: ProofEvidence },
  records: readonly RecordKey[],
): GatewayValue {
  const { attestations } = answer.evidence;
  try {
    const { block, reading } = verified(checks, answer, records);
    attest(checks, block, attestations);
    const told = { ...answer, block, status: reading.status };
    return { target, answer: told.kind === "referral" ? told : { ...told, results: reading.results } };
  } catch (error) {
    if (!(error instanceof ForeignResolverError)) throw error;
    // By then the block is the proven one, and so is the resolver.
    attest(checks, answer.block, attestations);
    return { target, answer: { ...answer, status: error.foreign.status }, foreign: error.foreign };
  }
}

/** A gateway without a copy of primary names refers; that much the registry proves. */
function verified(
  { pinned, roots, keeper }: GatewayChecks,
  answer: Answer & { readonly evidence: ProofEvidence },
  records: readonly RecordKey[],
): VerifiedAnswer {
  const isReverse = keeper !== undefined && answer.kind === "records" && parseReverseName(answer.name) !== undefined;
  return isReverse
    ? verifyReverseAnswer(keeper.pinned, answer, records, keeper.roots)
    : verifyAnswer(pinned, answer, records, roots);
}

function attest(
  { headers, lightClient }: GatewayChecks,
  block: BlockReference,
  by: ProofEvidence["attestations"],
): void {
  if (lightClient === undefined) headers.add(block, by);
}

/** What the light client has against a proven answer's header; `undefined` where nothing, or where there is no light client. */
async function doubtAbout(
  { lightClient, headers }: GatewayChecks,
  block: BlockReference,
  signal: AbortSignal,
): Promise<Reply<never> | undefined> {
  if (lightClient === undefined || headers.isTrusted(block)) return undefined;
  let told: BlockReference | undefined;
  try {
    told = await lightClient.at(block.number, signal);
  } catch (error) {
    return { outcome: "unreachable", reason: `the light client: ${messageOf(error)}` };
  }
  if (told === undefined) return { outcome: "stale", reason: `the light client does not know block ${block.number}` };
  if (!isSameBlock(told, block)) return { outcome: "wrong", reason: "the light client tells of another block" };
  headers.accept(block);
  return undefined;
}

function objectionTo(checks: GatewayChecks, target: GatewayTarget, query: Query, answer: Answer): string | undefined {
  if (answer.name !== query.name) return `answers for ${answer.name}`;
  if (answer.node !== namehash(query.name)) return "its node is not the name's";
  if (answer.kind === "records") {
    const asked = query.records.map(formatRecordKey).join("\n");
    const told = answer.results.map((result) => formatRecordKey(result.record)).join("\n");
    if (asked !== told) return "answers other records than asked";
  }
  if (answer.evidence.kind !== "signature") return undefined;
  if (answer.evidence.gatewayId !== target.gatewayId) return `signed as gateway ${answer.evidence.gatewayId}`;
  const digest = fromHex(answerDigest(checks.domain, answer));
  const signer = checks.recoverAddress(digest, fromHex(answer.evidence.signature));
  return signer === target.signer.toLowerCase() ? undefined : "the signature is not the gateway's";
}
