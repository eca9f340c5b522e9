/** What a DNS response says about one owner and type: the set, an alias that leads elsewhere, nothing, or a refusal. */
import type { Outcome } from "../../availability/outcome.ts";
import { RCODE, rcodeName, TYPE } from "../../dns/codes.ts";
import type { Message, ResourceRecord } from "../../dns/message.ts";
import { lowerName, readName } from "../../dns/name.ts";

export interface DnsFinding {
  /** The records found; none where the response says that there are none. */
  readonly records: readonly ResourceRecord[];
  readonly ttlSeconds: number;
}

/** More links than any sane chain has; a loop ends here. */
const ALIASES_MAX = 16;
/** How long a negative answer without SOA may be believed: not at all, but not asked again at once either. */
const NEGATIVE_TTL_SECONDS_DEFAULT = 5;

/** How a response refuses; `undefined` where it answers. */
export function refusalOfResponse(message: Message): { outcome: Outcome; reason: string } | undefined {
  if (message.rcode === RCODE.NOERROR || message.rcode === RCODE.NXDOMAIN) return undefined;
  return { outcome: "refused", reason: rcodeName(message.rcode) };
}

function cnameTarget(record: ResourceRecord): string | undefined {
  const read = readName(record.rdata, 0, "refused");
  return typeof read === "string" ? undefined : lowerName(read.name);
}

/** Follows aliases inside the response to the set of `type`; an alias whose target is not in it is itself the finding. */
export function findingOf(message: Message, qname: string, type: number): DnsFinding {
  let owner = lowerName(qname);
  let ttlSeconds = 0x7fffffff;
  let alias: ResourceRecord | undefined;
  for (let link = 0; link < ALIASES_MAX; link += 1) {
    const own = message.answers.filter((record) => record.class === 1 && lowerName(record.name) === owner);
    const set = own.filter((record) => record.type === type);
    if (set.length > 0) {
      return { records: set, ttlSeconds: Math.min(ttlSeconds, ...set.map((record) => record.ttlSeconds)) };
    }
    const next = own.find((record) => record.type === TYPE.CNAME);
    const target = next === undefined ? undefined : cnameTarget(next);
    if (next === undefined || target === undefined) break;
    alias = next;
    ttlSeconds = Math.min(ttlSeconds, next.ttlSeconds);
    owner = target;
  }
  const negative = message.authorities.some((record) => record.type === TYPE.SOA);
  if (alias !== undefined && !negative) return { records: [alias], ttlSeconds };
  return { records: [], ttlSeconds: Math.min(ttlSeconds, negativeTtlSeconds(message)) };
}

/** RFC 2308 section 5: the smaller of the SOA's TTL and its minimum field. */
function negativeTtlSeconds(message: Message): number {
  const soa = message.authorities.find((record) => record.type === TYPE.SOA);
  if (soa === undefined || soa.rdata.length < 22) return NEGATIVE_TTL_SECONDS_DEFAULT;
  const view = new DataView(soa.rdata.buffer, soa.rdata.byteOffset, soa.rdata.length);
  return Math.min(soa.ttlSeconds, view.getUint32(soa.rdata.length - 4));
}
