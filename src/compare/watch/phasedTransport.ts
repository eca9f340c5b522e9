/**
 * A transport that tells how long each step of an exchange with a DNS server took, as blackbox probers do: `resolve`, finding
 * the server's address; `connect`; `request`, from question to answer. Every exchange has a connection of its own, so that a
 * probe over HTTPS is as cold as one over UDP.
 */
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { connect, isIP, isIPv6 } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { transportErrorOf } from "../../client/fetchTransport.ts";
import { nodeTransport } from "../../client/nodeTransport.ts";
import {
  type ClientTransport,
  type DnsServer,
  type HttpRequest,
  type HttpResponse,
  TransportError,
} from "../../client/transport.ts";
import { exchangeHttp } from "./leanTransport.ts";

/** In milliseconds; a step that was not reached is missing. */
export interface ExchangePhases {
  readonly resolve?: number;
  readonly connect?: number;
  readonly request?: number;
}

export interface PhasedTransport {
  readonly transport: ClientTransport;
  /** Of the last exchange; TCP after a truncated answer over UDP adds to its phases. */
  phases(): ExchangePhases;
}

type PhaseName = keyof ExchangePhases;

/** Adds up what each step takes, from one step's end to the next one's. */
class Stopwatch {
  readonly #clock: Clock;
  readonly #phases: Partial<Record<PhaseName, number>> = {};
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  start(): void {
    this.#sinceMs = this.#clock.monotonicMs();
  }

  end(phase: PhaseName): void {
    const nowMs = this.#clock.monotonicMs();
    this.#phases[phase] = (this.#phases[phase] ?? 0) + nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
  }

  get phases(): ExchangePhases {
    return { ...this.#phases };
  }
}

async function addressOf(host: string, watch: Stopwatch): Promise<string> {
  watch.start();
  try {
    return isIP(host) === 0 ? (await lookup(host)).address : host;
  } catch (error) {
    throw transportErrorOf(error, `the address of ${host}`);
  } finally {
    watch.end("resolve");
  }
}

async function udp(
  watch: Stopwatch,
  server: DnsServer,
  query: Uint8Array,
  accepts: (message: Uint8Array) => boolean,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const what = `udp://${server.host}:${server.port}`;
  const address = await addressOf(server.host, watch);
  const socket = createSocket({ type: isIPv6(address) ? "udp6" : "udp4", signal });
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new TransportError("timedOut", `${what}: no answer`)), {
        once: true,
      });
      socket.on("error", (error) => reject(transportErrorOf(error, what)));
      socket.on("message", (message) => {
        if (accepts(message)) resolve(message);
      });
      socket.connect(server.port, address, () => {
        watch.end("connect");
        socket.send(query);
      });
    });
  } finally {
    watch.end("request");
    // Closed by the signal already where that has fired.
    if (!signal.aborted) socket.close();
  }
}

async function tcp(watch: Stopwatch, server: DnsServer, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const what = `tcp://${server.host}:${server.port}`;
  const host = await addressOf(server.host, watch);
  const socket = connect({ host, port: server.port, signal });
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      let got = Buffer.alloc(0);
      socket.on("error", (error) => reject(transportErrorOf(error, what)));
      socket.on("close", () => reject(new TransportError("unreachable", `${what}: closed before the answer`)));
      socket.on("connect", () => {
        watch.end("connect");
        socket.write(Buffer.concat([Uint8Array.of(query.length >> 8, query.length & 0xff), query]));
      });
      socket.on("data", (part) => {
        got = Buffer.concat([got, part]);
        if (got.length >= 2 && got.length >= got.readUInt16BE() + 2) resolve(got.subarray(2, got.readUInt16BE() + 2));
      });
    });
  } finally {
    watch.end("request");
    socket.destroy();
  }
}

function http(watch: Stopwatch, request: HttpRequest): Promise<HttpResponse> {
  watch.start();
  const { protocol, hostname } = new URL(request.url);
  return exchangeHttp(request, false, (socket) => {
    // For an address there is no lookup, and its event does not come.
    if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0) watch.end("resolve");
    else socket.once("lookup", () => watch.end("resolve"));
    socket.once(protocol === "https:" ? "secureConnect" : "connect", () => watch.end("connect"));
  }).finally(() => watch.end("request"));
}

export function createPhasedTransport(clock: Clock): PhasedTransport {
  const watch = new Stopwatch(clock);
  return {
    transport: {
      http: (request) => http(watch, request),
      udp: (server, query, accepts, signal) => udp(watch, server, query, accepts, signal),
      tcp: (server, query, signal) => tcp(watch, server, query, signal),
      systemServers: nodeTransport.systemServers,
    },
    phases: () => watch.phases,
  };
}
