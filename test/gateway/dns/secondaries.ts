/** A primary under test and what its secondaries do with it. */
import { type Peer, untilServed } from "../../../scripts/bench/dnsPeers.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { secureRandom } from "../../../src/base/random.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import type { ResourceRecord } from "../../../src/dns/message.ts";
import type { TsigKey } from "../../../src/dns/tsig.ts";
import { createDnsHandler } from "../../../src/gateway/dns/handler.ts";
import { serialOf } from "../../../src/gateway/dns/memoryZone.ts";
import { type DnsServer, startDnsServer } from "../../../src/gateway/dns/server.ts";
import type { StreamHandler } from "../../../src/gateway/dns/tcp.ts";
import { createTransfers, type TransferPolicy } from "../../../src/gateway/dns/transfer.ts";
import type { ZoneSource } from "../../../src/gateway/dns/zoneSource.ts";
import { transferFrom } from "./tcpClient.ts";

export const KEY: TsigKey = {
  name: "transfer.example",
  algorithm: "hmac-sha256",
  secret: Uint8Array.from({ length: 32 }, (_, index) => index),
};

/** A transfer as it went out: which was asked for, whether it was signed, and how many bytes it took. */
export interface Transfer {
  readonly type: number;
  readonly isSigned: boolean;
  byteCount: number;
}

export async function serve(
  source: ZoneSource,
  policy: TransferPolicy,
  transfers: Transfer[] = [],
): Promise<DnsServer> {
  const handler = createDnsHandler({ source, clock: systemClock, random: secureRandom, keys: [KEY] });
  const inner = createTransfers({ source, clock: systemClock, keys: [KEY], policy });
  const stream: StreamHandler = (query, peer) => {
    const messages = inner(query, peer);
    return messages && noted(query, messages);
  };
  function* noted(query: Uint8Array, messages: Iterable<Uint8Array>): Iterable<Uint8Array> {
    const { questions, tsig } = decodeMessage(query);
    const transfer: Transfer = { type: questions[0]!.type, isSigned: tsig !== undefined, byteCount: 0 };
    transfers.push(transfer);
    for (const message of messages) {
      transfer.byteCount += message.length;
      yield message;
    }
  }
  return await startDnsServer({ handler, stream, host: "127.0.0.1", port: 0, clock: systemClock, log: silentLog });
}

/** Waits until a secondary serves a serial. */
export async function untilSerial(peer: Peer, apex: string, serial: number): Promise<void> {
  const end = systemClock.monotonicMs() + 20_000;
  while (systemClock.monotonicMs() < end) if ((await untilServed(peer, apex)) === serial) return;
  throw new Error(`${peer.kind} never reached serial ${serial} of ${apex}:\n${peer.log()}`);
}

/**
 * What a secondary transfers once it is at a serial. Its processes do not change over at the same moment (NSD forks new ones), so
 * that one may answer a query with the new serial while another still transfers the zone as it was.
 */
export async function recordsAt(peer: Peer, apex: string, serial: number): Promise<readonly ResourceRecord[]> {
  await untilSerial(peer, apex, serial);
  const end = systemClock.monotonicMs() + 20_000;
  while (systemClock.monotonicMs() < end) {
    const { records } = await transferFrom(peer.port, apex);
    if (records[0] !== undefined && serialOf(records[0].rdata) === serial) return records;
  }
  throw new Error(`${peer.kind} never transferred serial ${serial} of ${apex}:\n${peer.log()}`);
}
