/** The attacks a DNS front must withstand, each with its pass line. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect } from "chai";
import fc from "fast-check";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { EDNS_OPTION, RCODE } from "../../../src/dns/codes.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { optionOf } from "../../../src/dns/edns.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import { parseZoneFile } from "../../../src/dns/zoneFile.ts";
import { createDnsHandler, type DnsHandler, type Transport } from "../../../src/gateway/dns/handler.ts";
import { createMemoryZoneSource } from "../../../src/gateway/dns/memoryZone.ts";
import { startDnsServer } from "../../../src/gateway/dns/server.ts";
import type { ZoneSource } from "../../../src/gateway/dns/zoneSource.ts";
import { ask, EDNS, handlerOf, PEER, queryOf, textOf, ZONE } from "./support.ts";

const runs = Number(process.env.FC_NUM_RUNS ?? 1000);
const CLASSES = new Set<number>([
  RCODE.NOERROR,
  RCODE.FORMERR,
  RCODE.NXDOMAIN,
  RCODE.NOTIMP,
  RCODE.REFUSED,
  RCODE.BADVERS,
  RCODE.BADCOOKIE,
  RCODE.NOTAUTH,
  RCODE.SERVFAIL,
]);
const OUT = new Uint8Array(70_000);

/** Whatever comes in: silence, or a well-formed response with the query's id and opcode and a known code. */
async function checkReply(handler: DnsHandler, bytes: Uint8Array, transport: Transport): Promise<void> {
  const written = handler.answerInto(bytes, 0, bytes.length, transport, 0, OUT, 0);
  const reply = await handler.handle(bytes, PEER, transport);
  for (const answer of [written > 0 ? OUT.subarray(0, written) : null, reply]) {
    if (!answer) continue;
    const message = decodeMessage(answer);
    expect(message.isResponse).to.equal(true);
    expect(message.id).to.equal((bytes[0]! << 8) | bytes[1]!);
    expect(message.opcode).to.equal((bytes[2]! >>> 3) & 15);
    expect(CLASSES.has(message.rcode), `code ${message.rcode}`).to.equal(true);
    if (transport === "udp") expect(answer.length).to.be.at.most(1232);
  }
  if (written >= 0)
    expect(written === 0 ? null : reply && textOf(decodeMessage(reply))).to.deep.equal(
      written === 0 ? null : textOf(decodeMessage(OUT.subarray(0, written))),
    );
  if (bytes.length < 12 || bytes[2]! & 0x80) expect(reply).to.equal(null);
}

/** A zone source that counts how often anybody looked at a zone's data. */
function counted(source: ZoneSource): { source: ZoneSource; reads: () => number } {
  let reads = 0;
  return {
    reads: () => reads,
    source: {
      ...source,
      zoneOf(name) {
        const zone = source.zoneOf(name);
        return (
          zone && {
            ...zone,
            node(at) {
              reads += 1;
              return zone.node(at);
            },
          }
        );
      },
    },
  };
}

describe("attacks on the DNS front", () => {
  const seeds = [
    queryOf("www.example.org", "A"),
    queryOf("big.example.org", "TXT", {
      edns: { ...EDNS, options: [{ code: EDNS_OPTION.COOKIE, data: new Uint8Array(8) }] },
    }),
    queryOf("x.dn.example.org", "ANY", { edns: { ...EDNS, dnssecOk: true } }),
    queryOf("sub.example.org", "NS"),
  ].map((message) => encodeMessage(message));

  describe("malformed packets", () => {
    it("returns nothing worse than FORMERR to every cut and every flipped bit", async () => {
      const handler = handlerOf();
      for (const seed of seeds) {
        await handler.handle(seed, PEER, "udp");
        for (let length = 0; length <= seed.length; length += 1)
          await checkReply(handler, seed.subarray(0, length), "udp");
        for (let bit = 0; bit < seed.length * 8; bit += 1) {
          const bytes = seed.slice();
          bytes[bit >>> 3]! ^= 0x80 >>> (bit & 7);
          await checkReply(handler, bytes, bit % 2 ? "udp" : "tcp");
        }
      }
    });

    it("returns nothing worse than FORMERR to generated ones, and keeps no memory of them", async () => {
      const handler = handlerOf();
      const mutated = fc
        .tuple(
          fc.constantFrom(...seeds),
          fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 8 }),
          fc.uint8Array({ maxLength: 40 }),
        )
        .map(([seed, changes, tail]) => {
          const bytes = Uint8Array.from([...seed, ...tail]);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          return bytes;
        });
      await fc.assert(
        fc.asyncProperty(fc.oneof(mutated, fc.uint8Array({ maxLength: 512 })), (bytes) =>
          checkReply(handler, bytes, "udp"),
        ),
        { numRuns: runs },
      );
    });

    it("returns FORMERR to compression loops in linear time", async () => {
      const handler = handlerOf();
      for (let count = 0; count < 200; count += 1) {
        const bytes = new Uint8Array(65_535).fill(0xc0);
        bytes.set([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff]);
        const answer = await handler.handle(bytes, PEER, "tcp");
        expect(answer?.[3]).to.equal(RCODE.FORMERR);
      }
    }).timeout(5000);
  });

  describe("reflection and amplification", () => {
    it("returns at most ten times the bytes without a cookie, ANY included, and whole answers with one", async () => {
      const handler = handlerOf(undefined, { amplificationMax: 10 });
      const options = [{ code: EDNS_OPTION.COOKIE, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }];
      for (const name of ["big.example.org", "example.org", "sub.example.org"]) {
        for (const type of ["TXT", "ANY", "NS", "SOA"]) {
          for (const edns of [undefined, { ...EDNS, udpSizeBytes: 4096 }]) {
            const query = encodeMessage(queryOf(name, type, edns ? { edns } : {}));
            for (let round = 0; round < 2; round += 1) {
              const written = handler.answerInto(query, 0, query.length, "udp", 0, OUT, 0);
              if (written > 0) expect(written).to.be.at.most(query.length * 10);
              const reply = await handler.handle(query, PEER, "udp");
              expect(reply!.length).to.be.at.most(query.length * 10);
            }
          }
        }
      }
      const text = `${ZONE}mid TXT ${Array.from({ length: 15 }, () => `"${"y".repeat(60)}"`).join(" ")}\n`;
      const middling = handlerOf(text, { amplificationMax: 10 });
      const first = await ask(middling, queryOf("mid.example.org", "TXT", { edns: { ...EDNS, options } }));
      expect(first?.isTruncated).to.equal(true);
      const cookie = { code: EDNS_OPTION.COOKIE, data: optionOf(first?.edns, EDNS_OPTION.COOKIE)! };
      const second = await ask(middling, queryOf("mid.example.org", "TXT", { edns: { ...EDNS, options: [cookie] } }));
      expect(second?.answers.length).to.equal(1);
    });

    it("keeps answering other networks while forged ones are limited", async () => {
      let nowMs = 0;
      const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
      const handler = handlerOf(undefined, { clock, responsesPerSecond: 20 });
      const random = seededRandom(7, "reflection");
      let [victim, others, answered] = [0, 0, 0];
      // Ten seconds: 2,000 forged queries a second for one victim network, and 3,000 different networks that ask now and then.
      for (let count = 0; count < 20_000; count += 1) {
        nowMs += 0.5;
        const forged = { address: `192.0.2.${random.below(256)}`, port: 1 };
        const reply = await ask(handler, queryOf("www2.example.org", "A"), { peer: forged });
        if (reply && !reply.isTruncated) victim += 1;
        if (count % 4 !== 0) continue;
        others += 1;
        const peer = { address: `10.${random.below(12)}.${random.below(250)}.1`, port: 1 };
        if ((await ask(handler, queryOf("www2.example.org", "A"), { peer }))?.answers.length === 1) answered += 1;
      }
      expect(victim).to.be.at.most(20 + 20 * 10);
      expect(answered / others).to.be.at.least(0.99);
    });
  });

  it("random names: other names stay answered, nothing is remembered, no read grows with the flood", async () => {
    let nowMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
    const text = `${ZONE}$ORIGIN shop.example.\n@ 60 SOA n h 1 1 1 1 1\nwww 60 A 192.0.2.1\n`;
    const watched = counted(createMemoryZoneSource(parseZoneFile(text, "zone")));
    const handler = createDnsHandler({
      source: watched.source,
      clock,
      random: seededRandom(1, "x"),
      budgetPerSecond: 200,
    });
    const random = seededRandom(7, "flood");
    let [asked, answered, flooded] = [0, 0, 0];
    for (let count = 0; count < 20_000; count += 1) {
      nowMs += 0.1;
      const bytes = encodeMessage(queryOf(`${random.below(2 ** 32).toString(36)}.example.org`, "A"));
      expect(handler.answerInto(bytes, 0, bytes.length, "udp", count, OUT, 0)).to.equal(-1);
      const peer = { address: `10.${random.below(250)}.${random.below(250)}.1`, port: 1 };
      if (await handler.handle(bytes, peer, "udp")) flooded += 1;
      if (count % 100 !== 0) continue;
      asked += 1;
      const legitimate = await ask(handler, queryOf("www.shop.example", "A"), { peer });
      if (legitimate?.answers.length === 1) answered += 1;
    }
    expect(answered / asked).to.be.at.least(0.99);
    // Half of what is over the budget goes out as an empty truncated answer.
    expect(flooded).to.be.below(11_000);
    expect(watched.reads()).to.be.below(20_000 * 5);
  });

  it("alias chains: cut off at sixteen, loops ended where they close", async () => {
    const chain = Array.from({ length: 100 }, (_, index) => `c${index} 60 CNAME c${index + 1}`).join("\n");
    const handler = handlerOf(`${ZONE}${chain}\n`);
    expect((await ask(handler, queryOf("c0.example.org", "A"), { transport: "tcp" }))?.answers.length).to.equal(16);
    expect((await ask(handler, queryOf("l1.example.org", "A")))?.answers.length).to.equal(2);
  });

  it("huge record sets: truncated over UDP, whole or truncated over TCP, never more than a message", async () => {
    const set = (name: string, count: number) =>
      Array.from(
        { length: count },
        (_, index) => `${name} 60 A 10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      ).join("\n");
    const handler = handlerOf(`${ZONE}${set("many", 3000)}\n${set("toomany", 6000)}\n`);
    const many = queryOf("many.example.org", "A", { edns: EDNS });
    expect(await ask(handler, many)).to.include({ isTruncated: true });
    expect((await ask(handler, many, { transport: "tcp" }))?.answers.length).to.equal(3000);
    const reply = await handler.handle(encodeMessage(queryOf("toomany.example.org", "A")), PEER, "tcp");
    expect(reply!.length).to.be.at.most(65_535);
    expect(decodeMessage(reply!).isTruncated).to.equal(true);
  });

  for (const useNative of [true, false]) {
    it(`retry storm: answers again as soon as it is over (${useNative ? "native UDP" : "dgram"})`, async () => {
      const server = await startDnsServer({
        handler: handlerOf(),
        host: "127.0.0.1",
        port: 0,
        clock: systemClock,
        log: silentLog,
        useNative,
      });
      const storm = createSocket("udp4");
      const query = encodeMessage(queryOf("nothing.example.org", "A"));
      const send = () => new Promise<void>((resolve) => storm.send(query, server.port, "127.0.0.1", () => resolve()));
      for (let count = 0; count < 300; count += 1) await Promise.all(Array.from({ length: 50 }, send));
      const socket = createSocket("udp4");
      const startMs = systemClock.monotonicMs();
      const again = setInterval(
        () => socket.send(encodeMessage(queryOf("www2.example.org", "A")), server.port, "127.0.0.1"),
        100,
      );
      const [reply] = (await once(socket, "message")) as [Uint8Array];
      clearInterval(again);
      expect(decodeMessage(reply).answers.length).to.equal(1);
      expect(systemClock.monotonicMs() - startMs).to.be.below(30_000);
      storm.close();
      socket.close();
      await server.close();
    });
  }
});
