/** The transport of Node: fetch, UDP and TCP sockets, and the recursive resolvers of the system. */
import { createSocket } from "node:dgram";
import { getServers } from "node:dns";
import { connect, isIPv6 } from "node:net";
import { concatBytes } from "../base/bytes.ts";
import { causeCodeOf, fetchHttp, transportErrorOf } from "./fetchTransport.ts";
import {
  type ClientTransport,
  type DnsServer,
  type HttpRequest,
  type HttpResponse,
  TransportError,
} from "./transport.ts";

/** A kept-alive connection that the other side closed just as it was used again; the request never arrived. */
const CLOSED_MEANWHILE = new Set(["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"]);

async function http(request: HttpRequest): Promise<HttpResponse> {
  try {
    return await fetchHttp(request);
  } catch (error) {
    const code = causeCodeOf(error);
    if (code === undefined || !CLOSED_MEANWHILE.has(code) || request.signal.aborted) throw error;
    return await fetchHttp(request);
  }
}

function udp(
  server: DnsServer,
  query: Uint8Array,
  accepts: (message: Uint8Array) => boolean,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const what = `udp://${server.host}:${server.port}`;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new TransportError("timedOut", `${what}: called off`));
    // A socket of its own per query: a port nobody can guess, and the kernel drops what others send to it.
    const socket = createSocket(isIPv6(server.host) ? "udp6" : "udp4");
    const finish = (settle: () => void) => {
      signal.removeEventListener("abort", onAbort);
      socket.removeAllListeners();
      // An error after the close has nobody left to tell.
      socket.on("error", () => {});
      socket.close();
      settle();
    };
    const onAbort = () => finish(() => reject(new TransportError("timedOut", `${what}: no answer`)));
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", (error) => finish(() => reject(transportErrorOf(error, what))));
    socket.on("message", (message) => {
      if (accepts(message)) finish(() => resolve(message));
    });
    socket.connect(server.port, server.host, () => {
      socket.send(query, (error) => {
        if (error) finish(() => reject(transportErrorOf(error, what)));
      });
    });
  });
}

function tcp(server: DnsServer, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const what = `tcp://${server.host}:${server.port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port, signal });
    const parts: Uint8Array[] = [];
    let size = 0;
    const fail = (error: unknown) => {
      socket.destroy();
      reject(transportErrorOf(error, what));
    };
    socket.on("error", fail);
    socket.on("close", () => fail(new TransportError("unreachable", `${what}: closed before the answer`)));
    socket.on("connect", () => {
      socket.write(concatBytes(Uint8Array.of(query.length >> 8, query.length & 0xff), query));
    });
    socket.on("data", (part) => {
      parts.push(part);
      size += part.length;
      if (size < 2) return;
      const all = parts.length === 1 ? parts[0]! : concatBytes(...parts);
      const length = (all[0]! << 8) | all[1]!;
      if (size < length + 2) return;
      socket.destroy();
      resolve(all.subarray(2, length + 2));
    });
  });
}

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`, as Node lists the system's servers. */
export function parseServer(text: string, portDefault = 53): DnsServer {
  const bracketed = /^\[(.+)\](?::(\d+))?$/.exec(text);
  if (bracketed) return { host: bracketed[1]!, port: Number(bracketed[2] ?? portDefault) };
  if (isIPv6(text)) return { host: text, port: portDefault };
  const colon = text.lastIndexOf(":");
  if (colon === -1) return { host: text, port: portDefault };
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

export const nodeTransport: ClientTransport = {
  http,
  udp,
  tcp,
  systemServers: () => getServers().map((server) => parseServer(server)),
};
