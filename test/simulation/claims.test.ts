/** Claims must be able to fail: a run in which the faults did not come about, or others did, is found out by them. */
import { expect } from "chai";
import type { Fault } from "../../src/simulation/fault.ts";
import { createLaboratory, type Laboratory } from "../../src/simulation/laboratory.ts";
import type { Scenario } from "../../src/simulation/scenario.ts";
import { loadScenario, scenarioNames } from "../../src/simulation/scenarioFile.ts";
import { simulate } from "../../src/simulation/simulate.ts";
import { buildTopology } from "../../src/simulation/topology.ts";

/** The scenario with its faults changed, each as `change` says. */
function withFaults(scenario: Scenario, change: (fault: Fault, phase: string, index: number) => Fault[]): Scenario {
  const phases = scenario.phases.map((phase) => ({
    ...phase,
    faults: phase.faults.flatMap((fault, index) => change(fault, phase.id, index)),
  }));
  return { ...scenario, phases };
}

/** Of a scenario with other faults than the laboratory was made for, which does not know any. */
async function failedClaims(scenario: Scenario, laboratory: Laboratory): Promise<readonly string[]> {
  const { claims } = await simulate(scenario, laboratory, { seed: 1, probes: 900 });
  return claims.filter((claim) => !claim.holds).map(({ text }) => text);
}

/** In the drill of the README a fault goes on from phase to phase; the first claims about it stand for the later ones. */
const GOES_ON: readonly string[] = ["seoul-drill dns-and-rpc-down 0", "seoul-drill one-name-attacked 0"];

/** Faults that are not an outage as such: who only hears silence sees something else. */
const OTHER_THAN_SILENCE: readonly string[] = ["nxdomain", "empty", "wrong", "stale", "slow", "loss"];

function judgeOne(name: string, scenario: Scenario): void {
  const faults = scenario.phases.flatMap(({ id, faults }) => faults.map((fault, index) => ({ id, index, fault })));

  let laboratory: Laboratory;
  before(async () => {
    laboratory = await createLaboratory(scenario, buildTopology(scenario));
  });

  it("rejects it without its faults, and without any one of them", async () => {
    expect(
      await failedClaims(
        withFaults(scenario, () => []),
        laboratory,
      ),
    ).to.not.deep.equal([]);
    const unseen: string[] = [];
    for (const { id, index } of faults) {
      const without = withFaults(scenario, (fault, phase, at) => (phase === id && at === index ? [] : [fault]));
      if ((await failedClaims(without, laboratory)).length === 0) unseen.push(`${name} ${id} ${index}`);
    }
    expect(unseen).to.deep.equal(GOES_ON.filter((one) => one.startsWith(`${name} `)));
  });

  // A gateway that lies is outvoted as one that is silent is done without, so that claims about gateways cannot differ.
  const told = faults.filter(
    ({ fault: { on, effect } }) => on.path !== "gateways" && OTHER_THAN_SILENCE.includes(effect.kind),
  );
  if (told.length === 0) return;
  it("rejects it where whoever answers wrongly, late or now and then is silent instead", async () => {
    for (const { id, index } of told) {
      const silent = withFaults(scenario, (fault, phase, at) =>
        phase === id && at === index ? [{ ...fault, effect: { kind: "silent" } }] : [fault],
      );
      expect(await failedClaims(silent, laboratory), `${id} ${index}`).to.not.deep.equal([]);
    }
  });
}

describe("the claims of scenarios", function () {
  this.timeout(120_000);

  for (const name of scenarioNames()) {
    const scenario = loadScenario(name);
    // A canary's claims fail with its faults; that they hold without is tested of its own.
    if (!scenario.mustFail) describe(name, () => judgeOne(name, scenario));
  }
});
