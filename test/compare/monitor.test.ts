import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Observation } from "../../src/availability/observation.ts";
import type { Hex } from "../../src/base/bytes.ts";
import { delay } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { reportAvailability, reportCsv, reportMarkdown } from "../../src/compare/monitor/availabilityReport.ts";
import { MalformedJournalError, openJournal, readJournals } from "../../src/compare/monitor/journal.ts";
import { createMetrics, serveMetrics } from "../../src/compare/monitor/metrics.ts";
import { type Disagreement, type MonitorProbe, monitor } from "../../src/compare/monitor/monitor.ts";
import { parseAddress4 } from "../../src/dns/addressText.ts";
import { encodeRRset } from "../../src/protocol/rrset.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";

const START_MS = 1_700_000_000_000;
const address = (text: string): Hex =>
  encodeRRset({ name: "shop.hold", type: 1, ttlSeconds: 60, rdatas: [parseAddress4(text)!] });

function observe(fields: Partial<Observation> = {}): Observation {
  return { atMs: 0, round: 0, name: "shop.hold", path: "dns", outcome: "answered", latencyMs: 5, ...fields };
}

describe("journal", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-test-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("keeps what was appended, and goes on where it stopped", () => {
    openJournal(folder).append(observe({ round: 41 }));
    const again = openJournal(folder);
    expect(again.nextRound).to.equal(42);
    again.append(observe({ round: 42, atMs: 9 }));
    expect(readJournals([folder]).map((one) => one.round)).to.deep.equal([41, 42]);
  });

  it("never trips over a last line that a crash tore", () => {
    openJournal(folder).append(observe());
    const path = join(folder, "observations.jsonl");
    appendFileSync(path, '{"atMs":12,"rou');
    expect(readJournals([path])).to.have.length(1);
    openJournal(folder).append(observe({ round: 1, atMs: 20 }));
    expect(readJournals([folder]).map((one) => one.atMs)).to.deep.equal([0, 20]);
    expect(readFileSync(path, "utf8")).to.not.include('"rou{');
  });

  it("rejects a broken line in the middle, by file and number", () => {
    const path = join(folder, "bad.jsonl");
    writeFileSync(path, `${JSON.stringify(observe())}\n{"atMs":1}\n`);
    expect(() => readJournals([path])).to.throw(MalformedJournalError, `${path}:2`);
  });

  it("keeps old journals aside once they are large, and reads them all", () => {
    const journal = openJournal(folder, 100);
    for (let round = 0; round < 5; round += 1) journal.append(observe({ round, atMs: round }));
    expect(readdirSync(folder).length).to.be.greaterThan(2);
    expect(readJournals([folder]).map((one) => one.round)).to.deep.equal([0, 1, 2, 3, 4]);
  });
});

describe("monitor", () => {
  async function watch(dnsAnswer: () => Hex | null) {
    const clock = new FalseClock(START_MS);
    const seen: Observation[] = [];
    const disagreements: Disagreement[] = [];
    const told = { evidence: "none", path: null, trace: [] } as const;
    const probes: MonitorProbe[] = [
      {
        path: "gateways",
        isVerified: true,
        probe: async () => {
          await delay(clock, 20);
          return { ...told, outcome: "answered", value: address("192.0.2.1") };
        },
      },
      {
        path: "dns",
        isVerified: false,
        probe: async () => {
          await delay(clock, 5);
          const value = dnsAnswer();
          return { ...told, outcome: value === null ? "absent" : "answered", value };
        },
      },
    ];
    const watching = monitor({
      names: [{ name: "shop.hold", record: { kind: "dns", owner: "shop.hold", rrtype: 1 } }],
      probes,
      intervalMs: 300_000,
      waitMsMax: 60_000,
      timeoutMs: 4_000,
      vantage: "here",
      firstRound: 7,
      rounds: 3,
      clock,
      random: seededRandom(1, "monitor"),
      onObservation: (one) => seen.push(one),
      onDisagreement: (one) => disagreements.push(one),
      signal: new AbortController().signal,
    });
    await clock.runUntilSettled("the watch", watching);
    return { seen, disagreements };
  }

  it("returns one probe of each path an interval, each after a random wait", async () => {
    const { seen, disagreements } = await watch(() => address("192.0.2.1"));
    expect(seen.map(({ round, path, outcome }) => [round, path, outcome])).to.deep.equal(
      [7, 8, 9].flatMap((round) => ["gateways", "dns"].map((path) => [round, path, "answered"])),
    );
    const offsets = seen
      .filter(({ path }) => path === "dns")
      .map(({ atMs }, index) => atMs - START_MS - index * 300_000);
    for (const offset of offsets) expect(offset).to.be.within(0, 60_000);
    expect(new Set(offsets).size).to.equal(3);
    expect(disagreements).to.deep.equal([]);
  });

  it("emits a disagreement when DNS tells another address than the verified path", async () => {
    const { seen, disagreements } = await watch(() => address("203.0.113.66"));
    expect(disagreements).to.have.length(3);
    expect(disagreements[0]!.told.map(({ answer }) => answer)).to.deep.equal(["0xc0000201", "0xcb007142"]);
    expect(seen.filter(({ path }) => path === "dns").map(({ outcome }) => outcome)).to.deep.equal([
      "wrong",
      "wrong",
      "wrong",
    ]);
  });

  it("never takes a false absence for an absence", async () => {
    const { seen, disagreements } = await watch(() => null);
    expect(seen.find(({ path }) => path === "dns")?.outcome).to.equal("wrong");
    expect(disagreements[0]!.told[1]).to.deep.equal({ path: "dns", answer: "nothing" });
  });
});

describe("metrics", () => {
  it("returns the text Prometheus reads, over HTTP", async () => {
    const metrics = createMetrics();
    metrics.observe(observe({ vantage: 'a"b' }));
    metrics.observe(observe({ vantage: 'a"b', outcome: "timedOut", latencyMs: 4000 }));
    metrics.observe(observe({ void: "stalled" }));
    metrics.disagreed("shop.hold");
    const server = await serveMetrics(metrics, 0);
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    await server.close();
    expect(text).to.include('probe_success{name="shop.hold",path="dns",vantage="a\\"b"} 0\n');
    expect(text).to.include(
      'holdfast_probes_total{name="shop.hold",path="dns",vantage="a\\"b",outcome="answered"} 1\n',
    );
    expect(text).to.include('holdfast_disagreements_total{name="shop.hold"} 1\n');
    expect(text.match(/^# TYPE /gm)).to.have.length(5);
  });
});

describe("availability report", () => {
  const series = (path: string, failed: (round: number) => boolean, vantage = "here") =>
    Array.from({ length: 100 }, (_, round) =>
      observe({ round, atMs: round * 1000, path, vantage, outcome: failed(round) ? "timedOut" : "answered" }),
    );
  const all = [...series("dns", (round) => round >= 40 && round < 50), ...series("chain", () => false)].sort(
    (left, right) => left.atMs - right.atMs,
  );
  const report = reportAvailability(all, { objective: 0.999, binMs: 1000 });

  it("returns outages, budgets and what may be claimed, path by path", () => {
    const dns = report.series.find(({ path }) => path === "dns")!;
    expect(dns.cell.availability).to.equal(0.9);
    expect(dns.episodes).to.deep.equal([{ startMs: 40_000, endMs: 50_000, failedProbes: 10 }]);
    expect(dns.repair.mttrMs).to.equal(10_000);
    expect(dns.budget.remainingRatio).to.be.lessThan(0);
    expect(dns.effectiveProbes).to.be.lessThan(50);
    const chain = report.series.find(({ path }) => path === "chain")!;
    expect(chain.earned).to.deep.include({ earned: 0.9, next: 0.99 });
  });

  it("returns how paths failed together, never multiplied in silence", () => {
    expect(report.joint[0]?.failure).to.deep.include({ rounds: 100, allFailed: 0 });
  });

  it("returns Markdown and CSV of the same figures", () => {
    const markdown = reportMarkdown(report);
    expect(markdown).to.include("shop.hold | dns | here | 100 | 90 %").and.include("page, 14.4 times too fast");
    expect(markdown)
      .to.include("at least 90 %; 99 % takes")
      .and.not.match(/NaN|undefined/);
    expect(reportCsv(report).split("\n")).to.have.length(4);
  });

  it("keeps vantage points apart", () => {
    const two = reportAvailability([...all, ...series("dns", () => true, "elsewhere")], {
      objective: 0.99,
      binMs: 1000,
    });
    expect(two.series.filter(({ path }) => path === "dns").map(({ vantage }) => vantage)).to.deep.equal([
      "here",
      "elsewhere",
    ]);
  });
});
