/** DNS over HTTPS (RFC 8484): GET with the query in `dns=`, POST with it as the body. The DNS front answers, this adapts. */
import type { DnsHandler, DnsReply } from "../dns/handler.ts";
import type { ResponseCache } from "./cache.ts";
import type { Route } from "./handler.ts";
import { type HttpRequest, type HttpResponse, ProblemError } from "./message.ts";

const MEDIA_TYPE = "application/dns-message";
/** The longest DNS message. */
const QUERY_BYTES_MAX = 65_535;
const HEADER_BYTES = 12;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** Responses by what was asked, a cache for each method. Whoever hands them in clears them when a zone changes. */
export interface DohCaches {
  readonly get: ResponseCache;
  readonly post: ResponseCache;
}

export function dohRoutes(dns: DnsHandler, caches: DohCaches): readonly Route[] {
  const scratch = new Uint8Array(QUERY_BYTES_MAX);
  const answer = (
    request: HttpRequest,
    query: Uint8Array,
    cache: ResponseCache,
    key: string,
  ): HttpResponse | Promise<HttpResponse> => {
    if (query.length < HEADER_BYTES) throw new ProblemError(400, "malformed-request", "No DNS message is that short.");
    // Clients ask with id 0, so that equal questions are equal bytes (RFC 8484 section 4.1). What is compiled depends on
    // nothing else, and no flood of made-up names is.
    const written = dns.answerInto(query, 0, query.length, "https", 0, scratch, 0);
    if (written > 0) return cache.keep(key, responseOf(scratch.slice(0, written)));
    const reply = dns.handle(query, request.peer, "https");
    return reply instanceof Promise ? reply.then(responseOf) : responseOf(reply);
  };
  return [
    {
      method: "GET",
      path: "/dns-query",
      handle: (request) => {
        const { search } = request;
        return caches.get.find(search) ?? answer(request, queryOf(search), caches.get, search);
      },
    },
    {
      method: "POST",
      path: "/dns-query",
      handle: (request) => {
        const { body } = request;
        if (request.field("content-type") !== MEDIA_TYPE) {
          throw new ProblemError(415, "unsupported-media-type", `Send ${MEDIA_TYPE}.`);
        }
        if (body.length > QUERY_BYTES_MAX) throw new ProblemError(413, "too-large", "At most 65535 bytes.");
        const key = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
        return caches.post.find(key) ?? answer(request, body, caches.post, key);
      },
    },
  ];
}

function queryOf(search: string): Uint8Array {
  const parameter =
    search.startsWith("dns=") && !search.includes("&") ? search.slice(4) : new URLSearchParams(search).get("dns");
  if (parameter === null) throw new ProblemError(400, "malformed-request", "The parameter dns is missing.");
  if (parameter.length > (QUERY_BYTES_MAX * 4) / 3 + 4)
    throw new ProblemError(413, "too-large", "At most 65535 bytes.");
  if (!BASE64URL.test(parameter))
    throw new ProblemError(400, "malformed-request", "The parameter dns is no base64url.");
  return Buffer.from(parameter, "base64url");
}

function responseOf(reply: DnsReply): HttpResponse {
  if (reply === null) throw new ProblemError(400, "malformed-request", "That is no DNS query.");
  return {
    status: 200,
    fields: { "content-type": MEDIA_TYPE, "cache-control": `max-age=${freshSecondsOf(reply)}` },
    body: reply,
  };
}

function skipName(message: Uint8Array, at: number): number {
  let offset = at;
  while (offset < message.length) {
    const length = message[offset]!;
    if (length === 0) return offset + 1;
    if (length >= 0xc0) return offset + 2;
    offset += 1 + length;
  }
  return offset;
}

const TYPE_SOA = 6;

/**
 * How long a response may be kept (RFC 8484 section 5.1): the lowest TTL of its answers, of a denial the lower of its SOA's TTL
 * and minimum; nothing else may be.
 */
export function freshSecondsOf(message: Uint8Array): number {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const answerCount = view.getUint16(6);
  const recordCount = answerCount > 0 ? answerCount : view.getUint16(8);
  let offset = HEADER_BYTES;
  for (let index = view.getUint16(4); index > 0; index -= 1) offset = skipName(message, offset) + 4;
  let freshSeconds = Number.POSITIVE_INFINITY;
  for (let index = 0; index < recordCount; index += 1) {
    offset = skipName(message, offset);
    if (offset + 10 > message.length) break;
    const ttlSeconds = view.getUint32(offset + 4);
    const end = offset + 10 + view.getUint16(offset + 8);
    if (answerCount > 0) freshSeconds = Math.min(freshSeconds, ttlSeconds);
    else if (view.getUint16(offset) === TYPE_SOA && end <= message.length) {
      freshSeconds = Math.min(ttlSeconds, view.getUint32(end - 4));
    }
    offset = end;
  }
  return Number.isFinite(freshSeconds) ? freshSeconds : 0;
}
