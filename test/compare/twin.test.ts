/**
 * A drill run now, on real processes, and its twin on the simulator: where both lose a part of their probes, do they lose the
 * same part? Whether they answer at all or not they would agree on by luck.
 */
import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import { secureRandom, seededRandom } from "../../src/base/random.ts";
import { ANY_PORTS, type LocalNetwork, startLocalNetwork } from "../../src/compare/local/network.ts";
import { runLocalDrill } from "../../src/compare/localDrill.ts";
import { summaryOf } from "../../src/compare/report/data.ts";
import { cellsOf, compareRuns, twinOf } from "../../src/simulation/agreement.ts";
import type { DrillSummary } from "../../src/simulation/drillSummary.ts";
import { createLaboratory } from "../../src/simulation/laboratory.ts";
import { parseScenario } from "../../src/simulation/scenarioFile.ts";
import { simulate } from "../../src/simulation/simulate.ts";
import { buildTopology } from "../../src/simulation/topology.ts";

const SEED = "twin";
const SCENARIO = parseScenario(`
id: twin
title: Losses, live and simulated
summary: DNS servers lose a share of what they are asked, then a name's gateways are gone.
topology:
  dns: { providers: [{ id: dns-a, servers: 1 }, { id: dns-b, servers: 1 }, { id: dns-c, servers: 1 }] }
  gateways: { count: 8, operators: 8 }
  chain: { providers: [rpc-a] }
services:
  - { id: one-provider, title: One DNS provider, dns: [dns-a] }
  - { id: two-providers, title: Two DNS providers, dns: [dns-b, dns-c] }
  - { id: gateways-only, title: Gateways alone, policy: verified-first, gateways: true }
load: { names: 24, probesPerSecond: 8, timeoutMs: 2000 }
phases:
  - { id: calm, seconds: 2 }
  - { id: loss-30, seconds: 7, faults: [{ on: { path: dns }, effect: { kind: loss, ratio: 0.3 } }] }
  - { id: loss-60, seconds: 7, faults: [{ on: { path: dns }, effect: { kind: loss, ratio: 0.6 } }] }
  - { id: shard-gone, seconds: 7, faults: [{ on: { path: gateways, shardOfName: 0 }, effect: { kind: silent } }] }
`);

const ZONES = Array.from(
  { length: SCENARIO.load.names },
  (_, index) =>
    `$ORIGIN shop${index}.com.\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.${index + 1}\n`,
).join("");

describe("a live drill and its twin", () => {
  let network: LocalNetwork;
  before(async function () {
    this.timeout(120_000);
    network = await startLocalNetwork({
      zoneText: `$TTL 300\n${ZONES}`,
      zoneFile: "twin.zone",
      tld: "hold",
      gatewayCount: SCENARIO.topology.gateways.count,
      rpcProviders: SCENARIO.topology.chain.providers,
      dnsProviders: SCENARIO.topology.dns.providers.map(({ id }) => id),
      blockMs: 2000,
      ports: ANY_PORTS,
      clock: systemClock,
      random: secureRandom,
      seed: SEED,
      onProgress: () => {},
      onLost: () => {},
    });
  });
  after(() => network?.close());

  it("measure the same, each phase within both intervals, also where some probes are lost", async function () {
    this.timeout(60_000);
    const { data } = await runLocalDrill({
      scenario: SCENARIO,
      network,
      clock: systemClock,
      random: seededRandom(SEED, "drill"),
      command: "test",
      provenance: [
        ["Gateways", String(network.gateways.length)],
        ["Seed", SEED],
      ],
      say: () => {},
    });
    const live = JSON.parse(JSON.stringify(summaryOf(data))) as DrillSummary;
    const { scenario, sizes } = twinOf(SCENARIO, live);
    const laboratory = await createLaboratory(scenario, buildTopology(scenario, sizes));
    const simulated = await simulate(scenario, laboratory, { seed: 1, probes: 6_000, ...sizes });
    const verdicts = compareRuns(cellsOf(live), simulated);
    expect(verdicts.length).to.equal(scenario.phases.length * scenario.services.length);
    expect(verdicts.filter(({ agrees }) => !agrees)).to.deep.equal([]);
    const partly = verdicts.filter(({ live }) => live.availability > 0.1 && live.availability < 0.97);
    expect(partly.length).to.be.at.least(5);
  });
});
