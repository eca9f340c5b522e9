/**
 * What the name client needs of the world to reach anyone. The client itself has no sockets: Node's are in
 * `nodeTransport.ts`, a browser's in `fetchTransport.ts`, and the simulator hands in a network of its own.
 */
import { BaseError } from "../base/errors.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The longest body read, in bytes; a longer one ends as a `TransportError` of kind `oversized`. */
  readonly bodyBytesMax: number;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** A header field by its lower-case name. */
  readonly field: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

export interface DnsServer {
  readonly host: string;
  readonly port: number;
}

/**
 * Ways to exchange messages. Every method rejects with `TransportError`, or with anything at all once `signal` has fired;
 * each gives up what it holds when `signal` fires. None follows redirects.
 */
export interface ClientTransport {
  http(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Sends `query` from a fresh, unpredictable port and returns the first datagram from `server` that `accepts` takes; all
   * others are ignored, as forgeries would be (RFC 5452).
   */
  udp(
    server: DnsServer,
    query: Uint8Array,
    accepts: (message: Uint8Array) => boolean,
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  /** One DNS message over TCP, with its two-byte length (RFC 7766). */
  tcp(server: DnsServer, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** The recursive resolvers the system is set to use. */
  systemServers(): readonly DnsServer[];
}

/** `refused`: the connection was. `oversized`: more bytes than the caller reads. */
export type TransportFailure = "refused" | "unreachable" | "timedOut" | "oversized" | "unsupported";

export class TransportError extends BaseError {
  override readonly name = "Client.TransportError";
  readonly failure: TransportFailure;
  constructor(failure: TransportFailure, what: string, cause?: unknown) {
    super("CLIENT_TRANSPORT", what, { cause, retriable: failure !== "oversized" && failure !== "unsupported" });
    this.failure = failure;
  }
}
