import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { availabilityInterval } from "../../src/availability/interval.ts";
import { type Clock, delay, systemClock } from "../../src/base/clock.ts";
import { watchStalls } from "../../src/compare/drill/stall.ts";
import { reportCsv } from "../../src/compare/report/csv.ts";
import { summaryOf } from "../../src/compare/report/data.ts";
import { ENGLISH } from "../../src/compare/report/english.ts";
import { reportPage } from "../../src/compare/report/html.ts";
import { KOREAN } from "../../src/compare/report/korean.ts";
import { reportMarkdown } from "../../src/compare/report/markdown.ts";
import { tablesOf } from "../../src/compare/report/tables.ts";
import { parseNameList } from "../../src/compare/watch/names.ts";
import { buildWatchReport } from "../../src/compare/watch/report.ts";
import { contradictionsOf, createAlertTracker, outcomeOf, truthOf } from "../../src/compare/watch/round.ts";
import type { DisagreementEntry } from "../../src/compare/watch/sample.ts";
import { postAlert } from "../../src/compare/watch/webhook.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
import { block, HEADER, NAMES, proven, said, sample, source, value, watch } from "../support/compare/watch.ts";
import { parseMetrics } from "../support/prometheus.ts";

describe("parseNameList", () => {
  it("returns names with their domains and record types", () => {
    expect(NAMES.map(({ name, domain }) => [name, domain])).to.deep.equal([
      ["shop.hold", "shop.example.org"],
      ["blog.hold", undefined],
      ["cafe.hold", undefined],
    ]);
    const [one] = parseNameList("\n# all of it\nShop.hold AAAA # six\nshop.hold AAAA\n", "names", "hold", "A");
    expect(one!.record).to.deep.equal({ kind: "dns", owner: "shop.hold", rrtype: 28 });
  });

  it("rejects what is no line, with its number", () => {
    for (const line of ["shop.example.org", "a.hold=", "a.hold=b=c", "a.hold A B", "a..hold", "a.hold NOPE"]) {
      expect(() => parseNameList(`ok.hold\n${line}`, "names", "hold", "A"), line)
        .to.throw("names, line 2")
        .with.property("code", "COMPARE_MALFORMED_NAME_LIST");
    }
  });

  it("rejects a second domain of one name, whose answers would be taken for the first one's", () => {
    const list =
      (...lines: string[]) =>
      () =>
        parseNameList(lines.join("\n"), "names", "hold", "A");
    expect(list("a.hold=a.example A", "a.hold=a.example. AAAA", "a.hold MX")).to.not.throw();
    expect(list("a.hold=a.example", "b.hold=a.example", "a.hold=b.example AAAA"))
      .to.throw('names, line 3: "a.hold" is paired with a.example already')
      .with.property("code", "COMPARE_MALFORMED_NAME_LIST");
  });
});

describe("judging a round", () => {
  it("returns the newest verified answer as the truth, never a cached or an unverified one", () => {
    const cached = said("192.0.2.9", { evidence: "proof", block: block(9n), via: "cache, fresh" });
    const truth = truthOf([said("192.0.2.1"), proven("192.0.2.2", 5n), proven("192.0.2.3", 6n), cached], 0);
    expect(truth).to.deep.include({ value: value("192.0.2.3"), block: 6n });
    expect(truthOf([said("192.0.2.1"), cached], 0)).to.equal(undefined);
  });

  it("returns wrong for what contradicts the truth, and leaves failures as they are", () => {
    const truth = { value: value("192.0.2.1"), block: 1n, atMs: 0 };
    expect(outcomeOf(said("192.0.2.1"), truth)).to.equal("answered");
    expect(outcomeOf(said("203.0.113.66"), truth)).to.equal("wrong");
    expect(outcomeOf({ outcome: "absent", value: null, evidence: "none" }, truth)).to.equal("wrong");
    expect(outcomeOf({ outcome: "timedOut", value: null, evidence: "none" }, truth)).to.equal("timedOut");
    expect(outcomeOf(said("203.0.113.66"), undefined)).to.equal("answered");
  });

  it("returns contradictions of answers and of serials, each zone for itself", () => {
    const sayings = new Map([
      ["chain", proven("192.0.2.1")],
      ["dns@a", said("192.0.2.1", { serial: 7 })],
      ["dns@b", said("192.0.2.1", { serial: 8 })],
      ["dns@m", said("192.0.2.1", { serial: 900 })],
    ]);
    const zoneOf = (id: string) => (id === "dns@m" ? "mirror" : "domain");
    const found = contradictionsOf(sayings, true, zoneOf);
    expect(found.map(({ kind, sides }) => [kind, sides.map((side) => side.said)])).to.deep.equal([
      ["serial", ["7", "8"]],
    ]);
    sayings.set("dns@b", said("203.0.113.66", { serial: 7 }));
    const [answers] = contradictionsOf(sayings, true, zoneOf);
    expect([answers!.kind, answers!.sides.find(({ source }) => source === "dns@b")!.said]).to.deep.equal([
      "answer",
      "A 203.0.113.66",
    ]);
    expect(contradictionsOf(sayings, false, zoneOf)).to.deep.equal([]);
  });

  it("raises after as many rounds as confirm, once, and clears", () => {
    const tracker = createAlertTracker(2);
    const found = contradictionsOf(
      new Map([
        ["a", said("192.0.2.1")],
        ["b", said("192.0.2.2")],
      ]),
      true,
      () => "",
    );
    const states = [found, found, found, [], [], found].map((one) => tracker.note("x", one).map(({ state }) => state));
    expect(states).to.deep.equal([[], ["raised"], [], ["cleared"], [], []]);
    expect([tracker.raisedCount, tracker.open.size]).to.deep.equal([1, 0]);
  });
});

describe("runWatch", () => {
  it("returns every name once an interval, at random instants, all sources at once", async () => {
    const clock = new FalseClock(1_700_000_000_000);
    const { done, samples } = watch(clock, [
      source("dns", () => said("192.0.2.1")),
      source("chain", () => proven("192.0.2.1")),
    ]);
    const result = await clock.runUntilSettled("the watch", done);
    expect(result).to.deep.equal({ rounds: 9, samples: 18, voided: 0 });
    for (const interval of [0, 1, 2]) {
      const within = samples().filter(({ round }) => Math.floor(round / 3) === interval);
      expect(new Set(within.map(({ name }) => name)).size).to.equal(3);
    }
    const gaps = samples()
      .filter(({ path }) => path === "dns")
      .map(({ at }, index, all) => at - (all[index - 1]?.at ?? 1_700_000_000_000));
    expect(new Set(gaps).size).to.be.above(6);
    for (const gap of gaps) expect(gap).to.be.within(0, 20_000);
    const last = samples().at(-1)!.at - 1_700_000_000_000;
    expect(last).to.be.within(80_000, 90_000);
  });

  it("raises a hijacked answer, marks it wrong, and clears when it is over", async () => {
    const clock = new FalseClock(0);
    const dns = source("dns", () => (clock.monotonicMs() < 60_000 ? said("203.0.113.66") : said("192.0.2.1")));
    const { done, samples, alerts, metrics } = watch(clock, [dns, source("chain", () => proven("192.0.2.1"))], {
      rounds: 12,
    });
    await clock.runUntilSettled("the watch", done);
    expect(alerts.filter(({ state }) => state === "raised").length).to.equal(3);
    expect(alerts.filter(({ state }) => state === "cleared").length).to.equal(3);
    expect(samples().filter(({ outcome }) => outcome === "wrong").length).to.equal(6);
    const page = parseMetrics(metrics.text(0));
    expect(page.value("holdfast_disagreements_total", { kind: "answer" })).to.equal(3);
    expect(page.value("holdfast_disagreements", { kind: "answer" })).to.equal(0);
    expect(page.value("probe_success", { name: "shop.hold", type: "A", path: "dns", vantage: "seoul" })).to.equal(1);
    const wrong = page.valuesOf("holdfast_probes_total", { path: "dns", outcome: "wrong", vantage: "seoul" });
    expect(wrong).to.deep.equal([2, 2, 2]);
  });

  it("keeps the truth while the verified paths are down, so that a hijack then does not pass", async () => {
    const clock = new FalseClock(0);
    const isDown = () => clock.monotonicMs() > 30_000;
    const chain = source("chain", () =>
      isDown() ? { outcome: "timedOut", value: null, evidence: "none" } : proven("192.0.2.1"),
    );
    const dns = source("dns", () => (isDown() ? said("203.0.113.66") : said("192.0.2.1")));
    const { done, samples } = watch(clock, [dns, chain], { rounds: 6 });
    await clock.runUntilSettled("the watch", done);
    const outcomes = samples()
      .filter(({ path }) => path === "dns")
      .map(({ outcome }) => outcome);
    expect(outcomes).to.deep.equal(["answered", "answered", "answered", "wrong", "wrong", "wrong"]);
  });

  it("keeps samples of a stalled or jumped instrument from counting", async () => {
    const inner = new FalseClock(1_700_000_000_000);
    let stallMs = 0;
    let jumpMs = 0;
    const clock = {
      nowMs: () => inner.nowMs() + stallMs + jumpMs,
      monotonicMs: () => inner.monotonicMs() + stallMs,
      schedule: inner.schedule.bind(inner),
    } satisfies Clock;
    let round = 0;
    const dns = source("dns", async () => {
      round += 1;
      await delay(clock, 100);
      if (round === 3) stallMs += 2_000;
      if (round === 6) jumpMs += 5_000;
      await delay(clock, 100);
      return said("192.0.2.1");
    });
    const { done, samples } = watch(inner, [dns], { clock, stalls: watchStalls(clock) });
    const result = await inner.runUntilSettled("the watch", done);
    expect(result.voided).to.equal(2);
    const voided = samples().filter((one) => one.void !== undefined);
    expect(voided.map((one) => one.round)).to.deep.equal([2, 5]);
    expect(voided[0]!.void).to.match(/stalled/);
    expect(voided[1]!.void).to.match(/jumped/);
  });

  it("keeps samples of a clock behind the chain from counting", async () => {
    const clock = new FalseClock(1_700_000_000_000);
    const chain = source("chain", () => said("192.0.2.1", { evidence: "proof", block: block(1n, 1_700_000_200n) }));
    const { done, samples } = watch(clock, [chain], { rounds: 1 });
    await clock.runUntilSettled("the watch", done);
    expect(samples()[0]!.void).to.match(/behind the chain/);
  });

  it("returns when it is told to end, the rounds begun finished", async () => {
    const clock = new FalseClock(0);
    const controller = new AbortController();
    const dns = source("dns", async () => {
      await delay(clock, 3_000);
      return said("192.0.2.1");
    });
    const { done, samples } = watch(clock, [dns], { signal: controller.signal, rounds: 1_000 });
    clock.schedule(45_000, () => controller.abort());
    const result = await clock.runUntilSettled("the watch", done);
    expect(result.rounds).to.be.within(3, 6);
    expect(samples().length).to.equal(result.rounds);
  });
});

describe("postAlert", () => {
  const entry: DisagreementEntry = {
    at: 0,
    round: 1,
    name: "shop.hold",
    kind: "answer",
    state: "raised",
    sides: [{ source: "dns", said: "x" }],
  };

  it("posts JSON, and returns why where that fails", async () => {
    const bodies: unknown[] = [];
    let status = 204;
    let answers = true;
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (part) => {
        text += part;
      });
      request.on("end", () => {
        bodies.push([request.method, request.headers["content-type"], JSON.parse(text)]);
        if (answers) response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const post = (deadlineMs = 5_000) => postAlert({ url, deadlineMs, vantage: "seoul", clock: systemClock }, entry);
    try {
      expect(await post()).to.equal(undefined);
      expect(bodies[0]).to.deep.equal([
        "POST",
        "application/json",
        { event: "disagreement", vantage: "seoul", ...entry },
      ]);
      status = 500;
      expect(await post()).to.equal("HTTP 500");
      answers = false;
      expect(await post(50)).to.match(/longer than 50 ms/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect(await post()).to.be.a("string");
  });
});

describe("buildWatchReport", () => {
  it("returns cells by path, name and vantage point, merged, and claims no nine that was not earned", () => {
    const samples = ["seoul", "oslo"].flatMap((vantage) =>
      Array.from({ length: 200 }, (_, round) =>
        ["dns", "chain", "combined", "dns@192.0.2.53:53"].map((path) => ({
          ...sample({ round, path, at: 1_700_000_000_000 + round * 1000, name: round % 2 ? "shop.hold" : "blog.hold" }),
          outcome:
            path.startsWith("dns") && round >= 100 && round < 120 ? ("timedOut" as const) : ("answered" as const),
          vantage,
        })),
      ).flat(),
    );
    samples.sort((left, right) => left.at - right.at);
    const headers = [HEADER, { ...HEADER, vantage: "oslo" }];
    const { data } = buildWatchReport(
      { headers, samples, disagreements: [], unreadable: 0 },
      { command: "holdfast compare report x", objective: 0.99 },
    );
    const dns = data.cells.find(({ path }) => path === "dns")!;
    expect([dns.probes, dns.right]).to.deep.equal([400, 360]);
    expect(data.byVantage.length).to.equal(8);
    expect(data.byName.find(({ phase, path }) => phase === "shop.hold" && path === "chain")).to.include({
      probes: 200,
    });
    const robust = data.robust.find(({ path }) => path === "dns")!;
    const independent = availabilityInterval(dns.right, dns.probes);
    expect(robust.high - robust.low).to.be.above(independent.high - independent.low);
    // No table of a watch shows the interval of independent probes.
    expect([dns.low, dns.high]).to.deep.equal([robust.low, robust.high]);
    for (const cell of [...data.byName, ...data.byVantage].filter(({ path }) => path === "dns")) {
      const { low, high } = availabilityInterval(cell.right, cell.probes);
      expect(cell.high - cell.low).to.be.above(high - low);
    }
    expect(robust.effectiveSamples).to.be.below(200);
    const budget = data.budgets.find(({ path }) => path === "dns")!;
    expect(budget).to.deep.include({ spent: 40, probes: 400 });
    expect(budget.remainingRatio).to.be.closeTo(-9, 1e-9);
    expect(data.joint.map(({ paths }) => paths)).to.deep.equal([["dns", "chain"]]);
    expect(data.gains.map(({ better, other, onlyBetter }) => [better, other, onlyBetter])).to.deep.equal([
      ["combined", "dns", 40],
      ["combined", "chain", 0],
    ]);
    const services = Object.fromEntries(data.services.map((service) => [service.id, service]));
    // Either vantage point saw it, of both names.
    expect(
      services.dns!.episodes.map(({ vantage, nameCount, failedProbes }) => [vantage, nameCount, failedProbes]),
    ).to.deep.equal([
      ["seoul", 2, 20],
      ["oslo", 2, 20],
    ]);
    // Two hundred seconds are one stretch of time, however many probes they hold.
    expect(services.chain!.earned).to.include({ earned: null, next: 0.9, missing: 28 });
    expect(JSON.parse(JSON.stringify(summaryOf(data))).byName.length).to.equal(8);
    for (const words of [ENGLISH, KOREAN]) {
      const texts = [reportPage(data, words), reportMarkdown(data, words)];
      for (const text of texts) {
        expect(text).to.not.match(/NaN|undefined|\[object/);
        for (const table of tablesOf(data, words)) expect(text, table.id).to.include(table.title);
      }
    }
    expect(reportPage(data, KOREAN)).to.include('<html lang="ko">').and.include("주장할 수 있는 가용성");
    const [head, ...rows] = reportCsv(data).trimEnd().split("\r\n");
    expect(rows.length).to.equal(data.cells.length + data.byVantage.length + data.byName.length);
    for (const row of rows) expect(row.split(",").length).to.equal(head!.split(",").length);
  });

  /** Every name and path once in each interval, from when a journal begins to when it ends. */
  function watched(options: {
    readonly names: number;
    readonly rounds: number;
    readonly everyMs: number;
    readonly paths: readonly string[];
    readonly fails: (path: string, name: number, cycle: number) => boolean;
    readonly probed?: (cycle: number) => boolean;
  }) {
    const { names, rounds, everyMs, paths, fails, probed = () => true } = options;
    const samples = Array.from({ length: rounds }, (_, round) => round)
      .filter((round) => probed(Math.floor(round / names)))
      .flatMap((round) =>
        paths.map((path) => ({
          ...sample({ round, path, name: `n${round % names}.hold`, at: 1_700_000_000_000 + (round * everyMs) / names }),
          outcome: fails(path, round % names, Math.floor(round / names))
            ? ("timedOut" as const)
            : ("answered" as const),
          vantage: "seoul",
        })),
      );
    const headers = [{ ...HEADER, settings: { everyMs } }];
    const content = { headers, samples, disagreements: [], unreadable: 0 };
    return buildWatchReport(content, { command: "x", objective: 0.999 }).data;
  }

  it("tells the outage of one name of ten, in time of day, with how long it lasted", () => {
    const data = watched({
      names: 10,
      rounds: 10 * 288,
      everyMs: 300_000,
      paths: ["dns", "chain"],
      fails: (path, name, cycle) => path === "dns" && name === 3 && cycle >= 144 && cycle < 216,
    });
    const [dns, chain] = data.services;
    expect(dns!.episodes.map(({ nameCount, names, failedProbes }) => [nameCount, names, failedProbes])).to.deep.equal([
      [1, ["n3.hold"], 72],
    ]);
    expect(dns!.repair.mttrMs).to.equal(6 * 3_600_000);
    expect(chain!.episodes).to.deep.equal([]);
    // 1_700_000_000 is 22:13:20; twelve hours and 90 seconds later.
    for (const words of [ENGLISH, KOREAN]) {
      const row = tablesOf(data, words).find(({ id }) => id === "episodes")!.rows[0]!;
      expect(row).to.deep.equal(["dns", "2023-11-15T10:14:50Z", "6.0 h", "n3.hold", "72"]);
    }
  });

  it("never draws or counts a time in which the instrument was off", () => {
    const data = watched({
      names: 2,
      rounds: 2 * 1_000,
      everyMs: 60_000,
      paths: ["dns"],
      fails: (_, __, cycle) => cycle === 99,
      probed: (cycle) => cycle < 100 || cycle >= 900,
    });
    const [dns] = data.services;
    expect(dns!.repair).to.deep.include({ outages: 2, open: 2, downMs: 0, mttrMs: null });
    expect(dns!.repair.observedMs).to.be.within(395 * 60_000, 400 * 60_000);
    expect(dns!.series.map(({ startMs, endMs }) => [startMs, endMs])).to.deep.equal([
      [0, 99.5 * 60_000],
      [900 * 60_000, 999.5 * 60_000],
    ]);
    const line = /<path class="line" d="([^"]*)"/.exec(reportPage(data))![1]!;
    expect(line.match(/M/g)).to.have.length(2);
  });

  it("claims by stretches of time, not by probes, and with all digits of the nines", () => {
    const rapid = watched({ names: 1_000, rounds: 3_000, everyMs: 100_000, paths: ["dns"], fails: () => false });
    expect(rapid.services[0]!.earned).to.deep.equal({ earned: null, next: 0.9, missing: 28 });
    const slow = watched({ names: 1, rounds: 30_000, everyMs: 300_000, paths: ["dns"], fails: () => false });
    const [dns] = slow.services;
    expect(dns!.earned).to.include({ earned: 0.9999, next: 0.99999 });
    expect(ENGLISH.earned(dns!)).to.match(
      /^dns: at least 99\.99 %; 99\.999 % takes 2\d{5} more stretches of 5 minutes/,
    );
    expect(KOREAN.earned(dns!)).to.include("99.99 %").and.include("99.999 %");
    expect(slow.robust[0]!.low).to.be.within(0.9998, 0.9999);
  });

  it("tells the joint failures of pairs, and without anything that combines them", () => {
    const data = watched({
      names: 1,
      rounds: 1_000,
      everyMs: 60_000,
      paths: ["dns", "chain", "gateways"],
      fails: (path, _, cycle) => path !== "gateways" && cycle % 50 === 0,
    });
    for (const words of [ENGLISH, KOREAN]) {
      const table = tablesOf(data, words).find(({ id }) => id === "joint")!;
      expect(table.rows.map(([paths]) => paths)).to.deep.equal([
        "dns + chain",
        "dns + gateways",
        "chain + gateways",
        "dns + chain + gateways",
      ]);
      expect(table.rows[0]!.slice(-3)).to.deep.equal(["1.00", "100 %", "100 %"]);
      expect(table.note).to.include("dns, chain, gateways");
      expect(reportMarkdown(data, words)).to.include(table.title);
    }
    expect(data.gains).to.deep.equal([]);
  });

  it("tells when a burn-rate alarm rang, which windows the run was too short for, and nothing for a short run", () => {
    const parameters = { names: 1, everyMs: 60_000, paths: ["dns"] };
    const fails = (_: string, __: number, cycle: number) => cycle >= 300 && cycle < 330;
    const data = watched({ ...parameters, rounds: 8 * 60, fails });
    const rowsOf = (words: typeof ENGLISH) => tablesOf(data, words).find(({ id }) => id === "alarms")!.rows;
    const [hour, sixHours, days] = rowsOf(ENGLISH);
    expect(hour).to.deep.equal([
      "dns",
      "page (14.4x over 1 h)",
      "0x, 0x",
      "500x (2023-11-15T03:43:20Z)",
      "once at 2023-11-15T03:14:20Z, for 34.0 min",
    ]);
    expect(sixHours![3]).to.equal("83.3x (2023-11-15T04:13:20Z)");
    expect(days!.slice(2)).to.deep.equal(["the run is shorter", "–", "never"]);
    expect(rowsOf(KOREAN)[2]![2]).to.equal(KOREAN.notWhole);
    const short = watched({ ...parameters, rounds: 50, fails: () => true });
    expect(tablesOf(short, ENGLISH).some(({ id }) => id === "alarms")).to.equal(false);
    expect(tablesOf(short, ENGLISH).some(({ id }) => id === "budgets")).to.equal(true);
  });

  it("never lets a name become markup, a formula or a column", () => {
    const name = '=<b>|"x",\ny';
    const { data } = buildWatchReport(
      { headers: [HEADER], samples: [{ ...sample({ name }), vantage: "seoul" }], disagreements: [], unreadable: 0 },
      { command: "x", objective: 0.99 },
    );
    expect(reportPage(data)).to.not.include("<b>");
    const row = reportMarkdown(data, ENGLISH)
      .split("\n")
      .find((line) => line.includes("&lt;b>"));
    expect(row!.split(/(?<!\\)\|/).length).to.be.oneOf([1, 11]);
    expect(reportCsv(data)).to.include(`"'=<b>|""x"",\ny"`);
  });
});

describe("languages", () => {
  it("keeps every label and title in every language, none left in another", () => {
    expect(Object.keys(KOREAN.label)).to.deep.equal(Object.keys(ENGLISH.label));
    expect(Object.keys(KOREAN.title)).to.deep.equal(Object.keys(ENGLISH.title));
    for (const text of [...Object.values(KOREAN.title), ...Object.values(KOREAN.note)])
      expect(text).to.match(/[가-힣]/);
  });
});

describe("grafana.json", () => {
  it("keeps to metrics that a watch exports", async () => {
    const clock = new FalseClock(0);
    const phases = { resolve: 0, connect: 1, request: 4 };
    const dns = source("dns@192.0.2.53:53", () => said("192.0.2.1", { serial: 1, phases }));
    const { done, metrics } = watch(clock, [dns]);
    await clock.runUntilSettled("the watch", done);
    const exported = parseMetrics(metrics.text(1)).sampleNames();
    const dashboard = readFileSync(new URL("../../src/compare/watch/grafana.json", import.meta.url), "utf8");
    const used = new Set(dashboard.match(/\b(?:probe|holdfast)_[a-z_]+/g));
    expect(used.size).to.be.above(6);
    for (const name of used) expect(exported, name).to.include(name);
  });
});
