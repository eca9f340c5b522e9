import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { createNodeNameClient } from "../../src/client/nodeClient.ts";
import { parseServer } from "../../src/client/nodeTransport.ts";
import type { NameClientOptions } from "../../src/client/options.ts";
import { domainMapper } from "../../src/client/profile.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import type { Message } from "../../src/dns/message.ts";
import { nameToWire } from "../../src/dns/name.ts";
import { decodeRRset } from "../../src/protocol/rrset.ts";
import { type Answerer, aRecord, responseTo, startDnsServer, type TestDnsServer } from "../support/client/dnsServer.ts";
import { DEPLOYMENT } from "../support/client/gatewayWorld.ts";

const A = { kind: "dns", owner: "www.shop.hold", rrtype: 1 } as const;
const SOA = {
  name: "example.org",
  type: 6,
  class: 1,
  ttlSeconds: 900,
  rdata: Uint8Array.from([0, 0, ...new Uint8Array(16), 0, 0, 0, 30]),
};

describe("dns path", () => {
  let server: TestDnsServer;
  let answer: Answerer;

  before(async () => {
    server = await startDnsServer((query, over) => answer(query, over));
  });
  after(() => server.close());
  beforeEach(() => {
    server.counts.udp = 0;
    server.counts.tcp = 0;
  });

  const client = (endpoints: NonNullable<NameClientOptions["paths"]["dns"]>["endpoints"] = [server]) =>
    createNodeNameClient({
      deployment: DEPLOYMENT,
      cache: false,
      paths: { dns: { endpoints, dnsNameOf: domainMapper("hold", { "shop.hold": "example.org" }), tryCount: 1 } },
    });
  const probe = (deadlineMs = 2_000) => client().probe({ name: "www.shop.hold", record: A, path: "dns", deadlineMs });

  it("returns the records of the ordinary domain under the name's own owner, without evidence", async () => {
    answer = (query) => ({ answers: [aRecord(query.questions[0]!.name, "192.0.2.7", 42)] });
    const told = await probe();
    expect(told).to.include({ outcome: "answered", path: "dns", evidence: "none", ttlSeconds: 42 });
    const rrset = decodeRRset(told.value!);
    expect(rrset.name).to.equal("www.shop.hold");
    expect([...rrset.rdatas[0]!]).to.deep.equal([192, 0, 2, 7]);
    expect(server.counts).to.deep.equal({ udp: 1, tcp: 0 });
  });

  it("asks again over TCP when the answer was cut off", async () => {
    answer = (query, over) =>
      over === "udp" ? { isTruncated: true } : { answers: [aRecord(query.questions[0]!.name, "192.0.2.8")] };
    expect((await probe()).outcome).to.equal("answered");
    expect(server.counts).to.deep.equal({ udp: 1, tcp: 1 });
  });

  it("follows aliases inside the response, and hands on one that leads elsewhere", async () => {
    const alias = { name: "www.example.org", type: 5, class: 1, ttlSeconds: 10, rdata: nameToWire("cdn.example.org") };
    answer = () => ({ answers: [aRecord("cdn.example.org", "192.0.2.9"), alias] });
    const told = await probe();
    expect([...decodeRRset(told.value!).rdatas[0]!]).to.deep.equal([192, 0, 2, 9]);
    expect(told.ttlSeconds).to.equal(10);
    answer = () => ({ answers: [alias] });
    expect(decodeRRset((await probe()).value!).type).to.equal(5);
  });

  it("never follows an alias in circles", async () => {
    const alias = { name: "www.example.org", type: 5, class: 1, ttlSeconds: 10, rdata: nameToWire("www.example.org") };
    answer = () => ({ answers: [alias] });
    expect(decodeRRset((await probe()).value!).type).to.equal(5);
  });

  it("returns absence without evidence, with the SOA's TTL", async () => {
    for (const rcode of [0, 3]) {
      answer = () => ({ rcode, authorities: [SOA] });
      expect(await probe()).to.include({ outcome: "absent", evidence: "none", ttlSeconds: 30, value: null });
    }
  });

  it("tells refusal, silence and closed ports apart, and none of them is absence", async () => {
    for (const rcode of [2, 5]) {
      answer = () => ({ rcode });
      expect(await probe()).to.include({ outcome: "refused", value: null });
    }
    answer = () => undefined;
    expect(await probe(300)).to.include({ outcome: "timedOut", value: null });
    const closed = await startDnsServer(() => undefined);
    await closed.close();
    const told = await client([closed]).probe({ name: "www.shop.hold", record: A, path: "dns", deadlineMs: 1_000 });
    expect(told).to.include({ outcome: "unreachable", value: null });
  });

  it("never takes a datagram with another id or question", async () => {
    answer = (query) => ({ id: query.id ^ 1, answers: [aRecord(query.questions[0]!.name, "203.0.113.1")] });
    expect((await probe(200)).outcome).to.equal("timedOut");
    answer = (query) => ({
      questions: [{ ...query.questions[0]!, name: "other.example.org" }],
      answers: [aRecord("other.example.org", "203.0.113.1")],
    });
    expect((await probe(200)).outcome).to.equal("timedOut");
  });

  it("says that a name without an ordinary domain cannot be asked for", async () => {
    const told = await client().probe({ name: "nowhere.hold", record: { ...A, owner: "nowhere.hold" }, path: "dns" });
    expect(told).to.include({ outcome: "unreachable", value: null });
  });

  describe("over HTTPS", () => {
    let http: Server;
    let reply: (query: Message) => { status: number; body: Uint8Array };
    before(async () => {
      http = createServer((request, response) => {
        const parts: Buffer[] = [];
        request.on("data", (part: Buffer) => parts.push(part));
        request.on("end", () => {
          const { status, body } = reply(decodeMessage(Buffer.concat(parts)));
          response.writeHead(status, { "content-type": "application/dns-message" }).end(body);
        });
      });
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    });
    after(() => {
      http.closeAllConnections();
      http.close();
    });
    const ask = () => {
      const dohUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}/dns-query`;
      return client([{ dohUrl }]).probe({ name: "www.shop.hold", record: A, path: "dns", deadlineMs: 2_000 });
    };

    it("returns the records", async () => {
      reply = (query) => ({
        status: 200,
        body: responseTo(query, { answers: [aRecord("www.example.org", "192.0.2.7")] }),
      });
      expect((await ask()).outcome).to.equal("answered");
    });
    it("tells errors of the server from junk", async () => {
      reply = () => ({ status: 503, body: new Uint8Array(0) });
      expect((await ask()).outcome).to.equal("refused");
      reply = () => ({ status: 200, body: new Uint8Array(5) });
      expect((await ask()).outcome).to.equal("wrong");
    });
  });

  it("reads servers as the system lists them", () => {
    expect(parseServer("192.0.2.1")).to.deep.equal({ host: "192.0.2.1", port: 53 });
    expect(parseServer("192.0.2.1:5353")).to.deep.equal({ host: "192.0.2.1", port: 5353 });
    expect(parseServer("2001:db8::1")).to.deep.equal({ host: "2001:db8::1", port: 53 });
    expect(parseServer("[2001:db8::1]:5353")).to.deep.equal({ host: "2001:db8::1", port: 5353 });
  });
});
