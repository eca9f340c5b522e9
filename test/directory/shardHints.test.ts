import { expect } from "chai";
import fc from "fast-check";
import { fromBase64, fromHex, type Hex, toBase64, toHex } from "../../src/base/bytes.ts";
import { keccak256 } from "../../src/base/keccak.ts";
import { createShardHintLookup } from "../../src/directory/shardHintLookup.ts";
import {
  createShardHintTable,
  decodeShardHints,
  encodeShardHints,
  fingerprintOf,
  formatShardHints,
  HINTED_INDEX_END,
  MalformedShardHintsError,
  parseShardHints,
  SHARD_HINTS_BYTES_MAX,
  type ShardHints,
  shardHintsTag,
} from "../../src/directory/shardHints.ts";
import { namehash } from "../../src/naming/namehash.ts";

const nodeAt = (number: number): Hex => toHex(keccak256(Uint8Array.of(number >> 16, number >> 8, number)));
/** A node with this fingerprint. */
const nodeWith = (fingerprint: string): Hex => `0x${fingerprint}${"77".repeat(29)}`;
const hintsFrom = (firstIndex: number, ...entries: readonly string[]): ShardHints => ({
  firstIndex,
  fingerprints: fromHex(`0x${entries.join("")}`),
});

describe("shard hints", () => {
  it("have the binary form that is written down", () => {
    const table = createShardHintTable();
    table.note(nodeWith("a1b2c3"), 0);
    table.note(nodeWith("d4e5f6"), 2);
    expect(toHex(encodeShardHints(table.hints()))).to.equal("0x4853480100000000a1b2c3000000d4e5f6");
    expect(formatShardHints(table.hints())).to.equal("SFNIAQAAAAChssMAAADU5fY=");
  });

  it("return from both forms as they went in", () => {
    const anyHints = fc.tuple(fc.nat(HINTED_INDEX_END - 50), fc.uint8Array({ maxLength: 150 })).map(
      ([firstIndex, bytes]): ShardHints => ({
        firstIndex,
        fingerprints: bytes.slice(0, bytes.length - (bytes.length % 3)),
      }),
    );
    fc.assert(
      fc.property(anyHints, (hints) => {
        expect(decodeShardHints(encodeShardHints(hints))).to.deep.equal(hints);
        expect(parseShardHints(formatShardHints(hints))).to.deep.equal(hints);
      }),
    );
  });

  const malformed: readonly (readonly [string, Uint8Array])[] = [
    ["too short a head", fromHex("0x485348010000")],
    ["another head", fromHex("0x58534801000000000a0b0c")],
    ["another version", fromHex("0x48534802000000000a0b0c")],
    ["half an entry", fromHex("0x48534801000000000a0b")],
    ["indices that no name has", fromHex("0x485348017fffffff0a0b0c0a0b0c")],
    ["more names than are let in", new Uint8Array(SHARD_HINTS_BYTES_MAX + 3)],
  ];
  for (const [what, bytes] of malformed) {
    it(`are refused with ${what}`, () => {
      expect(() => decodeShardHints(bytes)).to.throw(MalformedShardHintsError);
      expect(() => parseShardHints(toBase64(bytes))).to.throw(MalformedShardHintsError);
    });
  }

  it("are refused as a text that is not base64", () => {
    expect(() => parseShardHints("no*base64")).to.throw(MalformedShardHintsError, "not base64");
    expect(fromBase64("no*base64")).to.equal(undefined);
  });

  it("have a tag that is the same for the same table, and another for another", () => {
    const tags = [hintsFrom(0, "a1b2c3"), hintsFrom(0, "a1b2c3"), hintsFrom(1, "a1b2c3")].map((hints) =>
      shardHintsTag(encodeShardHints(hints)),
    );
    expect(tags[0]).to.equal(tags[1]);
    expect(tags[0]).to.match(/^"[0-9a-f]{32}"$/);
    expect(tags[2]).to.not.equal(tags[0]);
  });

  describe("table", () => {
    it("is the same object until it changes", () => {
      const table = createShardHintTable();
      table.note(nodeAt(1), 0);
      const before = table.hints();
      expect(table.hints()).to.equal(before);
      table.note(nodeAt(2), 1);
      expect(table.hints()).to.not.equal(before);
      expect(before.fingerprints).to.have.length(3);
    });

    it("is the newest names, in any order they are noted in", () => {
      const anyIndices = fc.uniqueArray(fc.nat(60), { maxLength: 40 });
      fc.assert(
        fc.property(anyIndices, fc.integer({ min: 1, max: 12 }), (indices, namesMax) => {
          const table = createShardHintTable(namesMax);
          for (const index of indices) table.note(nodeAt(index), index);
          const { firstIndex, fingerprints } = table.hints();
          const end = Math.max(-1, ...indices) + 1;
          expect([firstIndex, fingerprints.length / 3]).to.deep.equal([
            Math.max(0, end - namesMax),
            Math.min(end, namesMax),
          ]);
          const lookUp = createShardHintLookup(table.hints());
          for (const index of indices) {
            expect(lookUp(nodeAt(index))).to.deep.equal(index >= firstIndex ? [index] : []);
          }
        }),
      );
    });

    it("passes over indices that belong to no name directly under the TLD", () => {
      const table = createShardHintTable(4);
      table.note(nodeAt(1), 2 ** 31);
      table.note(nodeAt(2), 0xffffffff);
      expect(table.hints()).to.deep.equal({ firstIndex: 0, fingerprints: new Uint8Array(0) });
    });
  });

  describe("look-up", () => {
    it("finds each of 100,000 names, and most that are not there nowhere", () => {
      const table = createShardHintTable();
      const count = 100_000;
      for (let index = 0; index < count; index += 1) table.note(nodeAt(index), index);
      const lookUp = createShardHintLookup(decodeShardHints(encodeShardHints(table.hints())));
      for (let index = 0; index < count; index += 97) expect(lookUp(nodeAt(index), 9)).to.include(index);
      const falseHits = Array.from({ length: 10_000 }, (_, at) => lookUp(nodeAt(count + at)).length > 0).filter(
        Boolean,
      );
      // One in 2^24 / 100,000, that is 60 of 10,000.
      expect(falseHits.length).to.be.within(20, 130);
    });

    it("tells the newest first where several names share a fingerprint, or one was registered anew", () => {
      const lookUp = createShardHintLookup(hintsFrom(10, "a1b2c3", "ffffff", "a1b2c3", "a1b2c3"));
      expect(lookUp(nodeWith("a1b2c3"))).to.deep.equal([13, 12, 10]);
      expect(lookUp(nodeWith("a1b2c3"), 1)).to.deep.equal([13]);
      expect(lookUp(nodeWith("a1b2c4"))).to.deep.equal([]);
    });

    it("finds nobody by the fingerprint that means nobody", () => {
      const lookUp = createShardHintLookup(hintsFrom(0, "000000", "000000"));
      expect(fingerprintOf(nodeWith("000000"))).to.equal(0);
      expect(lookUp(nodeWith("000000"))).to.deep.equal([]);
      expect(createShardHintLookup(hintsFrom(0))(namehash("shop.hold"))).to.deep.equal([]);
    });

    it("walks no further than an honest table would have it", () => {
      // All alike: whoever made it wants look-ups to take long, or to return much.
      const hints = { firstIndex: 0, fingerprints: new Uint8Array(SHARD_HINTS_BYTES_MAX - 8).fill(0xa1) };
      expect(createShardHintLookup(hints)(nodeWith("a1a1a1"), 1_000_000)).to.have.length(256);
    });
  });
});
