/** A TCP client for tests: raw messages out, messages in. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { TYPE } from "../../../src/dns/codes.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import { createQuery, type Message, type ResourceRecord } from "../../../src/dns/message.ts";
import { formatRecord } from "../../../src/dns/rdataText.ts";
import { signMessage, type TsigKey } from "../../../src/dns/tsig.ts";

export function framed(...messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => [Buffer.from([message.length >>> 8, message.length & 0xff]), message]),
  );
}

/** A connection to 127.0.0.1. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** The messages that arrive, until the peer closes. */
export async function* messagesOf(socket: Socket): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const length = rest.readUInt16BE(0);
      yield rest.subarray(2, 2 + length);
      rest = rest.subarray(2 + length);
    }
  }
}

/** The zone's records by AXFR, sorted, or by IXFR from a SOA; throws on anything but a whole transfer. */
export async function transferFrom(
  port: number,
  apex: string,
  options: { readonly key?: TsigKey; readonly from?: ResourceRecord; readonly nowSeconds?: number } = {},
): Promise<{ records: ResourceRecord[]; messages: Message[] }> {
  const socket = await dial(port);
  try {
    const query: Message = {
      ...createQuery(77, { name: apex, type: options.from ? TYPE.IXFR : TYPE.AXFR }),
      authorities: options.from ? [options.from] : [],
    };
    const bytes = encodeMessage(query);
    socket.write(
      framed(options.key ? signMessage(bytes, options.key, { nowSeconds: options.nowSeconds! }).bytes : bytes),
    );
    const messages: Message[] = [];
    const records: ResourceRecord[] = [];
    for await (const message of messagesOf(socket)) {
      const decoded = decodeMessage(message);
      messages.push(decoded);
      records.push(...decoded.answers);
      if (decoded.rcode !== 0) return { records, messages };
      const last = records.at(-1);
      const first = records[0];
      const isDone =
        last?.type === TYPE.SOA &&
        first &&
        formatRecord(last) === formatRecord(first) &&
        (records.length > 1 || options.from);
      if (isDone) return { records, messages };
    }
    throw new Error(`the transfer of ${apex} broke off after ${records.length} records`);
  } finally {
    socket.destroy();
  }
}

export function sortedText(records: readonly ResourceRecord[]): string[] {
  return [...new Set(records.map((record) => formatRecord(record).toLowerCase()))].sort();
}
