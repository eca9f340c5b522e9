/** Every known type, generated from its own layout: wire to text to wire. */
import { expect } from "chai";
import fc from "fast-check";
import { isMetaType, TYPE, typeName } from "../../src/dns/codes.ts";
import { nameToWire } from "../../src/dns/name.ts";
import { formatRdata, parseRdata } from "../../src/dns/rdataText.ts";
import { type Field, schemaOf } from "../../src/dns/schema.ts";
import { fieldsOf, MalformedRdataError } from "../../src/dns/wireFields.ts";

const numRuns = Math.ceil(Number(process.env.FC_NUM_RUNS ?? 1000) / 20);

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const prefixed = (content: fc.Arbitrary<Uint8Array>) =>
  content.map((value) => Uint8Array.from([value.length, ...value]));
const joined = (parts: fc.Arbitrary<Uint8Array[]>) =>
  parts.map((list) => Uint8Array.from(list.flatMap((part) => [...part])));
const name = fc
  .array(bytes(1, 10), { maxLength: 4 })
  .map((labels) => Uint8Array.from([...labels.flatMap((label) => [label.length, ...label]), 0]));
const ascii = fc
  .string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(..."abcxyz019") })
  .map((text) => Uint8Array.from(Buffer.from(text)));
const u16 = (value: number) => [value >>> 8, value & 0xff];

const params = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 9, max: 60_000 }), bytes(0, 20)), { maxLength: 4, selector: ([key]) => key })
  .chain((others) =>
    fc
      .record({ alpn: joined(fc.array(prefixed(bytes(1, 8)), { maxLength: 3 })), port: bytes(2), hint: bytes(4) })
      .map(({ alpn, port, hint }) => {
        const known: [number, Uint8Array][] = [
          [1, alpn],
          [3, port],
          [4, hint],
        ];
        const all = [...known.filter(([, value]) => value.length > 0), ...others].sort(([a], [b]) => a - b);
        return Uint8Array.from(all.flatMap(([key, value]) => [...u16(key), ...u16(value.length), ...value]));
      }),
  );
const types = fc
  .uniqueArray(
    fc.integer({ min: 1, max: 0xffff }).filter((type) => !isMetaType(type)),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) => {
    const windows = new Map<number, Set<number>>();
    for (const type of list) windows.set(type >>> 8, (windows.get(type >>> 8) ?? new Set()).add(type & 0xff));
    return Uint8Array.from(
      [...windows]
        .sort(([a], [b]) => a - b)
        .flatMap(([window, lows]) => {
          const bitmap = new Uint8Array((Math.max(...lows) >>> 3) + 1);
          for (const low of lows) bitmap[low >>> 3]! |= 0x80 >>> (low & 7);
          return [window, bitmap.length, ...bitmap];
        }),
    );
  });

const FIELDS: Record<Field, fc.Arbitrary<Uint8Array>> = {
  u8: bytes(1),
  u16: bytes(2),
  u32: bytes(4),
  ttl: bytes(4).map((value) => Uint8Array.from([value[0]! & 0x7f, ...value.subarray(1)])),
  time: bytes(4),
  type: fc.constantFrom(TYPE.A, TYPE.MX, 4321).map((type) => Uint8Array.from(u16(type))),
  ipv4: bytes(4),
  ipv6: bytes(16),
  eui48: bytes(6),
  eui64: bytes(8),
  name,
  plainName: name,
  string: prefixed(bytes(0, 255)),
  strings: joined(fc.array(prefixed(bytes(0, 60)), { minLength: 1, maxLength: 4 })),
  tag: prefixed(ascii),
  text: bytes(0, 300),
  hex: bytes(1, 64),
  base64: bytes(1, 64),
  salt: prefixed(bytes(0, 20)),
  hash32: prefixed(bytes(20)),
  types,
  params,
  location: fc
    .record({
      latitude: fc.integer({ min: -324_000_000, max: 324_000_000 }),
      longitude: fc.integer({ min: -648_000_000, max: 648_000_000 }),
      altitude: fc.nat(42_000_000),
      size: fc.constantFrom(0x12, 0x13, 0x16, 0x99),
    })
    .map(({ latitude, longitude, altitude, size }) => {
      const view = new DataView(new ArrayBuffer(16));
      [0, size, 0x16, 0x13].forEach((value, index) => {
        view.setUint8(index, value);
      });
      view.setUint32(4, 2 ** 31 + latitude);
      view.setUint32(8, 2 ** 31 + longitude);
      view.setUint32(12, altitude);
      return new Uint8Array(view.buffer);
    }),
};

describe("record data", () => {
  for (const type of Object.values(TYPE)) {
    const schema = schemaOf(type);
    if (!schema) continue;
    it(`returns ${typeName(type)} data of its text as it was`, () => {
      fc.assert(
        fc.property(joined(fc.tuple(...schema.map((field) => FIELDS[field]))), (rdata) => {
          const text = formatRdata(type, rdata);
          expect(text.startsWith("\\#")).to.equal(false);
          expect(Buffer.from(parseRdata(type, text)).toString("hex"), text).to.equal(
            Buffer.from(rdata).toString("hex"),
          );
        }),
        { numRuns },
      );
    });
  }

  it("rejects data that is cut off, or longer than its type allows", () => {
    const cases: [number, Uint8Array][] = [
      [TYPE.A, Uint8Array.of(1, 2, 3)],
      [TYPE.A, Uint8Array.of(1, 2, 3, 4, 5)],
      [TYPE.MX, Uint8Array.of(0)],
      [TYPE.MX, Uint8Array.of(0, 10, 0xc0, 0x0c)],
      [TYPE.TXT, Uint8Array.of(5, 1)],
      [TYPE.TXT, new Uint8Array(0)],
      [TYPE.SOA, nameToWire("a.b")],
      [TYPE.NSEC, Uint8Array.of(0, 1, 1, 0x40, 0, 1, 0x40)],
      [TYPE.SVCB, Uint8Array.of(0, 1, 0, 0, 3, 0, 2, 1)],
      [TYPE.SVCB, Uint8Array.of(0, 1, 0, 0, 3, 0, 0, 0, 1, 0, 0)],
      [TYPE.CAA, Uint8Array.of(0, 9, 97)],
      [TYPE.LOC, new Uint8Array(15)],
    ];
    for (const [type, rdata] of cases)
      expect(() => fieldsOf(type, rdata), typeName(type)).to.throw(MalformedRdataError);
  });
});
