/**
 * What makes gateways' answers count. By signature: two of a name's own four sign the same, at blocks near enough. By proof: one
 * answer, once enough operators attest its header.
 */

import type { HeaderTrust } from "../../proof/headerTrust.ts";
import { contentHash } from "../../protocol/answer.ts";
import type { Verdict } from "../askSeveral.ts";
import type { GatewayValue } from "./gatewayAnswer.ts";

/** How many of the four must agree. */
export const SIGNATURE_QUORUM = 2;
/** How far apart the blocks of two votes may lie. */
export const VOTE_BLOCK_DISTANCE_MAX = 32n;

/** Either what the name's four say, or the index that says which four those are; `null` for the bootstrap shard. */
export type GatewayVerdict = { readonly agreed: GatewayValue } | { readonly index: number | null };

function distance(left: GatewayValue, right: GatewayValue): bigint {
  const blocks = left.answer.block.number - right.answer.block.number;
  return blocks < 0n ? -blocks : blocks;
}

/** The largest group of values from distinct gateways that `alike` gives the same key, at blocks near each other's. */
function largestGroup(values: readonly GatewayValue[], alike: (value: GatewayValue) => string): GatewayValue[] {
  // Keys are hashes: each is worked out once, however many values there are to compare.
  const keys = values.map(alike);
  const isFirstOfItsGateway = (value: GatewayValue, index: number) =>
    values.findIndex((first, at) => first.target.gatewayId === value.target.gatewayId && keys[at] === keys[index]) ===
    index;
  let largest: GatewayValue[] = [];
  for (const [at, value] of values.entries()) {
    const group = values.filter(
      (other, index) =>
        keys[index] === keys[at] &&
        distance(other, value) <= VOTE_BLOCK_DISTANCE_MAX &&
        isFirstOfItsGateway(other, index),
    );
    if (group.length > largest.length) largest = group;
  }
  return largest;
}

/**
 * Judges the votes of the shard of `index`. A vote that places the name in another shard is a vote to ask that one; the
 * answer of gateways that are not the name's own never counts.
 */
export function judgeVotes(
  values: readonly GatewayValue[],
  index: number | null,
  isolated: boolean,
): Verdict<GatewayVerdict> {
  const places = (value: GatewayValue) => value.answer.status.shardIndex;
  const here = (value: GatewayValue) => isolated || places(value) === null || places(value) === index;
  const own = largestGroup(
    values.filter((value) => here(value) && value.answer.kind === "records"),
    (value) => contentHash(value.answer),
  );
  if (own.length >= SIGNATURE_QUORUM) {
    // The older block of the two is the one that both vouch for.
    return {
      done: {
        agreed: own.reduce((left, right) => (right.answer.block.number < left.answer.block.number ? right : left)),
      },
    };
  }
  // A name whose lease is over is the bootstrap shard's again, and its former gateways refer there.
  const isLapsed = (value: GatewayValue) =>
    !isolated && index !== null && places(value) === null && value.answer.kind === "referral";
  const elsewhere = largestGroup(
    values.filter((value) => !here(value) || isLapsed(value)),
    (value) => String(places(value)),
  );
  const place = elsewhere[0]?.answer.status.shardIndex;
  if (elsewhere.length >= SIGNATURE_QUORUM && place !== undefined) return { done: { index: place } };
  return { missing: SIGNATURE_QUORUM - Math.max(own.length, elsewhere.length) };
}

/**
 * Judges proven answers, whoever sent them. One from a trusted header suffices; the newest of them, if there are several.
 *
 * @param nowSeconds Seconds since 1970.
 */
export function judgeProofs(
  values: readonly GatewayValue[],
  index: number | null,
  isolated: boolean,
  headers: HeaderTrust,
  nowSeconds: number,
): Verdict<GatewayVerdict> {
  let newest: GatewayValue | undefined;
  for (const value of values) {
    if (!headers.isTrusted(value.answer.block)) continue;
    const isNewer = newest === undefined || value.answer.block.number > newest.answer.block.number;
    // A referral says less than an answer at the same block.
    const tellsMore = value.answer.kind === "records" && newest?.answer.kind === "referral";
    if (isNewer || tellsMore) newest = value;
  }
  if (newest === undefined) {
    if (values.length === 0) return { missing: headers.missingForNext(nowSeconds) };
    return { missing: Math.min(...values.map((value) => headers.missing(value.answer.block))) };
  }
  if (newest.answer.kind === "records") return { done: { agreed: newest } };
  const place = newest.answer.status.shardIndex;
  // One that refers to the very shard it was asked as a member of has another directory; ask the next.
  if (isolated || place === index) return { missing: 1 };
  return { done: { index: place } };
}
