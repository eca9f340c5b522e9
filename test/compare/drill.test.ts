import { expect } from "chai";
import type { Hex } from "../../src/base/bytes.ts";
import { delay } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { blastOf, predictedHits } from "../../src/compare/drill/blast.ts";
import { judgeClaims } from "../../src/compare/drill/claims.ts";
import { type FaultDriver, runDrill, type ServiceProbe, type Target } from "../../src/compare/drill/drill.ts";
import { observed } from "../../src/compare/drill/judge.ts";
import { buildReport, summaryOf } from "../../src/compare/report/data.ts";
import { reportPage } from "../../src/compare/report/html.ts";
import { parseAddress4 } from "../../src/dns/addressText.ts";
import { encodeRRset } from "../../src/protocol/rrset.ts";
import { gatewaysOf, placeGateways } from "../../src/sharding/placement.ts";
import { slotsOf } from "../../src/sharding/shard.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
import { judge } from "../../src/simulation/judge.ts";
import { parseScenario } from "../../src/simulation/scenarioFile.ts";

const address = (text: string, ttlSeconds = 300): Hex =>
  encodeRRset({ name: "www.shop.hold", type: 1, ttlSeconds, rdatas: [parseAddress4(text)!] });

const SCENARIO = parseScenario(`
id: small
title: A small drill
summary: DNS fails and comes back.
topology: { dns: { providers: [{ id: dns-a }] } }
services:
  - { id: dns, title: DNS alone, dns: [dns-a] }
  - { id: combined, title: All, dns: [dns-a], gateways: true }
load: { probesPerSecond: 2, timeoutMs: 2000 }
phases:
  - { id: well, seconds: 20 }
  - { id: dns-down, seconds: 20, faults: [{ on: { path: dns }, effect: { kind: silent } }] }
  - { id: back, seconds: 10 }
liveCompression: 2
claims:
  - { text: DNS is gone, service: dns, phase: dns-down, measure: availability, max: 0 }
  - { text: The rest stays, service: combined, phase: dns-down, measure: availability, min: 0.99 }
`);

const TARGETS: Target[] = ["a.hold", "b.hold", "c.hold"].map((name) => ({
  name,
  record: { kind: "dns", owner: name, rrtype: 1 },
  truth: address("192.0.2.1"),
}));

function fakes(clock: FalseClock, combinedValue = address("192.0.2.1", 17)) {
  let isDown = false;
  const applied: string[][] = [];
  const faults: FaultDriver = {
    async apply(wanted) {
      isDown = wanted.length > 0;
      applied.push(wanted.map((fault) => fault.effect.kind));
      return wanted.map((fault) => ({ kind: fault.on.path, ids: [], how: fault.effect.kind }));
    },
  };
  const told = { evidence: "none", path: null, trace: [] } as const;
  const services: ServiceProbe[] = [
    {
      id: "dns",
      async probe(_, deadlineMs) {
        const downAtStart = isDown;
        await delay(clock, downAtStart ? deadlineMs : 5);
        // An answer that came while the fault was lifted would have outlived its phase.
        if (downAtStart !== isDown) throw new Error("a probe lived in two phases");
        return downAtStart
          ? { ...told, outcome: "timedOut", value: null }
          : { ...told, outcome: "answered", value: address("192.0.2.1") };
      },
    },
    {
      id: "combined",
      async probe() {
        await delay(clock, 20);
        return { ...told, outcome: "answered", value: combinedValue };
      },
    },
  ];
  return { faults, services, applied };
}

async function run(combinedValue?: Hex, shortfall?: FaultDriver["shortfall"], scenario = SCENARIO, targets = TARGETS) {
  const clock = new FalseClock(1_700_000_000_000);
  const { faults, services, applied } = fakes(clock, combinedValue);
  const drill = runDrill({
    scenario,
    targets,
    vantages: [{ id: "here", weight: 1, services }],
    faults: shortfall === undefined ? faults : { ...faults, shortfall },
    clock,
    random: seededRandom(1, "drill"),
  });
  return { ...(await clock.runUntilSettled("the drill", drill)), applied };
}

describe("runDrill", () => {
  it("returns what each service did in each phase, names evenly", async () => {
    const { observations, phases, applied } = await run();
    expect(applied).to.deep.equal([[], ["silent"], [], []]);
    expect(phases.map(({ id, faults }) => [id, faults])).to.deep.equal([
      ["well", []],
      ["dns-down", ["dns silent"]],
      ["back", []],
    ]);
    const claims = judgeClaims(SCENARIO, observations, phases, () => new Set());
    expect(claims.map((claim) => claim.holds)).to.deep.equal([true, true, true]);
    const counts = TARGETS.map(
      ({ name }) => observations.filter((one) => one.name === name && one.path === "dns").length,
    );
    expect(Math.max(...counts) - Math.min(...counts)).to.be.at.most(1);
    expect(observations.some((one) => one.detail?.includes("two phases"))).to.equal(false);
  });

  it("asks for each name as often as the scenario where resolvers keep caches, and so for fewer names", async () => {
    const { topology, load } = SCENARIO;
    const targets = Array.from({ length: 9 }, (_, index) => ({ ...TARGETS[0]!, name: `n${index}.hold` }));
    // Forty-eight probes a second in compressed time, of which a drill makes twelve.
    const fast = { ...SCENARIO, load: { ...load, names: 16, probesPerSecond: 24 } };
    const cached = { ...fast, topology: { ...topology, dns: { ...topology.dns, cacheTtlSeconds: 60 } } };
    const namesOf = async (scenario: typeof SCENARIO) =>
      new Set((await run(undefined, undefined, scenario, targets)).observations.map(({ name }) => name)).size;
    expect(await namesOf(fast)).to.equal(9);
    expect(await namesOf(cached)).to.equal(4);
  });

  it("returns an end of the phase only after its last probe has ended", async () => {
    const { phases, observations } = await run();
    const down = phases[1]!;
    const last = observations.filter((one) => one.path === "dns" && one.atMs < down.endMs && one.atMs >= down.startMs);
    for (const one of last) expect(one.atMs + one.latencyMs).to.be.at.most(down.endMs + 1e-6);
    expect(phases[2]!.startMs).to.be.at.least(down.endMs);
  });

  it("keeps a phase's probes uncounted whose fault fell short, and counts those of the others", async () => {
    let phase = 0;
    const { observations, phases } = await run(undefined, async () => (phase++ === 1 ? "too little" : undefined));
    expect(new Set(observations.map((one) => one.void))).to.deep.equal(new Set([undefined, "too little"]));
    const claims = judgeClaims(SCENARIO, observations, phases, () => new Set());
    expect(claims[0]).to.include({ holds: false, measured: "nothing was measured" });
    expect(
      observations.filter((one) => one.void !== undefined).every(({ atMs }) => atMs >= phases[1]!.startMs),
    ).to.equal(true);
  });

  it("never takes a value for right that is not the chain's", async () => {
    const { observations, phases } = await run(address("203.0.113.66"));
    const claims = judgeClaims(SCENARIO, observations, phases, () => new Set());
    expect(claims.at(-1)).to.deep.include({ text: "No wrong answer was accepted on a verified path", holds: false });
    expect(claims[1]!.holds).to.equal(false);
  });

  it("never keeps a bound of a latency that was not reached, and leaves the simulator's claims to it", async () => {
    const { observations, phases } = await run();
    const claim = { service: "dns", phase: "dns-down" };
    const late = { ...claim, text: "DNS is late", measure: "latencyMsP50" as const, min: 1 };
    const dear = { ...claim, text: "DNS is asked often", measure: "queriesPerProbe" as const, min: 1 };
    const claims = judgeClaims({ ...SCENARIO, claims: [dear, late] }, observations, phases, () => new Set());
    expect(claims.map(({ text, holds }) => [text.split(" (")[0], holds])).to.deep.equal([
      ["DNS is late", false],
      ["No wrong answer was accepted on a verified path", true],
    ]);
  });

  it("asks from vantage points by their weights, each round from one, and says which", async () => {
    const clock = new FalseClock(0);
    const { faults, services } = fakes(clock);
    const vantages = [
      { id: "near", weight: 3, services },
      { id: "far", weight: 1, services },
    ];
    const random = seededRandom(1, "drill");
    const drill = runDrill({ scenario: SCENARIO, targets: TARGETS, vantages, faults, clock, random });
    const { observations } = await clock.runUntilSettled("the drill", drill);
    const near = observations.filter(({ vantage }) => vantage === "near").length / observations.length;
    expect(near).to.be.within(0.72, 0.78);
    const byRound = new Map<number, Set<string | undefined>>();
    for (const { round, vantage } of observations) byRound.set(round, (byRound.get(round) ?? new Set()).add(vantage));
    for (const seen of byRound.values()) expect(seen.size).to.equal(1);
  });

  it("keeps the faults off when it is interrupted", async () => {
    const clock = new FalseClock(0);
    const { faults, services, applied } = fakes(clock);
    const controller = new AbortController();
    clock.schedule(12_000, () => controller.abort());
    const drill = runDrill({
      scenario: SCENARIO,
      targets: TARGETS,
      vantages: [{ id: "here", weight: 1, services }],
      faults,
      clock,
      random: seededRandom(1, "drill"),
      signal: controller.signal,
    });
    const error = await clock.runUntilSettled("the drill", drill).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    expect(applied.at(-1)).to.deep.equal([]);
  });
});

describe("judge", () => {
  const told = { evidence: "none", path: "dns", trace: [] } as const;
  const truth = address("192.0.2.1");
  it("returns right for the truth, whatever its TTL, and wrong for anything else", () => {
    expect(judge({ ...told, outcome: "answered", value: address("192.0.2.1", 1) }, truth)).to.equal("answered");
    expect(judge({ ...told, outcome: "answered", value: address("192.0.2.2") }, truth)).to.equal("wrong");
    expect(judge({ ...told, outcome: "answered", value: "0x01" }, truth)).to.equal("wrong");
    expect(judge({ ...told, outcome: "absent", value: null }, truth)).to.equal("wrong");
    expect(judge({ ...told, outcome: "absent", value: null }, null)).to.equal("absent");
    expect(judge({ ...told, outcome: "timedOut", value: null }, truth)).to.equal("timedOut");
    const former = address("192.0.2.9");
    expect(judge({ ...told, outcome: "answered", value: former }, truth, former)).to.equal("stale");
    expect(judge({ ...told, outcome: "answered", value: address("192.0.2.2") }, truth, former)).to.equal("wrong");
  });

  it("judges records that are no RRsets by their bytes", () => {
    const wallet = `0x${"aa".repeat(20)}` as const;
    expect(judge({ ...told, outcome: "answered", value: wallet }, wallet)).to.equal("answered");
    expect(judge({ ...told, outcome: "answered", value: `0x${"bb".repeat(20)}` }, wallet)).to.equal("wrong");
  });

  it("keeps wrong answers that the client took apart from those it caught", () => {
    expect(observed({ ...told, outcome: "wrong", value: null }, truth)).to.deep.include({
      outcome: "wrong",
      accepted: false,
    });
    expect(observed({ ...told, outcome: "answered", value: address("192.0.2.2") }, truth)).to.deep.equal({
      outcome: "wrong",
      detail: "not what the chain says",
    });
  });
});

describe("blastOf", () => {
  const placement = placeGateways({
    gateways: Array.from({ length: 8 }, (_, index) => ({ id: index + 1, zone: index >> 1 })),
    seed: 7,
  });
  const names = Array.from({ length: 256 }, (_, index) => ({
    name: `n${index}.hold`,
    slots: slotsOf(index),
    gatewayIds: gatewaysOf(placement, slotsOf(index)),
  }));
  const stopped = new Set(names[0]!.gatewayIds);
  const blast = (needed: number, isHurt: (name: string) => boolean) =>
    blastOf({
      phase: "attack",
      attacked: names[0]!,
      names,
      table: placement.table,
      stopped,
      needed,
      observations: names.map(({ name }, round) => ({
        atMs: 0,
        round,
        name,
        path: "gateways",
        outcome: isHurt(name) ? "timedOut" : "answered",
        latencyMs: 1,
      })),
    });

  it("returns the hypergeometric share of two machines a zone: one sixteenth loses all four", () => {
    const found = blast(1, (name) => predictedHits(names, stopped, 1).has(name));
    expect(found.expectedHurtPhysical).to.be.closeTo(1 / 16, 1e-12);
    expect(found.expectedHurtVirtual).to.be.lessThan(1e-10);
    expect(found.measuredHurt).to.equal(found.predictedHurt);
    expect([found.unpredicted, found.escaped]).to.deep.equal([[], []]);
  });

  it("returns five sixteenths where two gateways must agree", () => {
    expect(blast(2, () => false).expectedHurtPhysical).to.be.closeTo(5 / 16, 1e-12);
  });

  it("never counts a probe that the instrument spoiled as a name hurt", () => {
    const one = { atMs: 0, round: 0, name: "n1.hold", path: "gateways", outcome: "timedOut", latencyMs: 1 } as const;
    const parameters = { phase: "attack", attacked: names[0]!, names, table: placement.table, stopped, needed: 1 };
    const found = blastOf({ ...parameters, observations: [{ ...one, void: "the instrument stalled" }] });
    expect([found.unpredicted, found.measuredHurt]).to.deep.equal([[], 0]);
  });

  it("returns who was hurt against the prediction", () => {
    const spared = names.find((name) => !predictedHits(names, stopped, 1).has(name.name))!.name;
    const found = blast(1, (name) => name === spared);
    expect(found.unpredicted).to.deep.equal([spared]);
    expect(found.escaped).to.include("n0.hold");
  });
});

describe("report", () => {
  it("returns a page that loads nothing, runs nothing and escapes what it is told", async () => {
    const { observations, phases } = await run();
    const scenario = { ...SCENARIO, title: "<script>alert(1)</script>" };
    const data = buildReport({
      scenario,
      startedAt: "2026-01-01T00:00:00Z",
      command: "holdfast drill small",
      provenance: [["seed", "1"]],
      observations,
      phases,
      claims: judgeClaims(scenario, observations, phases, () => new Set()),
      blasts: [],
    });
    const page = reportPage(data);
    expect(page).to.include("&lt;script&gt;").and.not.include("<script");
    expect(page).to.not.match(/\b(?:src|href)=/);
    expect(page).to.not.match(/NaN|undefined/);
    const summary = JSON.parse(JSON.stringify(summaryOf(data)));
    const down = summary.phases.find((phase: { id: string }) => phase.id === "dns-down");
    expect(down.paths.dns).to.deep.include({ right: 0, wrong: 0, availability: 0, p50Ms: null, p99Ms: null });
    expect(down.paths.combined).to.deep.include({ availability: 1, p50Ms: 20, p99Ms: 20 });
    expect(Object.keys(down.paths.dns)).to.include.members(["probes", "right", "wrong", "availability", "low", "high"]);
  });
});
