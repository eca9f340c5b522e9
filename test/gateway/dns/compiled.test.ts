/** Answers from the compiled table against those built anew: the same, bit for bit where it counts. */
import { expect } from "chai";
import { systemClock } from "../../../src/base/clock.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import { nameToWire } from "../../../src/dns/name.ts";
import { parseZoneFile } from "../../../src/dns/zoneFile.ts";
import { AnswerTable, questionHash } from "../../../src/gateway/dns/answerTable.ts";
import { createDnsHandler } from "../../../src/gateway/dns/handler.ts";
import { createMemoryZoneSource } from "../../../src/gateway/dns/memoryZone.ts";
import { EDNS, handlerOf, PEER, queryOf, textOf, ZONE } from "./support.ts";

const OUT = new Uint8Array(70_000);

describe("compiled answers", () => {
  const names = [
    "www2",
    "www",
    "mail",
    "",
    "sub",
    "b.c",
    "WWW2",
    "into",
    "_sip._udp",
    "unknown",
    "ns1",
    "big",
    "nothing",
    "x.wild",
    "a.sub",
    "x.dn",
  ];
  const types = ["A", "AAAA", "MX", "NS", "SOA", "TXT", "SRV", "DS", "CNAME", "ANY", "TYPE731"];

  for (const transport of ["udp", "tcp"] as const) {
    it(`returns over ${transport} what the long way returns`, async () => {
      const handler = handlerOf();
      let compiledCount = 0;
      for (const label of names) {
        for (const type of types) {
          for (const edns of [
            undefined,
            EDNS,
            { ...EDNS, dnssecOk: true, udpSizeBytes: 4096 },
            { ...EDNS, udpSizeBytes: 0 },
          ]) {
            const name = label === "" ? "example.org" : `${label}.example.org`;
            const change = { recursionDesired: compiledCount % 2 === 0, checkingDisabled: compiledCount % 3 === 0 };
            const query = encodeMessage(queryOf(name, type, edns ? { ...change, edns } : change));
            const long = (await handler.handle(query, PEER, transport))!;
            // At an offset, as sockets hand queries in.
            const shifted = new Uint8Array(query.length + 7);
            shifted.set(query, 7);
            const length = handler.answerInto(shifted, 7, query.length, transport, 0, OUT, 5);
            if (length < 0) continue;
            compiledCount += 1;
            const quick = decodeMessage(OUT.subarray(5, 5 + length));
            const slow = decodeMessage(long);
            expect(textOf(quick), `${name} ${type}`).to.deep.equal(textOf(slow));
            expect({ ...quick, answers: [], authorities: [], additionals: [] }).to.deep.equal({
              ...slow,
              answers: [],
              authorities: [],
              additionals: [],
            });
          }
        }
      }
      expect(compiledCount).to.be.above(300);
    });
  }

  it("returns compiled answers to everything the zones list, before anyone has asked", () => {
    const handler = handlerOf();
    let steps = 0;
    for (const _ of handler.precompile()) steps += 1;
    expect(steps).to.be.above(20);
    for (const [name, type] of [
      ["www2", "A"],
      ["ns1", "A"],
      ["mail", "A"],
      ["_sip._udp", "SRV"],
      ["sub", "NS"],
    ]) {
      const query = encodeMessage(queryOf(`${name}.example.org`, type!));
      expect(handler.answerInto(query, 0, query.length, "udp", 0, OUT, 0), name).to.be.above(0);
    }
  });

  it("never keeps what endlessly many names share, nor what does not exist", async () => {
    const handler = handlerOf();
    for (const name of [
      "x.wild.example.org",
      "a.sub.example.org",
      "x.dn.example.org",
      "nothing.example.org",
      "www.example.com",
    ]) {
      const query = encodeMessage(queryOf(name, "TXT"));
      await handler.handle(query, PEER, "udp");
      expect(handler.answerInto(query, 0, query.length, "udp", 0, OUT, 0), name).to.equal(-1);
    }
  });

  it("returns new data as soon as the zone changes, and when a zone appears below", async () => {
    const source = createMemoryZoneSource(parseZoneFile(ZONE, "zone"));
    const handler = createDnsHandler({ source, clock: systemClock, random: seededRandom(1, "x"), amplificationMax: 0 });
    const query = encodeMessage(queryOf("www2.example.org", "A"));
    await handler.handle(query, PEER, "udp");
    expect(handler.answerInto(query, 0, query.length, "udp", 0, OUT, 0)).to.be.above(0);
    source.set(parseZoneFile(ZONE.replace("192.0.2.8", "192.0.2.88"), "zone")[0]!);
    expect(handler.answerInto(query, 0, query.length, "udp", 0, OUT, 0)).to.equal(-1);
    expect(textOf(decodeMessage((await handler.handle(query, PEER, "udp"))!))[1]).to.contain("192.0.2.88");
    expect(handler.answerInto(query, 0, query.length, "udp", 0, OUT, 0)).to.be.above(0);
    source.set(parseZoneFile("$ORIGIN www2.example.org.\n@ 60 SOA n h 1 1 1 1 1\n@ 60 A 192.0.2.89\n", "child")[0]!);
    expect(handler.answerInto(query, 0, query.length, "udp", 0, OUT, 0)).to.equal(-1);
    expect(textOf(decodeMessage((await handler.handle(query, PEER, "udp"))!))[1]).to.contain("192.0.2.89");
  });

  it("keeps a table of many answers right while it grows, is voided and fills up", () => {
    const table = new AnswerTable(3 << 20);
    const answerOf = (index: number, byte: number) => ({
      question: Uint8Array.from([...nameToWire(`n${index}.example.org`), 0, 1, 0, 1]),
      rest: new Uint8Array(32).fill(byte),
      flags: 0x400,
      answerCount: 1,
      authorityCount: 0,
      additionalCount: 0,
      zoneIndex: index % 2,
      account: index,
    });
    const has = (index: number, byte: number) => {
      const { question } = answerOf(index, byte);
      const entry = table.find(question, 0, question.length, questionHash(question, 0, question.length));
      return entry !== 0 && table.arena[entry + 24 + question.length] === byte;
    };
    for (let index = 0; index < 20_000; index += 1) table.set(answerOf(index, index & 0x7f));
    expect(table.count).to.equal(20_000);
    for (let index = 0; index < 20_000; index += 1) expect(has(index, index & 0x7f)).to.equal(true);
    table.invalidate(0);
    expect([has(0, 0), has(1, 1)]).to.deep.equal([false, true]);
    table.set(answerOf(0, 9));
    expect([has(0, 9), has(2, 2)]).to.deep.equal([true, false]);
    for (let index = 20_000; index < 60_000; index += 1) table.set(answerOf(index, 1));
    expect(table.sizeBytes).to.be.below(5 << 20);
    expect(has(1, 1)).to.equal(true);
  });
});
