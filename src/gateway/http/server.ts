/**
 * The handler behind a socket. Everything a stranger can hold on to is bounded: header and body size, time per request,
 * connections in all and for each client address, and how long a response may wait to be read.
 */
import { createServer, type Server as HttpBackend, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { type Clock, nowSeconds } from "../../base/clock.ts";
import { BaseError, messageOf } from "../../base/errors.ts";
import type { HttpHandler } from "./handler.ts";
import { type HttpRequest, type HttpResponse, problemResponse } from "./message.ts";
import { type PlainConnection, type PlainConnectionOptions, servePlain } from "./plainConnection.ts";

export class HttpPortError extends BaseError {
  override readonly name = "Gateway.HttpPortError";
  constructor(host: string, port: number, cause: unknown) {
    super("GATEWAY_HTTP_PORT", `The HTTP front cannot listen on ${host} port ${port}: ${messageOf(cause)}.`, { cause });
  }
}

export declare namespace startHttpServer {
  interface Options {
    readonly handler: HttpHandler;
    readonly clock: Clock;
    readonly host: string;
    /** 0 for any that is free. */
    readonly port: number;
    /** PEM texts; left out behind a proxy or for plain HTTP. */
    readonly tls?: { readonly certificate: string; readonly key: string };
    readonly reusePort?: boolean;
    readonly bodyBytesMax?: number;
    readonly connectionsMax?: number;
    readonly connectionsPerClientMax?: number;
    /** A whole request must have come within this time, in milliseconds. */
    readonly requestMsMax?: number;
    /** A connection without traffic is closed after this time, in milliseconds. */
    readonly idleMsMax?: number;
  }
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** Replaces the TLS certificate for new connections. */
  setTls(tls: { readonly certificate: string; readonly key: string }): void;
  /** Replaces the caps on connections; those that are open stay. */
  setLimits(limits: { readonly connectionsMax: number; readonly connectionsPerClientMax: number }): void;
  /** Takes no new connection, ends idle ones, and resolves when requests under way are answered or `requestMsMax` is over. */
  close(): Promise<void>;
}

export async function startHttpServer(options: startHttpServer.Options): Promise<HttpServer> {
  const { handler, clock, host, port, tls, reusePort = false, bodyBytesMax = 64 * 1024 } = options;
  const { requestMsMax = 10_000, idleMsMax = 30_000 } = options;
  const inner = createInner(handler, bodyBytesMax, requestMsMax, idleMsMax);
  const server = createBackend(tls, requestMsMax);
  server.maxConnections = options.connectionsMax ?? 10_000;
  const sockets = new Map<Socket, PlainConnection>();
  let isClosing = false;
  const plain: PlainConnectionOptions = {
    handler,
    bodyBytesMax,
    date: createDate(clock),
    handOver: (socket, rest) => {
      if (isClosing || socket.destroyed) {
        socket.end(() => socket.destroy());
        return;
      }
      sockets.delete(socket);
      socket.pause();
      socket.unshift(rest);
      inner.emit("connection", socket);
      socket.resume();
    },
  };
  const admission = new Admission(options.connectionsPerClientMax ?? 256);
  const handshakes = watchHandshakes(server, admission);
  server.on(tls ? "secureConnection" : "connection", (socket: Socket) => {
    if (!handshakes.delete(clientOf(socket)) && !admission.admit(socket)) return;
    socket.once("close", () => sockets.delete(socket));
    // A reader that stops reading leaves the socket without progress, which is what the time-out counts.
    socket.setTimeout(idleMsMax, () => socket.destroy());
    sockets.set(socket, servePlain(socket, plain));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new HttpPortError(host, port, error)));
    server.listen({ host, port, reusePort }, resolve);
  });
  return {
    host,
    port: (server.address() as AddressInfo).port,
    setTls: (next) => {
      if ("setSecureContext" in server) server.setSecureContext({ cert: next.certificate, key: next.key });
    },
    setLimits: ({ connectionsMax, connectionsPerClientMax }) => {
      server.maxConnections = connectionsMax;
      admission.countMax = connectionsPerClientMax;
    },
    close: async () => {
      isClosing = true;
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const connection of sockets.values()) connection.finish();
      for (const socket of handshakes.values()) socket.destroy();
      inner.close();
      const timer = clock.schedule(requestMsMax, () => {
        for (const socket of sockets.keys()) socket.destroy();
        inner.closeAllConnections();
      });
      await closed;
      timer.cancel();
    },
  };
}

/** Node's own HTTP server, for connections that are handed to it. */
function createInner(handler: HttpHandler, bodyBytesMax: number, requestMsMax: number, idleMsMax: number): HttpBackend {
  const limits = {
    maxHeaderSize: 16 * 1024,
    requestTimeout: requestMsMax,
    headersTimeout: requestMsMax,
    keepAliveTimeout: idleMsMax,
    connectionsCheckingInterval: Math.min(1_000, requestMsMax),
  };
  const inner = createServer(limits, (message, response) => serve(handler, message, response, bodyBytesMax));
  inner.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    else socket.destroy();
  });
  // Node starts to watch for slow requests when a server listens; this one never does, it is handed its connections.
  inner.emit("listening");
  return inner;
}

type Backend = NetServer | TlsServer;

/** A half-open connection is ended by whoever serves it, once what was asked is answered. */
function createBackend(tls: startHttpServer.Options["tls"], handshakeTimeout: number): Backend {
  if (!tls) return createNetServer({ allowHalfOpen: true, noDelay: true });
  const { certificate: cert, key } = tls;
  return createTlsServer({ cert, key, minVersion: "TLSv1.2", allowHalfOpen: true, handshakeTimeout });
}

/** Connections whose TLS handshake is not over; a client that leaves in the middle of it would else be waited for. */
function watchHandshakes(server: Backend, admission: Admission): Map<string, Socket> {
  const handshakes = new Map<string, Socket>();
  if (!("setSecureContext" in server)) return handshakes;
  server.on("connection", (socket: Socket) => {
    if (!admission.admit(socket)) return;
    const client = clientOf(socket);
    handshakes.set(client, socket);
    socket.once("close", () => handshakes.delete(client));
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return handshakes;
}

const clientOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;

/** Counts the connections of each client address; refuses those over its share. */
class Admission {
  readonly #counts = new Map<string, number>();
  countMax: number;

  constructor(countMax: number) {
    this.countMax = countMax;
  }

  admit(socket: Socket): boolean {
    const client = socket.remoteAddress ?? "";
    const count = (this.#counts.get(client) ?? 0) + 1;
    if (count > this.countMax) {
      socket.destroy();
      return false;
    }
    this.#counts.set(client, count);
    socket.once("close", () => {
      const left = (this.#counts.get(client) ?? 1) - 1;
      if (left === 0) this.#counts.delete(client);
      else this.#counts.set(client, left);
    });
    return true;
  }
}

/** The date as HTTP writes it, made once a second. */
function createDate(clock: Clock): () => string {
  let second = -1;
  let text = "";
  return () => {
    const now = nowSeconds(clock);
    if (now !== second) {
      second = now;
      text = new Date(now * 1000).toUTCString();
    }
    return text;
  };
}

const NO_BODY = new Uint8Array();

function serve(handler: HttpHandler, message: IncomingMessage, response: ServerResponse, bodyBytesMax: number): void {
  if (message.method === "GET" || message.method === "HEAD") {
    // Nothing of a body is read, but Node must not wait for one.
    message.resume();
    run(handler, message, response, NO_BODY);
    return;
  }
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  message.on("data", (chunk: Uint8Array) => {
    byteCount += chunk.length;
    if (byteCount <= bodyBytesMax) {
      chunks.push(chunk);
      return;
    }
    if (response.headersSent) return;
    write(
      message,
      response,
      problemResponse(413, "too-large", `At most ${bodyBytesMax} bytes.`, { connection: "close" }),
    );
    response.once("finish", () => message.destroy());
  });
  message.on("end", () => {
    if (!response.headersSent)
      run(handler, message, response, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
  });
}

function run(handler: HttpHandler, message: IncomingMessage, response: ServerResponse, body: Uint8Array): void {
  const target = message.url ?? "/";
  const mark = target.indexOf("?");
  const { headers, socket } = message;
  const request: HttpRequest = {
    method: message.method ?? "GET",
    path: mark === -1 ? target : target.slice(0, mark),
    search: mark === -1 ? "" : target.slice(mark + 1),
    field: (name) => {
      const value = headers[name];
      return typeof value === "string" ? value : value?.[0];
    },
    body,
    peer: { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 },
  };
  const result = handler(request);
  if (result instanceof Promise) {
    result.then(
      (settled) => write(message, response, settled),
      () => response.destroy(),
    );
  } else {
    write(message, response, result);
  }
}

function write(message: IncomingMessage, response: ServerResponse, result: HttpResponse): void {
  if (response.destroyed || response.writableEnded) return;
  const byteCount = typeof result.body === "string" ? Buffer.byteLength(result.body) : result.body.length;
  const hasBody = result.status !== 204 && result.status !== 304;
  response.writeHead(result.status, hasBody ? { ...result.fields, "content-length": byteCount } : result.fields);
  if (message.method === "HEAD" || !hasBody) response.end();
  else response.end(result.body);
}
