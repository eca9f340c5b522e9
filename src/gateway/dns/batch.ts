/** UDP in batches: receives what has arrived, answers it from compiled answers, sends all answers with one call. */
import { messageOf } from "../../base/errors.ts";
import { formatAddress4, formatAddress6, parseAddress4, parseAddress6 } from "../../dns/addressText.ts";
import { UDP_SIZE_BYTES } from "../../dns/edns.ts";
import type { Peer } from "./handler.ts";
import type { Listener } from "./listener.ts";
import {
  addressLengthOf,
  type Batch,
  isCut,
  lengthOf,
  type NativeSocket,
  openNativeSocket,
  resetAddressLength,
} from "./nativeSocket.ts";
import { ADDRESS_BYTES, type Outgoing } from "./outgoing.ts";
import { PAUSE_MICROSECONDS, Pace } from "./pace.ts";
import type { listenUdp } from "./udp.ts";

const BATCH_COUNT = 256;
/** Queries longer than this are not answered over UDP; none that a client sends is. */
const QUERY_BYTES_MAX = 2048;
/** How long rounds may follow one another before other work gets its turn. */
const TURN_MS_MAX = 2;
const POLL_MS = 200;
const BUFFER_BYTES = 4 << 20;
const DEFAULT_PENDING_MAX = 1000;

/** The network of a socket address, hashed: /24 of IPv4, /56 of IPv6. */
function networkOf(addresses: Uint8Array, at: number): number {
  const isV6 = addresses[at] === 10;
  const start = at + (isV6 ? 8 : 4);
  let hash = 0x811c9dc5;
  for (let index = start; index < start + (isV6 ? 7 : 3); index += 1) {
    hash = Math.imul(hash ^ addresses[index]!, 0x01000193);
  }
  return hash >>> 0;
}

function peerOf(addresses: Uint8Array, at: number): Peer {
  const isV6 = addresses[at] === 10;
  const address = isV6
    ? formatAddress6(addresses.subarray(at + 8, at + 24))
    : formatAddress4(addresses.subarray(at + 4, at + 8));
  return { address, port: (addresses[at + 2]! << 8) | addresses[at + 3]! };
}

interface LateReply {
  readonly reply: Uint8Array;
  readonly address: Uint8Array;
}

/** A native socket and the loop that serves it. */
class BatchServer {
  readonly #socket: NativeSocket;
  readonly #options: listenUdp.Options;
  readonly #incoming: Batch;
  readonly #outgoing: Outgoing;
  readonly #hashes = new Uint32Array(BATCH_COUNT);
  readonly #late: LateReply[] = [];
  readonly #turn = () => this.#serve();
  readonly #pace: Pace;
  readonly #closed: Promise<void>;
  #markClosed = () => {};
  #pending = 0;
  #isClosed = false;

  constructor(socket: NativeSocket, options: listenUdp.Options) {
    this.#socket = socket;
    this.#options = options;
    this.#pace = new Pace(options.clock.monotonicMs());
    this.#incoming = socket.createBatch(BATCH_COUNT, QUERY_BYTES_MAX);
    this.#outgoing = socket.createOutgoing(BATCH_COUNT, UDP_SIZE_BYTES);
    this.#closed = new Promise((resolve) => {
      this.#markClosed = resolve;
    });
  }

  start(): void {
    this.#serve();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#closed;
  }

  /** Serves what has arrived; then waits for more, or lets other work have its turn. */
  #serve(): void {
    if (this.#isClosed) {
      this.#socket.close();
      this.#markClosed();
      return;
    }
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    for (let nowMs = startMs; nowMs - startMs < TURN_MS_MAX; ) {
      const count = this.#socket.receive(this.#incoming, BATCH_COUNT);
      this.#answerAll(count);
      nowMs = clock.monotonicMs();
      const shouldPause = this.#pace.shouldPause(count, nowMs);
      if (count === 0) {
        this.#socket.poll(POLL_MS, this.#turn);
        return;
      }
      if (shouldPause) this.#socket.pause(PAUSE_MICROSECONDS);
    }
    setImmediate(this.#turn);
  }

  #answerAll(count: number): void {
    this.#prepare(count);
    for (let index = 0; index < count; index += 1) {
      try {
        this.#answer(index);
      } catch (error) {
        this.#fail(error);
      }
      resetAddressLength(this.#incoming, index);
    }
    this.#outgoing.flush();
  }

  #prepare(count: number): void {
    const { handler } = this.#options;
    for (let index = 0; index < count; index += 1) {
      this.#hashes[index] = handler.hashOf(
        this.#incoming.bytes,
        index * QUERY_BYTES_MAX,
        lengthOf(this.#incoming, index),
      );
    }
    handler.prefetch(this.#hashes, count);
  }

  #answer(index: number): void {
    const { handler } = this.#options;
    const incoming = this.#incoming;
    const outgoing = this.#outgoing;
    const length = lengthOf(incoming, index);
    const at = index * ADDRESS_BYTES;
    if (isCut(incoming, index)) return;
    const network = handler.needsNetwork ? networkOf(incoming.addresses, at) : 0;
    const { offset, bytes } = outgoing;
    const hash = this.#hashes[index]!;
    const start = index * QUERY_BYTES_MAX;
    // A hash of 0 says that the query is not plain: the long way.
    const written =
      hash === 0 ? -1 : handler.answerInto(incoming.bytes, start, length, "udp", network, bytes, offset, hash);
    if (written > 0) outgoing.commit(written, incoming.addressWords, at / 4, addressLengthOf(incoming, index));
    else if (written < 0) this.#answerSlowly(index, length);
  }

  #answerSlowly(index: number, length: number): void {
    const { handler, pendingMax = DEFAULT_PENDING_MAX } = this.#options;
    const incoming = this.#incoming;
    const at = index * ADDRESS_BYTES;
    const query = incoming.bytes.slice(index * QUERY_BYTES_MAX, index * QUERY_BYTES_MAX + length);
    const reply = handler.handle(query, peerOf(incoming.addresses, at), "udp");
    const address = incoming.addresses.slice(at, at + addressLengthOf(incoming, index));
    if (!(reply instanceof Promise)) {
      if (reply) this.#outgoing.push(reply, address);
      return;
    }
    if (this.#pending >= pendingMax) return;
    this.#pending += 1;
    reply
      .then((bytes) => {
        if (bytes) this.#late.push({ reply: bytes, address });
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#pending -= 1;
        if (!this.#isClosed) this.#flushLate();
      });
  }

  #flushLate(): void {
    for (const { reply, address } of this.#late.splice(0, BATCH_COUNT)) this.#outgoing.push(reply, address);
    this.#outgoing.flush();
  }

  #fail(error: unknown): void {
    this.#options.log.error("a DNS query failed", { reason: messageOf(error) });
  }
}

/** Listens through a native socket; `undefined` where there is none, and `listenUdp` must do. */
export function listenBatch(options: listenUdp.Options): Listener | undefined {
  const address = parseAddress4(options.host) ?? parseAddress6(options.host);
  if (!address) return undefined;
  const { port, reusePort = false } = options;
  const socket = openNativeSocket({ address, port, reusePort, bufferBytes: BUFFER_BYTES });
  if (!socket) return undefined;
  const server = new BatchServer(socket, options);
  server.start();
  return { port: socket.port, close: () => server.close() };
}
