import { expect } from "chai";
import fc from "fast-check";
import { fromHex, MalformedHexError, toHex } from "../../src/base/bytes.ts";

describe("fromHex", () => {
  it("returns the bytes that toHex wrote, of any length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect([...fromHex(toHex(bytes))]).to.deep.equal([...bytes]);
        expect([...fromHex(toHex(bytes).toUpperCase().replace("0X", "0x"))]).to.deep.equal([...bytes]);
      }),
    );
  });

  it("rejects a character that is no digit, wherever it is and however long the text", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        (size, at, odd) => {
          fc.pre(!/[0-9a-fA-F]/.test(odd));
          const digits = "ab".repeat(size);
          const place = at % digits.length;
          const text = `0x${digits.slice(0, place)}${odd}${digits.slice(place + 1)}`;
          expect(() => fromHex(text)).to.throw(MalformedHexError);
        },
      ),
    );
    for (const text of ["", "0", "0x0", "ab", `0x${"a".repeat(201)}`, `${"ab".repeat(100)}`]) {
      expect(() => fromHex(text), text).to.throw(MalformedHexError);
    }
  });
});
