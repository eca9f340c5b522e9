/** Every kind of fault, done by the proxies on real sockets. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { systemClock, withDeadline } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { secureRandom } from "../../src/base/random.ts";
import { nodeTransport } from "../../src/client/nodeTransport.ts";
import { DnsProxy } from "../../src/compare/local/dnsProxy.ts";
import { HttpProxy } from "../../src/compare/local/httpProxy.ts";
import type { InsideEffect } from "../../src/compare/local/liveFault.ts";
import { createRpcSpoiler } from "../../src/compare/local/rpcFaults.ts";
import { RCODE, TYPE } from "../../src/dns/codes.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import { createQuery } from "../../src/dns/message.ts";
import { parseZoneFile } from "../../src/dns/zoneFile.ts";
import { createDnsHandler } from "../../src/gateway/dns/handler.ts";
import { createMemoryZoneSource } from "../../src/gateway/dns/memoryZone.ts";
import { type DnsServer, startDnsServer } from "../../src/gateway/dns/server.ts";

const HOST = "127.0.0.1";
const WAIT_MS = 300;
const common = { host: HOST, port: 0, clock: systemClock, random: secureRandom };
const ZONE =
  "$TTL 300\n$ORIGIN example.org.\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\nwww AAAA 2001:db8::1\nalso A 192.0.2.2\n";

describe("DnsProxy", () => {
  let server: DnsServer;
  let proxy: DnsProxy;

  before(async () => {
    const source = createMemoryZoneSource(parseZoneFile(ZONE, "test.zone"));
    const handler = createDnsHandler({ source, clock: systemClock, random: secureRandom });
    server = await startDnsServer({ host: HOST, port: 0, handler, clock: systemClock, log: silentLog });
    proxy = await DnsProxy.start({ ...common, target: server });
  });
  after(async () => {
    await proxy?.close();
    await server?.close();
  });
  afterEach(() => proxy.setFault(null));

  /** `NOERROR 192.0.2.1`, `SERVFAIL`, `silence` or `refused`. */
  async function ask(
    transport: "udp" | "tcp",
    name = "www.example.org",
    port = proxy.port,
    type: number = TYPE.A,
  ): Promise<string> {
    const id = secureRandom.below(65_536);
    const query = encodeMessage(createQuery(id, { name, type }));
    try {
      const bytes = await withDeadline(systemClock, WAIT_MS, "The answer", (signal) =>
        transport === "udp"
          ? nodeTransport.udp({ host: HOST, port }, query, () => true, signal)
          : nodeTransport.tcp({ host: HOST, port }, query, signal),
      );
      const { rcode, answers } = decodeMessage(bytes);
      const words = Object.entries(RCODE).find(([, code]) => code === rcode)?.[0] ?? String(rcode);
      return [words, ...answers.map(({ rdata }) => rdata.join("."))].join(" ");
    } catch (error) {
      return (error as { failure?: string }).failure === "refused" ? "refused" : "silence";
    }
  }

  const cases: readonly (readonly [string, InsideEffect, string])[] = [
    ["drops", { kind: "silent" }, "silence"],
    ["refuses, its port closed,", { kind: "refused" }, "refused"],
    ["loses every packet", { kind: "loss", ratio: 1 }, "silence"],
    ["loses no packet", { kind: "loss", ratio: 0 }, "NOERROR 192.0.2.1"],
    ["says SERVFAIL", { kind: "servfail" }, "SERVFAIL"],
    ["says NXDOMAIN", { kind: "nxdomain" }, "NXDOMAIN"],
    ["answers nothing", { kind: "empty" }, "NOERROR"],
    ["answers another's address", { kind: "wrong" }, "NOERROR 203.0.113.254"],
    ["answers the address of before", { kind: "stale" }, "NOERROR 203.0.113.253"],
    ["drips without end", { kind: "drip" }, "silence"],
    ["is later than anybody waits", { kind: "slow", addedMs: 2 * WAIT_MS, retryFactor: 1 }, "silence"],
    ["is a little late", { kind: "slow", addedMs: 20, retryFactor: 1 }, "NOERROR 192.0.2.1"],
    ["has no capacity left", { kind: "crowded", capacityPerSecond: 0.001 }, "silence"],
  ];
  for (const transport of ["udp", "tcp"] as const) {
    for (const [what, effect, expected] of cases) {
      it(`${what} over ${transport}, and is well again`, async () => {
        await proxy.setFault({ effect });
        if (effect.kind === "crowded") await ask(transport);
        expect(await ask(transport)).to.equal(expected);
        await proxy.setFault(null);
        expect(await ask(transport)).to.equal("NOERROR 192.0.2.1");
      });
    }
  }

  for (const transport of ["udp", "tcp"] as const) {
    it(`drops ${transport} alone, and loses, slows or spoils it alone`, async () => {
      const other = transport === "udp" ? "tcp" : "udp";
      for (const [effect, expected] of [
        [{ kind: "silent" }, "silence"],
        [{ kind: "loss", ratio: 1 }, "silence"],
        [{ kind: "slow", addedMs: 2 * WAIT_MS, retryFactor: 1 }, "silence"],
        [{ kind: "servfail" }, "SERVFAIL"],
      ] as const) {
        await proxy.setFault({ effect, transport });
        expect([await ask(transport), await ask(other)]).to.deep.equal([expected, "NOERROR 192.0.2.1"]);
      }
    });
  }

  it("forges addresses of either family, and serves an old serial with old addresses", async () => {
    await proxy.setFault({ effect: { kind: "wrong" } });
    const forged = "32.1.13.184.0.0.0.0.0.0.0.0.222.173.190.239";
    expect(await ask("udp", "www.example.org", proxy.port, TYPE.AAAA)).to.equal(`NOERROR ${forged}`);
    const serialOf = async () => Number((await ask("udp", "example.org", proxy.port, TYPE.SOA)).split(".").at(-17));
    expect(await serialOf()).to.equal(1);
    await proxy.setFault({ effect: { kind: "stale" } });
    expect(await serialOf()).to.equal(0);
  });

  it("limits the rate, and refuses what is above it", async () => {
    await proxy.setFault({ effect: { kind: "rateLimit", perSecond: 1 } });
    const told = await Promise.all(Array.from({ length: 6 }, () => ask("udp")));
    expect(told.filter((one) => one === "REFUSED").length).to.be.at.least(4);
    expect(told).to.include("NOERROR 192.0.2.1");
  });

  it("spoils only the names that a fault is for", async () => {
    await proxy.setFault({ effect: { kind: "nxdomain" }, domains: ["also.example.org"] });
    expect([await ask("udp"), await ask("udp", "also.example.org")]).to.deep.equal(["NOERROR 192.0.2.1", "NXDOMAIN"]);
  });

  it("keeps a lie in its cache after the fault, as caches do", async () => {
    const cache = { ttlMs: 60_000, negativeTtlMs: 60_000 };
    const cached = await DnsProxy.start({ ...common, target: server, cache });
    await cached.setFault({ effect: { kind: "nxdomain" } });
    expect(await ask("udp", "www.example.org", cached.port)).to.equal("NXDOMAIN");
    await cached.setFault(null);
    expect(await ask("udp", "www.example.org", cached.port)).to.equal("NXDOMAIN");
    expect(await ask("udp", "also.example.org", cached.port)).to.equal("NOERROR 192.0.2.2");
    await cached.close();
  });
});

describe("HttpProxy before an RPC provider", () => {
  let chain: Server;
  let proxy: HttpProxy;
  let head = 7;

  before(async () => {
    chain = createServer((request, response) => {
      let text = "";
      request.on("data", (part) => {
        text += part;
      });
      request.on("end", () => {
        const { method, params } = JSON.parse(text) as { method: string; params: string[] };
        const block = (number: number) => ({
          number: `0x${number.toString(16)}`,
          timestamp: `0x${(2 * number).toString(16)}`,
        });
        const results: Readonly<Record<string, unknown>> = {
          eth_blockNumber: `0x${head.toString(16)}`,
          eth_getBlockByNumber: block(params[0] === "latest" ? head : Number(params[0])),
        };
        const result = results[method] ?? `0x@${params[0]}`;
        response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result }));
      });
    });
    await new Promise<void>((resolve) => chain.listen(0, HOST, resolve));
    const target = { host: HOST, port: (chain.address() as AddressInfo).port };
    proxy = await HttpProxy.start({ ...common, target, spoiler: createRpcSpoiler() });
  });
  after(async () => {
    await proxy?.close();
    chain?.closeAllConnections();
    chain?.close();
  });
  afterEach(() => proxy.setFault(null));

  async function ask(method: string, params: readonly string[] = []): Promise<string> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    try {
      return await withDeadline(systemClock, WAIT_MS, "The answer", async (signal) => {
        const response = await fetch(`http://${HOST}:${proxy.port}/`, { method: "POST", body, signal });
        if (!response.ok) return String(response.status);
        return ((await response.json()) as { result: string }).result;
      });
    } catch (error) {
      return (error as Error).message.startsWith("The answer took") ? "silence" : "refused";
    }
  }

  const cases: readonly (readonly [string, InsideEffect, string])[] = [
    ["drops", { kind: "silent" }, "silence"],
    ["refuses, its port closed,", { kind: "refused" }, "refused"],
    ["loses every exchange", { kind: "loss", ratio: 1 }, "silence"],
    ["says 503", { kind: "servfail" }, "503"],
    ["drips a byte a second", { kind: "drip" }, "silence"],
    ["is later than anybody waits", { kind: "slow", addedMs: 2 * WAIT_MS, retryFactor: 1 }, "silence"],
    ["is overloaded", { kind: "overloaded", addedMs: 1, lostRatio: 1 }, "silence"],
  ];
  for (const [what, effect, expected] of cases) {
    it(`${what}, and is well again`, async () => {
      await proxy.setFault({ effect });
      expect(await ask("eth_blockNumber")).to.equal(expected);
      await proxy.setFault(null);
      expect(await ask("eth_blockNumber")).to.equal("0x7");
    });
  }

  it("is stuck at the head it had, also for those who ask for the latest block", async () => {
    await proxy.setFault({ effect: { kind: "stale" } });
    head = 9;
    expect(await ask("eth_blockNumber")).to.equal("0x7");
    expect(await ask("eth_call", ["latest"])).to.match(/@0x7$/);
    await proxy.setFault(null);
    expect(await ask("eth_blockNumber")).to.equal("0x9");
    expect(await ask("eth_call", ["latest"])).to.match(/@latest$/);
    head = 7;
  });

  it("is stuck as far behind as it is told to be, at the first block where the chain is shorter", async () => {
    head = 40;
    for (const [behindSeconds, stuckAt] of [
      [0, 40],
      [1, 39],
      [6, 36],
      [9, 32],
      [500, 0],
    ] as const) {
      await proxy.setFault({ effect: { kind: "stale" }, behindSeconds });
      expect(Number(await ask("eth_blockNumber")), `${behindSeconds} s`).to.equal(stuckAt);
    }
    head = 7;
  });

  it("limits the rate, and says 429 above it", async () => {
    await proxy.setFault({ effect: { kind: "rateLimit", perSecond: 1 } });
    const told = await Promise.all(Array.from({ length: 6 }, () => ask("eth_blockNumber")));
    expect(told.filter((one) => one === "429").length).to.be.at.least(4);
    expect(told).to.include("0x7");
  });
});
