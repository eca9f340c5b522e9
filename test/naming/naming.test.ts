import { ens_normalize } from "@adraffy/ens-normalize";
import { expect } from "chai";
import fc from "fast-check";
import { bytesToHex } from "viem";
import { packetToBytes, namehash as viemNamehash } from "viem/ens";
import { toHex } from "../../src/base/bytes.ts";
import {
  childNode,
  decodeDnsName,
  EmptyLabelError,
  encodeDnsName,
  LabelTooLongError,
  labelhash,
  labelsOf,
  MalformedDnsNameError,
  NameTooLongError,
  namehash,
  normaliseName,
  parentOf,
  ROOT_NODE,
  registeredNameOf,
  UnnormalisableNameError,
} from "../../src/naming/index.ts";

const label = fc.stringMatching(/^[a-z0-9]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));

describe("naming", () => {
  describe("normaliseName", () => {
    it("returns the normal form of ENSIP-15, without the final dot", () => {
      expect(normaliseName("Shop.Hold.")).to.equal("shop.hold");
      expect(normaliseName("Ⅷ.hold")).to.equal("viii.hold");
      expect(normaliseName("한글.hold")).to.equal("한글.hold");
      expect(normaliseName("_dmarc.shop.hold")).to.equal("_dmarc.shop.hold");
      expect(normaliseName("")).to.equal("");
    });

    it("agrees with the reference on whole names and is idempotent", () => {
      fc.assert(
        fc.property(name, (text) => {
          const normal = normaliseName(text);
          return normal === ens_normalize(text) && normaliseName(normal) === normal;
        }),
      );
    });

    it("rejects what cannot be normalised, naming the character and the label", () => {
      expect(() => normaliseName("shop.h old"))
        .to.throw(UnnormalisableNameError, /disallowed character.*\n.*starts at character 6/)
        .with.property("code", "NAMING_UNNORMALISABLE");
      expect(() => normaliseName("pаypal.hold"), "a Cyrillic а").to.throw(UnnormalisableNameError, /illegal mixture/);
    });

    it("rejects empty labels and sizes that DNS cannot hold", () => {
      expect(() => normaliseName("a..hold")).to.throw(EmptyLabelError, "Remove the extra dot");
      expect(() => normaliseName(".hold")).to.throw(EmptyLabelError);
      expect(() => normaliseName(`${"a".repeat(64)}.hold`)).to.throw(LabelTooLongError, "64 bytes; at most 63");
      expect(normaliseName(`${"a".repeat(63)}.hold`)).to.have.length(68);
      expect(() => normaliseName(`${"a23456789.".repeat(25)}holds`)).to.throw(NameTooLongError, "257 bytes");
    });
  });

  describe("labels", () => {
    it("returns the parts of a name and the name above", () => {
      expect(labelsOf("www.shop.hold")).to.deep.equal(["www", "shop", "hold"]);
      expect(labelsOf("")).to.deep.equal([]);
      expect([parentOf("www.shop.hold"), parentOf("hold"), parentOf("")]).to.deep.equal(["shop.hold", "", ""]);
    });

    it("returns the name that carries the shard index", () => {
      expect(registeredNameOf("a.www.shop.hold", "hold")).to.equal("shop.hold");
      expect(registeredNameOf("shop.hold", "hold")).to.equal("shop.hold");
      expect(registeredNameOf("hold", "hold")).to.equal(undefined);
      expect(registeredNameOf("shop.household", "hold")).to.equal(undefined);
      expect(registeredNameOf("a.shop.co.hold", "co.hold")).to.equal("shop.co.hold");
    });
  });

  describe("namehash", () => {
    it("returns the vectors of EIP-137", () => {
      expect(namehash("")).to.equal(ROOT_NODE);
      expect(namehash("eth")).to.equal("0x93cdeb708b7545dc668eb9280176169d1c33cfd8ed6f04690a0bcc88a93fc4ae");
      expect(namehash("foo.eth")).to.equal("0xde9b09fd7c5f901e23a3f19fecc54828e9c848539801e86591bd9801b019f84f");
    });

    it("agrees with viem, and with its own recursion", () => {
      fc.assert(
        fc.property(name, label, (text, child) => {
          const node = namehash(text);
          return node === viemNamehash(text) && childNode(node, child) === namehash(`${child}.${text}`);
        }),
      );
      expect(labelhash("eth")).to.equal("0x4f5b812789fc606be1b3b16908db13fc7a9adf7ca72641f84d75b47069d3d7f0");
    });
  });

  describe("DNS names", () => {
    it("returns the name it was given, in viem's bytes", () => {
      fc.assert(
        fc.property(name, (text) => {
          const wire = encodeDnsName(text);
          return decodeDnsName(wire) === text && toHex(wire) === bytesToHex(packetToBytes(text));
        }),
      );
      expect(toHex(encodeDnsName(""))).to.equal("0x00");
      expect(decodeDnsName(Uint8Array.of(0))).to.equal("");
    });

    it("rejects names too large for the wire", () => {
      expect(() => encodeDnsName("a".repeat(64))).to.throw(LabelTooLongError);
      expect(() => encodeDnsName("a23456789.".repeat(26).slice(0, -1))).to.throw(NameTooLongError);
    });

    it("rejects malformed bytes, naming the offset", () => {
      const cases: [string, number[]][] = [
        ["at byte 0: it ends without the root label", []],
        ["at byte 2: it ends without the root label", [1, 97]],
        ["at byte 0: a label of 192 bytes", [0xc0, 0x0c]],
        ["at byte 0: a label runs past the end", [5, 97, 0]],
        ["at byte 1: a label is not UTF-8", [1, 0xff, 0]],
        ["at byte 1: a label holds a dot", [3, 97, 46, 98, 0]],
        ["at byte 1: bytes follow the root label", [0, 0]],
      ];
      for (const [reason, bytes] of cases) {
        const decode = () => decodeDnsName(Uint8Array.from(bytes));
        if (reason.includes("runs past") || reason.includes("without")) {
          expect(decode, reason).to.throw(MalformedDnsNameError);
        } else {
          expect(decode, reason).to.throw(MalformedDnsNameError, reason);
        }
      }
    });

    it("never throws anything but its own error, whatever the bytes", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
          try {
            return toHex(encodeDnsName(decodeDnsName(bytes))) === toHex(bytes);
          } catch (error) {
            return error instanceof MalformedDnsNameError;
          }
        }),
      );
    });
  });
});
