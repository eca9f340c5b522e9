import { expect } from "chai";
import { toHex } from "viem";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { refuses, useHoldfast } from "../support/holdfast.ts";

const long = "x".repeat(63);

describe("names in wire form, at their limits", () => {
  const world = useHoldfast(({ viem }) => viem.deployContract("LibraryProbe"));
  const probe = () => world().prepared;
  const errors = () => ({
    address: probe().address,
    abi: [
      { type: "error", name: "DNSEncodingFailed", inputs: [{ name: "ens", type: "string" }] },
      { type: "error", name: "DNSDecodingFailed", inputs: [{ name: "dns", type: "bytes" }] },
    ] as const,
  });

  it("have up to 255 bytes", async () => {
    const longest = [long, long, long, "x".repeat(61)].join(".");
    const wire = toHex(encodeDnsName(longest));
    expect(await probe().read.encode([longest])).to.equal(wire);
    expect(await probe().read.decode([wire])).to.equal(longest);
    await refuses(world(), probe().read.encode([`${longest}x`]), errors(), "DNSEncodingFailed", [`${longest}x`]);
    const longer = `0x3f${"78".repeat(63)}${wire.slice(2)}` as const;
    await refuses(world(), probe().read.decode([longer]), errors(), "DNSDecodingFailed", [longer]);
  });

  it("are not made of texts that have none, and the refusal shows the text", async () => {
    for (const text of [".", "a..b", ".a", "a.", "x".repeat(64), "a\0b"]) {
      await refuses(world(), probe().read.encode([text]), errors(), "DNSEncodingFailed", [text]);
    }
  });

  it("are not read from other bytes, and the refusal shows them", async () => {
    for (const bytes of ["0x", "0x01", "0x0161", "0x016162", "0x0000", "0x40", "0x012e00", "0x010000"] as const) {
      await refuses(world(), probe().read.decode([bytes]), errors(), "DNSDecodingFailed", [bytes]);
    }
  });

  it("are read back as text, the root as none", async () => {
    const texts = ["", "a", "a.b", "shop.hold", [long, long].join("."), "é.字"];
    for (const text of texts) {
      expect(await probe().read.decode([toHex(encodeDnsName(text))])).to.equal(text);
    }
  });
});
