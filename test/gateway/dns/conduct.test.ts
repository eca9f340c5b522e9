import { expect } from "chai";
import type { Clock } from "../../../src/base/clock.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { EDNS_OPTION, RCODE } from "../../../src/dns/codes.ts";
import { checkCookie, createCookie } from "../../../src/dns/cookie.ts";
import { extendedErrorOf, optionOf } from "../../../src/dns/edns.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import { sipHash24 } from "../../../src/dns/sipHash.ts";
import { ask, askBytes, EDNS, handlerOf, queryOf, textOf } from "./support.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));

describe("conduct of the DNS front (RFC 8906)", () => {
  const handler = handlerOf(undefined, { nsid: "g-1-17" });
  const soa = queryOf("example.org", "SOA");

  it("keeps silent to responses and to anything shorter than a header", async () => {
    expect(await ask(handler, { ...soa, isResponse: true })).to.equal(null);
    for (let length = 0; length < 12; length += 1)
      expect(await askBytes(handler, new Uint8Array(length))).to.equal(null);
  });

  for (let opcode = 1; opcode < 16; opcode += 1) {
    it(`returns NOTIMP to opcode ${opcode}`, async () => {
      const answer = await ask(handler, { ...soa, opcode });
      expect(answer).to.include({ rcode: RCODE.NOTIMP, opcode, id: soa.id, isResponse: true });
    });
  }

  it("returns the answer whatever flags are set, and echoes only RD and CD", async () => {
    const flags = {
      authenticData: true,
      checkingDisabled: true,
      recursionDesired: true,
      isTruncated: true,
      isAuthoritative: true,
    };
    const answer = await ask(handler, { ...soa, ...flags, recursionAvailable: true });
    expect(answer).to.include({
      rcode: 0,
      authenticData: false,
      checkingDisabled: true,
      recursionDesired: true,
      recursionAvailable: false,
      isTruncated: false,
    });
    expect(answer?.answers.length).to.equal(1);
  });

  it("never copies the reserved bit", async () => {
    const bytes = encodeMessage(soa);
    bytes[3]! |= 0x40;
    const reply = await handler.handle(bytes, { address: "192.0.2.1", port: 1 }, "udp");
    expect(reply?.[3]).to.equal(0);
  });

  it("returns NODATA to unknown types", async () => {
    expect(textOf(await ask(handler, queryOf("example.org", "TYPE1000")))[0]).to.equal("NOERROR aa");
  });

  it("returns BADVERS, version 0 and no answer to a later EDNS version", async () => {
    const answer = await ask(handler, {
      ...soa,
      edns: { ...EDNS, version: 1, options: [{ code: 100, data: hex("00") }] },
    });
    expect(answer).to.include({ rcode: RCODE.BADVERS });
    expect(answer?.edns).to.deep.equal({ ...EDNS, version: 0 });
    expect(answer?.answers).to.deep.equal([]);
  });

  it("returns the answer to unknown EDNS options and flags, repeating neither", async () => {
    const bytes = encodeMessage({
      ...soa,
      edns: { ...EDNS, dnssecOk: true, options: [{ code: 100, data: hex("abcd") }] },
    });
    // All flags of OPT but DO: the two bytes before the option length, which stands before the option's six.
    bytes[bytes.length - 10]! |= 0x7f;
    bytes[bytes.length - 9]! |= 0xff;
    const raw = (await handler.handle(bytes, { address: "192.0.2.1", port: 1 }, "udp"))!;
    expect(Buffer.from(raw.subarray(-11)).toString("hex")).to.equal("00002904d0000080000000");
  });

  it("returns no OPT to those who sent none", async () => {
    expect((await ask(handler, soa))?.edns).to.equal(undefined);
  });

  it("returns FORMERR to two questions, none, and questions for OPT or TSIG", async () => {
    for (const questions of [
      [],
      [soa.questions[0]!, soa.questions[0]!],
      [{ name: "example.org", type: 41, class: 1 }],
    ]) {
      expect((await ask(handler, { ...soa, questions }))?.rcode).to.equal(RCODE.FORMERR);
    }
  });

  it("returns FORMERR to what it cannot parse, with the id and opcode of the query", async () => {
    const bytes = encodeMessage(soa).subarray(0, -1);
    expect(await askBytes(handler, bytes)).to.include({ rcode: RCODE.FORMERR, id: soa.id, isResponse: true });
  });

  it("returns its identifier by NSID and by id.server", async () => {
    const edns = { ...EDNS, options: [{ code: EDNS_OPTION.NSID, data: hex("") }] };
    const answer = await ask(handler, { ...soa, edns });
    expect(Buffer.from(optionOf(answer?.edns, EDNS_OPTION.NSID)!).toString()).to.equal("g-1-17");
    const chaos = await ask(handler, { ...soa, questions: [{ name: "id.server", type: 16, class: 3 }] });
    expect(Buffer.from(chaos!.answers[0]!.rdata.subarray(1)).toString()).to.equal("g-1-17");
  });

  it("returns an extended error with REFUSED", async () => {
    const answer = await ask(handler, queryOf("example.com", "A", { edns: EDNS }));
    expect(answer?.rcode).to.equal(RCODE.REFUSED);
    expect(extendedErrorOf(answer?.edns)?.infoCode).to.equal(20);
  });

  it("returns the time-out of idle connections over TCP alone", async () => {
    const edns = { ...EDNS, options: [{ code: EDNS_OPTION.KEEPALIVE, data: hex("") }] };
    const overTcp = await ask(handler, { ...soa, edns }, { transport: "tcp" });
    expect(optionOf(overTcp?.edns, EDNS_OPTION.KEEPALIVE)).to.deep.equal(Uint8Array.of(0, 100));
    expect(optionOf((await ask(handler, { ...soa, edns }))?.edns, EDNS_OPTION.KEEPALIVE)).to.equal(undefined);
  });

  it("returns DoH answers padded when padding was asked for", async () => {
    const edns = { ...EDNS, options: [{ code: EDNS_OPTION.PADDING, data: hex("") }] };
    const reply = await handler.handle(encodeMessage({ ...soa, edns }), { address: "192.0.2.1", port: 1 }, "https");
    expect(reply!.length).to.equal(468);
  });

  describe("size", () => {
    const big = queryOf("big.example.org", "TXT");
    for (const [udpSizeBytes, limit] of [
      [undefined, 512],
      [100, 512],
      [1232, 1232],
      [4096, 1232],
    ]) {
      it(`returns a truncated answer within ${limit} bytes to a buffer of ${udpSizeBytes ?? "no EDNS"}`, async () => {
        const query = udpSizeBytes === undefined ? big : { ...big, edns: { ...EDNS, udpSizeBytes } };
        const reply = await handler.handle(encodeMessage(query), { address: "192.0.2.1", port: 1 }, "udp");
        expect(reply!.length).to.be.at.most(limit!);
        expect(reply![2]! & 2).to.equal(2);
      });
    }

    it("returns the whole answer over TCP", async () => {
      const answer = await ask(handler, big, { transport: "tcp" });
      expect(answer).to.include({ isTruncated: false });
      expect(answer?.answers.length).to.equal(1);
    });
  });
});

describe("cookies (RFC 7873, RFC 9018)", () => {
  const secret = hex("e5e973e5a6b2a43f48e7dc849e37bfcf");
  const address = Uint8Array.of(198, 51, 100, 100);

  it("returns SipHash's published value", () => {
    const key = Uint8Array.from({ length: 16 }, (_, index) => index);
    expect(Buffer.from(sipHash24(key, key.subarray(0, 15))).toString("hex")).to.equal("e545be4961ca29a1");
  });

  it("returns the server cookie of RFC 9018 appendix A", () => {
    const cookie = createCookie(secret, hex("2464c4abcf10c957"), address, 1559731985);
    expect(Buffer.from(cookie).toString("hex")).to.equal("2464c4abcf10c957010000005cf79f111f8130c3eee29480");
    expect(checkCookie([secret], cookie, address, 1559731985)).to.equal("valid");
    expect(checkCookie([secret], cookie, address, 1559731985 + 1801)).to.equal("renew");
    expect(checkCookie([secret], cookie, address, 1559731985 + 3601)).to.equal("invalid");
    expect(checkCookie([secret], cookie, address, 1559731985 - 301)).to.equal("invalid");
    expect(checkCookie([hex("00".repeat(16)), secret], cookie, address, 1559731985)).to.equal("renew");
    expect(checkCookie([secret], cookie, Uint8Array.of(198, 51, 100, 101), 1559731985)).to.equal("invalid");
  });

  it("returns a cookie that the next query may use, and FORMERR to lengths no cookie has", async () => {
    const handler = handlerOf();
    const withCookie = (data: Uint8Array) =>
      queryOf("example.org", "SOA", { edns: { ...EDNS, options: [{ code: EDNS_OPTION.COOKIE, data }] } });
    const first = await ask(handler, withCookie(hex("0102030405060708")));
    const cookie = optionOf(first?.edns, EDNS_OPTION.COOKIE)!;
    expect(cookie.length).to.equal(24);
    const second = await ask(handler, withCookie(cookie));
    expect(optionOf(second?.edns, EDNS_OPTION.COOKIE)).to.deep.equal(cookie);
    for (const length of [0, 1, 7, 9, 15, 41]) {
      expect((await ask(handler, withCookie(new Uint8Array(length))))?.rcode).to.equal(RCODE.FORMERR);
    }
  });

  it("returns a cookie to a query that asks for nothing else", async () => {
    const query = {
      ...queryOf(".", "A"),
      questions: [],
      edns: { ...EDNS, options: [{ code: EDNS_OPTION.COOKIE, data: hex("0102030405060708") }] },
    };
    const answer = await ask(handlerOf(), query);
    expect(answer?.rcode).to.equal(0);
    expect(optionOf(answer?.edns, EDNS_OPTION.COOKIE)?.length).to.equal(24);
  });
});

describe("limits of the DNS front", () => {
  const frozen: Clock = { ...systemClock, monotonicMs: () => 1000 };
  const counted = async (handler: ReturnType<typeof handlerOf>, names: readonly string[], address: string) => {
    const counts = { whole: 0, cut: 0, silent: 0 };
    for (const name of names) {
      const answer = await ask(handler, queryOf(name, "A"), { peer: { address, port: 1 } });
      if (!answer) counts.silent += 1;
      else if (answer.isTruncated) counts.cut += 1;
      else counts.whole += 1;
    }
    return counts;
  };
  const same = (count: number) => Array.from({ length: count }, () => "www2.example.org");

  it("returns so many equal answers to a network, then every other one truncated", async () => {
    const handler = handlerOf(undefined, { clock: frozen, responsesPerSecond: 10 });
    expect(await counted(handler, same(30), "192.0.2.1")).to.deep.equal({ whole: 10, cut: 10, silent: 10 });
    expect(await counted(handler, same(10), "192.0.2.254")).to.deep.equal({ whole: 0, cut: 5, silent: 5 });
    expect(await counted(handler, same(10), "192.0.3.1")).to.deep.equal({ whole: 10, cut: 0, silent: 0 });
  });

  it("returns at most the rate of NXDOMAIN answers, however random the names", async () => {
    const handler = handlerOf(undefined, { clock: frozen, responsesPerSecond: 10 });
    const names = Array.from({ length: 100 }, (_, index) => `r${index}.example.org`);
    expect((await counted(handler, names, "192.0.2.1")).whole).to.equal(10);
    expect((await counted(handler, same(10), "192.0.2.1")).whole).to.equal(10);
  });

  it("keeps one name's flood from the budget of another", async () => {
    const text = `$ORIGIN a.example.\n@ 60 SOA n h 1 1 1 1 1\nwww 60 A 192.0.2.1\n$ORIGIN b.example.\n@ 60 SOA n h 1 1 1 1 1\nwww 60 A 192.0.2.2\n`;
    const handler = handlerOf(text, { clock: frozen, budgetPerSecond: 20 });
    for (let prefix = 0; prefix < 50; prefix += 1) await counted(handler, ["www.a.example"], `198.51.${prefix}.1`);
    expect((await counted(handler, ["www.a.example"], "203.0.113.1")).whole).to.equal(0);
    expect((await counted(handler, ["www.b.example"], "203.0.113.1")).whole).to.equal(1);
  });

  it("returns at most ten times the query's bytes to those without a cookie, and all of it to those with one", async () => {
    const handler = handlerOf(undefined, { amplificationMax: 10 });
    const options = [{ code: EDNS_OPTION.COOKIE, data: hex("0102030405060708") }];
    const query = queryOf("big.example.org", "TXT", { edns: { ...EDNS, udpSizeBytes: 4096, options } });
    const bytes = encodeMessage(query);
    const reply = await handler.handle(bytes, { address: "192.0.2.1", port: 1 }, "udp");
    expect(reply!.length).to.be.at.most(bytes.length * 10);
  });
});
