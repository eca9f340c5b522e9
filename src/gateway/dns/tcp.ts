/**
 * TCP (RFC 7766, RFC 9210): queries are pipelined; all that arrived in one read are answered by one write. Every client
 * has caps: connections, idle time, time to send a whole message, bytes it has not read yet.
 */
import { createServer, type Socket } from "node:net";
import { messageOf } from "../../base/errors.ts";
import type { DnsReply, Peer } from "./handler.ts";
import type { Listener, ListenOptions } from "./listener.ts";

/** Several messages in answer to one query: a zone transfer. `undefined` where the query asks for none. */
export type StreamHandler = (query: Uint8Array, peer: Peer) => Iterable<Uint8Array> | undefined;

/** What strangers may hold on to. */
export interface TcpLimits {
  readonly connectionsMax?: number;
  readonly connectionsPerClientMax?: number;
  /** A connection without a whole query for this long is closed, in milliseconds. */
  readonly idleTimeoutMs?: number;
  /** Answers a client has not read yet, in bytes, before it is no longer read from. */
  readonly unreadBytesMax?: number;
  /** How long `close` waits for answers under way, in milliseconds. */
  readonly drainMsMax?: number;
}

export declare namespace listenTcp {
  interface Options extends ListenOptions, TcpLimits {
    readonly stream?: StreamHandler | undefined;
  }
}

type Settings = ListenOptions & Required<TcpLimits> & Pick<listenTcp.Options, "stream">;

const LIMITS: Required<TcpLimits> = {
  connectionsMax: 4096,
  connectionsPerClientMax: 64,
  idleTimeoutMs: 10_000,
  unreadBytesMax: 1 << 20,
  drainMsMax: 5_000,
};

const LENGTH_BYTES = 2;
const SWEEP_MS = 500;

interface Connection {
  readonly socket: Socket;
  readonly peer: Peer;
  /** What arrived and is not yet a whole message. */
  rest: Uint8Array;
  /** When the last whole query came or the last answer was taken. */
  activeAtMs: number;
  /** Queries whose answers wait for something. */
  pending: number;
  /** A transfer under way; queries behind it wait in `rest`. */
  stream: Iterator<Uint8Array> | undefined;
  /** The server is closing: no further query is read, and the connection ends when its answers are sent. */
  isEnding: boolean;
}

const PENDING_MAX = 100;
/** A whole message and its length, twice: more than that is never kept unparsed. */
const REST_BYTES_MAX = 2 * 65_537;
const SCRATCH_BYTES = 512 * 1024;

/** Answers gathered for one write. Used by one connection at a time, between two returns to the event loop. */
class Gathered {
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  #length = 0;

  /** Where the next answer may be written, its length bytes left free. */
  get room(): Uint8Array {
    return this.#scratch;
  }

  get next(): number {
    return this.#length + LENGTH_BYTES;
  }

  get isFull(): boolean {
    return this.#length > SCRATCH_BYTES - 65_537 - LENGTH_BYTES;
  }

  /** Takes the answer of `length` bytes that was written at `next`. */
  commit(length: number): void {
    this.#scratch[this.#length] = length >>> 8;
    this.#scratch[this.#length + 1] = length;
    this.#length += LENGTH_BYTES + length;
  }

  push(reply: Uint8Array): void {
    this.#scratch.set(reply, this.next);
    this.commit(reply.length);
  }

  flush(socket: Socket): void {
    if (this.#length === 0) return;
    socket.write(Buffer.from(this.#scratch.subarray(0, this.#length)));
    this.#length = 0;
  }

  clear(): void {
    this.#length = 0;
  }
}

const gathered = new Gathered();

export async function listenTcp(options: listenTcp.Options): Promise<Listener> {
  const settings: Settings = { ...LIMITS, ...options };
  const { clock, log } = settings;
  const connections = new Set<Connection>();
  const countOf = new Map<string, number>();

  const server = createServer({ noDelay: true }, (socket) => {
    const address = socket.remoteAddress ?? "";
    const count = countOf.get(address) ?? 0;
    if (connections.size >= settings.connectionsMax || count >= settings.connectionsPerClientMax || address === "") {
      socket.destroy();
      return;
    }
    countOf.set(address, count + 1);
    const connection = serve(socket, address, settings);
    connections.add(connection);
    socket.on("close", () => {
      connections.delete(connection);
      const left = (countOf.get(address) ?? 1) - 1;
      if (left > 0) countOf.set(address, left);
      else countOf.delete(address);
    });
  });

  let isClosed = false;
  const sweep = () => {
    const nowMs = clock.monotonicMs();
    for (const connection of connections) {
      if (nowMs - connection.activeAtMs > settings.idleTimeoutMs) connection.socket.destroy();
    }
    if (!isClosed) timer = clock.schedule(SWEEP_MS, sweep);
  };
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(
      { port: options.port, host: options.host, reusePort: options.reusePort ?? false, backlog: 1024 },
      () => {
        server.off("error", reject);
        resolve();
      },
    );
  });
  server.on("error", (error) => log.warn("TCP server", { reason: messageOf(error) }));
  let timer = clock.schedule(SWEEP_MS, sweep);
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : options.port,
    close: async () => {
      isClosed = true;
      timer.cancel();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const connection of connections) end(connection);
      const deadline = clock.schedule(settings.drainMsMax, () => {
        for (const { socket } of connections) socket.destroy();
      });
      await closed;
      deadline.cancel();
    },
  };
}

/** Ends a connection, or notes that it is to end when its last answer is sent. */
function end(connection: Connection): void {
  connection.isEnding = true;
  const { socket, pending, stream } = connection;
  if (pending === 0 && stream === undefined && !socket.writableEnded) socket.end(() => socket.destroy());
}

function serve(socket: Socket, address: string, settings: Settings): Connection {
  const { clock, log } = settings;
  const connection: Connection = {
    socket,
    peer: { address, port: socket.remotePort ?? 0 },
    rest: new Uint8Array(0),
    activeAtMs: clock.monotonicMs(),
    pending: 0,
    stream: undefined,
    isEnding: false,
  };
  socket.on("data", (chunk) => receive(connection, chunk, settings));
  socket.on("drain", () => {
    connection.activeAtMs = clock.monotonicMs();
    proceed(connection, settings);
  });
  socket.on("end", () => socket.end());
  socket.on("error", (error) => log.debug("TCP connection", { reason: messageOf(error) }));
  return connection;
}

function receive(connection: Connection, chunk: Uint8Array, settings: Settings): void {
  if (connection.isEnding) return;
  connection.rest = connection.rest.length === 0 ? chunk : Buffer.concat([connection.rest, chunk]);
  proceed(connection, settings);
}

/** Answers what can be answered now, and stops reading from a client that does not read its answers. */
function proceed(connection: Connection, settings: Settings): void {
  const { socket } = connection;
  if (socket.destroyed) return;
  try {
    parse(connection, settings);
  } catch (error) {
    settings.log.error("a DNS query failed", { reason: messageOf(error) });
    gathered.clear();
    socket.destroy();
    return;
  }
  gathered.flush(socket);
  if (connection.isEnding) {
    end(connection);
    return;
  }
  const isBlocked = socket.writableLength > settings.unreadBytesMax || connection.rest.length > REST_BYTES_MAX;
  if (isBlocked || connection.stream || connection.pending >= PENDING_MAX) socket.pause();
  else socket.resume();
}

function parse(connection: Connection, settings: Settings): void {
  const { rest, socket, peer } = connection;
  const { handler, unreadBytesMax } = settings;
  let offset = 0;
  while (socket.writableLength <= unreadBytesMax && connection.pending < PENDING_MAX) {
    pump(connection, unreadBytesMax);
    if (connection.stream || connection.isEnding || rest.length - offset < LENGTH_BYTES) break;
    const length = (rest[offset]! << 8) | rest[offset + 1]!;
    if (rest.length - offset - LENGTH_BYTES < length) break;
    const start = offset + LENGTH_BYTES;
    offset = start + length;
    if (gathered.isFull) gathered.flush(socket);
    const written = handler.answerInto(rest, start, length, "tcp", 0, gathered.room, gathered.next);
    if (written > 0) gathered.commit(written);
    if (written >= 0) continue;
    const query = rest.subarray(start, offset);
    connection.stream = settings.stream?.(query, peer)?.[Symbol.iterator]();
    if (connection.stream) continue;
    const reply = handler.handle(query, peer, "tcp");
    if (reply instanceof Promise) wait(connection, reply, settings);
    else if (reply) gathered.push(reply);
  }
  if (offset > 0) {
    connection.activeAtMs = settings.clock.monotonicMs();
    connection.rest = rest.subarray(offset);
  }
}

/** Takes as much of a transfer as the client may have unread. */
function pump(connection: Connection, unreadBytesMax: number): void {
  const { socket } = connection;
  while (connection.stream && socket.writableLength <= unreadBytesMax) {
    const next = connection.stream.next();
    if (next.done) {
      connection.stream = undefined;
    } else {
      if (gathered.isFull) gathered.flush(socket);
      gathered.push(next.value);
    }
  }
}

function wait(connection: Connection, reply: Promise<DnsReply>, settings: Settings): void {
  connection.pending += 1;
  reply
    .then((late) => {
      if (late && !connection.socket.destroyed) {
        gathered.push(late);
        gathered.flush(connection.socket);
      }
    })
    .catch((error: unknown) => settings.log.error("a DNS query failed", { reason: messageOf(error) }))
    .finally(() => {
      connection.pending -= 1;
      proceed(connection, settings);
    });
}
