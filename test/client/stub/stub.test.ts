import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { NameClient } from "../../../src/client/nameClient.ts";
import { nodeTransport } from "../../../src/client/nodeTransport.ts";
import type { Resolution } from "../../../src/client/resolution.ts";
import { createForwarder } from "../../../src/client/stub/forwarder.ts";
import { type Listening, listenMetrics, listenStub } from "../../../src/client/stub/listen.ts";
import { createStub } from "../../../src/client/stub/stub.ts";
import { createStubMetrics, type StubMetrics } from "../../../src/client/stub/stubMetrics.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import { createQuery, type Message } from "../../../src/dns/message.ts";
import { encodeRRset } from "../../../src/protocol/rrset.ts";
import { aRecord, startDnsServer, type TestDnsServer } from "../../support/client/dnsServer.ts";
import { needPrograms } from "../../support/tools.ts";

const EDNS = { version: 0, udpSizeBytes: 1_232, dnssecOk: false, options: [] };

/** A name client that says what it is told to. */
function clientOf(resolutions: Readonly<Record<string, Partial<Resolution>>>): NameClient {
  const resolve: NameClient["resolve"] = async (name, record) => ({
    name,
    record,
    outcome: "absent",
    value: null,
    path: "gateways",
    evidence: "proof",
    block: null,
    status: { closest: null, shardIndex: null, expiry: 0n },
    ageSeconds: 0,
    ttlSeconds: 60,
    cached: false,
    durationMs: 1,
    trace: [],
    ...resolutions[name],
  });
  return { tld: "hold", resolve } as unknown as NameClient;
}

const A_VALUE = encodeRRset({ name: "www.shop.hold", type: 1, ttlSeconds: 60, rdatas: [Uint8Array.of(192, 0, 2, 1)] });
const MANY = encodeRRset({
  name: "many.shop.hold",
  type: 16,
  ttlSeconds: 60,
  rdatas: Array.from({ length: 20 }, (_, index) => Uint8Array.from([100, ...new Uint8Array(100).fill(index)])),
});

const client = clientOf({
  "www.shop.hold": { outcome: "answered", value: A_VALUE },
  "many.shop.hold": { outcome: "answered", value: MANY },
  "bare.shop.hold": { status: { closest: "shop.hold", shardIndex: 1, expiry: 9n } },
  "down.hold": { outcome: "timedOut", status: null },
  "forged.hold": { outcome: "wrong", status: null },
  "stale.hold": { outcome: "answered", value: A_VALUE, cached: "stale" },
});

describe("stub", () => {
  let upstream: TestDnsServer;
  let listening: Listening;
  let metrics: StubMetrics;
  let isUpstreamAlive = true;
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };

  before(async () => {
    upstream = await startDnsServer((query) =>
      isUpstreamAlive ? { answers: [aRecord(query.questions[0]!.name, "198.51.100.1", 30)] } : undefined,
    );
    metrics = createStubMetrics();
    const target = { endpoint: "upstream", server: upstream };
    const forward = createForwarder({
      clock,
      random: seededRandom(1, "stub"),
      transport: nodeTransport,
      targets: () => [target],
      deadlineMs: 300,
    });
    const stub = createStub({ client, clock, forward, metrics, mirrorSuffix: "names.example.com" });
    listening = await listenStub({ host: "127.0.0.1", port: 0 }, stub);
  });
  after(async () => {
    await listening.close();
    await upstream.close();
  });

  const ask = async (name: string, type = 1, options: Partial<Message> = {}, over: "udp" | "tcp" = "udp") => {
    const query = encodeMessage({
      ...createQuery(77, { name, type }, { recursionDesired: true, edns: EDNS }),
      ...options,
    });
    const signal = AbortSignal.timeout(5_000);
    const bytes = await (over === "udp"
      ? nodeTransport.udp(listening, query, () => true, signal)
      : nodeTransport.tcp(listening, query, signal));
    return decodeMessage(bytes);
  };
  const ede = (message: Message) =>
    (message.edns?.options ?? []).filter((option) => option.code === 15).map(({ data }) => (data[0]! << 8) | data[1]!);

  it("answers names of ours, under the TLD and under the mirror suffix, in the asker's case", async () => {
    for (const name of ["www.shop.hold", "WwW.Shop.HOLD", "www.shop.names.example.com"]) {
      const message = await ask(name);
      expect(message).to.include({ id: 77, rcode: 0, recursionAvailable: true });
      expect(message.answers.map((record) => [record.name, [...record.rdata].join(".")])).to.deep.equal([
        [name, "192.0.2.1"],
      ]);
    }
  });

  it("tells NXDOMAIN, NODATA and outages apart", async () => {
    const missing = await ask("nobody.hold");
    expect([missing.rcode, missing.authorities[0]?.type, missing.authorities[0]?.name]).to.deep.equal([3, 6, "hold"]);
    const bare = await ask("bare.shop.hold");
    expect([bare.rcode, bare.answers.length, bare.authorities[0]?.type]).to.deep.equal([0, 0, 6]);
    const down = await ask("down.hold");
    expect([down.rcode, ede(down)]).to.deep.equal([2, [22]]);
    const forged = await ask("forged.hold");
    expect([forged.rcode, ede(forged)]).to.deep.equal([2, [24]]);
    const stale = await ask("stale.hold");
    expect([stale.rcode, stale.answers.length, ede(stale)]).to.deep.equal([0, 1, [3]]);
  });

  it("cuts off over UDP what TCP gives whole", async () => {
    const cut = await ask("many.shop.hold", 16);
    expect([cut.isTruncated, cut.answers.length]).to.deep.equal([true, 0]);
    const whole = await ask("many.shop.hold", 16, {}, "tcp");
    expect([whole.isTruncated, whole.answers.length]).to.deep.equal([false, 20]);
  });

  it("forwards everything else, keeps it for its TTL, and serves it stale when the upstream is down", async () => {
    upstream.counts.udp = 0;
    const first = await ask("www.example.org");
    expect([...first.answers[0]!.rdata]).to.deep.equal([198, 51, 100, 1]);
    await ask("www.example.org");
    expect(upstream.counts.udp).to.equal(1);
    isUpstreamAlive = false;
    aheadMs += 31_000;
    const stale = await ask("www.example.org");
    expect([stale.rcode, stale.answers[0]?.ttlSeconds, ede(stale)]).to.deep.equal([0, 30, [3]]);
    const unknown = await ask("unknown.example.org");
    expect([unknown.rcode, ede(unknown)]).to.deep.equal([2, [22]]);
    isUpstreamAlive = true;
  });

  it("refuses what is no plain query", async () => {
    expect((await ask("www.shop.hold", 1, { opcode: 4 })).rcode).to.equal(4);
    expect((await ask("www.shop.hold", 1, { edns: { ...EDNS, version: 1 } })).rcode).to.equal(16);
    expect((await ask("www.shop.hold", 252)).rcode).to.equal(4);
    expect((await ask("www.shop.hold", 1, { questions: [] })).rcode).to.equal(1);
  });

  it("never answers a response, and never fails over junk", async () => {
    const forward = () => Promise.reject(new Error("not to be asked"));
    const stub = createStub({ client, clock, forward, metrics: createStubMetrics() });
    const query = encodeMessage({ ...createQuery(1, { name: "www.shop.hold", type: 1 }), isResponse: true });
    expect(await stub(query, "udp")).to.equal(undefined);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        const response = await stub(bytes, "udp").catch((error: Error) => {
          // Junk that happens to be a question for somebody else is forwarded.
          expect(error.message).to.equal("not to be asked");
          return undefined;
        });
        if (response !== undefined) expect(response[2]! & 0x80).to.equal(0x80);
      }),
    );
  });

  it("counts by source and rcode for Prometheus", async () => {
    await ask("www.shop.hold");
    const http = await listenMetrics({ host: "127.0.0.1", port: 0 }, metrics.text);
    const response = await fetch(`http://127.0.0.1:${http.port}/metrics`);
    expect(await response.text()).to.match(/holdfast_stub_queries_total\{source="name-gateways",rcode="NOERROR"\} \d+/);
    await http.close();
  });

  it("serves kdig", async function () {
    const [kdig = ""] = needPrograms(this, "kdig");
    const run = promisify(execFile);
    const args = ["@127.0.0.1", "-p", String(listening.port), "www.shop.hold", "A", "+short"];
    for (const transport of ["+notcp", "+tcp"]) {
      const { stdout } = await run(kdig, [transport, ...args]);
      expect(stdout, transport).to.equal("192.0.2.1\n");
    }
  });
});
