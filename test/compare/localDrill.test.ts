/** The whole way on real processes: a small network, a short drill, and nothing left afterwards. */
import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import { secureRandom, seededRandom } from "../../src/base/random.ts";
import { ANY_PORTS, type LocalNetwork, startLocalNetwork } from "../../src/compare/local/network.ts";
import { runLocalDrill } from "../../src/compare/localDrill.ts";
import { FaultHitsNobodyError } from "../../src/simulation/aim.ts";
import { parseScenario } from "../../src/simulation/scenarioFile.ts";

const ZONES = ["shop.example.com", "post.co.uk", "bank.kr"]
  .map(
    (apex, index) =>
      `$ORIGIN ${apex}.\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.${index + 1}\n@ MX 10 mail\n`,
  )
  .join("");

const SCENARIO = parseScenario(`
id: small-live
title: A small live drill
summary: DNS is killed, then a gateway's machine is, then all is well.
topology:
  dns: { providers: [{ id: dns-a }] }
  gateways: { count: 4, operators: 4 }
  chain: { providers: [rpc-a, rpc-b, rpc-c] }
services:
  - { id: dns, title: DNS, dns: [dns-a] }
  - { id: combined, title: All, policy: verified-first, dns: [dns-a], gateways: true, chain: true }
load: { probesPerSecond: 8, timeoutMs: 4000 }
phases:
  - { id: well, seconds: 1 }
  - id: dns-killed
    seconds: 2
    faults:
      - { on: { path: dns }, effect: { kind: refused } }
      - { on: { path: gateways, machines: [0] }, effect: { kind: silent } }
  - { id: back, seconds: 1 }
claims:
  - { text: DNS is gone, service: dns, phase: dns-killed, measure: availability, max: 0 }
  - { text: The names are not, service: combined, phase: dns-killed, measure: availability, min: 1 }
  - { text: DNS is back on its port, service: dns, phase: back, measure: availability, min: 1 }
`);

const LIES = parseScenario(`
id: lies
title: Everybody lies in turn
summary: DNS is hijacked, then denies the names, then RPC providers lie, to all and about some.
topology:
  dns: { providers: [{ id: dns-a }] }
  gateways: { count: 4, operators: 4 }
  chain: { providers: [rpc-a, rpc-b, rpc-c] }
services:
  - { id: dns, title: DNS, dns: [dns-a] }
  - { id: chain, title: Chain, chain: true }
  - { id: believer, title: One provider, chain: true, rpc: [rpc-a] }
  - { id: combined, title: All, policy: verified-first, dns: [dns-a], gateways: true, chain: true }
load: { probesPerSecond: 8, timeoutMs: 4000 }
phases:
  - { id: hijacked, seconds: 1, faults: [{ on: { path: dns }, effect: { kind: wrong } }] }
  - { id: denied, seconds: 1, faults: [{ on: { path: dns }, effect: { kind: nxdomain }, names: 0.3 }] }
  - { id: servfail, seconds: 1, faults: [{ on: { path: dns }, effect: { kind: servfail } }] }
  - { id: rpc-lies, seconds: 1, faults: [{ on: { path: chain }, effect: { kind: wrong } }] }
  - { id: one-lies, seconds: 1, faults: [{ on: { path: chain, provider: rpc-a }, effect: { kind: wrong } }] }
  - { id: one-denies, seconds: 1, faults: [{ on: { path: chain, provider: rpc-a }, effect: { kind: nxdomain }, names: 0.3 }] }
  - { id: old-zone, seconds: 1, faults: [{ on: { path: dns }, effect: { kind: stale } }] }
  - { id: udp-gone, seconds: 1, faults: [{ on: { path: dns, transport: udp }, effect: { kind: silent } }] }
  - { id: tcp-gone, seconds: 1, faults: [{ on: { path: dns, transport: tcp }, effect: { kind: silent } }] }
  - { id: rpc-down, seconds: 1, faults: [{ on: { path: chain }, effect: { kind: servfail } }] }
  - { id: well, seconds: 1 }
claims:
  - { text: A hijack shows as wrong, service: dns, phase: hijacked, measure: wrongRatio, min: 1 }
  - { text: A false denial shows as wrong, service: dns, phase: denied, measure: wrongRatio, min: 0.2, max: 0.5 }
  - { text: A refusal is none, service: dns, phase: servfail, measure: wrongRatio, max: 0 }
  - { text: and no answer, service: dns, phase: servfail, measure: availability, max: 0 }
  - { text: Nobody believes a lying provider, service: chain, phase: rpc-lies, measure: availability, max: 0 }
  - { text: whoever asks it alone does, service: believer, phase: rpc-lies, measure: wrongRatio, min: 1 }
  - { text: One liar among three is seen through, service: chain, phase: one-lies, measure: availability, min: 1 }
  - { text: and believed alone, service: believer, phase: one-lies, measure: wrongRatio, min: 1 }
  - { text: also about some names only, service: believer, phase: one-denies, measure: wrongRatio, min: 0.2, max: 0.5 }
  - { text: but not beside others, service: chain, phase: one-denies, measure: availability, min: 1 }
  - { text: An old zone is told apart from a lie, service: dns, phase: old-zone, measure: staleRatio, min: 1 }
  - { text: Without UDP there is no answer, service: dns, phase: udp-gone, measure: availability, max: 0 }
  - { text: without TCP there is, service: dns, phase: tcp-gone, measure: availability, min: 1 }
  - { text: The combination knows better, service: combined, phase: hijacked, measure: availability, min: 1 }
  - { text: also here, service: combined, phase: denied, measure: availability, min: 1 }
  - { text: and here, service: combined, phase: rpc-lies, measure: availability, min: 1 }
  - { text: Everything is undone, service: chain, phase: well, measure: availability, min: 1 }
  - { text: everywhere, service: dns, phase: well, measure: availability, min: 1 }
`);

const SEEN = parseScenario(`
id: seen-through-proxies
title: What only proxies can do
summary: Gateways lie, get stuck, drip and are flooded; DNS is gone from one vantage point; a cache keeps a lie.
topology:
  vantages: [{ id: near, weight: 1 }, { id: far, weight: 1, addedLatencyMs: 20 }]
  dns: { providers: [{ id: dns-a }] }
  gateways: { count: 4, operators: 4, capacityPerSecond: 1000 }
  chain: { providers: [rpc-a, rpc-b, rpc-c], capacityPerSecond: 1000 }
services:
  - { id: dns, title: DNS, dns: [dns-a] }
  - { id: gateways, title: Gateways, policy: verified-first, gateways: true }
  - { id: chain, title: Chain, policy: verified-first, chain: true }
  - { id: combined, title: All, policy: verified-first, dns: [dns-a], gateways: true, chain: true }
load: { probesPerSecond: 8, timeoutMs: 2000 }
phases:
  - { id: well, seconds: 1 }
  - { id: one-liar, seconds: 1, faults: [{ on: { path: gateways, machines: [0] }, effect: { kind: wrong } }] }
  - { id: one-denier, seconds: 1, faults: [{ on: { path: gateways, machines: [1] }, effect: { kind: nxdomain } }] }
  - { id: all-empty, seconds: 1, faults: [{ on: { path: gateways }, effect: { kind: empty } }] }
  - { id: all-drip, seconds: 1, faults: [{ on: { path: gateways }, effect: { kind: drip } }] }
  - { id: one-stuck, seconds: 1, faults: [{ on: { path: gateways, machines: [2] }, effect: { kind: stale } }] }
  - { id: flooded, seconds: 2, faults: [{ on: { path: gateways }, effect: { kind: flood, perSecond: 9000000 } }] }
  - { id: rpc-flooded, seconds: 2, faults: [{ on: { path: chain }, effect: { kind: flood, perSecond: 9000000 } }] }
  - { id: some-silent, seconds: 1, faults: [{ on: { path: dns }, effect: { kind: silent }, names: 0.3 }] }
  - { id: near-blind, seconds: 2, faults: [{ on: { path: dns }, effect: { kind: silent }, from: [near] }] }
  - { id: back, seconds: 1 }
claims:
  - { text: A liar is outvoted, service: gateways, phase: one-liar, measure: availability, min: 1 }
  - { text: and so is one who denies, service: gateways, phase: one-denier, measure: availability, min: 1 }
  - { text: Four who deny alike are believed, service: gateways, phase: all-empty, measure: wrongRatio, min: 1 }
  - { text: Nobody waits for a drip, service: gateways, phase: all-drip, measure: availability, max: 0 }
  - { text: The chain is asked meanwhile, service: combined, phase: all-drip, measure: availability, min: 1 }
  - { text: One stuck gateway is no harm, service: gateways, phase: one-stuck, measure: availability, min: 1 }
  - { text: A flood takes the gateways, service: gateways, phase: flooded, measure: availability, max: 0.5 }
  - { text: and not the names, service: combined, phase: flooded, measure: availability, min: 1 }
  - { text: RPC providers are flooded alike, service: chain, phase: rpc-flooded, measure: availability, max: 0.5 }
  - { text: and gateways do not need them, service: gateways, phase: rpc-flooded, measure: availability, min: 1 }
  - { text: Names beside the fault answer, service: dns, phase: some-silent, names: spared, measure: availability, min: 1 }
  - { text: and those in it do not, service: dns, phase: some-silent, names: hit, measure: availability, max: 0 }
  - { text: DNS is gone from here, service: dns, phase: near-blind, vantage: near, measure: availability, max: 0 }
  - { text: and only from here, service: dns, phase: near-blind, vantage: far, measure: availability, min: 1 }
  - { text: Everything is undone, service: gateways, phase: back, measure: availability, min: 1 }
`);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("local drill", function () {
  this.timeout(180_000);
  let network: LocalNetwork;
  const lost: string[] = [];

  before(async () => {
    network = await startLocalNetwork({
      zoneText: `$TTL 300\n${ZONES}`,
      zoneFile: "test.zone",
      tld: "hold",
      gatewayCount: 4,
      rpcProviders: ["rpc-a", "rpc-b", "rpc-c"],
      dnsProviders: ["dns-a"],
      blockMs: 2000,
      ports: ANY_PORTS,
      clock: systemClock,
      random: secureRandom,
      seed: "test",
      onProgress: () => {},
      onLost: (what) => lost.push(what),
    });
  });
  after(() => network?.close());

  it("returns lies as what they are, and never believes them on a verified path", async () => {
    const { data } = await runLocalDrill({
      scenario: LIES,
      network,
      clock: systemClock,
      random: seededRandom(1, "drill"),
      command: "test",
      provenance: [],
      say: () => {},
    });
    expect(data.claims.filter((claim) => !claim.holds)).to.deep.equal([]);
    expect(data.phases[1]!.faults).to.deep.equal(["DNS server dns-a nxdomain for 1 name"]);
  });

  it("returns a report whose claims hold, on processes that were stopped, killed and started again", async () => {
    const lines: string[] = [];
    const { data, observations } = await runLocalDrill({
      scenario: SCENARIO,
      network,
      clock: systemClock,
      random: seededRandom(1, "drill"),
      command: "test",
      provenance: [],
      say: (line) => lines.push(line),
    });
    expect(data.claims.filter((claim) => !claim.holds)).to.deep.equal([]);
    expect(lines).to.have.length(3);
    expect(lines[1]).to.include("DNS server dns-a killed").and.include("gateway 1 stopped");
    expect(observations.some(({ path, evidence }) => path === "combined" && evidence?.startsWith("gateways"))).to.equal(
      true,
    );
    expect(lost).to.deep.equal([]);
  });

  it("returns what only proxies can do: lies with a signature, floods, and faults that one vantage point sees", async () => {
    const { data, observations } = await runLocalDrill({
      scenario: SEEN,
      network,
      clock: systemClock,
      random: seededRandom(1, "drill"),
      command: "test",
      provenance: [],
      say: () => {},
    });
    // A machine so busy that the instrument stalls leaves a short phase without a probe that counts.
    const measured = data.claims.filter((claim) => claim.measured !== "nothing was measured");
    expect(measured.length).to.be.above(data.claims.length / 2);
    // The lies are signed, so that four who lie alike are believed; no scenario of ours makes all four lie.
    const failed = measured.filter((claim) => !claim.holds).map(({ text }) => text.replace(/ \(.*/, ""));
    expect(failed).to.deep.equal(["No wrong answer was accepted on a verified path"]);
    expect(new Set(observations.map(({ vantage }) => vantage))).to.deep.equal(new Set(["near", "far"]));
    expect(new Set(data.byVantage.map(({ phase }) => phase))).to.deep.equal(new Set(["near", "far"]));
    expect(data.phases.find(({ id }) => id === "near-blind")!.faults).to.deep.equal([
      "DNS server dns-a silent seen from near",
    ]);
    expect(data.phases.find(({ id }) => id === "flooded")!.faults[0]).to.match(/^gateways 1, 2, 3, 4 flooded/);
  });

  it("rejects a scenario with a fault that hits nobody, before anything is broken", async () => {
    const [well, killed, back] = SCENARIO.phases;
    const aimless = { ...killed!.faults[1]!, on: { path: "gateways" as const, machines: [4] } };
    const phases = [well!, { ...killed!, faults: [killed!.faults[0]!, aimless] }, back!];
    const lines: string[] = [];
    const drill = runLocalDrill({
      scenario: { ...SCENARIO, phases },
      network,
      clock: systemClock,
      random: seededRandom(1, "drill"),
      command: "test",
      provenance: [],
      say: (line) => lines.push(line),
    });
    const failure = await drill.catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(FaultHitsNobodyError);
    expect(failure).to.include({ field: "phases[1].faults[1]" });
    expect(lines).to.deep.equal([]);
  });

  it("emits the loss of a gateway that somebody else killed, and keeps answering", async () => {
    process.kill(network.gateways[3]!.pid, "SIGKILL");
    await network.gateways[3]!.child.ended;
    await Promise.resolve();
    expect(lost).to.deep.equal(["gateway 4"]);
    expect((await fetch(`${network.gateways[1]!.ready.httpUrl}/health`)).status).to.equal(200);
  });

  it("never leaves a process behind", async () => {
    const members = [network.chain, ...network.rpcs.values(), ...network.dns.values(), ...network.gateways];
    const pids = members.map((member) => member.pid);
    network.gateways[0]!.child.pause();
    await network.close();
    expect(pids.filter(isAlive)).to.deep.equal([]);
  });
});
