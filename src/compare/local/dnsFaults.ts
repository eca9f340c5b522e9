/** A DNS handler that answers wrongly on purpose while a fault holds. */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { RCODE, TYPE } from "../../dns/codes.ts";
import { decodeMessage } from "../../dns/decode.ts";
import { encodeMessage } from "../../dns/encode.ts";
import type { Message, ResourceRecord } from "../../dns/message.ts";
import { isAtOrBelow, lowerName } from "../../dns/name.ts";
import type { DnsHandler, DnsReply } from "../../gateway/dns/handler.ts";
import { substituted } from "./forgery.ts";
import { createFate, type LiveFault } from "./liveFault.ts";

/** Wraps `handler`; `fault` tells what holds now. */
export function withDnsFaults(
  handler: DnsHandler,
  fault: () => LiveFault | null,
  clock: Clock,
  random: Random,
): DnsHandler {
  const fateOf = createFate(clock, random);
  return {
    ...handler,
    // The quick way is closed while a fault holds, so that every query comes by `handle`.
    answerInto: (...query) => (fault() === null ? handler.answerInto(...query) : -1),
    handle(query, peer, transport) {
      const now = fault();
      const isElsewhere = now?.transport !== undefined && now.transport !== transport;
      if (now === null || isElsewhere) return handler.handle(query, peer, transport);
      return spoiled(now);

      async function spoiled({ effect, domains }: LiveFault): Promise<DnsReply> {
        const asked = lowerName(decodeMessage(query).questions[0]?.name ?? "");
        const isHit = domains === undefined || domains.some((domain) => isAtOrBelow(asked, domain));
        const fate = isHit ? await fateOf(effect) : "pass";
        // What is lost is not looked up either. A datagram comes whole or not at all, so whoever drips says nothing.
        if (fate === "lose" || (isHit && effect.kind === "drip")) return null;
        const reply = await handler.handle(query, peer, transport);
        if (reply === null || fate === "pass") return reply;
        const message = decodeMessage(reply);
        if (fate === "refuse") return encodeMessage(withRcode(message, RCODE.REFUSED));
        return encodeMessage(spoil(message, effect.kind));
      }
    },
  };
}

function withRcode(message: Message, rcode: number): Message {
  return { ...message, rcode, answers: [], authorities: [], additionals: [] };
}

function spoil(message: Message, kind: LiveFault["effect"]["kind"]): Message {
  switch (kind) {
    case "servfail":
      return withRcode(message, RCODE.SERVFAIL);
    case "nxdomain":
      return withRcode(message, RCODE.NXDOMAIN);
    case "empty":
      return withRcode(message, RCODE.NOERROR);
    case "wrong":
      return { ...message, answers: message.answers.map(forged) };
    case "stale":
      return { ...message, answers: message.answers.map(former), authorities: message.authorities.map(former) };
    default:
      return message;
  }
}

function forged(record: ResourceRecord): ResourceRecord {
  return { ...record, rdata: substituted("forged", record.type, record.rdata) };
}

/** From the zone before its last change: the addresses it had then, under the serial of then. */
function former(record: ResourceRecord): ResourceRecord {
  if (record.type !== TYPE.SOA) return { ...record, rdata: substituted("former", record.type, record.rdata) };
  const rdata = record.rdata.slice();
  const view = new DataView(rdata.buffer);
  const serialAt = rdata.length - 20;
  view.setUint32(serialAt, view.getUint32(serialAt) - 1);
  return { ...record, rdata };
}
