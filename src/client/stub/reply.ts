/** Builds the responses of the stub: from a resolution, from an upstream's response, or for what went wrong. */
import { utf8Bytes } from "../../base/bytes.ts";
import { EDE, EDNS_OPTION, RCODE, TYPE } from "../../dns/codes.ts";
import type { Message, ResourceRecord } from "../../dns/message.ts";
import { nameToWire } from "../../dns/name.ts";
import { decodeRRset } from "../../protocol/rrset.ts";
import type { Resolution } from "../resolution.ts";

/** What the stub takes over UDP from itself (RFC 9715). */
export const UDP_SIZE_BYTES = 1_232;

/** An extended DNS error (RFC 8914). */
export interface ExtendedError {
  readonly code: number;
  readonly text: string;
}

/** A response to `query`; carries EDNS if the query did, and then the extended errors. */
export function respond(
  query: Message,
  fields: Partial<Pick<Message, "rcode" | "answers" | "authorities">>,
  errors: readonly ExtendedError[] = [],
): Message {
  const { id, opcode, recursionDesired, checkingDisabled, questions } = query;
  const options = errors.map(({ code, text }) => ({
    code: EDNS_OPTION.EDE,
    data: Uint8Array.from([code >> 8, code & 0xff, ...utf8Bytes(text.slice(0, 200))]),
  }));
  return {
    id,
    opcode,
    rcode: RCODE.NOERROR,
    isResponse: true,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired,
    recursionAvailable: true,
    authenticData: false,
    checkingDisabled,
    questions,
    answers: [],
    authorities: [],
    additionals: [],
    ...fields,
    ...(query.edns === undefined
      ? {}
      : { edns: { version: 0, udpSizeBytes: UDP_SIZE_BYTES, dnssecOk: query.edns.dnssecOk, options } }),
  };
}

/** The SOA that a negative response carries, so that it may be kept for `ttlSeconds` (RFC 2308). */
function negativeSoa(zone: string, ttlSeconds: number): ResourceRecord {
  const numbers = new DataView(new ArrayBuffer(20));
  for (const [index, value] of [1, 3_600, 600, 86_400, ttlSeconds].entries()) numbers.setUint32(index * 4, value);
  const names = [...nameToWire(zone), ...nameToWire(zone)];
  const rdata = Uint8Array.from([...names, ...new Uint8Array(numbers.buffer)]);
  return { name: zone, type: TYPE.SOA, class: 1, ttlSeconds, rdata };
}

const FAILURES: Readonly<Record<string, ExtendedError>> = {
  wrong: { code: EDE.INVALID_DATA, text: "the answers failed verification" },
  refused: { code: EDE.NETWORK_ERROR, text: "everyone asked refused" },
  timedOut: { code: EDE.NO_REACHABLE_AUTHORITY, text: "no answer in time" },
  unreachable: { code: EDE.NO_REACHABLE_AUTHORITY, text: "nobody could be reached" },
};

/**
 * The response that a resolution amounts to. An outage is SERVFAIL with an extended error, never an empty answer.
 *
 * @param zone The TLD or mirror suffix that the name was asked under.
 */
export function respondWith(query: Message, resolution: Resolution, zone: string): Message {
  const { outcome, value, cached } = resolution;
  const qname = query.questions[0]?.name ?? "";
  const ttlSeconds = Math.max(0, Math.floor(resolution.ttlSeconds));
  const isStale = outcome === "stale" || cached === "stale";
  const errors = isStale ? [{ code: EDE.STALE_ANSWER, text: "older than asked" }] : [];
  if (value !== null) {
    const { type, rdatas } = decodeRRset(value);
    return respond(
      query,
      { answers: rdatas.map((rdata) => ({ name: qname, type, class: 1, ttlSeconds, rdata })) },
      errors,
    );
  }
  if (outcome === "absent") {
    const isUnregistered = resolution.status !== null && resolution.status.closest === null;
    const rcode = isUnregistered ? RCODE.NXDOMAIN : RCODE.NOERROR;
    return respond(query, { rcode, authorities: [negativeSoa(zone, ttlSeconds)] }, errors);
  }
  const failure = FAILURES[outcome] ?? { code: EDE.OTHER, text: outcome };
  return respond(query, { rcode: RCODE.SERVFAIL }, [failure]);
}
