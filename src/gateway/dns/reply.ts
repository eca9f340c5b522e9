/** From an outcome to the answer's bytes: flags, EDNS, size. */
import { type Clock, nowSeconds } from "../../base/clock.ts";
import { EDNS_OPTION, RCODE } from "../../dns/codes.ts";
import { CLIENT_COOKIE_BYTES, createCookie } from "../../dns/cookie.ts";
import { extendedError, keepalive, optionOf, padding, UDP_SIZE_BYTES } from "../../dns/edns.ts";
import { encodeMessage, MESSAGE_BYTES_MAX } from "../../dns/encode.ts";
import { type Edns, type EdnsOption, type Message, type RRset, recordsOf } from "../../dns/message.ts";
import { signMessage, tsigBytes } from "../../dns/tsig.ts";
import { addressBytes, type CookieSecrets, type DnsRequest } from "./request.ts";

/** What there is to say, before it has a shape. */
export interface Outcome {
  readonly rcode: number;
  readonly isAuthoritative?: boolean;
  readonly answers?: readonly RRset[];
  readonly authorities?: readonly RRset[];
  readonly additionals?: readonly RRset[];
  readonly glueCount?: number;
  readonly isGeneric?: boolean;
  /** Sent empty with the TC bit set, so that the asker comes back by TCP. */
  readonly isCut?: boolean;
  readonly extendedError?: { readonly code: number; readonly text?: string };
}

export interface ReplyShape {
  readonly clock: Clock;
  readonly secrets: CookieSecrets;
  readonly nsid: string | undefined;
  readonly idleTimeoutMs: number;
  readonly amplificationMax: number;
}

/** The largest message without EDNS (RFC 1035 section 4.2.1). */
const PLAIN_BYTES_MAX = 512;
/** Answers over encrypted transports are padded to this (RFC 8467 section 4.1). */
const PADDING_BLOCK_BYTES = 468;

/** The size an answer may have: truncate rather than fragment, and never amplify for those who may be forged. */
export function replyBytesMax(request: DnsRequest, amplificationMax: number): number {
  if (request.transport !== "udp") return MESSAGE_BYTES_MAX;
  const { edns } = request.message;
  const size = edns ? Math.min(Math.max(edns.udpSizeBytes, PLAIN_BYTES_MAX), UDP_SIZE_BYTES) : PLAIN_BYTES_MAX;
  if (request.hasValidCookie || amplificationMax === 0) return size;
  return Math.min(size, request.queryBytes * amplificationMax);
}

function ednsOptions(request: DnsRequest, outcome: Outcome, shape: ReplyShape): EdnsOption[] {
  const { message, transport, cookie, peer } = request;
  const options: EdnsOption[] = [];
  // Of a version we do not speak, no option is understood.
  if (outcome.rcode === RCODE.BADVERS) return options;
  if (shape.nsid !== undefined && optionOf(message.edns, EDNS_OPTION.NSID)) {
    options.push({ code: EDNS_OPTION.NSID, data: Uint8Array.from(Buffer.from(shape.nsid)) });
  }
  if (cookie) {
    const seconds = nowSeconds(shape.clock);
    const client = cookie.data.subarray(0, CLIENT_COOKIE_BYTES);
    const data =
      cookie.state === "valid"
        ? cookie.data
        : createCookie(shape.secrets[0], client, addressBytes(peer.address), seconds);
    options.push({ code: EDNS_OPTION.COOKIE, data });
  }
  if (transport === "tcp" && optionOf(message.edns, EDNS_OPTION.KEEPALIVE))
    options.push(keepalive(shape.idleTimeoutMs));
  if (outcome.extendedError) options.push(extendedError(outcome.extendedError.code, outcome.extendedError.text));
  return options;
}

/** The bytes of the answer to `request`. */
export function buildReply(request: DnsRequest, outcome: Outcome, shape: ReplyShape): Uint8Array {
  const { message, transport } = request;
  const limit = replyBytesMax(request, shape.amplificationMax) - (request.tsig ? tsigBytes(request.tsig.key) : 0);
  const edns: Edns | undefined = message.edns && {
    version: 0,
    udpSizeBytes: UDP_SIZE_BYTES,
    dnssecOk: message.edns.dnssecOk,
    options: ednsOptions(request, outcome, shape),
  };
  const sectionOf = (rrsets: readonly RRset[] = []) => (outcome.isCut ? [] : rrsets.flatMap(recordsOf));
  const reply: Message = {
    id: message.id,
    opcode: message.opcode,
    rcode: outcome.rcode,
    isResponse: true,
    isAuthoritative: outcome.isAuthoritative ?? false,
    isTruncated: outcome.isCut ?? false,
    recursionDesired: message.recursionDesired,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: message.checkingDisabled,
    // Several questions are refused, and repeating one of them would say that it was answered.
    questions: message.questions.length === 1 ? message.questions : [],
    answers: sectionOf(outcome.answers),
    authorities: sectionOf(outcome.authorities),
    additionals: sectionOf(outcome.additionals),
    ...(edns ? { edns } : {}),
  };
  const glueCount = (outcome.additionals ?? [])
    .slice(0, outcome.glueCount)
    .reduce((sum, set) => sum + set.rdatas.length, 0);
  const bytes = encodeMessage(reply, limit, glueCount);
  if (request.tsig) {
    const { key, mac, error } = request.tsig;
    return signMessage(bytes, key, { nowSeconds: nowSeconds(shape.clock), priorMac: mac, error }).bytes;
  }
  if (transport !== "https" || !edns || !optionOf(message.edns, EDNS_OPTION.PADDING)) return bytes;
  const options = [...edns.options, padding(bytes.length, PADDING_BLOCK_BYTES)];
  return encodeMessage({ ...reply, edns: { ...edns, options } }, limit, glueCount);
}
