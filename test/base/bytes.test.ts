import { expect } from "chai";
import fc from "fast-check";
import {
  concatBytes,
  equalBytes,
  fromHex,
  isHex,
  MalformedHexError,
  toHex,
  utf8Bytes,
  utf8Text,
} from "../../src/base/bytes.ts";

describe("base/bytes", () => {
  it("returns the bytes that were written as hexadecimal", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = toHex(bytes);
        return (
          isHex(text) &&
          equalBytes(fromHex(text), bytes) &&
          equalBytes(fromHex(text.toUpperCase().replace("0X", "0x")), bytes)
        );
      }),
    );
  });

  it("rejects what is not hexadecimal, by name", () => {
    for (const text of ["", "0", "0x0", "0xzz", "abcd", "0x12 "]) {
      expect(() => fromHex(text), text)
        .to.throw(MalformedHexError)
        .with.property("code", "BYTES_MALFORMED_HEX");
      expect(isHex(text), text).to.equal(false);
    }
    expect(() => fromHex("0x0")).to.throw(
      '"0x0" is not hexadecimal.\nExpected 0x followed by an even number of digits',
    );
  });

  it("joins and compares bytes", () => {
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3))).to.deep.equal(Uint8Array.of(1, 2, 3));
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).to.equal(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).to.equal(false);
  });

  it("tells UTF-8 from other bytes", () => {
    expect(utf8Text(utf8Bytes("한글"))).to.equal("한글");
    expect(utf8Text(Uint8Array.of(0xff, 0xfe))).to.equal(undefined);
  });
});
