import { expect } from "chai";
import { concatHex, encodeAbiParameters, type Hex, keccak256, numberToHex, parseAbi } from "viem";
import { toHex } from "../../../src/base/bytes.ts";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { nodeOf, refuses, useHoldfast, YEAR_SECONDS } from "../support/holdfast.ts";

const NODE = nodeOf("shop.hold");
const A = 1;
const SOA = 6;
const MX = 15;
const TXT = 16;
const SRV = 33;
/** For private use (RFC 6895 section 3.1): any data will do. */
const PRIVATE = 65_280;
const TTL = 300;
const RRSETS_MAX = 255;
const wire = (name: string) => toHex(encodeDnsName(name)) as Hex;
/** Alone, since a hash and a name of 32 bytes cannot be told apart by their look. */
const BY_HASH = parseAbi(["function dnsRecord(bytes32 node, bytes32 nameHash, uint16 resource) view returns (bytes)"]);
const BY_NAME = parseAbi(["function dnsRecord(bytes32 node, bytes name, uint16 resource) view returns (bytes)"]);
const WWW = wire("www.shop.hold");
const TARGET = wire("mail.example.org");
/** Serial, refresh, retry, expire and minimum. */
const NUMBERS: Hex = `0x${"00000001".repeat(5)}`;
/** A name of 194 bytes and those of its last label. */
const longName = (last: number): Hex =>
  `0x${`3f${"61".repeat(63)}`.repeat(3)}${last.toString(16)}${"61".repeat(last)}00`;

interface Fields {
  readonly type?: number;
  readonly class?: number;
  readonly ttl?: number;
  /** Where it differs from that of `data`. */
  readonly rdlength?: number;
}

/** A resource record in wire form, well-formed or not. */
function record(name: Hex, data: Hex, { type = A, class: dnsClass = 1, ttl = TTL, rdlength }: Fields = {}): Hex {
  const fields = [
    numberToHex(type, { size: 2 }),
    numberToHex(dnsClass, { size: 2 }),
    numberToHex(ttl, { size: 4 }),
    numberToHex(rdlength ?? (data.length - 2) / 2, { size: 2 }),
  ];
  return concatHex([name, ...fields, data]);
}

describe("DNS records (ENSIP-6)", () => {
  const world = useHoldfast(({ register, alice }) => register({ label: "shop", owner: alice.account.address }));
  const alice = () => ({ account: world().alice.account });
  const set = (...records: readonly Hex[]) => world().registry.write.setDNSRecords([NODE, concatHex(records)], alice());
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, world().registry, error, values);
  const read = async (name: Hex, type: number) =>
    (await world().viem.getPublicClient()).readContract({
      abi: BY_NAME,
      address: world().registry.address,
      functionName: "dnsRecord",
      args: [NODE, name, type],
    });

  it("are kept by RRset and given back in wire form, by owner name or by its hash", async () => {
    const { registry } = world();
    const both = [record(WWW, "0xc0000201"), record(WWW, "0xc0000202")];
    const note = record(WWW, "0x0568656c6c6f", { type: TXT });
    await set(...both, note);
    expect(await read(WWW, A)).to.equal(concatHex(both));
    expect(await read(WWW, TXT)).to.equal(note);
    expect(await read(WWW, 28)).to.equal("0x");
    const client = await world().viem.getPublicClient();
    const pointed = await client.readContract({
      abi: BY_HASH,
      address: registry.address,
      functionName: "dnsRecord",
      args: [NODE, keccak256(WWW), TXT],
    });
    expect(pointed).to.equal(record("0xc00c", "0x0568656c6c6f", { type: TXT }));
    expect(await registry.read.dnsRecordCount([NODE])).to.equal(2n);
    expect(await registry.read.hasDNSRecords([NODE, keccak256(WWW)])).to.equal(true);
    expect(await registry.read.hasDNSRecords([NODE, keccak256(wire("ftp.shop.hold"))])).to.equal(false);
    expect(await registry.read.hasDNSRecords([nodeOf("none.hold"), keccak256(WWW)])).to.equal(false);
  });

  it("are told in events of nothing but their own bytes, of whatever length", async () => {
    const client = await world().viem.getPublicClient();
    for (const size of [1, 4, 13, 14, 15, 33]) {
      const one = record(WWW, `0x${"5a".repeat(size)}`, { type: PRIVATE });
      const { logs } = await client.getTransactionReceipt({ hash: await set(one) });
      const types = [{ type: "bytes" }, { type: "uint16" }, { type: "bytes" }] as const;
      expect(logs.map(({ data }) => data)).to.deep.equal([encodeAbiParameters(types, [WWW, PRIVATE, one])]);
    }
  });

  it("replace the whole RRset, take the lowest ttl, and go by a record without data", async () => {
    const { registry, viem } = world();
    await set(record(WWW, "0xc0000201"), record(WWW, "0xc0000202"));
    await set(record(WWW, "0xc0000203", { ttl: 60 }), record(WWW, "0xc0000204", { ttl: 30 }));
    const lowest = [record(WWW, "0xc0000203", { ttl: 30 }), record(WWW, "0xc0000204", { ttl: 30 })];
    expect(await read(WWW, A)).to.equal(concatHex(lowest));
    const gone = set(record(WWW, "0x"));
    await viem.assertions.emitWithArgs(gone, registry, "DNSRecordDeleted", [NODE, WWW, A]);
    expect(await read(WWW, A)).to.equal("0x");
    expect(await registry.read.dnsRecordCount([NODE])).to.equal(0n);
    // Once more changes nothing.
    await set(record(WWW, "0x"));
    expect(await registry.read.dnsRecordCount([NODE])).to.equal(0n);
  });

  it("keep data over one slot, and of types whose data is a name", async () => {
    const long = `0x${`3f${"61".repeat(63)}`.repeat(4)}` as Hex;
    await set(record(WWW, long, { type: TXT }));
    expect(await read(WWW, TXT)).to.equal(record(WWW, long, { type: TXT }));
    for (const type of [2, 5, 12, 39, 65401]) {
      await set(record(WWW, wire("target.example.org"), { type }));
      expect(await read(WWW, type), String(type)).to.equal(record(WWW, wire("target.example.org"), { type }));
    }
    await set(record(WWW, `0x${"20".repeat(16)}`, { type: 28 }));
    expect(await world().registry.read.dnsRecordCount([NODE])).to.equal(7n);
  });

  it("of one name but two types next to each other stay apart, and so do those of two names", async () => {
    const other = wire("wwx.shop.hold");
    await set(record(WWW, "0xc0000201"), record(other, "0xc0000202"), record(other, "0x0161", { type: TXT }));
    expect(await read(WWW, A)).to.equal(record(WWW, "0xc0000201"));
    expect(await read(other, A)).to.equal(record(other, "0xc0000202"));
    expect(await world().registry.read.dnsRecordCount([NODE])).to.equal(3n);
  });

  it("are all deleted by clearDNSZone, with the count, and not read again under the next version", async () => {
    const { registry, viem } = world();
    await set(record(WWW, "0xc0000201"));
    await viem.assertions.emitWithArgs(registry.write.clearDNSZone([NODE], alice()), registry, "DNSZoneCleared", [
      NODE,
    ]);
    expect(await read(WWW, A)).to.equal("0x");
    expect(await registry.read.dnsRecordCount([NODE])).to.equal(0n);
    await set(record(WWW, "0xc0000202"));
    await registry.write.clearDNSZone([NODE], alice());
    expect(await read(WWW, A)).to.equal("0x");
    expect(await registry.read.hasDNSRecords([NODE, keccak256(WWW)])).to.equal(false);
  });

  it("are not to be read once the name has expired", async () => {
    await set(record(WWW, "0xc0000201"));
    await world().time.increase(YEAR_SECONDS);
    expect(await read(WWW, A)).to.equal("0x");
    expect(await world().registry.read.dnsRecordCount([NODE])).to.equal(0n);
  });

  it("keep the zone hash apart, with the one before it in the event", async () => {
    const { registry, viem } = world();
    const call = (hash: Hex) => registry.write.setZonehash([NODE, hash], alice());
    await call("0xaa");
    await viem.assertions.emitWithArgs(call("0xbb"), registry, "DNSZonehashChanged", [NODE, "0xaa", "0xbb"]);
    expect(await registry.read.zonehash([NODE])).to.equal("0xbb");
  });

  it("are at most 255 RRsets a name, and the refusal says which name and how many", async () => {
    const records = Array.from({ length: RRSETS_MAX }, (_, index) => record(wire(`h${index}.shop.hold`), "0xc0000201"));
    await set(...records);
    await set(records[0]!);
    await refused(set(record(WWW, "0xc0000201")), "RecordTooMany", NODE, BigInt(RRSETS_MAX));
    await set(record(wire("h0.shop.hold"), "0x"), record(WWW, "0xc0000201"));
    expect(await world().registry.read.dnsRecordCount([NODE])).to.equal(BigInt(RRSETS_MAX));
  });

  it("of a set over 8,192 bytes are refused with its length", async () => {
    const one = record(WWW, `0x${"00".repeat(4096)}`, { type: TXT });
    // A ttl, and two bytes of length before each record's data.
    await refused(set(one, one), "RecordTooLong", 4n + 2n * 4098n, 8192n);
  });

  describe("malformed, are refused with the offset at which the record starts", () => {
    const good = record(WWW, "0xc0000201");
    const at = BigInt((good.length - 2) / 2);
    const cases: Readonly<Record<string, Hex>> = {
      "no end of the owner name": "0x03777777",
      "a label cut off": "0x0377",
      "a compression pointer": record("0xc00c", "0xc0000201"),
      "a label of 64 bytes": record(`0x40${"61".repeat(64)}00`, "0xc0000201"),
      "an owner name over 255 bytes": record(`0x${`3f${"61".repeat(63)}`.repeat(4)}00`, "0xc0000201"),
      "an upper-case letter": record(wire("www.shop.hold").replace("777777", "775777") as Hex, "0xc0000201"),
      "nothing behind the owner name": WWW,
      "a head cut off": record(WWW, "0x").slice(0, -2) as Hex,
      "data cut off": record(WWW, "0xc00002", { rdlength: 4 }),
      "another class": record(WWW, "0xc0000201", { class: 3 }),
      "a ttl with its top bit set": record(WWW, "0xc0000201", { ttl: 0x80000000 }),
      "an address of three bytes": record(WWW, "0xc00002"),
      "an IPv6 address of four": record(WWW, "0xc0000201", { type: 28 }),
      "a target cut off": record(WWW, "0x0361", { type: 5 }),
      "a target with more behind it": record(WWW, concatHex([wire("a.example.org"), "0x00"]), { type: 2 }),
      "an exchange without its preference": record(WWW, "0x0a", { type: MX }),
      "an exchange without its name": record(WWW, "0x000a", { type: MX }),
      "an exchange cut off": record(WWW, "0x000a0361", { type: MX }),
      "an exchange with more behind it": record(WWW, concatHex(["0x000a", TARGET, "0x00"]), { type: MX }),
      "an exchange that is a pointer": record(WWW, "0x000ac00c", { type: MX }),
      "a service without its port": record(WWW, "0x0001000200", { type: SRV }),
      "a service cut off before its target": record(WWW, "0x000100020050", { type: SRV }),
      "a service with more behind its target": record(WWW, concatHex(["0x000100020050", TARGET, "0x00"]), {
        type: SRV,
      }),
      "a text that runs out": record(WWW, "0x0568656c6c", { type: TXT }),
      "a text with one length too many": record(WWW, "0x0568656c6c6f01", { type: TXT }),
      "a start of authority of one byte": record(WWW, "0x00", { type: SOA }),
      "a start of authority without numbers": record(WWW, concatHex([TARGET, TARGET]), { type: SOA }),
      "a start of authority with a name too few": record(WWW, concatHex([TARGET, NUMBERS]), { type: SOA }),
      "a start of authority with more behind it": record(WWW, concatHex([TARGET, TARGET, NUMBERS, "0x00"]), {
        type: SOA,
      }),
      "an exchange of over 255 bytes": record(WWW, concatHex(["0x000a", longName(62)]), { type: MX }),
    };
    for (const [what, bytes] of Object.entries(cases)) {
      it(`for ${what}`, async () => {
        // A target's name starts behind the head; everything else is the record's own fault.
        const within = what === "a target cut off" ? BigInt((WWW.length - 2) / 2 + 10) : 0n;
        await refused(set(bytes), "RecordMalformedDns", within);
        await refused(set(good, bytes), "RecordMalformedDns", at + within);
      });
    }

    it("and are taken where they have the form of their type", async () => {
      await set(record(WWW, concatHex(["0x000a", TARGET]), { type: MX }));
      await set(record(WWW, "0x000000", { type: MX }));
      await set(record(WWW, concatHex(["0x000100020050", TARGET]), { type: SRV }));
      await set(record(WWW, "0x0568656c6c6f0003616263", { type: TXT }), record(WWW, "0x00", { type: TXT }));
      await set(record(WWW, concatHex([TARGET, "0x00", NUMBERS]), { type: SOA }));
      // Targets keep their case (RFC 4343), and a name may have 255 bytes.
      await set(record(WWW, concatHex(["0x000a", "0x014100"]), { type: MX }));
      await set(record(WWW, concatHex(["0x000a", longName(61)]), { type: MX }));
      expect(await world().registry.read.dnsRecordCount([NODE])).to.equal(4n);
    });

    it("for a deletion that does not stand alone", async () => {
      const empty = record(WWW, "0x");
      await refused(set(good, empty), "RecordMalformedDns", at);
      await refused(set(empty, good), "RecordMalformedDns", BigInt((empty.length - 2) / 2));
    });

    it("for types that are not of data, with the type", async () => {
      for (const type of [0, 41, 128, 251, 252, 255]) {
        await refused(set(record(WWW, "0xc0000201", { type })), "RecordInvalidDnsType", type);
      }
      for (const type of [127, 256, 65535]) await set(record(WWW, "0xc0000201", { type }));
    });
  });

  it("accept every byte of a label but upper-case letters", async () => {
    for (let byte = 1; byte < 256; byte += 1) {
      const name: Hex = `0x01${byte.toString(16).padStart(2, "0")}0473686f7004686f6c6400`;
      const isUpper = byte >= 0x41 && byte <= 0x5a;
      const call = world().registry.simulate.setDNSRecords([NODE, record(name, "0xc0000201")], {
        account: alice().account.address,
      });
      await (isUpper ? refused(call, "RecordMalformedDns", 0n) : call);
    }
  });

  it("refuse an upper-case letter at every place of a long name", async () => {
    const labels = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "shop", "hold"];
    const name = wire(labels.join("."));
    const letters = [1, 31, 32, 33, 63, 65, 96, 127, 160, 191];
    await set(record(name, "0xc0000201"));
    for (const at of letters) {
      const upper = (Number.parseInt(name.slice(2 + 2 * at, 4 + 2 * at), 16) - 32).toString(16);
      const call = set(record(`0x${name.slice(2, 2 + 2 * at)}${upper}${name.slice(4 + 2 * at)}`, "0xc0000201"));
      await refused(call, "RecordMalformedDns", 0n);
    }
  });
});
