/** The watch as an instrument: what it times, what its caches may do, and when it must not trust itself. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Clock, delay, systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { domainMapper } from "../../src/client/profile.ts";
import { stallMsOf, watchStalls } from "../../src/compare/drill/stall.ts";
import { parseNameList } from "../../src/compare/watch/names.ts";
import type { Sample } from "../../src/compare/watch/sample.ts";
import { skewOf } from "../../src/compare/watch/skew.ts";
import { createSources, type Saying } from "../../src/compare/watch/sources.ts";
import { type CompareOptions, startCompare } from "../../src/compare/watch/start.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
import { aRecord, startDnsServer, type TestDnsServer } from "../support/client/dnsServer.ts";
import { DEPLOYMENT } from "../support/client/gatewayWorld.ts";
import { block, proven, said, source, watch } from "../support/compare/watch.ts";

const ONE = parseNameList("shop.hold=shop.example.org", "names", "hold", "A");

describe("a stall shorter than a second", () => {
  /** A clock on which the instrument can stall. */
  function stalling(inner: FalseClock) {
    let stalledMs = 0;
    const clock: Clock = {
      nowMs: () => inner.nowMs() + stalledMs,
      monotonicMs: () => inner.monotonicMs() + stalledMs,
      schedule: inner.schedule.bind(inner),
    };
    return { clock, stall: (ms: number) => (stalledMs += ms) };
  }

  it("keeps samples from counting where the time-out is short too", async () => {
    const inner = new FalseClock(1_700_000_000_000);
    const { clock, stall } = stalling(inner);
    let round = 0;
    const dns = source("dns", async () => {
      round += 1;
      await delay(clock, 60);
      if (round === 2) stall(800);
      if (round === 3) stall(300);
      await delay(clock, 60);
      return said("192.0.2.1");
    });
    const { done, samples } = watch(inner, [dns], { clock, timeoutMs: 500, rounds: 4 });
    await inner.runUntilSettled("the watch", done);
    expect(samples().map((one) => [one.round, one.void !== undefined])).to.deep.equal([
      [0, false],
      [1, true],
      [2, true],
      [3, false],
    ]);
  });

  it("never counts what came after its deadline, be it by some milliseconds", async () => {
    const clock = new FalseClock(0);
    const answerAfter = (ms: number, saying: Saying) =>
      source(`dns@${ms}`, async () => {
        await delay(clock, ms);
        return saying;
      });
    const sources = [answerAfter(500, said("192.0.2.1")), answerAfter(520, said("192.0.2.1"))];
    const { done, samples } = watch(clock, sources, { timeoutMs: 500, rounds: 1 });
    await clock.runUntilSettled("the watch", done);
    expect(samples().map(({ path, void: why }) => [path, why !== undefined])).to.deep.equal([
      ["dns@500", false],
      ["dns@520", true],
    ]);
  });

  it("returns how long a stall may be, by the time-out, and notices every longer one", () => {
    expect([10, 500, 4_000, 60_000].map(stallMsOf)).to.deep.equal([10, 125, 1_000, 1_000]);
    const inner = new FalseClock(0);
    const { clock, stall } = stalling(inner);
    const stalls = watchStalls(clock, stallMsOf(500));
    const within = (ms: number) => {
      const spoiledBy = stalls.begin();
      stall(ms);
      return spoiledBy();
    };
    expect(within(126)).to.match(/stalled for/);
    expect(within(90)).to.equal(undefined);
    expect(stalls.worstMs).to.be.within(90, 126);
  });

  it("never wakes up while nothing is probed", async () => {
    const inner = new FalseClock(0);
    let wakes = 0;
    const clock: Clock = {
      nowMs: () => inner.nowMs(),
      monotonicMs: () => inner.monotonicMs(),
      schedule: (ms, callback) =>
        inner.schedule(ms, () => {
          wakes += 1;
          callback();
        }),
    };
    const stalls = watchStalls(clock);
    await inner.runUntil(60_000);
    const [first, second] = [stalls.begin(), stalls.begin()];
    await inner.runUntil(61_000);
    first();
    await inner.runUntil(62_000);
    second();
    const atEnd = wakes;
    expect(atEnd).to.be.within(7, 8);
    await inner.runUntil(120_000);
    expect(wakes).to.equal(atEnd);
  });
});

describe("a wrong clock", () => {
  const NOW_MS = 1_700_000_000_000;
  const future = (endpoint: string, seconds: number): Saying => ({
    outcome: "wrong",
    value: null,
    evidence: "none",
    rejected: [
      { endpoint, outcome: "wrong", reason: "from the future", block: block(1n, BigInt(NOW_MS / 1000 + seconds)) },
    ],
  });
  const fresh = (seconds: number) => ({ ...proven("192.0.2.1"), block: block(1n, BigInt(NOW_MS / 1000 + seconds)) });

  it("returns what two or more say, in both directions, and more than say otherwise", () => {
    const cases: [string, Saying[], number[], RegExp | undefined][] = [
      ["two providers' blocks from the future", [future("a", 300), future("b", 301)], [], /30[01] s behind the chain/],
      ["a verified block from the future", [fresh(90)], [], /90 s behind the chain/],
      ["two servers' dates in the future", [], [300_000, 300_000], /300 s behind what servers say/],
      ["two servers' dates in the past", [fresh(-3_600)], [-3_600_000, -3_600_500], /360[01] s ahead of/],
      ["nobody", [], [], undefined],
      ["one liar's block from the future", [future("a", 300)], [], undefined],
      ["one liar beside a good block", [future("a", 300), fresh(-5)], [], undefined],
      ["two liars, but servers' dates are right", [future("a", 300), future("b", 300)], [0, 100, -300], undefined],
      ["one server with a wrong clock", [], [-3_600_000], undefined],
      ["one wrong date of two", [], [-3_600_000, 200], undefined],
      ["an old chain alone", [fresh(-7_200)], [], undefined],
      ["an old chain, dates right", [fresh(-7_200)], [0, 0], undefined],
    ];
    for (const [what, sayings, dates, expected] of cases) {
      const why = skewOf(sayings, dates, NOW_MS);
      if (expected === undefined) expect(why, what).to.equal(undefined);
      else expect(why, what).to.match(expected);
    }
  });
});

describe("startCompare", function () {
  this.timeout(20_000);
  let folder: string;
  const servers: Server[] = [];
  const dnsServers: TestDnsServer[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-instrument-"));
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await Promise.all(dnsServers.splice(0).map((server) => server.close()));
    rmSync(folder, { recursive: true });
  });

  /** An RPC provider that tells of a block of now, and proves nothing. */
  async function provider(options: { aheadSeconds?: number; sendsDate?: boolean } = {}): Promise<string> {
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (part) => {
        text += part;
      });
      request.on("end", () => {
        const seconds = Math.floor(systemClock.nowMs() / 1000) + (options.aheadSeconds ?? 0);
        const head = { number: "0x10", hash: `0x${"aa".repeat(32)}`, stateRoot: `0x${"bb".repeat(32)}` };
        const answer = ({ id, method }: { id: number; method: string }) => ({
          jsonrpc: "2.0",
          id,
          result: method === "eth_getBlockByNumber" ? { ...head, timestamp: `0x${seconds.toString(16)}` } : null,
        });
        const calls = JSON.parse(text);
        response.sendDate = options.sendsDate ?? true;
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(Array.isArray(calls) ? calls.map(answer) : answer(calls)));
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function run(paths: CompareOptions["client"]["paths"], more: Partial<CompareOptions> = {}, skewSeconds = 0) {
    const samples: Sample[] = [];
    const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + skewSeconds * 1000 };
    await startCompare(
      {
        client: { deployment: DEPLOYMENT, paths },
        names: ONE,
        policy: "verified-first",
        cache: false,
        mirrors: [],
        everyMs: 50,
        timeoutMs: 4_000,
        comparesAnswers: true,
        confirmRounds: 2,
        vantage: "here",
        journal: { path: join(folder, "j.jsonl"), bytesMax: 1e9 },
        endsAtAlert: false,
        rounds: 1,
        onStart() {},
        onAlert() {},
        onSample: (one) => samples.push(one),
        onWebhookFailure() {},
        signal: new AbortController().signal,
        ...more,
      },
      clock,
      seededRandom(1, "instrument"),
    );
    return samples;
  }

  for (const [what, skewSeconds, sendsDate, expected] of [
    ["behind", -300, true, /behind/],
    ["behind, by blocks alone", -300, false, /behind the chain/],
    ["ahead", 3_600, true, /ahead/],
  ] as const) {
    it(`keeps every sample from counting where its clock is ${what}`, async () => {
      const rpcUrls = [await provider({ sendsDate }), await provider({ sendsDate })];
      const samples = await run({ chain: { rpcUrls } }, {}, skewSeconds);
      expect(samples.map(({ path }) => path)).to.deep.equal(["chain", "combined", "policy"]);
      for (const { path, void: why } of samples) expect(why, path).to.match(expected);
    });
  }

  it("keeps counting where one provider of two alone tells of the future", async () => {
    const rpcUrls = [await provider({ aheadSeconds: 300 }), await provider()];
    const samples = await run({ chain: { rpcUrls } });
    expect(samples.filter((one) => one.void !== undefined)).to.deep.equal([]);
    expect(samples.map(({ outcome }) => outcome)).to.deep.equal(["wrong", "wrong", "wrong"]);
  });

  const dnsOf = (server: TestDnsServer) => ({
    dns: { endpoints: [{ host: server.host, port: server.port }], dnsNameOf: domainMapper("hold", {}) },
  });

  it("times the record's own exchange, whatever becomes of the SOA", async () => {
    const server = await startDnsServer((query) =>
      query.questions[0]!.type === 6 ? undefined : { answers: [aRecord(query.questions[0]!.name, "192.0.2.7")] },
    );
    dnsServers.push(server);
    const samples = await run(dnsOf(server), { timeoutMs: 1_000 });
    const single = samples.find(({ path }) => path.startsWith("dns@"))!;
    expect([single.outcome, single.void]).to.deep.equal(["answered", undefined]);
    expect(single.latencyMs).to.be.below(900);
  });

  it("keeps, of every run, what it is and what it was told", async () => {
    const server = await startDnsServer((query) => ({ answers: [aRecord(query.questions[0]!.name, "192.0.2.7")] }));
    dnsServers.push(server);
    for (let start = 0; start < 2; start += 1) await run(dnsOf(server));
    const lines = readFileSync(join(folder, "j.jsonl"), "utf8").trimEnd().split("\n");
    const entries = lines.map((line) => JSON.parse(line));
    const headers = entries.filter(({ format }) => format !== undefined);
    expect(headers.map(({ version }) => version)).to.deep.equal([2, 2]);
    // The same seed, and yet two runs.
    expect(new Set(headers.map(({ run: id }) => id)).size).to.equal(2);
    const samples = entries.filter(({ path }) => path !== undefined);
    expect(new Set(samples.map(({ type }) => type))).to.deep.equal(new Set(["A"]));
    expect(new Set(samples.map(({ answer }) => answer)).size).to.equal(1);
  });

  it("answers the series policy from a cache, and never any other", async () => {
    const asked: string[] = [];
    const server = await startDnsServer((query) => {
      asked.push(query.questions[0]!.name);
      return { answers: [aRecord(query.questions[0]!.name, "192.0.2.7", 300)] };
    });
    dnsServers.push(server);
    const random = seededRandom(1, "cache");
    const options = {
      policy: "dns-first",
      mirrors: [],
      domains: new Map([["shop.hold", "shop.example.org"]]),
      clock: systemClock,
      random,
    } as const;
    const client = { deployment: DEPLOYMENT, paths: dnsOf(server) };
    /** How often a source asked the server for each of three questions, and by what way it said each answer came. */
    async function threeTimes(id: string, cache: boolean) {
      const one = createSources({ ...options, client, cache }).find((each) => each.id === id)!;
      const counts: number[] = [];
      const vias: (string | undefined)[] = [];
      for (let time = 0; time < 3; time += 1) {
        const before = asked.length;
        const { outcome, via } = await one.ask(ONE[0]!, 4_000, new AbortController().signal);
        expect(outcome).to.equal("answered");
        counts.push(asked.length - before);
        vias.push(via);
      }
      return { counts, vias };
    }
    for (const id of ["dns", "combined"]) {
      expect(await threeTimes(id, true), id).to.deep.equal({ counts: [1, 1, 1], vias: ["dns", "dns", "dns"] });
    }
    expect((await threeTimes(`dns@127.0.0.1:${server.port}`, true)).counts).to.deep.equal([2, 2, 2]);
    const fresh = ["dns", "cache, fresh", "cache, fresh"];
    expect(await threeTimes("policy", true)).to.deep.equal({ counts: [1, 0, 0], vias: fresh });
    expect(await threeTimes("policy", false)).to.deep.equal({ counts: [1, 1, 1], vias: ["dns", "dns", "dns"] });
  });
});
