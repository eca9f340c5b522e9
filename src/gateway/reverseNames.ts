/**
 * Answers about reverse names (ENSIP-19): what an account claims as its name, out of this gateway's copy of the contract that keeps
 * such claims. Every gateway has all of them, so there are no shards, and no referrals.
 */
import { fromHex, type Hex } from "../base/bytes.ts";
import { namehash } from "../naming/namehash.ts";
import { parseReverseName, type ReverseQuestion } from "../proof/reverse.ts";
import { readReverse } from "../proof/reverseReading.ts";
import {
  type Answer,
  answerDigest,
  type HeaderAttestation,
  type RecordsAnswer,
  type SigningDomain,
} from "../protocol/answer.ts";
import { attestationDigest } from "../protocol/attestation.ts";
import type { Query } from "../protocol/query.ts";
import type { Replica } from "../replica/replica.ts";
import { BehindError, blockReferenceOf, type Gateway, NotReadyError, storageProofOf, toHexFast } from "./gateway.ts";
import type { Signer } from "./signer.ts";

export interface ReverseNamesOptions {
  /** The copy of the ReverseRegistrar. */
  readonly replica: Replica;
  readonly gatewayId: number;
  readonly signer: Signer;
  readonly domain: SigningDomain;
  /** What other gateways attested of a block. */
  readonly othersAttesting?: (hash: Hex) => readonly HeaderAttestation[];
}

type Unsigned = Omit<RecordsAnswer, "evidence">;

/** A gateway that answers for reverse names as well. */
export function withReverseNames(gateway: Gateway, options: ReverseNamesOptions): Gateway {
  return {
    ...gateway,
    answer(query) {
      const question = parseReverseName(query.name);
      return question === undefined ? gateway.answer(query) : answerReverse(options, query, question);
    },
  };
}

/** Throws `NotReadyError` and `BehindError`. */
function answerReverse(options: ReverseNamesOptions, query: Query, question: ReverseQuestion): Answer {
  const { replica } = options;
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
  const answer: Unsigned = { kind: "records", name: query.name, node: namehash(query.name), block, status, results };
  return isProof ? prove(options, answer, touched) : sign(options, answer);
}

function sign({ signer, gatewayId, domain }: ReverseNamesOptions, answer: Unsigned): Answer {
  const unsigned: Answer = { ...answer, evidence: { kind: "signature", gatewayId, signature: "0x" } };
  const signature = signer.sign(answerDigest(domain, unsigned));
  return { ...unsigned, evidence: { kind: "signature", gatewayId, signature } };
}

function prove(
  { replica, signer, gatewayId, domain, othersAttesting = () => [] }: ReverseNamesOptions,
  answer: Unsigned,
  touched: ReadonlySet<Hex>,
): Answer {
  const { header, account } = replica.checkpoint!;
  const own: HeaderAttestation = { gatewayId, signature: signer.sign(attestationDigest(domain, answer.block)) };
  return {
    ...answer,
    evidence: {
      kind: "proof",
      header: toHexFast(header.rlp),
      attestations: [own, ...othersAttesting(header.hash)],
      account,
      storage: [...touched].map((slot) => storageProofOf(replica, slot)),
    },
  };
}
