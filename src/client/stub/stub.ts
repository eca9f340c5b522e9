/**
 * The stub: a local DNS resolver for any program. Names below the TLD, and below the mirror suffix, go through the name client;
 * everything else is forwarded.
 */
import type { Clock } from "../../base/clock.ts";
import { BaseError } from "../../base/errors.ts";
import { EDE, isMetaType, OPCODE, RCODE, rcodeName } from "../../dns/codes.ts";
import { decodeMessage, HEADER_BYTES } from "../../dns/decode.ts";
import { encodeMessage, MESSAGE_BYTES_MAX } from "../../dns/encode.ts";
import type { Message } from "../../dns/message.ts";
import { normaliseName } from "../../naming/name.ts";
import type { NameClient } from "../nameClient.ts";
import type { Forwarded } from "./forwarder.ts";
import { respond, respondWith } from "./reply.ts";
import type { StubMetrics } from "./stubMetrics.ts";

export interface StubOptions {
  readonly client: NameClient;
  readonly clock: Clock;
  readonly forward: (query: Message) => Promise<Forwarded>;
  readonly metrics: StubMetrics;
  /** An ordinary domain under which the names are mirrored: `shop.names.example.com` for `shop.hold`. */
  readonly mirrorSuffix?: string;
}

/** The response's bytes; `undefined` where nothing is to be sent. */
export type AnswerQuery = (query: Uint8Array, over: "udp" | "tcp") => Promise<Uint8Array | undefined>;

/** BADVERS (RFC 6891). */
const RCODE_BADVERS = 16;
const UDP_BYTES_DEFAULT = 512;

/** The zone that a question belongs to and the name it means; `undefined` for what is forwarded. */
function ownName(options: StubOptions, qname: string): { readonly zone: string; readonly name: string } | undefined {
  const lower = qname.toLowerCase();
  const { tld } = options.client;
  if (lower === tld || lower.endsWith(`.${tld}`)) return { zone: tld, name: lower };
  const suffix = options.mirrorSuffix?.toLowerCase();
  if (suffix === undefined || !lower.endsWith(`.${suffix}`)) return undefined;
  return { zone: suffix, name: `${lower.slice(0, -suffix.length - 1)}.${tld}` };
}

async function answerOwn(
  options: StubOptions,
  query: Message,
  type: number,
  own: { readonly zone: string; readonly name: string },
): Promise<{ message: Message; source: string }> {
  let name: string;
  try {
    name = normaliseName(own.name);
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    // What cannot be a name is not registered.
    return { message: respond(query, { rcode: RCODE.NXDOMAIN }), source: "name" };
  }
  if (isMetaType(type)) {
    const failure = { code: EDE.NOT_SUPPORTED, text: "not a type of data" };
    return { message: respond(query, { rcode: RCODE.NOTIMP }, [failure]), source: "name" };
  }
  const resolution = await options.client.resolve(name, { kind: "dns", owner: name, rrtype: type });
  const source = resolution.cached === false ? `name-${resolution.path ?? "none"}` : `name-cache-${resolution.cached}`;
  return { message: respondWith(query, resolution, own.zone), source };
}

/** What is wrong with a query apart from its question. */
function objectionTo(query: Message): Message | undefined {
  if (query.opcode !== OPCODE.QUERY) return respond(query, { rcode: RCODE.NOTIMP });
  if (query.edns !== undefined && query.edns.version !== 0) return respond(query, { rcode: RCODE_BADVERS });
  if (query.questions.length !== 1) return respond(query, { rcode: RCODE.FORMERR });
  return undefined;
}

/** FORMERR to a message of which only the header can be read; nothing to a response, or to less than a header. */
function formatError(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < HEADER_BYTES || (bytes[2]! & 0x80) !== 0) return undefined;
  const out = new Uint8Array(HEADER_BYTES);
  out.set(bytes.subarray(0, 3));
  out[2] = 0x80 | (bytes[2]! & 0x79);
  out[3] = 0x80 | RCODE.FORMERR;
  return out;
}

export function createStub(options: StubOptions): AnswerQuery {
  return async (bytes, over) => {
    let query: Message;
    try {
      query = decodeMessage(bytes);
    } catch (error) {
      if (!(error instanceof BaseError)) throw error;
      return formatError(bytes);
    }
    if (query.isResponse) return undefined;
    const startedAtMs = options.clock.monotonicMs();
    let told: { readonly message: Message; readonly source: string } | undefined;
    const objection = objectionTo(query);
    if (objection !== undefined) {
      told = { message: objection, source: "none" };
    } else {
      const { name, type } = query.questions[0]!;
      const own = ownName(options, name);
      told = own === undefined ? await options.forward(query) : await answerOwn(options, query, type, own);
    }
    options.metrics.count(told.source, rcodeName(told.message.rcode), options.clock.monotonicMs() - startedAtMs);
    const udpLimit = Math.max(UDP_BYTES_DEFAULT, query.edns?.udpSizeBytes ?? UDP_BYTES_DEFAULT);
    return encodeMessage(told.message, over === "udp" ? Math.min(udpLimit, 1_232) : MESSAGE_BYTES_MAX);
  };
}
