import { expect } from "chai";
import fc from "fast-check";
import { type FaultEffect, faultSchema } from "../../src/simulation/fault.ts";
import { createLaboratory } from "../../src/simulation/laboratory.ts";
import { type ScenarioInput, scenarioSchema } from "../../src/simulation/scenario.ts";
import { simulate } from "../../src/simulation/simulate.ts";
import { buildTopology } from "../../src/simulation/topology.ts";

type FaultInput = NonNullable<ScenarioInput["phases"][number]["faults"]>[number];

const breaking: fc.Arbitrary<FaultEffect> = fc.oneof(
  fc.constantFrom<FaultEffect>(
    { kind: "silent" },
    { kind: "refused" },
    { kind: "servfail" },
    { kind: "drip" },
    { kind: "stale" },
  ),
  fc.record({ kind: fc.constant("loss" as const), ratio: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({
    kind: fc.constant("slow" as const),
    addedMs: fc.integer({ min: 1, max: 6000 }),
    retryFactor: fc.constant(1),
  }),
);
const lying: fc.Arbitrary<FaultEffect> = fc.constantFrom({ kind: "wrong" }, { kind: "nxdomain" }, { kind: "empty" });
const share = fc.constantFrom(0.25, 0.5, 1);
const names = fc.constantFrom(0.3, 1);

/** Whether the schema takes a fault: not every kind can be for some names only. */
const isSensible = (one: FaultInput) => faultSchema.safeParse(one).success;

/** Anything goes on the DNS path; on the verified ones anybody may fail, and one gateway and one RPC provider may lie. */
const fault: fc.Arbitrary<FaultInput> = fc
  .oneof(
    fc.record({
      on: fc.constantFrom({ path: "dns" as const }, { path: "dns" as const, provider: "dns-b" }),
      effect: fc.oneof(breaking, lying),
      share,
      names,
    }),
    fc.record({
      on: fc.oneof(
        fc.record({ path: fc.constant("gateways" as const), zone: fc.nat(3) }),
        fc.record({ path: fc.constant("gateways" as const), shardOfName: fc.nat(9) }),
      ),
      effect: breaking,
      share,
      names,
    }),
    fc.record({ on: fc.constant({ path: "gateways" as const, operator: 3 }), effect: lying, names }),
    fc.record({ on: fc.constant({ path: "chain" as const }), effect: breaking, share, names }),
    fc.record({ on: fc.constant({ path: "chain" as const, provider: "rpc-b" }), effect: lying, names }),
  )
  .filter(isSensible);

const world: fc.Arbitrary<ScenarioInput> = fc.record({
  id: fc.constant("random-world"),
  title: fc.constant("A random world"),
  summary: fc.constant("Drawn at random."),
  topology: fc.record({ gateways: fc.record({ count: fc.constantFrom(8, 16), operators: fc.constant(16) }) }),
  load: fc.record({ names: fc.constant(10), clients: fc.constantFrom("acquainted" as const, "cold" as const) }),
  services: fc.constant([
    { id: "gateways-only", title: "Gateways", policy: "verified-first" as const, gateways: true },
    {
      id: "gateways-proof",
      title: "Gateways, proven",
      policy: "verified-first" as const,
      gateways: true,
      evidence: "proof" as const,
    },
    { id: "chain-only", title: "Chain", policy: "verified-first" as const, chain: true },
    {
      id: "all",
      title: "All",
      policy: "verified-first" as const,
      dns: ["dns-a", "dns-b"],
      gateways: true,
      chain: true,
    },
    { id: "race", title: "Race", policy: "race" as const, dns: ["dns-a", "dns-b"], gateways: true, chain: true },
  ]),
  phases: fc
    .record({ id: fc.constant("storm"), seconds: fc.constant(900), faults: fc.array(fault, { maxLength: 4 }) })
    .map((one) => [one]),
});

describe("random worlds", function () {
  this.timeout(0);

  it("keep every client sound: no forgery, no outage told as absence, an answer wherever there can be one", async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.nat(), async (input, seed) => {
        const scenario = scenarioSchema.parse(input);
        const laboratory = await createLaboratory(scenario, buildTopology(scenario));
        const result = await simulate(scenario, laboratory, { seed, probes: 80 });
        expect(result.safety).to.deep.equal([]);
        expect(result.liveness).to.deep.equal([]);
      }),
      { numRuns: Math.max(8, Math.floor(Number(process.env.FC_NUM_RUNS ?? 0) / 100)) },
    );
  });
});
