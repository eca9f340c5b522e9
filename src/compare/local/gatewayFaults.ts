/**
 * A gateway that lies. The proxy before it holds the gateway's own key, as a corrupted operator does: what it changes it signs
 * anew, so that a lie fails by the vote of the others and not by a bad signature. Proofs cannot be forged with any key; those it
 * passes on changed, or from before.
 */
import type { Hex } from "../../base/bytes.ts";
import { createSigner } from "../../gateway/signer.ts";
import {
  type Answer,
  answerDigest,
  type BlockReference,
  type RecordResult,
  type SigningDomain,
} from "../../protocol/answer.ts";
import { decodeAnswer, decodeQuery, encodeAnswer, encodeQuery } from "../../protocol/json.ts";
import { substitutedValue } from "./forgery.ts";
import type { AskBehind, ProxiedAnswer, Spoiler } from "./httpProxy.ts";
import type { InsideEffect } from "./liveFault.ts";

export interface GatewaySpoilerOptions {
  readonly signerKey: string;
  readonly domain: SigningDomain;
  /** Any name of the registry, to learn the gateway's head by. */
  readonly name: string;
}

const ANSWER_PATH = "/v1/answer";
const OK = 200;

/** The forger's value of a record: addresses become another's, what is no RRset is lost. */
function forged({ record, value, ttlSeconds }: RecordResult): RecordResult {
  const isForged = record.kind === "dns" && value !== null;
  return { record, value: isForged ? substitutedValue("forged", value) : null, ttlSeconds };
}

/** What the liar says in place of `honest`; the evidence is still the honest one's. */
function lieOf(effect: InsideEffect["kind"], honest: Answer, former: BlockReference | undefined): Answer {
  if (effect === "stale") return former === undefined ? honest : { ...honest, block: former };
  if (honest.kind === "referral") return honest;
  if (effect === "wrong") return { ...honest, results: honest.results.map(forged) };
  const results = honest.results.map((result) => ({ ...result, value: null }));
  if (effect === "empty") return { ...honest, results };
  return effect === "nxdomain"
    ? { ...honest, results, status: { closest: null, shardIndex: null, expiry: 0n } }
    : honest;
}

export function createGatewaySpoiler(options: GatewaySpoilerOptions): Spoiler {
  const signer = createSigner(options.signerKey, "the local network");
  let former: BlockReference | undefined;
  const signed = (answer: Answer): Answer => {
    if (answer.evidence.kind !== "signature") return answer;
    const { gatewayId } = answer.evidence;
    const unsigned: Answer = { ...answer, evidence: { kind: "signature", gatewayId, signature: "0x" as Hex } };
    const signature = signer.sign(answerDigest(options.domain, unsigned));
    return { ...unsigned, evidence: { kind: "signature", gatewayId, signature } };
  };
  return {
    nameOf: ({ path, body }) => (path.startsWith(ANSWER_PATH) && body !== "" ? decodeQuery(body).name : undefined),
    async begin({ effect }, ask) {
      if (effect.kind !== "stale") return;
      const body = encodeQuery({ name: options.name, records: [], evidence: "signature" });
      const { status, text } = await ask({ method: "POST", path: ANSWER_PATH, body });
      former = status === OK ? decodeAnswer(text).block : undefined;
    },
    async spoil(effect, asked, ask: AskBehind): Promise<ProxiedAnswer> {
      const told = await ask(asked);
      if (told.status !== OK || !asked.path.startsWith(ANSWER_PATH)) return told;
      const honest = decodeAnswer(told.text);
      // A proof from before would need a copy from before; the one at hand is at most a checkpoint old anyway.
      if (effect.kind === "stale" && honest.evidence.kind === "proof") return told;
      return { ...told, text: encodeAnswer(signed(lieOf(effect.kind, honest, former))) };
    },
  };
}
