import { expect } from "chai";
import { cellsOf, compareRuns, twinOf } from "../../src/simulation/agreement.ts";
import { createLaboratory } from "../../src/simulation/laboratory.ts";
import { loadScenario } from "../../src/simulation/scenarioFile.ts";
import { simulate } from "../../src/simulation/simulate.ts";
import { buildTopology } from "../../src/simulation/topology.ts";
import live from "./seoul-drill.live.json" with { type: "json" };

describe("compareRuns", function () {
  this.timeout(60_000);

  it("finds that a live drill and its simulation measure the same, and sees it when they do not", async () => {
    const { scenario, sizes } = twinOf(loadScenario(live.scenario), live);
    const laboratory = await createLaboratory(scenario, buildTopology(scenario, sizes));
    const simulated = await simulate(scenario, laboratory, { seed: 1, probes: 6_000, ...sizes });
    const cells = cellsOf(live);
    const verdicts = compareRuns(cells, simulated);
    expect(verdicts.length).to.equal(scenario.phases.length * scenario.services.length);
    expect(verdicts.filter((verdict) => !verdict.agrees)).to.deep.equal([]);
    const tampered = cells.map((cell) =>
      cell.service === "gateways" ? { ...cell, right: Math.floor(cell.right * 0.8) } : cell,
    );
    const disagreeing = compareRuns(tampered, simulated).filter((verdict) => !verdict.agrees);
    expect(new Set(disagreeing.map(({ service }) => service))).to.deep.equal(new Set(["gateways"]));
  });
});
