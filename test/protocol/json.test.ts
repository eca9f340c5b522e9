import { expect } from "chai";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import type { Answer, Evidence } from "../../src/protocol/answer.ts";
import {
  ANSWER_BYTES_MAX,
  decodeAnswer,
  decodeQuery,
  encodeAnswer,
  encodeQuery,
  MalformedMessageError,
  MessageTooLargeError,
  QUERY_BYTES_MAX,
} from "../../src/protocol/json.ts";
import type { Query } from "../../src/protocol/query.ts";
import type { RecordKey } from "../../src/protocol/record.ts";

const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max }).map(toHex);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const label = fc.stringMatching(/^[a-z0-9]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const record: fc.Arbitrary<RecordKey> = fc.oneof(
  fc.record({ kind: fc.constant("addr" as const), coinType: uint64 }),
  fc.record({ kind: fc.constant("text" as const), key: fc.string({ minLength: 1, maxLength: 40 }) }),
  fc.record({ kind: fc.constant("contenthash" as const) }),
  fc.record({ kind: fc.constant("dns" as const), owner: name, rrtype: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant("registration" as const) }),
);
const query: fc.Arbitrary<Query> = fc.record(
  {
    name,
    records: fc.array(record, { maxLength: 8 }),
    evidence: fc.constantFrom("signature" as const, "proof" as const),
    blockNumberMin: uint64,
  },
  { requiredKeys: ["name", "records", "evidence"] },
);
const signature = fc.record({ gatewayId: fc.nat(0xffff), signature: bytes(65, 65) });
const nodes = fc.array(bytes(1, 532), { maxLength: 6 });
const evidence: fc.Arbitrary<Evidence> = fc.oneof(
  signature.map((fields) => ({ kind: "signature" as const, ...fields })),
  fc.record({
    kind: fc.constant("proof" as const),
    header: bytes(1, 700),
    attestations: fc.array(signature, { maxLength: 4 }),
    account: nodes,
    storage: fc.array(fc.record({ slot: bytes(32, 32), value: bytes(0, 32), nodes }), { maxLength: 4 }),
  }),
);
const common = {
  name,
  node: bytes(32, 32),
  block: fc.record({ number: uint64, hash: bytes(32, 32), stateRoot: bytes(32, 32), timestamp: uint64 }),
  status: fc.record({ closest: fc.option(name), shardIndex: fc.option(fc.nat(0xffffffff)), expiry: uint64 }),
  evidence,
};
const result = fc.record({ record, value: fc.option(bytes(0, 80)), ttlSeconds: fc.nat(0x7fffffff) });
const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ kind: fc.constant("referral" as const), ...common }),
  fc.record({ kind: fc.constant("records" as const), ...common, results: fc.array(result, { maxLength: 6 }) }),
);

const QUERY = { name: "shop.hold", records: ["addr:60", "dns:1:www.shop.hold"], evidence: "signature" };

function pathOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MalformedMessageError) return error.path;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("protocol JSON", () => {
  it("returns every query as it went in", () => {
    fc.assert(
      fc.property(query, (value) => {
        expect(decodeQuery(encodeQuery(value))).to.deep.equal(value);
      }),
    );
  });

  it("returns every answer as it went in", () => {
    fc.assert(
      fc.property(answer, (value) => {
        expect(decodeAnswer(encodeAnswer(value))).to.deep.equal(value);
      }),
    );
  });

  it("writes a query as documented", () => {
    const text = encodeQuery({ name: "a.hold", records: [{ kind: "addr", coinType: 60n }], evidence: "proof" });
    expect(text).to.equal('{"name":"a.hold","records":["addr:60"],"evidence":"proof"}');
  });

  const bad: readonly [string, Record<string, unknown>, string][] = [
    ["a missing name", { name: undefined }, "name"],
    ["a name of a number", { name: 7 }, "name"],
    ["a name not in normal form", { name: "Shop.hold" }, "name"],
    ["a label of 64 bytes", { name: `${"a".repeat(64)}.hold` }, "name"],
    ["a name with an empty label", { name: "shop..hold" }, "name"],
    ["a name with a space", { name: "sh op.hold" }, "name"],
    ["records that are no list", { records: {} }, "records"],
    ["65 records", { records: Array(65).fill("addr:60") }, "records"],
    ["an unknown record", { records: ["addr:60", "colour"] }, "records[1]"],
    ["an unknown kind of evidence", { evidence: "hearsay" }, "evidence"],
    ["a block number with a sign", { blockNumberMin: "-1" }, "blockNumberMin"],
    ["a block number of a number", { blockNumberMin: 1 }, "blockNumberMin"],
    ["a block number of 2^64", { blockNumberMin: "18446744073709551616" }, "blockNumberMin"],
  ];
  for (const [what, fields, path] of bad) {
    it(`rejects ${what} and tells where`, () => {
      expect(pathOf(() => decodeQuery(JSON.stringify({ ...QUERY, ...fields })))).to.equal(path);
    });
  }

  it("rejects what is no JSON object", () => {
    for (const text of ["", "{", "null", "[]", '"x"', "7"]) expect(pathOf(() => decodeQuery(text))).to.equal("");
  });

  it("rejects oversized texts before it parses them", () => {
    expect(() => decodeQuery(" ".repeat(QUERY_BYTES_MAX + 1))).to.throw(MessageTooLargeError);
    expect(() => decodeQuery("é".repeat(QUERY_BYTES_MAX / 2 + 1))).to.throw(MessageTooLargeError, /bytes/);
    expect(() => decodeAnswer(" ".repeat(ANSWER_BYTES_MAX + 1))).to.throw(MessageTooLargeError);
  });

  it("keeps underscored and emoji names", () => {
    for (const each of ["_dmarc.shop.hold", "🦊.hold"]) {
      expect(decodeQuery(JSON.stringify({ ...QUERY, name: each })).name).to.equal(each);
    }
  });

  it("throws only its own errors for mutated answers", () => {
    fc.assert(
      fc.property(answer, fc.nat(), fc.constantFrom('"', "{", "]", "0", "x", ""), (value, at, patch) => {
        const text = encodeAnswer(value);
        const place = at % text.length;
        try {
          decodeAnswer(text.slice(0, place) + patch + text.slice(place + 1));
        } catch (error) {
          expect(error).to.be.instanceOf(MalformedMessageError);
        }
      }),
    );
  });
});
