/**
 * Answers about reverse names (ENSIP-19): what an account claims as its name, out of this gateway's copy of the contract that keeps
 * such claims. Every gateway has all of them, so there are no shards, and no referrals.
 */
import { fromHex, type Hex } from "../base/bytes.ts";
import { namehash } from "../naming/namehash.ts";
import { parseReverseName, type ReverseQuestion } from "../proof/reverse.ts";
import { readReverse } from "../proof/reverseReading.ts";
import type { Answer } from "../protocol/answer.ts";
import type { Query } from "../protocol/query.ts";
import type { Replica } from "../replica/replica.ts";
import { blockReferenceOf, createEvidence, type Evidence, type EvidenceOptions } from "./evidence.ts";
import { BehindError, type Gateway, NotReadyError } from "./gateway.ts";

/** A gateway that answers for reverse names as well; `replica` is the copy of the ReverseRegistrar. */
export function withReverseNames(gateway: Gateway, options: EvidenceOptions): Gateway {
  const evidence = createEvidence(options);
  return {
    ...gateway,
    answer(query) {
      const question = parseReverseName(query.name);
      return question === undefined ? gateway.answer(query) : answerReverse(options.replica, evidence, query, question);
    },
  };
}

/** Throws `NotReadyError` and `BehindError`. */
function answerReverse(replica: Replica, evidence: Evidence, query: Query, question: ReverseQuestion): Answer {
  const isProof = query.evidence === "proof";
  const header = isProof ? replica.checkpoint?.header : replica.head;
  if (header === undefined || replica.status !== "following")
    throw new NotReadyError("its copy of primary names is behind");
  if (query.blockNumberMin !== undefined && BigInt(header.number) < query.blockNumberMin) {
    throw new BehindError(header.number, query.blockNumberMin);
  }
  const touched = new Set<Hex>();
  const { status, results } = readReverse(
    (slot) => {
      touched.add(slot);
      return isProof ? replica.readAtCheckpoint(fromHex(slot)) : replica.read(fromHex(slot));
    },
    question,
    query.records,
  );
  const block = blockReferenceOf(header);
  const answer = { kind: "records" as const, name: query.name, node: namehash(query.name), block, status, results };
  return isProof ? evidence.prove(answer, touched) : evidence.sign(answer);
}
