import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import type { Scenario } from "../../src/simulation/scenario.ts";
import { phaseSpans } from "../../src/simulation/scenario.ts";
import {
  loadScenario,
  MalformedScenarioError,
  parseScenario,
  scenarioNames,
  UnknownScenarioError,
} from "../../src/simulation/scenarioFile.ts";

const MINIMAL = `
id: tiny
title: A small one
summary: Nothing happens.
phases: [{ id: calm, seconds: 60 }]
`;

/** The minimal scenario with one fault. */
function withFault(fault: string): string {
  return MINIMAL.replace("seconds: 60", `seconds: 60, faults: [${fault}]`);
}

function complaintOf(text: string): MalformedScenarioError {
  try {
    parseScenario(text);
  } catch (error) {
    if (error instanceof MalformedScenarioError) return error;
    throw error;
  }
  throw new Error("the scenario was accepted");
}

describe("scenario", () => {
  it("fills in the defaults of a minimal one", () => {
    const scenario: Scenario = parseScenario(MINIMAL);
    expect(scenario.services.map((service) => service.id)).to.deep.equal(["one-provider", "two-providers", "registry"]);
    expect(scenario.load.timeoutMs).to.equal(4000);
    expect(phaseSpans(scenario).map(({ fromMs, toMs }) => [fromMs, toMs])).to.deep.equal([[0, 60_000]]);
  });

  it("reads the same from JSON", () => {
    expect(parseScenario(JSON.stringify(parseScenario(MINIMAL)))).to.deep.equal(parseScenario(MINIMAL));
  });

  const broken: readonly [string, string, RegExp][] = [
    [
      "phases[0].faults[0].effect.kind",
      `${MINIMAL.replace("seconds: 60", "seconds: 60, faults: [{ on: { path: dns }, effect: { kind: zap } }]")}`,
      /silent/,
    ],
    [
      "phases[0].faults[0].on.provider",
      `${MINIMAL.replace("seconds: 60", "seconds: 60, faults: [{ on: { path: dns, provider: q }, effect: { kind: silent } }]")}`,
      /no DNS provider "q"/,
    ],
    [
      "phases[0].faults[0].share",
      `${MINIMAL.replace("seconds: 60", "seconds: 60, faults: [{ on: { path: dns }, effect: { kind: silent }, share: 2 }]")}`,
      /1/,
    ],
    [
      "phases[0].faults[0].names",
      withFault("{ on: { path: dns }, effect: { kind: refused }, names: 0.5 }"),
      /a port is closed to everybody or to nobody/,
    ],
    [
      "phases[0].faults[0].names",
      withFault("{ on: { path: chain }, effect: { kind: loss, ratio: 0.5 }, names: 0.5 }"),
      /they can lie about some names, and fail only for all/,
    ],
    [
      "phases[0].faults[0].on.transport",
      withFault("{ on: { path: dns, transport: udp }, effect: { kind: refused } }"),
      /by UDP and TCP alike/,
    ],
    ...["dns", "gateways", "chain"].map((path): [string, string, RegExp] => [
      "phases[0].faults[0].effect.kind",
      withFault(`{ on: { path: ${path} }, effect: { kind: flood, perSecond: 9 } }`),
      /these servers are given none/,
    ]),
    ["phases[0].seconds", MINIMAL.replace("60", "-1"), />0/],
    [
      "claims[0].phase",
      `${MINIMAL}claims: [{ text: t, service: registry, phase: storm, measure: availability, min: 1 }]`,
      /no phase "storm"/,
    ],
    [
      "claims[0].min",
      `${MINIMAL}claims: [{ text: t, service: registry, phase: calm, measure: availability }]`,
      /min or max/,
    ],
    ["id", MINIMAL.replace("id: tiny", "id: Not An Id"), /lower-case/],
    ["", `${MINIMAL}wether: sunny`, /unknown field: wether/],
    ["", "phases: [", /./],
  ];
  for (const [field, text, message] of broken) {
    it(`rejects a bad ${field === "" ? "document" : field} and names it`, () => {
      const error = complaintOf(text);
      expect(error.code).to.equal("SIMULATION_MALFORMED_SCENARIO");
      expect(error.field).to.equal(field);
      expect(error.message).to.match(message);
    });
  }

  it("rejects whatever a field is replaced by, with an error of its own", () => {
    const whole = JSON.parse(JSON.stringify(loadScenario("aws-seoul-2018")));
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]) => {
      paths.push(path);
      if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, [...path, index]);
      else if (typeof value === "object" && value !== null)
        for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
    };
    walk(whole, []);
    fc.assert(
      fc.property(fc.constantFrom(...paths.filter((path) => path.length > 0)), fc.jsonValue(), (path, value) => {
        const copy = structuredClone(whole);
        const parent = path.slice(0, -1).reduce((at, key) => at[key], copy);
        parent[path.at(-1)!] = value;
        try {
          parseScenario(JSON.stringify(copy));
        } catch (error) {
          expect(error).to.be.instanceOf(MalformedScenarioError);
        }
      }),
      { numRuns: Math.max(200, Number(process.env.FC_NUM_RUNS ?? 0)) },
    );
  });

  it("rejects an unknown name and lists the known ones", () => {
    expect(() => loadScenario("atlantis")).to.throw(UnknownScenarioError, /aws-seoul-2018/);
  });

  for (const name of scenarioNames()) {
    it(`returns ${name}, which claims something and whose file carries its id`, () => {
      const scenario = loadScenario(name);
      expect(scenario.id).to.equal(name);
      expect(scenario.claims.length).to.be.greaterThan(0);
      const text = readFileSync(new URL(`../../src/simulation/scenarios/${name}.yaml`, import.meta.url), "utf8");
      expect(text).to.match(new RegExp(`^id: ${name}\n`));
    });
  }
});
