/** Who is answering: the CHAOS-class names of RFC 4892. */
import { CLASS_CH, RCODE, TYPE } from "../../dns/codes.ts";
import type { Question } from "../../dns/message.ts";
import { lowerName } from "../../dns/name.ts";
import type { Outcome } from "./reply.ts";

const SERVER_NAMES = new Set(["id.server", "hostname.bind"]);

/** The answer to `id.server` and `hostname.bind`, where this server has an identifier to tell. */
export function chaosAnswer(question: Question, nsid: string | undefined): Outcome | undefined {
  if (question.class !== CLASS_CH || nsid === undefined || !SERVER_NAMES.has(lowerName(question.name)))
    return undefined;
  if (question.type !== TYPE.TXT && question.type !== TYPE.ANY) return undefined;
  const text = Buffer.from(nsid).subarray(0, 255);
  const rdata = Uint8Array.from([text.length, ...text]);
  return {
    rcode: RCODE.NOERROR,
    isAuthoritative: true,
    answers: [{ name: lowerName(question.name), type: TYPE.TXT, ttlSeconds: 0, rdatas: [rdata] }],
  };
}
