/** A DNS handler that answers wrongly on purpose while a fault holds. */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { RCODE, TYPE } from "../../dns/codes.ts";
import { decodeMessage } from "../../dns/decode.ts";
import { encodeMessage } from "../../dns/encode.ts";
import type { Message } from "../../dns/message.ts";
import { isAtOrBelow, lowerName } from "../../dns/name.ts";
import type { DnsHandler, DnsReply } from "../../gateway/dns/handler.ts";
import { createFate, type LiveFault } from "./liveFault.ts";

/** Of the documentation range, and nobody's in the zones that come with Holdfast. */
export const HIJACKED_ADDRESS = Uint8Array.of(203, 0, 113, 254);

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
      if (now === null) return handler.handle(query, peer, transport);
      return spoiled(now);

      async function spoiled({ effect, domains }: LiveFault): Promise<DnsReply> {
        const asked = lowerName(decodeMessage(query).questions[0]?.name ?? "");
        const isHit = domains === undefined || domains.some((domain) => isAtOrBelow(asked, domain));
        const fate = isHit ? await fateOf(effect) : "pass";
        // What is lost is not looked up either.
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
      return {
        ...message,
        answers: message.answers.map((record) =>
          record.type === TYPE.A ? { ...record, rdata: HIJACKED_ADDRESS } : record,
        ),
      };
    default:
      // The zones of a local network do not change, so a stale answer is the same answer.
      return message;
  }
}
