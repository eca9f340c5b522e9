/** A DNS server on loopback, over UDP and TCP on one port, that answers as a function says. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import type { Message, ResourceRecord } from "../../../src/dns/message.ts";

export type Answerer = (query: Message, over: "udp" | "tcp") => Partial<Message> | undefined;

export interface TestDnsServer {
  readonly host: string;
  readonly port: number;
  readonly counts: { udp: number; tcp: number };
  close(): Promise<void>;
}

export function aRecord(name: string, address: string, ttlSeconds = 60): ResourceRecord {
  return { name, type: 1, class: 1, ttlSeconds, rdata: Uint8Array.from(address.split(".").map(Number)) };
}

export function responseTo(query: Message, fields: Partial<Message>): Uint8Array {
  return encodeMessage({
    ...query,
    isResponse: true,
    recursionAvailable: true,
    answers: [],
    authorities: [],
    additionals: [],
    ...fields,
  });
}

export async function startDnsServer(answerer: Answerer): Promise<TestDnsServer> {
  const counts = { udp: 0, tcp: 0 };
  const tcp = createServer((socket) => {
    let kept = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (part) => {
      kept = Buffer.concat([kept, part]);
      if (kept.length < 2 || kept.length < kept.readUInt16BE(0) + 2) return;
      counts.tcp += 1;
      const query = decodeMessage(kept.subarray(2, kept.readUInt16BE(0) + 2));
      const fields = answerer(query, "tcp");
      if (fields === undefined) return;
      const bytes = responseTo(query, fields);
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(bytes.length);
      socket.end(Buffer.concat([prefix, bytes]));
    });
  });
  tcp.listen(0, "127.0.0.1");
  await once(tcp, "listening");
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket("udp4");
  udp.on("message", (bytes, from) => {
    counts.udp += 1;
    const query = decodeMessage(bytes);
    const fields = answerer(query, "udp");
    if (fields !== undefined) udp.send(responseTo(query, fields), from.port, from.address);
  });
  udp.bind(port, "127.0.0.1");
  await once(udp, "listening");
  return {
    host: "127.0.0.1",
    port,
    counts,
    async close() {
      udp.close();
      tcp.close();
      await once(tcp, "close");
    },
  };
}
