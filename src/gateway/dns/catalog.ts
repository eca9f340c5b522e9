/**
 * Catalog zones (RFC 9432): one zone that lists the others, so that secondaries take up and drop zones without being
 * configured for each.
 */
import { type Clock, nowSeconds } from "../../base/clock.ts";
import { keccak256Text } from "../../base/keccak.ts";
import { CLASS_IN, TYPE } from "../../dns/codes.ts";
import type { ResourceRecord } from "../../dns/message.ts";
import { type DomainName, formatDomainName } from "../../dns/name.ts";
import { parseRdata } from "../../dns/rdataText.ts";
import type { ZoneData } from "../../dns/zoneFile.ts";
import { createMemoryZoneSource, type MemoryZoneSource } from "./memoryZone.ts";
import { isSerialAfter } from "./transfer.ts";
import type { ZoneSource } from "./zoneSource.ts";

/** Nobody caches a catalog, but a TTL of zero troubles some. */
const TTL_SECONDS = 3600;

/** The label that stands for a member, the same as long as it is one (RFC 9432 section 4.4.1). */
function memberLabel(apex: DomainName): string {
  return keccak256Text(apex).slice(2, 34);
}

/** The catalog of `members` under `apex`. */
export function catalogZone(apex: DomainName, serial: number, members: Iterable<DomainName>): ZoneData {
  const record = (name: DomainName, type: number, text: string): ResourceRecord => ({
    name,
    type,
    class: CLASS_IN,
    ttlSeconds: TTL_SECONDS,
    rdata: parseRdata(type, text),
  });
  return {
    apex,
    records: [
      record(apex, TYPE.SOA, `invalid. invalid. ${serial} 60 10 2419200 3600`),
      record(apex, TYPE.NS, "invalid."),
      record(`version.${apex}`, TYPE.TXT, '"2"'),
      ...[...members]
        .sort()
        .map((member) => record(`${memberLabel(member)}.zones.${apex}`, TYPE.PTR, formatDomainName(member))),
    ],
  };
}

/** A source that holds the catalog of another source's zones and follows their coming and going. */
export function createCatalogSource(
  source: ZoneSource,
  apex: DomainName,
  clock: Clock,
): MemoryZoneSource & { close(): void } {
  let serial = nowSeconds(clock) >>> 0;
  let members = new Set([...source.zones()].map((zone) => zone.apex));
  const catalog = createMemoryZoneSource([catalogZone(apex, serial, members)]);
  const stop = source.subscribe((changed) => {
    const isMember = source.zoneOf(changed)?.apex === changed;
    if (isMember === members.has(changed)) return;
    members = new Set(members);
    if (isMember) members.add(changed);
    else members.delete(changed);
    const now = nowSeconds(clock) >>> 0;
    serial = isSerialAfter(now, serial) ? now : (serial + 1) >>> 0;
    catalog.set(catalogZone(apex, serial, members));
  });
  return { ...catalog, close: stop };
}
