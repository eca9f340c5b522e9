/** What a query asks, and the queries that are answered without looking at any zone (RFC 8906, RFC 9619). */
import { type Clock, nowSeconds } from "../../base/clock.ts";
import { parseAddress4, parseAddress6 } from "../../dns/addressText.ts";
import { EDNS_OPTION, OPCODE, RCODE, TYPE } from "../../dns/codes.ts";
import { type CookieState, checkCookie } from "../../dns/cookie.ts";
import { decodeMessage, HEADER_BYTES, MalformedMessageError } from "../../dns/decode.ts";
import { optionOf } from "../../dns/edns.ts";
import type { Message, Question } from "../../dns/message.ts";
import { type TsigKey, verifyMessage } from "../../dns/tsig.ts";
import type { Peer, Transport } from "./handler.ts";
import type { Outcome } from "./reply.ts";

export type CookieSecrets = readonly [Uint8Array, ...Uint8Array[]];

export interface DnsRequest {
  readonly message: Message;
  readonly question: Question;
  readonly peer: Peer;
  readonly transport: Transport;
  readonly queryBytes: number;
  /** The asker's COOKIE option; absent where there is none or it is malformed. */
  readonly cookie?: { readonly data: Uint8Array; readonly state: CookieState };
  readonly hasValidCookie: boolean;
  /** The key and MAC of a signed query, and what was wrong with it if anything was. */
  readonly tsig?: { readonly key: TsigKey; readonly mac: Uint8Array; readonly error: number };
}

/** Silence, an answer of a bare header, an answer known without a zone, or a question to be answered. */
export type ReadRequest =
  | null
  | { readonly failure: number }
  | { readonly request: DnsRequest; readonly outcome: Outcome }
  | { readonly request: DnsRequest };

/** A question for those replies that have none to repeat. */
const NO_QUESTION: Question = { name: "", type: 0, class: 1 };
/** Asked types that mean something else than data (RFC 6891, RFC 8945, RFC 2930). */
const NOT_ASKABLE = new Set<number>([0, TYPE.OPT, TYPE.TSIG, TYPE.TKEY]);

/** The bytes of an address as cookies are bound to it; mapped IPv4 addresses as IPv4. */
export function addressBytes(address: string): Uint8Array {
  const plain = address.toLowerCase().startsWith("::ffff:") ? address.slice(7) : address;
  return parseAddress4(plain) ?? parseAddress6(address.split("%")[0]!) ?? new Uint8Array(4);
}

/** A bare header: for messages that could not be understood far enough to repeat their question. */
export function headerReply(query: Uint8Array, rcode: number): Uint8Array {
  const reply = new Uint8Array(HEADER_BYTES);
  reply[0] = query[0]!;
  reply[1] = query[1]!;
  // QR, the opcode and RD as asked.
  reply[2] = 0x80 | (query[2]! & 0x79);
  reply[3] = rcode & 15;
  return reply;
}

export function readRequest(
  query: Uint8Array,
  peer: Peer,
  transport: Transport,
  context: { readonly secrets: CookieSecrets; readonly clock: Clock; readonly keys: readonly TsigKey[] },
): ReadRequest {
  // Never answer a response, or anything shorter than a header.
  if (query.length < HEADER_BYTES || (query[2]! & 0x80) !== 0) return null;
  if (((query[2]! >>> 3) & 15) !== OPCODE.QUERY) return { failure: RCODE.NOTIMP };
  let message: Message;
  try {
    message = decodeMessage(query);
  } catch (error) {
    if (error instanceof MalformedMessageError) return { failure: RCODE.FORMERR };
    throw error;
  }
  const data = optionOf(message.edns, EDNS_OPTION.COOKIE);
  const state = data && checkCookie(context.secrets, data, addressBytes(peer.address), nowSeconds(context.clock));
  const check = message.tsig && verifyMessage(query, message, context.keys, { nowSeconds: nowSeconds(context.clock) });
  if (check?.kind === "malformed") return { failure: RCODE.FORMERR };
  const request: DnsRequest = {
    message,
    question: message.questions[0] ?? NO_QUESTION,
    peer,
    transport,
    queryBytes: query.length,
    hasValidCookie: state === "valid" || state === "renew",
    ...(data && state && state !== "malformed" ? { cookie: { data, state } } : {}),
    ...(check ? { tsig: { key: check.key, mac: check.mac, error: check.kind === "valid" ? 0 : check.error } } : {}),
  };
  const outcome = check?.kind === "invalid" ? { rcode: RCODE.NOTAUTH } : outcomeWithoutZone(message, state);
  return outcome ? { request, outcome } : { request };
}

function outcomeWithoutZone(message: Message, cookie: CookieState | undefined): Outcome | undefined {
  if (message.edns && message.edns.version !== 0) return { rcode: RCODE.BADVERS };
  if (cookie === "malformed") return { rcode: RCODE.FORMERR };
  const [question] = message.questions;
  if (!question) {
    // Asking for nothing but a server cookie (RFC 7873 section 5.4).
    return { rcode: cookie === undefined ? RCODE.FORMERR : cookie === "invalid" ? RCODE.BADCOOKIE : RCODE.NOERROR };
  }
  if (message.questions.length > 1 || NOT_ASKABLE.has(question.type)) return { rcode: RCODE.FORMERR };
  return undefined;
}
