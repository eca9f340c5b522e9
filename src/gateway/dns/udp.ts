/** UDP through node:dgram: one datagram, one answer. Works everywhere; `batch.ts` is the faster way where it can be had. */
import { createSocket, type Socket, type SocketType } from "node:dgram";
import { messageOf } from "../../base/errors.ts";
import { UDP_SIZE_BYTES } from "../../dns/edns.ts";
import type { DnsReply } from "./handler.ts";
import type { Listener, ListenOptions } from "./listener.ts";
import { networkHash } from "./rateLimit.ts";

export declare namespace listenUdp {
  interface Options extends ListenOptions {
    /** Answers that are being waited for (an ALIAS outside) at once; further ones are dropped. */
    readonly pendingMax?: number;
  }
}

const RECEIVE_BUFFER_BYTES = 4 << 20;
const DEFAULT_PENDING_MAX = 1000;

/** Addresses are never looked up: they come from datagrams. */
const asItIs = (host: string, _options: unknown, callback: (error: null, address: string, family: number) => void) =>
  callback(null, host, host.includes(":") ? 6 : 4);

export async function listenUdp(options: listenUdp.Options): Promise<Listener> {
  const { handler, host, log } = options;
  const type: SocketType = host.includes(":") ? "udp6" : "udp4";
  const socket = createSocket({ type, reusePort: options.reusePort ?? false, lookup: asItIs as never });
  const pendingMax = options.pendingMax ?? DEFAULT_PENDING_MAX;
  let pending = 0;
  const send = (reply: DnsReply, port: number, address: string) => {
    if (reply && isOpen(socket)) socket.send(reply, port, address, ignore);
  };
  const scratch = new Uint8Array(UDP_SIZE_BYTES);
  socket.on("message", (query, peer) => {
    try {
      const network = handler.needsNetwork ? networkHash(peer.address) : 0;
      const length = handler.answerInto(query, 0, query.length, "udp", network, scratch, 0);
      if (length >= 0) {
        // The socket keeps the bytes until they are sent.
        if (length > 0) socket.send(Buffer.from(scratch.subarray(0, length)), peer.port, peer.address, ignore);
        return;
      }
      const reply = handler.handle(query, peer, "udp");
      if (!(reply instanceof Promise)) return send(reply, peer.port, peer.address);
      if (pending >= pendingMax) return;
      pending += 1;
      reply
        .then((late) => send(late, peer.port, peer.address))
        .catch((error: unknown) => log.error("a DNS query failed", { reason: messageOf(error) }))
        .finally(() => {
          pending -= 1;
        });
    } catch (error) {
      log.error("a DNS query failed", { reason: messageOf(error) });
    }
  });
  await bound(socket, options.port, host);
  socket.on("error", (error) => log.warn("UDP socket", { reason: messageOf(error) }));
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch (error) {
    log.debug("the receive buffer stays as it is", { reason: messageOf(error) });
  }
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => (isOpen(socket) ? socket.close(() => resolve()) : resolve())),
  };
}

const ignore = () => {};

function isOpen(socket: Socket): boolean {
  try {
    socket.address();
    return true;
  } catch {
    return false;
  }
}

function bound(socket: Socket, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, host, () => {
      socket.off("error", reject);
      resolve();
    });
  });
}
