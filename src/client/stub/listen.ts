/** Sockets of the stub: UDP and TCP on one port, and HTTP for its metrics. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, isIPv6, type Socket } from "node:net";
import { BaseError, messageOf } from "../../base/errors.ts";
import type { DnsServer } from "../transport.ts";
import type { AnswerQuery } from "./stub.ts";

export class StubListenError extends BaseError {
  override readonly name = "Client.StubListenError";
  constructor(host: string, port: number, cause: unknown) {
    super("CLIENT_STUB_LISTEN", `The stub cannot listen on ${host} port ${port}: ${messageOf(cause)}.`, {
      cause,
      metaMessages: ["Name another address with --listen, or port 0 for any that is free."],
    });
  }
}

/** Queries under way at once; what comes on top is dropped, and asked again by whoever sent it. */
const QUERIES_MAX = 2_000;
const TCP_CONNECTIONS_MAX = 200;
const TCP_QUERIES_MAX = 64;
const TCP_IDLE_MS = 10_000;
/** Tries to find a port that is free for UDP and TCP alike. */
const PORT_TRIES = 10;

export interface Listening {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

function serveUdp(socket: UdpSocket, answer: AnswerQuery): void {
  let queryCount = 0;
  socket.on("message", (bytes, from) => {
    if (queryCount >= QUERIES_MAX) return;
    queryCount += 1;
    answer(bytes, "udp")
      .then((response) => {
        if (response !== undefined) socket.send(response, from.port, from.address, () => {});
      })
      .catch(() => {})
      .finally(() => {
        queryCount -= 1;
      });
  });
  socket.on("error", () => {});
}

function serveTcp(socket: Socket, answer: AnswerQuery): void {
  let kept: Buffer = Buffer.alloc(0);
  let queryCount = 0;
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  const reply = (bytes: Buffer) => {
    queryCount += 1;
    if (queryCount >= TCP_QUERIES_MAX) socket.pause();
    answer(bytes, "tcp")
      .then((response) => {
        if (response === undefined || socket.destroyed) return;
        socket.write(Buffer.concat([Buffer.from([response.length >> 8, response.length & 0xff]), response]));
      })
      .catch(() => socket.destroy())
      .finally(() => {
        queryCount -= 1;
        if (socket.isPaused()) socket.resume();
      });
  };
  socket.on("data", (part) => {
    kept = kept.length === 0 ? part : Buffer.concat([kept, part]);
    while (kept.length >= 2 && kept.length >= kept.readUInt16BE(0) + 2) {
      const end = kept.readUInt16BE(0) + 2;
      reply(kept.subarray(2, end));
      kept = kept.subarray(end);
    }
  });
}

/** Listens over UDP and TCP on the same port. Throws `StubListenError`. */
export async function listenStub(at: DnsServer, answer: AnswerQuery): Promise<Listening> {
  for (let attempt = 1; ; attempt += 1) {
    const tcp = createServer((socket) => serveTcp(socket, answer));
    tcp.maxConnections = TCP_CONNECTIONS_MAX;
    const udp = createSocket(isIPv6(at.host) ? "udp6" : "udp4");
    try {
      tcp.listen(at.port, at.host);
      await once(tcp, "listening");
      const { port } = tcp.address() as AddressInfo;
      udp.bind(port, at.host);
      await once(udp, "listening");
      serveUdp(udp, answer);
      const close = async () => {
        udp.close();
        tcp.close();
        await once(tcp, "close");
      };
      return { host: at.host, port, close };
    } catch (error) {
      tcp.close();
      udp.close();
      // A free port over TCP may be taken over UDP.
      if (at.port !== 0 || attempt >= PORT_TRIES) throw new StubListenError(at.host, at.port, error);
    }
  }
}

/** Serves the metrics at `/metrics`. */
export async function listenMetrics(at: DnsServer, text: () => string): Promise<Listening> {
  const server = createHttpServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(text());
  });
  server.listen(at.port, at.host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new StubListenError(at.host, at.port, error);
  }
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { host: at.host, port: (server.address() as AddressInfo).port, close };
}
