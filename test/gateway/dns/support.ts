/** Asking a handler without a socket, and reading its answers as text. */
import { systemClock } from "../../../src/base/clock.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { rcodeName, typeCode } from "../../../src/dns/codes.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import { createQuery, type Edns, type Message, type ResourceRecord } from "../../../src/dns/message.ts";
import { formatRecord } from "../../../src/dns/rdataText.ts";
import { parseZoneFile } from "../../../src/dns/zoneFile.ts";
import {
  createDnsHandler,
  type DnsHandler,
  type DnsHandlerOptions,
  type Peer,
  type Transport,
} from "../../../src/gateway/dns/handler.ts";
import { createMemoryZoneSource } from "../../../src/gateway/dns/memoryZone.ts";

export const PEER: Peer = { address: "192.0.2.200", port: 5353 };
export const EDNS: Edns = { version: 0, udpSizeBytes: 1232, dnssecOk: false, options: [] };

export const ZONE = `$ORIGIN example.org.
$TTL 1h
@ IN SOA ns1 hostmaster ( 2026112201 2h 1h 2w 5m )
   NS ns1
   NS ns2.example.net.
   MX 10 mail
   TXT "hello world"
   ALIAS www2
ns1 IN 60 A 192.0.2.1
mail A 192.0.2.7
www CNAME www2
www2 A 192.0.2.8
*.wild TXT wildcard
*.wild MX 5 mail
*.cwild CNAME www2
host.wild A 192.0.2.9
a.b.c A 192.0.2.10
sub NS ns.sub
sub NS ns.other.example.
ns.sub A 192.0.2.11
ns.sub AAAA 2001:db8::11
l1 CNAME l2
l2 CNAME l1
dn DNAME target
x.target A 192.0.2.12
ext CNAME foo.example.com.
dead CNAME nothing
into CNAME www.sub
_sip._udp SRV 1 2 5060 mail
unknown TYPE731 \\# 3 abcdef
far ALIAS far.example.com.
a1 ALIAS a2
a2 ALIAS a1
Upper A 192.0.2.13
big TXT ${Array.from({ length: 30 }, (_, index) => `"${String(index).padStart(60, "x")}"`).join(" ")}
`;

export function handlerOf(text: string = ZONE, options: Partial<DnsHandlerOptions> = {}): DnsHandler {
  return createDnsHandler({
    source: createMemoryZoneSource(parseZoneFile(text, "test.zone")),
    clock: systemClock,
    random: seededRandom(1, "handler"),
    amplificationMax: 0,
    ...options,
  });
}

export function queryOf(name: string, type: string, change: Partial<Message> = {}): Message {
  return { ...createQuery(4711, { name, type: typeCode(type)! }), ...change };
}

export interface AskOptions {
  readonly transport?: Transport;
  readonly peer?: Peer;
}

/** The handler's answer to a message; `null` for silence. */
export async function ask(handler: DnsHandler, query: Message, options: AskOptions = {}): Promise<Message | null> {
  return await askBytes(handler, encodeMessage(query), options);
}

export async function askBytes(
  handler: DnsHandler,
  bytes: Uint8Array,
  options: AskOptions = {},
): Promise<Message | null> {
  const reply = await handler.handle(bytes, options.peer ?? PEER, options.transport ?? "udp");
  return reply && decodeMessage(reply);
}

const line = (record: ResourceRecord) => formatRecord(record).replaceAll("\t", " ");

/** An answer as text: code and flags, then each section's records. */
export function textOf(message: Message | null): string[] {
  if (!message) return ["silence"];
  const flags = [message.isAuthoritative && "aa", message.isTruncated && "tc"].filter(Boolean).join(" ");
  return [
    `${rcodeName(message.rcode)}${flags === "" ? "" : ` ${flags}`}`,
    ...message.answers.map((record) => `an ${line(record)}`),
    ...message.authorities.map((record) => `au ${line(record)}`),
    ...message.additionals.map((record) => `ad ${line(record)}`),
  ];
}
