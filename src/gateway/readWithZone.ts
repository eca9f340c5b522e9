/** Reads a name out of the copy, and where a wildcard may answer, with the whole zone that shows whether it does. */
import { namehash } from "../naming/namehash.ts";
import { type NameReading, type ReadNameParameters, readName } from "../proof/readName.ts";
import type { ReadSlot } from "../proof/value.ts";
import { UnknownZoneError } from "../proof/zone.ts";
import { parseRecordKey, type RecordKey } from "../protocol/record.ts";
import type { Replica } from "../replica/replica.ts";

type DnsKey = Extract<RecordKey, { kind: "dns" }>;

/** A reading, and every RRset of the name where that mattered. */
export interface ZoneReading {
  readonly reading: NameReading;
  readonly zone?: readonly DnsKey[];
}

/** The RRsets that a name has in the state that `read` shows, out of those that events ever told of. */
function zoneOf(replica: Replica, read: ReadSlot, parameters: ReadNameParameters, holder: string): readonly DnsKey[] {
  const records = replica.store.dnsRecordsOf(namehash(holder)).map((text) => parseRecordKey(text) as DnsKey);
  const { results } = readName(read, { ...parameters, name: holder, records, isLiteral: true });
  return records.filter((_, index) => results[index]?.value !== null);
}

/**
 * The reading. Throws what `readName` throws.
 *
 * @param read Shows the state; `touch` is told which slots the reading depends on.
 */
export function readWithZone(
  replica: Replica,
  read: ReadSlot,
  parameters: ReadNameParameters,
  touch: (slot: Parameters<ReadSlot>[0]) => void,
): ZoneReading {
  const noting: ReadSlot = (slot) => {
    touch(slot);
    return read(slot);
  };
  try {
    return { reading: readName(noting, parameters) };
  } catch (error) {
    if (!(error instanceof UnknownZoneError)) throw error;
    const zone = zoneOf(replica, read, parameters, error.holder);
    return { reading: readName(noting, { ...parameters, zone }), zone };
  }
}
