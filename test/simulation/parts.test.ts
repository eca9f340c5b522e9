import { expect } from "chai";
import { seededRandom } from "../../src/base/random.ts";
import type { Resolution } from "../../src/client/resolution.ts";
import { checkSafety } from "../../src/simulation/checkers.ts";
import { judgeClaim } from "../../src/simulation/claims.ts";
import { costOf } from "../../src/simulation/costs.ts";
import { type Distribution, drawMs } from "../../src/simulation/distribution.ts";
import { DnsCaches } from "../../src/simulation/dnsCaches.ts";
import { createFateSource } from "../../src/simulation/fate.ts";
import { planFaults } from "../../src/simulation/faultPlan.ts";
import { latencyGrid } from "../../src/simulation/latencyGrid.ts";
import { parseScenario } from "../../src/simulation/scenarioFile.ts";
import { sheddingRatio } from "../../src/simulation/shedding.ts";
import { createStreams } from "../../src/simulation/streams.ts";
import { Tally } from "../../src/simulation/tally.ts";
import {
  buildTopology,
  endpointsOf,
  machinesOfName,
  operatorOfPlaced,
  zoneOfPlaced,
} from "../../src/simulation/topology.ts";

const scenario = parseScenario(`
id: parts
title: Parts
summary: Some faults.
topology:
  vantages: [{ id: here }, { id: there, addedLatencyMs: 50 }]
  gateways: { count: 16, operators: 8, capacityPerSecond: 100, loadPerSecond: 10 }
load: { names: 1000 }
phases:
  - { id: calm, seconds: 10 }
  - id: storm
    seconds: 10
    faults:
      - { on: { path: dns, provider: dns-a }, effect: { kind: silent }, share: 0.5, from: [here] }
      - { on: { path: dns, provider: dns-b }, effect: { kind: nxdomain }, names: 0.25 }
      - { on: { path: gateways, shardOfName: 3 }, effect: { kind: flood, perSecond: 10000 } }
      - { on: { path: chain }, effect: { kind: stale } }
`);
const topology = buildTopology(scenario);
const plan = planFaults(scenario, topology);

describe("distribution", () => {
  const cases: readonly [Distribution, number][] = [
    [{ kind: "constant", ms: 7 }, 7],
    [{ kind: "uniform", fromMs: 10, toMs: 30 }, 20],
    [{ kind: "exponential", meanMs: 10 }, 10 * Math.log(2)],
    [{ kind: "lognormal", medianMs: 20, p99Ms: 120 }, 20],
  ];
  for (const [distribution, median] of cases) {
    it(`draws around the median of ${distribution.kind}`, () => {
      const random = seededRandom(1, distribution.kind);
      const draws = Array.from({ length: 20_001 }, () => drawMs(distribution, random)).sort((a, b) => a - b);
      expect(draws[10_000]!).to.be.closeTo(median, median * 0.05);
    });
  }

  it("draws a mixture's parts by weight", () => {
    const random = seededRandom(2, "mixture");
    const parts = [
      { weight: 3, of: { kind: "constant", ms: 1 } },
      { weight: 1, of: { kind: "constant", ms: 9 } },
    ] as const;
    const draws = Array.from({ length: 10_000 }, () => drawMs({ kind: "mixture", parts: [...parts] }, random));
    expect(draws.filter((ms) => ms === 9).length / draws.length).to.be.closeTo(0.25, 0.02);
  });

  it("keeps median and tail in the grid", () => {
    const grid = latencyGrid({ kind: "lognormal", medianMs: 20, p99Ms: 120 }, 5);
    expect(grid.points).to.deep.equal([...grid.points].sort((left, right) => left - right));
    expect(grid.pointOf(0.5)).to.be.within(20, 35);
    expect(grid.pointOf(0.999)).to.be.greaterThan(110);
  });
});

describe("sheddingRatio", () => {
  const calm = { capacityPerSecond: 1000, loadPerSecond: 100, floodPerSecond: 0, tries: 3, retryFactor: 1 };

  it("is nothing below capacity", () => {
    expect(sheddingRatio(calm)).to.equal(0);
  });

  it("is what exceeds capacity where nobody retries", () => {
    expect(sheddingRatio({ ...calm, tries: 1, floodPerSecond: 9_900 })).to.be.closeTo(0.9, 1e-9);
  });

  it("grows with retries, to the level at which the loss causes itself", () => {
    const options = { ...calm, loadPerSecond: 1_500 };
    const once = sheddingRatio({ ...options, tries: 1 });
    const thrice = sheddingRatio(options);
    expect(once).to.be.closeTo(1 / 3, 1e-9);
    const offered = (1_500 * (1 - thrice ** 3)) / (1 - thrice);
    expect(thrice).to.be.closeTo(1 - 1000 / offered, 1e-9);
    expect(thrice).to.be.greaterThan(once);
  });
});

describe("operatorOfPlaced", () => {
  it("keeps an operator's machines in the zones that they have in the simulator", () => {
    for (const count of [8, 16, 32]) {
      const simulated = buildTopology(scenario, { gateways: count }).endpoints.filter(
        ({ path }) => path === "gateways",
      );
      for (let operator = 0; operator < 8; operator += 1) {
        const live = Array.from({ length: count }, (_, number) => number)
          .filter((number) => operatorOfPlaced(number, count, 8) === operator)
          .map((number) => zoneOfPlaced(number, count));
        const zones = simulated.filter((machine) => machine.operator === operator).map(({ zone }) => zone);
        expect(live, `${count} machines, operator ${operator}`).to.deep.equal(zones);
      }
    }
  });
});

describe("planFaults", () => {
  it("hits the share of endpoints, the names and the vantage points that a fault says", () => {
    const servers = endpointsOf(topology, { path: "dns", provider: "dns-a" });
    const silent = (vantage: string) => servers.map((server) => plan.condition(1, server, vantage, 0).silent);
    expect(silent("here")).to.deep.equal([true, true, false, false]);
    expect(silent("there")).to.deep.equal([false, false, false, false]);
    const [other] = endpointsOf(topology, { path: "dns", provider: "dns-b" });
    expect([249, 250].map((name) => plan.condition(1, other!, "here", name).behaviour)).to.deep.equal([
      "nxdomain",
      "honest",
    ]);
  });

  it("floods the gateways of one name, and hurts those that keep fewer than two", () => {
    const machines = machinesOfName(topology, 3);
    for (const machine of machines) {
      expect(plan.condition(1, topology.machines[machine]!, "here", 999).loss).to.be.closeTo(0.99, 0.001);
    }
    expect(plan.isHit(1, 3)).to.equal(true);
    const spared = Array.from({ length: 1000 }, (_, name) => name).find(
      (name) => machinesOfName(topology, name).filter((machine) => machines.includes(machine)).length <= 2,
    )!;
    expect(plan.isHit(1, spared)).to.equal(false);
  });

  it("knows the phase of a time, the last one after the end", () => {
    expect([0, 9_999, 10_000, 19_999, 99_999].map((atMs) => plan.phaseAt(atMs))).to.deep.equal([0, 0, 1, 1, 1]);
  });
});

describe("createFateSource", () => {
  const source = createFateSource(scenario, topology, plan);
  const [server] = endpointsOf(topology, { path: "dns", provider: "dns-a" });
  const [rpc] = topology.rpcProviders;

  it("lets answers through in the calm and swallows them in the storm", () => {
    const random = createStreams(1).of("fates");
    const draw = (atMs: number) =>
      source.draw({ endpoint: server!, vantage: 0, name: 5, atMs, phase: plan.phaseAt(atMs) }, random);
    expect(draw(0).arrival).to.equal("answer");
    expect(draw(10_000).arrival).to.equal("never");
  });

  it("draws as often whatever happens, so that luck does not shift", () => {
    const left = seededRandom(1, "luck");
    const right = seededRandom(1, "luck");
    source.draw({ endpoint: server!, vantage: 0, name: 5, atMs: 10_000, phase: 1 }, left);
    source.draw({ endpoint: server!, vantage: 1, name: 5, atMs: 0, phase: 0 }, right);
    expect(left.ratio()).to.equal(right.ratio());
  });

  it("adds the vantage point's distance, and tells young staleness from old", () => {
    const random = createStreams(2).of("fates");
    const far = source.draw({ endpoint: server!, vantage: 1, name: 5, atMs: 0, phase: 0 }, random);
    expect(far.latencyMs).to.be.greaterThan(50);
    expect(source.draw({ endpoint: rpc!, vantage: 0, name: 5, atMs: 10_000, phase: 1 }, random).manner).to.equal(
      "staleYoung",
    );
  });
});

describe("DnsCaches", () => {
  it("keeps answers for their TTL, denials for theirs, and failures not at all", () => {
    const caches = new DnsCaches({ ttlMs: 1_000, negativeTtlMs: 500 });
    caches.put("a", "honest", 0);
    caches.put("b", "nxdomain", 0);
    caches.put("c", "servfail", 0);
    expect(["a", "b", "c"].map((key) => caches.get(key, 499))).to.deep.equal(["honest", "nxdomain", undefined]);
    expect(["a", "b"].map((key) => caches.get(key, 500))).to.deep.equal(["honest", undefined]);
    expect(caches.get("a", 1_000)).to.equal(undefined);
  });
});

describe("Tally, judgeClaim and costOf", () => {
  const tally = new Tally();
  const queries = { dns: 1, gateways: 2, chain: 0 };
  for (let probe = 0; probe < 98; probe += 1) {
    tally.add({ outcome: "answered", verified: true, accepted: true, latencyMs: probe, queries, violations: [] });
  }
  tally.add({ outcome: "wrong", verified: false, accepted: true, latencyMs: 5, queries, violations: [] });
  tally.add({ outcome: "timedOut", verified: false, accepted: true, latencyMs: 4_000, queries, violations: [] });
  const summary = tally.summary();
  const claim = { text: "t", service: "s", phase: "p" };

  it("counts, with time-outs as mass at infinity", () => {
    expect(summary).to.deep.include({
      probes: 100,
      right: 98,
      availability: 0.98,
      latencyMsP50: 49,
      latencyMsP99: null,
    });
    expect(summary.interval.low).to.be.closeTo(0.93, 0.005);
    expect(summary.earned).to.equal(0.9);
  });

  it("judges by inclusive bounds", () => {
    expect(judgeClaim({ ...claim, measure: "availability", min: 0.98 }, summary).holds).to.equal(true);
    expect(judgeClaim({ ...claim, measure: "availability", min: 0.981 }, summary).holds).to.equal(false);
    expect(judgeClaim({ ...claim, measure: "wrongRatio", max: 0.01 }, summary).holds).to.equal(true);
    expect(judgeClaim({ ...claim, measure: "latencyMsP99", max: 1e9 }, summary).holds).to.equal(false);
    // Who claims that answers are late claims that they come.
    expect(judgeClaim({ ...claim, measure: "latencyMsP99", min: 1000 }, summary).holds).to.equal(false);
    expect(judgeClaim({ ...claim, measure: "availability", min: 0 }, new Tally().summary()).holds).to.equal(false);
  });

  it("never counts a wrong answer that the client saw through as one that it told", () => {
    const caught = new Tally();
    for (const accepted of [true, false]) {
      caught.add({ outcome: "wrong", verified: false, accepted, latencyMs: 5, queries, violations: [] });
    }
    expect(judgeClaim({ ...claim, measure: "wrongRatio", max: 0 }, caught.summary()).measured).to.equal(0.5);
  });

  it("prices a service by what it asks and what stands", () => {
    const [one, , registry] = parseScenario("id: c\ntitle: c\nsummary: c\nphases: [{ id: p, seconds: 1 }]").services;
    const cost = costOf(scenario, one!, [summary]);
    expect(cost).to.deep.include({ standingPerMonth: 0.5, registration: 0 });
    expect(cost.perMillionLookups.calm).to.be.closeTo(0.4, 1e-9);
    const dear = costOf(scenario, registry!, [summary]);
    expect(dear.registration).to.be.closeTo((140_000 * 2 * 3000) / 1e9, 1e-9);
  });
});

describe("checkSafety", () => {
  const resolution: Resolution = {
    name: "n0.hold",
    record: { kind: "contenthash" },
    outcome: "answered",
    value: "0x01",
    path: "gateways",
    evidence: "signature",
    block: null,
    status: null,
    ageSeconds: 0,
    ttlSeconds: 60,
    cached: false,
    durationMs: 10,
    trace: [],
  };
  const check = (change: Partial<Resolution>, queries = 2) =>
    checkSafety({
      resolution: { ...resolution, ...change },
      truth: "0x01",
      former: "0x02",
      comparable: (value) => value,
      timeoutMs: 4_000,
      maxAgeSeconds: 300,
      queries,
      queriesMax: 40,
    });

  it("finds nothing in a sound answer", () => {
    expect(check({})).to.deep.equal([]);
    expect(check({ value: "0x02" })).to.deep.equal([]);
    expect(check({ value: "0x03", evidence: "none" })).to.deep.equal([]);
  });

  const cases: readonly [string, Partial<Resolution>, number, RegExp][] = [
    ["a forgery with evidence", { value: "0x03" }, 2, /forged/],
    ["a proven absence of what exists", { outcome: "absent", value: null, trace: [] }, 2, /proven absent/],
    ["an outage told as absence", { outcome: "absent", value: null, evidence: "none" }, 2, /outage/],
    ["a probe that outlives its time-out", { durationMs: 4_100 }, 2, /4100 ms/],
    ["an old answer told as fresh", { ageSeconds: 301 }, 2, /301 s old/],
    ["a storm of retries", {}, 41, /41 exchanges/],
  ];
  for (const [what, change, queries, pattern] of cases) {
    it(`finds ${what}`, () => {
      expect(check(change, queries).join()).to.match(pattern);
    });
  }
});
