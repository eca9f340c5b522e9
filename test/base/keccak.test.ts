import { keccak_256 } from "@noble/hashes/sha3.js";
import { expect } from "chai";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { keccak256, keccak256Text } from "../../src/base/keccak.ts";

describe("keccak256", () => {
  it("returns the known hash of nothing", () => {
    expect(toHex(keccak256(new Uint8Array()))).to.equal(
      "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    );
  });

  it("returns the labelhash of eth", () => {
    expect(keccak256Text("eth")).to.equal("0x4f5b812789fc606be1b3b16908db13fc7a9adf7ca72641f84d75b47069d3d7f0");
  });

  it("returns what another implementation returns, for every length around the block size", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(toHex(keccak256(bytes))).to.equal(toHex(keccak_256(bytes)));
      }),
    );
  });

  it("returns a result that later calls leave alone", () => {
    const first = keccak256(new Uint8Array([1]));
    const text = toHex(first);
    keccak256(new Uint8Array([2]));
    expect(toHex(first)).to.equal(text);
  });
});
