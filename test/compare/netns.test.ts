/** Eight hosts on a bridge, each a network namespace with a real process, cut apart and joined again; needs root on Linux. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { expect } from "chai";
import { delay, systemClock } from "../../src/base/clock.ts";
import { secureRandom, seededRandom } from "../../src/base/random.ts";
import { type Child, startChild } from "../../src/compare/local/child.ts";
import { ANY_PORTS, type LocalNetwork, startLocalNetwork } from "../../src/compare/local/network.ts";
import { profileOf, readDirectory } from "../../src/compare/local/profile.ts";
import { Reaper } from "../../src/compare/local/reaper.ts";
import { runLocalDrill } from "../../src/compare/localDrill.ts";
import { namespaceSupport, runCommand } from "../../src/compare/netns/commands.ts";
import type { HostNet } from "../../src/compare/netns/hosts.ts";
import { parseScenario } from "../../src/simulation/scenarioFile.ts";

const ZONE =
  "$TTL 300\n$ORIGIN shop.example.com.\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\n";
const CLIENT = "client";

const SCENARIO = parseScenario(`
id: cut-off
title: DNS is cut off
summary: The host of the DNS server is cut off from all others, and comes back; then its link is slow, then lossy.
topology: { dns: { providers: [{ id: dns-a }] }, gateways: { count: 4 }, chain: { providers: [rpc-a, rpc-b] } }
services:
  - { id: dns, title: DNS, dns: [dns-a] }
  - { id: combined, title: All, policy: verified-first, dns: [dns-a], gateways: true, chain: true }
load: { probesPerSecond: 6, timeoutMs: 1000 }
phases:
  - { id: well, seconds: 1 }
  - { id: cut, seconds: 1, faults: [{ on: { path: dns }, effect: { kind: silent } }] }
  - { id: back, seconds: 1 }
  - { id: slow, seconds: 1, faults: [{ on: { path: dns }, effect: { kind: slow, addedMs: 200 } }] }
  - { id: lossy, seconds: 4, faults: [{ on: { path: dns }, effect: { kind: loss, ratio: 0.5 } }] }
  - { id: well-again, seconds: 1 }
claims:
  - { text: DNS is gone, service: dns, phase: cut, measure: availability, max: 0 }
  - { text: The names are not, service: combined, phase: cut, measure: availability, min: 1 }
  - { text: DNS is back, service: dns, phase: back, measure: availability, min: 1 }
  - { text: Its link is slow, service: dns, phase: slow, measure: latencyMsP50, min: 200 }
  - { text: Half of its answers are lost, service: dns, phase: lossy, measure: availability, min: 0.1, max: 0.9 }
  - { text: The names do not mind, service: combined, phase: lossy, measure: availability, min: 1 }
  - { text: The link is as it was, service: dns, phase: well-again, measure: availability, min: 1 }
`);

interface Told {
  readonly asked: string;
  readonly outcome: string;
  readonly path: string | null;
  readonly durationMs: number;
}

async function namespacesNow(): Promise<string> {
  return await runCommand("ip", ["netns", "list"]);
}

describe("network namespaces", function () {
  this.timeout(120_000);
  let network: LocalNetwork;
  let hosts: HostNet;
  let client: Child<object>;
  const reaper = new Reaper();
  const listeners = new Set<(told: Told) => void>();

  before(async function () {
    const { missing } = await namespaceSupport();
    if (missing !== undefined) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    network = await startLocalNetwork({
      zoneText: ZONE,
      zoneFile: "test.zone",
      tld: "hold",
      gatewayCount: 4,
      rpcProviders: ["rpc-a", "rpc-b"],
      dnsProviders: ["dns-a"],
      blockMs: 2000,
      ports: ANY_PORTS,
      hosts: [CLIENT],
      clock: systemClock,
      random: secureRandom,
      seed: "test",
      onProgress: () => {},
      onLost: () => {},
    });
    hosts = network.hosts!;
    client = await startChild({
      what: "client",
      entry: new URL("./fixtures/client.ts", import.meta.url),
      config: { profile: profileOf(network, await readDirectory(network)) },
      on: (command) => hosts.on(CLIENT, command),
      deadlineMs: 20_000,
      clock: systemClock,
      reaper,
    });
    client.onMessage((told) => {
      for (const listener of listeners) listener(told as Told);
    });
  });
  after(async () => {
    await network?.close();
    await reaper.close();
  });
  afterEach(async () => {
    await hosts?.mend([CLIENT, ...GATEWAYS, "chain"]);
  });

  const GATEWAYS = [1, 2, 3, 4].map((id) => `gateway ${id}`);
  const RPCS = ["RPC provider rpc-a", "RPC provider rpc-b"];
  const DNS = "DNS server dns-a";

  /** What the client on its host says when it asks by `path`. */
  function resolve(path = "all", deadlineMs = 3_000): Promise<Told> {
    return new Promise((done) => {
      const listener = (told: Told) => {
        if (told.asked !== path) return;
        listeners.delete(listener);
        done(told);
      };
      listeners.add(listener);
      client.send({ name: network.plan.names[0]!.probe!.owner, path, deadlineMs });
    });
  }

  /** Skips a test where the kernel has no netem and there can be no wire of ours either. */
  function skipUnshaped(context: Mocha.Context): void {
    const { shaping } = hosts.support;
    if (shaping.by !== "nothing") return;
    console.log(`      skipped: this kernel has no netem, and no wires of ours either: ${shaping.missing}`);
    context.skip();
  }

  it("gives eight processes a host each, and a client on a ninth an answer by every path", async () => {
    // The switch has a namespace too.
    expect(hosts.namespaces.length).to.equal(1 + 8 + 1);
    const addresses = [network.chain.ready.url, ...network.gateways.map(({ ready }) => ready.httpUrl)];
    expect(new Set(addresses.map((url) => new URL(url).hostname)).size).to.equal(5);
    const told = await Promise.all(["dns", "chain", "gateways"].map((path) => resolve(path)));
    expect(told.map(({ outcome }) => outcome)).to.deep.equal(["answered", "answered", "answered"]);
  });

  it("keeps a client answered that is cut off from DNS, RPC providers and half of the gateways", async () => {
    await hosts.cut([CLIENT], [DNS, ...RPCS, GATEWAYS[0]!, GATEWAYS[1]!]);
    const [all, dns] = await Promise.all([resolve(), resolve("dns", 1_500)]);
    expect([all.outcome, all.path]).to.deep.equal(["answered", "gateways"]);
    expect(dns.outcome).to.equal("timedOut");
  });

  it("answers from gateways that are cut off from the chain, and by the chain without gateways", async () => {
    await hosts.cut(GATEWAYS, ["chain", ...RPCS]);
    expect((await resolve("gateways")).outcome).to.equal("answered");
    await hosts.cut([CLIENT], GATEWAYS);
    expect((await resolve("gateways", 1_500)).outcome).to.be.oneOf(["timedOut", "unreachable"]);
    expect((await resolve()).path).to.equal("chain");
  });

  it("mends what was cut", async () => {
    await hosts.isolate(CLIENT);
    expect((await resolve("all", 1_000)).outcome).to.equal("timedOut");
    await hosts.mend([CLIENT]);
    expect((await resolve("gateways")).outcome).to.equal("answered");
  });

  it("slows a link, loses what goes over it, and makes it as it was", async function () {
    skipUnshaped(this);
    await hosts.shape(CLIENT, { delayMs: 150 });
    const slow = await resolve("dns");
    expect(slow.outcome).to.equal("answered");
    expect(slow.durationMs).to.be.above(149);
    await hosts.shape(CLIENT, { lossRatio: 1 });
    expect((await resolve("dns", 1_000)).outcome).to.equal("timedOut");
    await hosts.shape(CLIENT, {});
    expect((await resolve("dns")).outcome).to.equal("answered");
    expect((await resolve("gateways")).outcome).to.equal("answered");
  });

  it("keeps a client answered whose link loses, while half of the others are cut off and one is slow", async function () {
    skipUnshaped(this);
    await hosts.cut([CLIENT], [DNS, GATEWAYS[0]!]);
    await Promise.all([
      hosts.shape(CLIENT, { lossRatio: 0.05, delayMs: 5 }),
      hosts.shape(GATEWAYS[1]!, { delayMs: 400 }),
      hosts.shape(GATEWAYS[2]!, { lossRatio: 0.05 }),
    ]);
    const told = await Promise.all(Array.from({ length: 8 }, () => resolve("all", 8_000)));
    expect(told.map(({ outcome }) => outcome)).to.deep.equal(Array(8).fill("answered"));
    for (const name of [CLIENT, GATEWAYS[1]!, GATEWAYS[2]!]) await hosts.shape(name, {});
  });

  it("runs a drill whose silent servers are hosts cut off, and whose slow and lossy ones have such links", async () => {
    const options = {
      scenario: SCENARIO,
      network,
      clock: systemClock,
      random: seededRandom(1, "drill"),
      command: "test",
    };
    const { data } = await runLocalDrill({ ...options, provenance: [], say: () => {} });
    expect(data.phases[1]!.faults).to.deep.equal(["DNS server dns-a cut off from all other hosts"]);
    const measured = data.claims.filter((claim) => claim.measured !== "nothing was measured");
    expect(measured.filter((claim) => !claim.holds)).to.deep.equal([]);
  });

  it("keeps no namespace when the process that made it is killed", async () => {
    const maker = fork(new URL("./fixtures/hosts.ts", import.meta.url), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const [names] = (await once(maker, "message")) as [string[]];
    expect(await namespacesNow()).to.include(names[1]!);
    maker.kill("SIGKILL");
    await once(maker, "exit");
    for (let left = 500; (await namespacesNow()).includes(names[1]!); left -= 1) {
      if (left === 0) throw new Error("still there");
      await delay(systemClock, 10);
    }
  });

  it("never leaves a namespace, a link or a process behind", async () => {
    const pids = [network.chain.pid, ...[...network.rpcs.values(), ...network.gateways].map((member) => member.pid)];
    await client.stop();
    await network.close();
    expect(await namespacesNow()).to.not.include(`hf-${process.pid.toString(36)}-`);
    expect(await runCommand("ip", ["link"])).to.not.include(`hf${process.pid.toString(36)}`);
    for (const pid of pids) expect(() => process.kill(pid, 0)).to.throw();
  });
});
