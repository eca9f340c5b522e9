import { expect } from "chai";
import fc from "fast-check";
import type { Hex } from "../../src/base/bytes.ts";
import { TYPE } from "../../src/dns/codes.ts";
import type { ResourceRecord } from "../../src/dns/message.ts";
import { lookup } from "../../src/gateway/dns/lookup.ts";
import { createMemoryZone } from "../../src/gateway/dns/memoryZone.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { nameSlot, recordSlot } from "../../src/proof/layout.ts";
import { readName } from "../../src/proof/readName.ts";
import { countsSlot, keepCounts } from "../../src/proof/recordCounts.ts";
import type { ReadSlot } from "../../src/proof/value.ts";
import { UnknownZoneError, type ZoneKey } from "../../src/proof/zone.ts";
import { decodeRRset } from "../../src/protocol/rrset.ts";

const APEX = "shop.hold";
const REGISTRY: Hex = `0x${"e1".repeat(20)}`;
const TIMESTAMP = 1_000n;

/** One RRset: an owner below the apex, a type, and a byte that tells it from the others. */
interface Entry extends ZoneKey {
  readonly mark: number;
}

/** A registry's storage in which `shop.hold` has some RRsets. */
function storageOf(entries: readonly Entry[], others = 0): ReadSlot {
  const word = new Uint8Array(32);
  word.fill(0xaa, 12);
  const { tally, slot: counts } = keepCounts({ rrsets: entries.length, others });
  // Leased, far from lapsing, so many records; LAYOUT.md.
  word.set([0, 0, 0, 1, 0, 1, tally, 0, 0xff, 0xff, 0xff, 0xff]);
  const slots = new Map<Hex, Uint8Array>([
    [nameSlot(namehash(APEX)), word],
    [countsSlot(namehash(APEX), 1n << 16n), counts],
  ]);
  for (const { owner, rrtype, mark } of entries) {
    const head = new Uint8Array(32);
    const rdata = [192, 0, 2, mark];
    head.set([0, 0, 0, 60, 0, rdata.length, ...rdata]);
    head[31] = 6 + rdata.length;
    slots.set(recordSlot(namehash(APEX), { kind: "dns", owner, rrtype }, 1n << 16n, 0), head);
  }
  return (slot) => slots.get(slot) ?? new Uint8Array(32);
}

function read(entries: readonly Entry[], key: ZoneKey, zone?: readonly ZoneKey[], others = 0): number | null {
  const { results } = readName(storageOf(entries, others), {
    name: key.owner,
    records: [{ kind: "dns", ...key }],
    tld: "hold",
    registry: REGISTRY,
    timestamp: TIMESTAMP,
    ...(zone === undefined ? {} : { zone }),
  });
  const value = results[0]?.value ?? null;
  return value === null ? null : decodeRRset(value).rdatas[0]![3]!;
}

const own = (label: string): string => (label === "" ? APEX : `${label}.${APEX}`);
const entry = (label: string, rrtype: number, mark: number): Entry => ({ owner: own(label), rrtype, mark });

describe("wildcards", () => {
  const ZONE: readonly Entry[] = [
    entry("", TYPE.A, 1),
    entry("*", TYPE.A, 2),
    entry("*", TYPE.TXT, 3),
    entry("www", TYPE.A, 4),
    entry("host.deep", TYPE.A, 5),
    entry("*.sub", TYPE.A, 6),
  ];

  // RFC 4592 section 2.2.1, by our names.
  const cases: readonly (readonly [label: string, rrtype: number, mark: number | null, why: string])[] = [
    ["www", TYPE.A, 4, "the name has the type"],
    ["other", TYPE.A, 2, "the wildcard is that of the closest encloser"],
    ["far.other", TYPE.A, 2, "none of the names between exists"],
    ["other", TYPE.TXT, 3, "the wildcard has the type"],
    ["other", TYPE.AAAA, null, "the wildcard has no such type"],
    ["www", TYPE.TXT, null, "the name exists, with another type"],
    ["deep", TYPE.A, null, "the name exists, since one below it does"],
    ["else.deep", TYPE.A, null, "its closest encloser has no wildcard"],
    ["x.www", TYPE.A, null, "its closest encloser has no wildcard"],
    ["x.sub", TYPE.A, 6, "the closer of two wildcards"],
    ["x.sub", TYPE.TXT, null, "the closer wildcard hides the other"],
    ["sub", TYPE.A, null, "the name exists, since a wildcard is below it"],
    ["", TYPE.TXT, null, "a wildcard is not for the name above it"],
  ];
  for (const [label, rrtype, mark, why] of cases) {
    it(`returns ${mark === null ? "nothing" : `record ${mark}`} for ${own(label)} type ${rrtype}: ${why}`, () => {
      expect(read(ZONE, { owner: own(label), rrtype }, ZONE)).to.equal(mark);
    });
  }

  it("needs no knowledge of the zone where no wildcard has the type", () => {
    expect(read(ZONE, { owner: own("other"), rrtype: TYPE.AAAA })).to.equal(null);
    expect(read(ZONE, { owner: own("www"), rrtype: TYPE.A })).to.equal(4);
  });

  it("counts RRsets apart from other records, which need not be known", () => {
    const key = { owner: own("deep"), rrtype: TYPE.A };
    for (const others of [1, 127, 128, 255]) {
      expect(read(ZONE, key, ZONE, others)).to.equal(null);
      expect(read(ZONE, { owner: own("other"), rrtype: TYPE.A }, ZONE, others)).to.equal(2);
      expect(() => read(ZONE, key, ZONE.slice(1), others)).to.throw(UnknownZoneError);
      expect(read([], { owner: own("other"), rrtype: TYPE.A }, undefined, others)).to.equal(null);
    }
  });

  it("rejects a claim that is not the whole zone, and nothing else", () => {
    const key = { owner: own("deep"), rrtype: TYPE.A };
    const foreign: ZoneKey = { owner: "www.bank.hold", rrtype: TYPE.A };
    const absent: ZoneKey = { owner: own("nobody"), rrtype: TYPE.A };
    for (const claim of [
      undefined,
      [],
      ZONE.slice(1),
      [...ZONE.slice(1), ZONE[1]!],
      [...ZONE, absent],
      [...ZONE.slice(1), absent],
      [...ZONE.slice(1), foreign],
    ]) {
      expect(() => read(ZONE, key, claim)).to.throw(UnknownZoneError);
    }
    expect(read(ZONE, key, [...ZONE].reverse())).to.equal(null);
    expect(read(ZONE, key, [...ZONE, ...ZONE])).to.equal(null);
  });

  it("returns what the DNS front returns, for any zone and any question, and never anything else to a part of the zone", () => {
    const label = fc.constantFrom("a", "b", "c", "*");
    const owner = fc.array(label, { maxLength: 3 }).map((labels) => labels.join("."));
    const rrtype = fc.constantFrom<number>(TYPE.A, TYPE.TXT);
    const zones = fc
      .uniqueArray(fc.tuple(owner, rrtype), { maxLength: 10, selector: (pair) => pair.join("/") })
      .map((keys) => keys.map(([name, type], index) => entry(name, type, index + 1)));
    const question = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 }).map((labels) => labels.join("."));
    fc.assert(
      fc.property(zones, question, rrtype, fc.nat(), (entries, asked, type, left) => {
        const soa = Uint8Array.from([0, 0, ...new Uint8Array(20)]);
        const record = (name: string, of: number, rdata: Uint8Array): ResourceRecord => {
          return { name, type: of, class: 1, ttlSeconds: 60, rdata };
        };
        const records = [
          record(APEX, TYPE.SOA, soa),
          ...entries.map((each) => record(each.owner, each.rrtype, Uint8Array.of(192, 0, 2, each.mark))),
        ];
        const told = lookup(createMemoryZone({ apex: APEX, records, origin: APEX } as never), own(asked), type);
        const wanted = told.answers[0]?.rdatas[0]?.[3] ?? null;
        expect(read(entries, { owner: own(asked), rrtype: type }, entries)).to.equal(wanted);
        if (entries.length === 0) return;
        const part = entries.filter((_, index) => index !== left % entries.length);
        try {
          expect(read(entries, { owner: own(asked), rrtype: type }, part)).to.equal(wanted);
        } catch (error) {
          if (!(error instanceof UnknownZoneError)) throw error;
        }
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 500) },
    );
  });
});
