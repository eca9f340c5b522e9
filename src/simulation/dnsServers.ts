/** The ordinary DNS servers of the simulation: the authoritative server of the gateway room over small zones, one a world. */

import { concatBytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { BaseError } from "../base/errors.ts";
import { seededRandom } from "../base/random.ts";
import { RCODE, TYPE } from "../dns/codes.ts";
import { decodeMessage } from "../dns/decode.ts";
import { encodeMessage } from "../dns/encode.ts";
import type { ResourceRecord } from "../dns/message.ts";
import { nameToWire, parseDomainName } from "../dns/name.ts";
import { createDnsHandler } from "../gateway/dns/handler.ts";
import { createMemoryZoneSource } from "../gateway/dns/memoryZone.ts";
import type { Manner } from "./fate.ts";
import { TLD } from "./simulatedChain.ts";
import { addressIn, STATE_NAMES, type StateName } from "./states.ts";

/** The ordinary domain under which names are found in DNS. */
const SUFFIX = "names.example.org";
const TTL_SECONDS = 60;

/** The domain name of a name, as the client's DNS path maps it. */
export function dnsNameOf(name: string): string | undefined {
  const end = `.${TLD}`;
  return name.endsWith(end) ? `${name.slice(0, -end.length)}.${SUFFIX}` : undefined;
}

export interface DnsServers {
  /** The reply's bytes; `undefined` where the server keeps silent. */
  answer(manner: Manner | "met", query: Uint8Array): Promise<Uint8Array | undefined>;
}

function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function zoneRecords(owner: string, state: StateName): ResourceRecord[] {
  const apex = parseDomainName(`${SUFFIX}.`);
  const name = parseDomainName(`${owner}.`);
  const server = nameToWire(parseDomainName(`ns.${SUFFIX}.`));
  const soa = concatBytes(server, server, ...[1, 3600, 600, 86_400, TTL_SECONDS].map(uint32));
  const common = { class: 1, ttlSeconds: TTL_SECONDS };
  const records: ResourceRecord[] = [
    { ...common, name: apex, type: TYPE.SOA, rdata: soa },
    { ...common, name: apex, type: TYPE.NS, rdata: server },
  ];
  const address = addressIn(state);
  if (address !== undefined) {
    records.push({ ...common, name, type: TYPE.A, rdata: Uint8Array.from(address.split(".").map(Number)) });
  } else if (state === "empty") {
    records.push({ ...common, name, type: TYPE.TXT, rdata: Uint8Array.of(1, 0x2d) });
  }
  return records;
}

/** Servers that know `name` in every world. */
export function createDnsServers(name: string, clock: Clock): DnsServers {
  const owner = dnsNameOf(name)!;
  const handlers = new Map(
    STATE_NAMES.map((state) => {
      const source = createMemoryZoneSource([
        { apex: parseDomainName(`${SUFFIX}.`), records: zoneRecords(owner, state) },
      ]);
      return [state, createDnsHandler({ source, clock, random: seededRandom(0, "dns"), amplificationMax: 0 })] as const;
    }),
  );
  return {
    async answer(manner, query) {
      const handler = handlers.get(manner as StateName);
      if (handler === undefined) return failure(query, manner === "limited" ? RCODE.REFUSED : RCODE.SERVFAIL);
      return (await handler.handle(query, { address: "203.0.113.1", port: 40_000 }, "udp")) ?? undefined;
    },
  };
}

/** A reply that carries nothing but its code. */
function failure(query: Uint8Array, rcode: number): Uint8Array | undefined {
  try {
    const message = decodeMessage(query);
    return encodeMessage({ ...message, isResponse: true, rcode, answers: [], authorities: [], additionals: [] });
  } catch (error) {
    if (error instanceof BaseError) return undefined;
    throw error;
  }
}
