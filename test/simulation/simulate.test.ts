import { expect } from "chai";
import { FaultHitsNobodyError } from "../../src/simulation/aim.ts";
import { createLaboratory, type Laboratory } from "../../src/simulation/laboratory.ts";
import { ProbeTree } from "../../src/simulation/probeTree.ts";
import type { Scenario } from "../../src/simulation/scenario.ts";
import { loadScenario, parseScenario, scenarioNames } from "../../src/simulation/scenarioFile.ts";
import { type SimulateOptions, simulate } from "../../src/simulation/simulate.ts";
import { buildTopology } from "../../src/simulation/topology.ts";

async function run(scenario: Scenario, options: SimulateOptions) {
  return await simulate(scenario, await createLaboratory(scenario, buildTopology(scenario, options)), options);
}

const probes = Number(process.env.FC_NUM_RUNS ?? 0) > 1_000 ? 30_000 : 450;

describe("simulate", function () {
  this.timeout(60_000);

  for (const name of scenarioNames()) {
    it(`keeps what ${name} claims`, async () => {
      const scenario = loadScenario(name);
      const result = await run(scenario, { seed: 1, probes });
      const failed = result.claims.filter((claim) => !claim.holds);
      expect(result.safety).to.deep.equal([]);
      expect(result.liveness).to.deep.equal([]);
      if (scenario.mustFail) expect(failed).to.not.deep.equal([]);
      else expect(failed.map(({ text, measured }) => `${text}: ${measured}`)).to.deep.equal([]);
      expect(result.asExpected).to.equal(true);
    });
  }

  it("returns the same, byte for byte, for the same seed, and something else for another", async () => {
    const scenario = loadScenario("split-view");
    const first = JSON.stringify(await run(scenario, { seed: 7, probes: 600 }));
    expect(JSON.stringify(await run(scenario, { seed: 7, probes: 600 }))).to.equal(first);
    expect(JSON.stringify(await run(scenario, { seed: 8, probes: 600 }))).to.not.equal(first);
  });

  for (const name of ["split-view", "aws-seoul-2018", "besu-2024"]) {
    it(`returns the same for ${name} whether equal courses are shared or every probe runs for real`, async () => {
      const scenario = loadScenario(name);
      const options = { seed: 3, probes: 450 };
      const { courses: _, ...shared } = await run(scenario, options);
      const { courses, ...real } = await run(scenario, { ...options, everyProbeReal: true });
      expect(shared).to.deep.equal(real);
      expect(courses).to.equal(real.probes);
    });
  }

  it("does not depend on what a laboratory has seen before", async () => {
    const scenario = loadScenario("zone-outage");
    const used = await createLaboratory(scenario, buildTopology(scenario));
    await simulate(scenario, used, { seed: 1, probes: 300 });
    const again = await simulate(scenario, used, { seed: 2, probes: 300 });
    expect(again).to.deep.equal(await run(scenario, { seed: 2, probes: 300 }));
  });

  it("counts every name of a large registry on a full fleet", async () => {
    const scenario = loadScenario("zone-outage");
    const result = await run(scenario, { seed: 1, probes: 300, names: 100_000, gateways: 2048 });
    // One zone of four is dark: every name loses exactly one gateway.
    expect(result.blast).to.deep.equal([
      { phase: "outage", machinesHit: 512, names: [0, 100_000, 0, 0, 0] },
      { phase: "three-zones", machinesHit: 1536, names: [0, 0, 0, 100_000, 0] },
    ]);
    expect(result.asExpected).to.equal(true);
  });

  it("does not believe a canary that lives", async () => {
    const canary = loadScenario("canary");
    const result = await run(
      { ...canary, phases: canary.phases.map((phase) => ({ ...phase, faults: [] })) },
      { seed: 1 },
    );
    expect(result.claims.every((claim) => claim.holds)).to.equal(true);
    expect(result.asExpected).to.equal(false);
  });

  it("rejects a fault that hits nobody, and names it", async () => {
    const failure = await run(loadScenario("split-view"), { seed: 1, gateways: 4 }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(FaultHitsNobodyError);
    expect(failure).to.include({ code: "SIMULATION_FAULT_HITS_NOBODY", field: "phases[1].faults[1]" });
  });

  it("runs cold clients, which find a name's gateways by its bootstrap shard", async () => {
    const scenario = parseScenario(`
id: cold
title: Cold clients
summary: They know the directory and nothing else.
load: { clients: cold }
services: [{ id: gateways-only, title: Gateways alone, policy: verified-first, gateways: true }]
phases: [{ id: calm, seconds: 100 }]
claims: [{ text: Two hops, service: gateways-only, phase: calm, measure: queriesPerProbe, min: 3 }]
`);
    const result = await run(scenario, { seed: 1 });
    expect(result.asExpected).to.equal(true);
  });
});

describe("simulate's checkers", () => {
  const scenario = parseScenario(`
id: checked
title: A calm
summary: Nothing happens.
services: [{ id: gateways-only, title: Gateways alone, policy: verified-first, gateways: true }]
phases: [{ id: calm, seconds: 100 }]
`);
  /** A client that is broken in one way. */
  const broken = (outcome: "answered" | "timedOut", violations: readonly string[]): Laboratory => {
    const queries = { dns: 0, gateways: 2, chain: 0 };
    const result = { outcome, verified: true, accepted: true, latencyMs: 1, queries, violations };
    const runner = () => () => Promise.resolve(result);
    return { runner, tree: () => new ProbeTree(runner()) };
  };

  it("complain of a client that times out while its gateways are well", async () => {
    const result = await simulate(scenario, broken("timedOut", []), { seed: 1 });
    expect(result.liveness[0]?.text).to.match(/two gateways of the name were well, yet timedOut/);
    expect(result.asExpected).to.equal(false);
  });

  it("complain of a client that accepts a forgery", async () => {
    const result = await simulate(scenario, broken("answered", ["a forged record was accepted with evidence"]), {
      seed: 1,
    });
    expect(result.safety).to.deep.equal(["gateways-only: a forged record was accepted with evidence"]);
    expect(result.asExpected).to.equal(false);
  });
});
