import { expect } from "chai";
import { PrivateKey } from "eciesjs";
import { type Hex, toHex, utf8Bytes } from "../../src/base/bytes.ts";
import {
  decryptRecord,
  encryptRecord,
  InvalidRecipientError,
  isPrivateRecord,
  normalisePublicKey,
  UnreadableRecordError,
} from "../../src/protocol/privateRecord.ts";

const PLACE = { name: "shop.hold", record: { kind: "text", key: "phone" } } as const;
const PLAIN = utf8Bytes("+1 555 0100");

describe("private records", () => {
  const [alice, bob, eve] = [new PrivateKey(), new PrivateKey(), new PrivateKey()] as const;
  const publicKey = (key: PrivateKey) => key.publicKey.toBytes(false).subarray(1);
  const secret = (key: PrivateKey): Hex => toHex(key.secret);
  const value = encryptRecord(PLACE, PLAIN, [publicKey(alice), publicKey(bob)]);

  it("returns the plain bytes to each recipient", () => {
    expect(isPrivateRecord(value)).to.equal(true);
    for (const key of [alice, bob]) expect(decryptRecord(PLACE, value, secret(key))).to.deep.equal(PLAIN);
  });

  it("rejects everybody else's key", () => {
    expect(() => decryptRecord(PLACE, value, secret(eve))).to.throw(UnreadableRecordError, "not one of its recipients");
    expect(Buffer.from(value.slice(2), "hex").toString("latin1")).not.to.include("555");
  });

  it("rejects a value in which a byte was changed, in any of its parts", () => {
    // A step that meets every field: mark, count, hints, lengths, both wrapped keys and the body.
    for (const index of [0, 4, 6, 14, 40, 120, 190, 195, 260, 340, 420, value.length / 2 - 2]) {
      const at = 2 + 2 * index;
      const flipped = (Number.parseInt(value.slice(at, at + 2), 16) ^ 1).toString(16).padStart(2, "0");
      const changed = `${value.slice(0, at)}${flipped}${value.slice(at + 2)}` as Hex;
      const read = [alice, bob].map((key) => {
        try {
          return toHex(decryptRecord(PLACE, changed, secret(key)));
        } catch (error) {
          return (error as Error).name;
        }
      });
      // The part of one recipient is nothing to the other.
      expect(read, `byte ${index}`).to.include("Protocol.UnreadableRecordError");
      for (const each of read) expect(["Protocol.UnreadableRecordError", toHex(PLAIN)]).to.include(each);
    }
  });

  it("rejects a value that was moved to another name or record", () => {
    const moved = [
      { ...PLACE, name: "other.hold" },
      { name: "shop.hold", record: { kind: "text", key: "fax" } },
    ] as const;
    for (const place of moved) {
      expect(() => decryptRecord(place, value, secret(alice))).to.throw(UnreadableRecordError, "for another record");
    }
  });

  it("rejects recipients that are none", () => {
    expect(() => encryptRecord(PLACE, PLAIN, [])).to.throw(InvalidRecipientError);
    expect(() => normalisePublicKey("0x1234")).to.throw(InvalidRecipientError);
    const key = publicKey(alice);
    for (const form of [toHex(key), toHex(alice.publicKey.toBytes(true)), toHex(alice.publicKey.toBytes(false))]) {
      expect(normalisePublicKey(form)).to.deep.equal(key);
    }
  });
});
