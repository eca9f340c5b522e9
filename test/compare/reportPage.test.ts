/** The page of a drill: in both languages, on screen and on paper, in light and dark, by keyboard, and without colour. */
import { expect } from "chai";
import type { Observation } from "../../src/availability/observation.ts";
import type { Phase } from "../../src/availability/report.ts";
import { blastOf } from "../../src/compare/drill/blast.ts";
import { brokenInWords } from "../../src/compare/drill/broken.ts";
import { judgeClaims } from "../../src/compare/drill/claims.ts";
import { buildReport, type ReportData } from "../../src/compare/report/data.ts";
import { ENGLISH } from "../../src/compare/report/english.ts";
import { reportPage } from "../../src/compare/report/html.ts";
import { KOREAN } from "../../src/compare/report/korean.ts";
import { reportMarkdown } from "../../src/compare/report/markdown.ts";
import { columnsOf, reportText } from "../../src/compare/report/text.ts";
import { gatewaysOf, placeGateways } from "../../src/sharding/placement.ts";
import { slotsOf } from "../../src/sharding/shard.ts";
import { faultEffectSchema } from "../../src/simulation/fault.ts";
import { loadScenario, scenarioNames } from "../../src/simulation/scenarioFile.ts";
import { axeFindings, type Browser, startChromium } from "../support/chromium.ts";

/** Every kind of effect that a scenario can ask for. */
const EFFECTS = faultEffectSchema.options.map((option) => option.shape.kind.value);
const SCENARIO = loadScenario("seoul-drill");
const STOPPED = new Set([1, 2, 3, 4]);

/** A minute a phase, a probe of every service a second; whatever a phase breaks fails. */
function drillData(): ReportData {
  const phases = SCENARIO.phases.map(({ id, faults }, index): Phase => {
    const broken = faults.map(({ on }) => {
      const kind = on.path === "dns" ? "DNS server" : on.path === "chain" ? "RPC provider" : "gateway";
      return { kind, ids: ["a"], how: "stopped" };
    });
    const times = { startMs: index * 60_000, endMs: (index + 1) * 60_000 };
    return { id, title: id, ...times, faults: broken.map(brokenInWords), broken };
  });
  const placement = placeGateways({
    gateways: Array.from({ length: 8 }, (_, index) => ({ id: index + 1, zone: index % 4 })),
    seed: "test",
  });
  const names = Array.from({ length: 20 }, (_, index) => {
    return { name: `n${index}.hold`, slots: slotsOf(index), gatewayIds: gatewaysOf(placement, slotsOf(index)) };
  });
  const fails = (path: string, phase: string) =>
    (path === "dns" && !phase.startsWith("all") && phase !== "everything-back") ||
    (path === "chain" && phase === "dns-and-rpc-down");
  const observations = phases.flatMap((phase) =>
    Array.from({ length: 60 }, (_, second) =>
      SCENARIO.services.map(({ id: path }): Observation => {
        const isDown = fails(path, phase.id);
        const atMs = phase.startMs + second * 1000;
        return {
          atMs,
          round: atMs / 1000,
          name: names[second % 20]!.name,
          path,
          outcome: isDown ? "timedOut" : "answered",
          latencyMs: isDown ? 2_500 : 3 + (second % 7),
        };
      }),
    ).flat(),
  );
  const blast = blastOf({
    phase: "one-name-attacked",
    attacked: names[0]!,
    names,
    table: placement.table,
    stopped: STOPPED,
    needed: 2,
    observations: observations.filter(({ path }) => path === "gateways"),
  });
  return buildReport({
    scenario: SCENARIO,
    startedAt: "2026-01-01T00:00:00Z",
    command: "holdfast drill",
    provenance: [["Seed", "1"]],
    observations,
    phases,
    claims: judgeClaims(SCENARIO, observations, phases, () => new Set()),
    blasts: [blast],
  });
}

/** What a reader sees: no tags, no style. */
function proseOf(page: string): string {
  return page.replace(/<style>.*?<\/style>/s, "").replaceAll(/<[^>]*>/g, "\n");
}

describe("the page of a drill", () => {
  const data = drillData();

  it("tells all of it in Korean: title, phases, faults, claims, and who was hurt", () => {
    for (const text of [proseOf(reportPage(data, KOREAN)), reportMarkdown(data, KOREAN), reportText(data, KOREAN)]) {
      for (const word of ["DNS와 RPC 중단", "게이트웨이가 모든 이름을 감당한다", "가용성"])
        expect(text).to.include(word);
      expect(text).to.not.match(/stopped|gateways of|Predicted|nothing was measured|hurt|at least|All well|Names that/);
    }
    const page = reportPage(data, KOREAN);
    expect(page)
      .to.include("DNS 서버 a 정지(SIGSTOP)")
      .and.include("공격의 피해 범위")
      .and.match(/4대 중 \d대 공격/);
    expect(page).to.not.include('lang="en"');
  });

  it("tells a claim by what it bounds where a scenario has no Korean", () => {
    const claims = judgeClaims({ ...SCENARIO, ko: undefined }, [], data.phases, () => new Set());
    expect(KOREAN.claim(claims[0]!)).to.equal("combined, 모두 정상: 가용성 99 % 이상");
    expect(KOREAN.measured(claims[0]!)).to.equal("측정된 것이 없음");
    expect(KOREAN.claim(claims.at(-1)!)).to.match(/^검증되는/);
  });

  it("never leaves an English clause in Korean, whichever scenario and whatever is broken", () => {
    // Two words of small letters in a row; identifiers, units and names of protocols stand alone.
    const clause = /[A-Za-z]*[a-z]{2,} +[a-z]{2,}/;
    const kinds = ["gateway", "DNS server", "RPC provider"];
    const done = ["stopped", "killed", "cut off", "flooded", ...EFFECTS, "crowded", "overloaded"];
    for (const name of scenarioNames()) {
      const scenario = loadScenario(name);
      const phases = scenario.phases.map(({ id }, index): Phase => {
        const broken = kinds.flatMap((kind) =>
          done.map((how) => ({
            kind,
            ids: ["a"],
            how,
            perSecond: 9,
            nameCount: 2,
            transport: "udp" as const,
            from: ["x"],
          })),
        );
        return { id, title: id.replaceAll("-", " "), startMs: index, endMs: index + 1, faults: ["a b"], broken };
      });
      const claims = judgeClaims(scenario, [], phases, () => new Set());
      const { title, summary } = KOREAN.scenario({ ...data, scenario });
      for (const text of [
        title,
        summary,
        ...phases.flatMap((phase) => [KOREAN.phase(phase), ...KOREAN.faults(phase)]),
        ...claims.flatMap((claim) => [KOREAN.claim(claim), KOREAN.measured(claim)]),
      ]) {
        expect(text, name).to.not.match(clause);
        expect(text, name).to.match(/[가-힣]/);
      }
      expect(
        claims.slice(0, -1).every(({ facts }) => facts?.kind !== "stated" || facts.ko !== undefined),
        name,
      ).to.equal(true);
    }
  });

  it("keeps facts about a run, all tables and the whole page free of English clauses in Korean", () => {
    const facts = [
      ["Start-up", "hosts 3 ms, RPC providers 4 ms, gateways 5 ms, gateways in step 6 ms"],
      ["Instrument's longest lateness", "3 ms"],
    ] as const;
    const whole = { ...data, provenance: facts, command: "" };
    for (const text of [proseOf(reportPage(whole, KOREAN)), reportMarkdown(whole, KOREAN)]) {
      expect(text.match(/.*\b[A-Za-z]*[a-z]{2,} +[a-z]{2,}.*/)?.[0]).to.equal(undefined);
    }
  });

  it("tells time to repair and how probes ended", () => {
    for (const text of [proseOf(reportPage(data)), reportMarkdown(data, ENGLISH)]) {
      for (const word of ["Mean time to repair", "Mean time between", "How probes ended", "Timed out", "Who was hurt"])
        expect(text).to.include(word);
    }
    const dns = data.services.find(({ id }) => id === "dns")!;
    expect(dns.repair).to.deep.include({ outages: 1, open: 0, mttrMs: 180_000, longestMs: 180_000, downMs: 180_000 });
    expect(dns.repair).to.deep.include({ mtbfMs: 300_000, observedMs: 300_000 });
  });

  it("keeps the columns of the terminal's table, though Hangul takes two", () => {
    const lines = reportText(data, KOREAN).split("\n").slice(0, 21);
    const ends = lines.map((line) => columnsOf(line));
    expect(new Set(ends).size).to.equal(1);
  });

  it("tells series by dashes and hurt by place, not by colour alone", () => {
    // A watch of eight DNS servers has twelve series; their distributions lie over each other.
    const services = Array.from({ length: 12 }, (_, index) => ({ ...data.services[1]!, id: `series ${index}` }));
    const page = reportPage({ ...data, services });
    const dashOf = (own: string) =>
      page.match(new RegExp(`\\.line\\.${own}\\{stroke-dasharray:([^}]*)\\}`))?.[1] ?? "solid";
    const legend = [...page.matchAll(/<li class="(s\d+)">(.*?)<\/li>/g)].map(([, own, inside]) => {
      expect(page, own).to.include(`.${own} .line,.line.${own}{stroke:`);
      return `${dashOf(own!)} ${inside!.match(/class="marks [^"]*" d="([^"]*)"/)?.[1] ?? "no mark"}`;
    });
    expect(legend.length).to.equal(12);
    expect(new Set(legend).size).to.equal(12);
    const panel = page.match(/<div class="panels"><svg.*?<\/svg>/s)![0];
    expect(panel.match(/class="marks /g)).to.have.length(6);
    expect(page).to.include("✓ holds");
    expect(ENGLISH.holds(false)).to.include("✗");
    expect(page).to.match(/gateway 1 ✕/);
  });

  it("never draws a line over a silence", () => {
    const [phase] = data.phases;
    const points = [0, 1, 2, 3, 40, 41, 42].map((second) => ({ atMs: second * 1000, availability: 1, probes: 1 }));
    const service = { ...data.services[0]!, series: [{ phase: phase!.id, points }] };
    const page = reportPage({ ...data, services: [service], phases: [phase!] });
    expect(page.match(/<path class="line" d="([^"]*)"/)![1]!.match(/M/g)).to.have.length(2);
  });

  describe("in Chromium", function () {
    this.timeout(60_000);
    let browser: Browser | undefined;
    before(async function () {
      browser = await startChromium(this);
    });
    after(() => browser?.close());

    it("is accessible in both languages, in light and dark, and runs nothing", async () => {
      const page = await browser!.context.newPage();
      // The page itself forbids every script; axe comes in past that.
      for (const words of [ENGLISH, KOREAN]) {
        await page.setContent(reportPage(data, words).replace(/<meta http-equiv[^>]*>/, ""));
        expect(await axeFindings(page), words.code).to.deep.equal([]);
        expect(await page.locator("script").count()).to.equal(0);
      }
      await page.close();
    });

    it("is reached by keyboard wherever it scrolls, and fits a sheet of paper and a telephone", async () => {
      const page = await browser!.context.newPage();
      await page.setContent(reportPage(data));
      const regions = await page.locator(".scroll").count();
      const reached = new Set<string | null>();
      for (let press = 0; press < regions; press += 1) {
        await page.keyboard.press("Tab");
        reached.add(await page.locator(":focus").getAttribute("aria-label"));
      }
      expect(reached.size).to.equal(regions);
      expect(reached.has(null)).to.equal(false);
      await page.setViewportSize({ width: 390, height: 844 });
      const wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect(await page.evaluate(wide)).to.equal(0);
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).to.equal("rgb(255, 255, 255)");
      expect((await page.pdf({ format: "A4" })).length).to.be.above(10_000);
      await page.close();
    });
  });
});
