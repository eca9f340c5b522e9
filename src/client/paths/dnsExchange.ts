/** One DNS question to one server: over UDP, over TCP where the answer was cut off, or over HTTPS (RFC 8484). */

import { BaseError } from "../../base/errors.ts";
import { TYPE } from "../../dns/codes.ts";
import { decodeMessage } from "../../dns/decode.ts";
import { encodeMessage } from "../../dns/encode.ts";
import { createQuery, type Message } from "../../dns/message.ts";
import { lowerName } from "../../dns/name.ts";
import type { Reply, Target } from "../askSeveral.ts";
import { refusalOf } from "../httpReply.ts";
import type { Run } from "../run.ts";
import type { DnsServer } from "../transport.ts";

/** Where to ask: a server over UDP and TCP, or a DoH endpoint. */
export interface DnsTarget extends Target {
  readonly server?: DnsServer;
  readonly dohUrl?: string;
}

/** RFC 9715: answers up to this size do not fragment. */
const UDP_SIZE_BYTES = 1_232;
const DOH_BODY_BYTES_MAX = 65_535;

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
}

function isAnswerTo(message: Message, id: number, question: DnsQuestion): boolean {
  const [asked] = message.questions;
  if (!message.isResponse || message.id !== id || message.opcode !== 0) return false;
  // A server that cannot read the question may leave it out of its refusal.
  if (asked === undefined) return message.rcode !== 0 && message.answers.length === 0;
  if (message.questions.length !== 1) return false;
  return asked.type === question.type && asked.class === 1 && lowerName(asked.name) === lowerName(question.name);
}

function decodeOr(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof BaseError) return undefined;
    throw error;
  }
}

/** Replies with the decoded response, whatever its rcode. */
export async function exchangeDns(
  run: Run,
  target: DnsTarget,
  question: DnsQuestion,
  signal: AbortSignal,
): Promise<Reply<Message>> {
  // Cache-friendly id 0 over HTTPS (RFC 8484 section 4.1); unpredictable over UDP (RFC 5452).
  const id = target.dohUrl === undefined ? run.random.below(65_536) : 0;
  const edns = { version: 0, udpSizeBytes: UDP_SIZE_BYTES, dnssecOk: false, options: [] };
  const query = encodeMessage(createQuery(id, question, { recursionDesired: true, edns }));
  const accepts = (bytes: Uint8Array) => {
    const message = decodeOr(bytes);
    return message !== undefined && isAnswerTo(message, id, question);
  };
  let bytes: Uint8Array;
  if (target.dohUrl !== undefined) {
    const response = await run.transport.http({
      method: "POST",
      url: target.dohUrl,
      fields: { "content-type": "application/dns-message", accept: "application/dns-message" },
      body: query,
      bodyBytesMax: DOH_BODY_BYTES_MAX,
      signal,
    });
    const refusal = refusalOf(run, response);
    if (refusal !== undefined) return refusal;
    bytes = response.body;
  } else {
    bytes = await run.transport.udp(target.server!, query, accepts, signal);
    if (decodeOr(bytes)?.isTruncated) bytes = await run.transport.tcp(target.server!, query, signal);
  }
  const message = decodeOr(bytes);
  if (message === undefined || !isAnswerTo(message, id, question)) {
    return { outcome: "wrong", reason: "no answer to the question asked" };
  }
  return { outcome: "answered", value: message, reason: describe(message, question) };
}

function describe(message: Message, question: DnsQuestion): string {
  const count = message.answers.filter((record) => record.type === question.type || record.type === TYPE.CNAME).length;
  return `${count} record${count === 1 ? "" : "s"}`;
}
