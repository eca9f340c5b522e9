/** Live drills, one of each scenario, beside the same scenarios simulated. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { expectedRatios } from "../../src/availability/interval.ts";
import { cellsOf, compareRuns, probesBeside, twinOf } from "../../src/simulation/agreement.ts";
import { type DrillSummary, readDrillSummary } from "../../src/simulation/drillSummary.ts";
import { createLaboratory } from "../../src/simulation/laboratory.ts";
import { loadScenario, scenarioNames } from "../../src/simulation/scenarioFile.ts";
import { simulate } from "../../src/simulation/simulate.ts";
import { buildTopology } from "../../src/simulation/topology.ts";
import { runHoldfast } from "../support/program.ts";

const LIVE = new URL("./live/", import.meta.url).pathname;
const fileOf = (id: string) => join(LIVE, `${id}.json`);

async function besideTwin(live: DrillSummary, changed = cellsOf(live)) {
  const { scenario, sizes } = twinOf(loadScenario(live.scenario), live);
  const laboratory = await createLaboratory(scenario, buildTopology(scenario, sizes));
  const simulated = await simulate(scenario, laboratory, {
    seed: 1,
    ...sizes,
    ...probesBeside(scenario, live, 20_000),
  });
  return { scenario, verdicts: compareRuns(changed, simulated) };
}

describe("compareRuns", function () {
  this.timeout(120_000);

  it("keeps a live drill of every scenario", () => {
    expect(readdirSync(LIVE).sort()).to.deep.equal(scenarioNames().map((id) => `${id}.json`));
  });

  for (const id of scenarioNames()) {
    it(`finds that a live drill of ${id} and its simulation measure the same`, async () => {
      const live = readDrillSummary(fileOf(id));
      const { scenario, verdicts } = await besideTwin(live);
      expect(verdicts.length).to.equal(scenario.phases.length * scenario.services.length);
      expect(verdicts.filter(({ agrees }) => !agrees)).to.deep.equal([]);
      // Of cells that measure the same, one in twenty at most is outside its own interval.
      expect(verdicts.filter(({ isWithin }) => !isWithin).length).to.be.at.most(Math.ceil(verdicts.length / 8));
    });
  }

  it("sees it when they do not measure the same", async () => {
    const live = readDrillSummary(fileOf("seoul-drill"));
    const tampered = cellsOf(live).map((cell) =>
      cell.service === "gateways" ? { ...cell, right: Math.floor(cell.right * 0.8) } : cell,
    );
    const { verdicts } = await besideTwin(live, tampered);
    const apart = verdicts.filter(({ agrees }) => !agrees);
    expect(new Set(apart.map(({ service }) => service))).to.deep.equal(new Set(["gateways"]));
  });

  it("returns the shares that samples of a known share have", () => {
    // Of ten draws at one half, two to eight come up in 97.9 %; one or fewer in 1.07 %.
    expect(expectedRatios(0.5, 10)).to.deep.equal({ low: 0.2, high: 0.8 });
    expect(expectedRatios(1, 10)).to.deep.equal({ low: 1, high: 1 });
    expect(expectedRatios(0.001, 100)).to.deep.equal({ low: 0, high: 0.01 });
  });
});

describe("holdfast simulate --live", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-test-"));
  after(() => rmSync(folder, { recursive: true }));
  const written = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it("returns 0 and both beside each other where they agree, 1 where they do not", async () => {
    const args = ["simulate", "canary", "--probes", "3000", "--live"];
    const { out, code } = await runHoldfast([...args, fileOf("canary")]);
    expect(code).to.equal(0);
    expect(out).to.match(/Live and simulated agree: 6 of 6 cells/);
    const live = readDrillSummary(fileOf("canary"));
    const well = live.phases.map(({ id, paths }) => ({
      id,
      paths: Object.fromEntries(Object.entries(paths).map(([path, { probes }]) => [path, { probes, right: probes }])),
    }));
    const other = written("well.json", JSON.stringify({ ...live, phases: well }));
    const apart = await runHoldfast([...args, other, "--json"]);
    expect(apart.code).to.equal(1);
    const { agreement } = JSON.parse(apart.out) as { agreement: { agrees: boolean }[] };
    expect(agreement.map(({ agrees }) => agrees)).to.deep.equal([true, true, true, false, false, false]);
  });

  it("rejects what is no summary, or is one of another scenario", async () => {
    const failure = async (path: string) => {
      try {
        await runHoldfast(["simulate", "canary", "--live", path]);
      } catch (error) {
        return `${(error as { code: string }).code} ${(error as Error).message}`;
      }
      return undefined;
    };
    expect(await failure(join(folder, "none.json"))).to.include("SIMULATION_UNREADABLE_SUMMARY");
    expect(await failure(written("text.json", "no JSON"))).to.include("SIMULATION_UNREADABLE_SUMMARY");
    const impossible = { scenario: "canary", phases: [{ id: "a", paths: { dns: { probes: 1, right: 2 } } }] };
    expect(await failure(written("more.json", JSON.stringify(impossible)))).to.include("phases.0.paths.dns");
    expect(await failure(fileOf("seoul-drill"))).to.include("it is of seoul-drill, not of canary");
  });
});
