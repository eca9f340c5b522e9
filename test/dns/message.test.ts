import { expect } from "chai";
import fc from "fast-check";
import { TYPE } from "../../src/dns/codes.ts";
import { decodeMessage, MalformedMessageError } from "../../src/dns/decode.ts";
import { encodeMessage, MessageTooLargeError } from "../../src/dns/encode.ts";
import { createQuery, type Message, type ResourceRecord } from "../../src/dns/message.ts";
import { isAtOrBelow, nameToWire, parentDomain, parseDomainName, readName } from "../../src/dns/name.ts";
import { formatRdata, parseRdata } from "../../src/dns/rdataText.ts";

const runs = Number(process.env.FC_NUM_RUNS ?? 1000);

const label = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => {
  const wire = Uint8Array.from([bytes.length, ...bytes, 0]);
  const read = readName(wire, 0);
  if (typeof read === "string") throw new Error(read);
  return read.name.toLowerCase();
});
const name = fc.array(label, { maxLength: 6 }).map((labels) => labels.join("."));
const record: fc.Arbitrary<ResourceRecord> = fc
  .oneof(
    fc.record({ name, type: fc.constant(TYPE.A), rdata: fc.uint8Array({ minLength: 4, maxLength: 4 }) }),
    fc.record({ name, type: fc.constant(TYPE.NS), rdata: name.map(nameToWire) }),
    fc.record({
      name,
      type: fc.constant(TYPE.SRV),
      rdata: name.map((target) => Uint8Array.from([0, 1, 0, 2, 0, 80, ...nameToWire(target)])),
    }),
    fc.record({ name, type: fc.integer({ min: 1000, max: 60_000 }), rdata: fc.uint8Array({ maxLength: 300 }) }),
  )
  .chain((base) => fc.nat(0x7fffffff).map((ttlSeconds) => ({ ...base, class: 1, ttlSeconds })));
const section = fc.array(record, { maxLength: 6 });
const message: fc.Arbitrary<Message> = fc
  .record({
    id: fc.nat(0xffff),
    opcode: fc.nat(15),
    rcode: fc.nat(15),
    isResponse: fc.boolean(),
    isAuthoritative: fc.boolean(),
    isTruncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    authenticData: fc.boolean(),
    checkingDisabled: fc.boolean(),
    questions: fc.array(fc.record({ name, type: fc.nat(0xffff), class: fc.nat(0xffff) }), { maxLength: 2 }),
    answers: section,
    authorities: section,
    additionals: section,
  })
  .chain((base) =>
    fc
      .option(
        fc.record({
          version: fc.nat(255),
          udpSizeBytes: fc.nat(0xffff),
          dnssecOk: fc.boolean(),
          options: fc.array(fc.record({ code: fc.nat(0xffff), data: fc.uint8Array({ maxLength: 40 }) }), {
            maxLength: 3,
          }),
        }),
        { nil: undefined },
      )
      .map((edns) => (edns ? { ...base, edns } : base)),
  );

const query = createQuery(7, { name: "www.example.org", type: TYPE.A });
const answerOf = (rdata: string) => ({
  name: "www.example.org",
  type: TYPE.TXT,
  class: 1,
  ttlSeconds: 60,
  rdata: parseRdata(TYPE.TXT, rdata),
});

/** A header with one question's count, then the bytes. */
function withHeader(...bytes: number[]): Uint8Array {
  return Uint8Array.from([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...bytes]);
}

describe("decodeMessage", () => {
  it("returns what encodeMessage wrote", () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeMessage(encodeMessage(value))).to.deep.equal(value);
      }),
      { numRuns: Math.ceil(runs / 5) },
    );
  });

  it("returns a message or throws MalformedMessageError, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        try {
          decodeMessage(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(MalformedMessageError);
        }
      }),
      { numRuns: runs },
    );
  });

  it("returns a message that re-encodes, or throws, for every flipped bit and every cut of valid messages", () => {
    const valid = encodeMessage({ ...query, isResponse: true, answers: [answerOf('"a"'), answerOf('"b"')] });
    for (let bit = 0; bit < valid.length * 8; bit += 1) {
      const bytes = valid.slice();
      bytes[bit >>> 3]! ^= 0x80 >>> (bit & 7);
      try {
        decodeMessage(encodeMessage(decodeMessage(bytes)));
      } catch (error) {
        expect(error).to.be.instanceOf(MalformedMessageError);
      }
    }
    for (let length = 0; length < valid.length; length += 1) {
      expect(() => decodeMessage(valid.subarray(0, length))).to.throw(MalformedMessageError);
    }
  });

  const malformed: [string, Uint8Array, RegExp][] = [
    ["a pointer to itself", withHeader(0xc0, 12, 0, 1, 0, 1), /does not point backwards/],
    ["a pointer forward", withHeader(0xc0, 14, 0, 0, 1, 0, 1), /does not point backwards/],
    ["a loop through a label", withHeader(1, 97, 0xc0, 12, 0, 1, 0, 1), /does not point backwards/],
    ["a label of type 01", withHeader(0x41, 97, 0, 0, 1, 0, 1), /unknown kind/],
    [
      "a name of 256 bytes",
      withHeader(...Array.from({ length: 4 }, () => [63, ...Array(63).fill(97)]).flat(), 0, 0, 1, 0, 1),
      /255 bytes/,
    ],
    ["bytes behind the end", Uint8Array.from([...encodeMessage(query), 0]), /bytes follow/],
  ];
  for (const [what, bytes, reason] of malformed) {
    it(`rejects ${what}`, () => {
      expect(() => decodeMessage(bytes)).to.throw(MalformedMessageError, reason);
    });
  }

  it("rejects chains of pointers in linear time", () => {
    // 8,000 records whose names each point at the one before: quadratic for a decoder that follows them all the way.
    const bytes = [0, 1, 0x80, 0, 0, 0, 0x1f, 0x40, 0, 0, 0, 0];
    bytes.push(0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0);
    let last = 12;
    for (let count = 1; count < 8000 && bytes.length < 16_000; count += 1) {
      const here = bytes.length;
      bytes.push(0xc0 | (last >>> 8), last & 0xff, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0);
      last = here;
    }
    expect(() => decodeMessage(Uint8Array.from(bytes))).to.throw(
      MalformedMessageError,
      /chain of compression pointers/,
    );
  });
});

describe("encodeMessage", () => {
  it("keeps whole RRsets and sets TC where the limit cuts", () => {
    const other = { ...answerOf('"first"'), name: "a.example.org" };
    const answers = [other, ...Array.from({ length: 20 }, (_, index) => answerOf(`"text ${index}"`))];
    const decoded = decodeMessage(encodeMessage({ ...query, isResponse: true, answers }, 200));
    expect(decoded.isTruncated).to.equal(true);
    expect(decoded.answers).to.deep.equal([other]);
  });

  it("drops additional records without TC", () => {
    const decoded = decodeMessage(
      encodeMessage({ ...query, isResponse: true, additionals: Array(20).fill(answerOf('"x"')) }, 100),
    );
    expect(decoded.isTruncated).to.equal(false);
    expect(decoded.additionals).to.deep.equal([]);
  });

  it("compresses names", () => {
    const rdata = parseRdata(TYPE.MX, "10 www.example.org.");
    const bytes = encodeMessage({ ...query, isResponse: true, answers: [{ ...answerOf('""'), type: TYPE.MX, rdata }] });
    expect(bytes.length).to.equal(12 + 17 + 4 + 2 + 10 + 4);
  });

  it("rejects a question that does not fit", () => {
    expect(() => encodeMessage(query, 20)).to.throw(MessageTooLargeError);
  });
});

describe("domain names", () => {
  it("returns presentation forms that parse back", () => {
    fc.assert(
      fc.property(name, (value) => {
        expect(parseDomainName(`${value}.`)).to.equal(value);
        const read = readName(nameToWire(value), 0);
        expect(read).to.deep.equal({ name: value, end: nameToWire(value).length });
      }),
      { numRuns: Math.ceil(runs / 5) },
    );
  });

  it("returns parents and ancestry by label, not by character", () => {
    expect(parentDomain("a\\.b.example.org")).to.equal("example.org");
    expect(isAtOrBelow("a\\.example.org", "example.org")).to.equal(false);
    expect(isAtOrBelow("a\\\\.example.org", "example.org")).to.equal(true);
    expect(isAtOrBelow("badexample.org", "example.org")).to.equal(false);
    expect(isAtOrBelow("example.org", "")).to.equal(true);
  });
});

describe("formatRdata", () => {
  it("returns data of a known type that does not fit it in the generic form", () => {
    expect(formatRdata(TYPE.A, Uint8Array.of(1, 2))).to.equal("\\# 2 0102");
  });
});
