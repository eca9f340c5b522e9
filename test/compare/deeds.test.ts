/** What a scenario's faults come to on a local network, worked out without one. */
import { expect } from "chai";
import {
  type Deed,
  deedOf,
  type Faultable,
  type FaultTargets,
  isProxied,
  membersHit,
  needsProxies,
} from "../../src/compare/local/deeds.ts";
import { createFaultDriver, type FaultableProxies } from "../../src/compare/local/faults.ts";
import type { LiveFault } from "../../src/compare/local/liveFault.ts";
import type { MemberState } from "../../src/compare/local/member.ts";
import { EMPTY_DIRECTORY } from "../../src/directory/directory.ts";
import type { DirectorySnapshot } from "../../src/directory/snapshot.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { type Fault, faultSchema } from "../../src/simulation/fault.ts";
import type { Scenario } from "../../src/simulation/scenario.ts";
import { loadScenario, scenarioNames } from "../../src/simulation/scenarioFile.ts";

const FLEET = 8;
const REGISTRY = `0x${"22".repeat(20)}` as const;
const ADDRESS = `0x${"11".repeat(20)}` as const;

interface Recorded extends Faultable {
  readonly done: string[];
}

function member(what: string): Recorded {
  const done: string[] = [];
  let state: MemberState = "running";
  return {
    what,
    done,
    get state() {
      return state;
    },
    async put(next) {
      state = next;
      done.push(next);
    },
    spoil(fault) {
      done.push(fault === null ? "well" : fault.effect.kind);
    },
  };
}

function targetsFor({ topology }: Pick<Scenario, "topology">): FaultTargets {
  const gateways = Array.from({ length: FLEET }, (_, index) => member(`gateway ${index + 1}`));
  const directory: DirectorySnapshot = {
    ...EMPTY_DIRECTORY,
    gateways: new Map(
      gateways.map((_, index) => {
        const id = index + 1;
        const zone = index >> 1;
        return [id, { id, zone, operator: ADDRESS, signer: ADDRESS, active: true, httpUrl: "", dnsEndpoint: "" }];
      }),
    ),
    // Every slot of a zone is held by the zone's first gateway.
    table: EMPTY_DIRECTORY.table.map((_, slot) => Math.floor(slot / 544) * 2 + 1),
    chainId: 31337,
    address: ADDRESS,
    tld: "hold",
    block: { number: 0n, hash: `0x${"00".repeat(32)}`, timestamp: 0n },
  };
  return {
    rpcs: new Map(topology.chain.providers.map((id) => [id, member(`RPC provider ${id}`)])),
    dns: new Map(topology.dns.providers.map(({ id }) => [id, member(`DNS server ${id}`)])),
    gateways,
    directory,
    registry: REGISTRY,
    names: Array.from({ length: 10 }, (_, shardIndex) => {
      const name = `n${shardIndex}.hold`;
      const probe = { owner: `www.${name}`, type: 1 };
      return { name, node: namehash(name), shardIndex, domain: `n${shardIndex}.com`, probe };
    }),
    topology,
    vantageCount: topology.vantages.length,
  };
}

const fault = (fields: object): Fault => faultSchema.parse(fields);
const faultsOf = ({ phases }: Scenario) => phases.flatMap((phase) => phase.faults);

describe("deedOf", () => {
  for (const name of scenarioNames()) {
    it(`returns a deed for every fault of ${name}`, () => {
      const scenario = loadScenario(name);
      const targets = targetsFor(scenario);
      for (const one of faultsOf(scenario)) {
        expect(membersHit(one, targets).length).to.be.above(0);
        const deed = deedOf(one, targets);
        if (deed.kind === "proxy") expect(needsProxies(scenario) && isProxied(one)).to.equal(true);
      }
    });
  }

  it("scales a flood and the capacity it uses up alike", () => {
    const scenario = loadScenario("ddos-one-name");
    const deed = deedOf(faultsOf(scenario)[0]!, targetsFor(scenario)) as Extract<Deed, { kind: "proxy" }>;
    const { capacityPerSecond = 0, loadPerSecond } = scenario.topology.gateways;
    expect(deed.floodPerSecond).to.be.within(1, 200);
    expect(
      deed.fault.effect.kind === "crowded" && deed.fault.effect.capacityPerSecond / deed.floodPerSecond!,
    ).to.be.closeTo(capacityPerSecond / (5_000_000 + loadPerSecond), 1e-9);
  });

  it("returns the share that waiting clients' retries make a slow server lose", () => {
    const scenario = loadScenario("azure-dns-2021");
    const deed = deedOf(faultsOf(scenario)[0]!, targetsFor(scenario));
    expect(deed.kind === "spoil" && deed.fault.effect).to.include({ kind: "overloaded", addedMs: 1500 });
  });

  it("tells a lying RPC provider what it lies about: the probed RRsets of the names hit", () => {
    const targets = targetsFor(loadScenario("canary"));
    const deed = deedOf(fault({ on: { path: "chain" }, effect: { kind: "wrong" }, names: 0.2 }), targets);
    expect(deed.kind === "spoil" && deed.fault.subject).to.deep.equal({
      registry: REGISTRY,
      names: [0, 1].map((index) => ({ name: `n${index}.hold`, rrset: { owner: `www.n${index}.hold`, type: 1 } })),
    });
  });

  it("makes a stuck RPC provider old at once where it is told what is old, and no other fault", () => {
    const targets = { ...targetsFor(loadScenario("canary")), oldSeconds: 6 };
    const behindOf = (on: object, kind: string) => {
      const deed = deedOf(fault({ on, effect: { kind } }), targets);
      return deed.kind === "state" ? undefined : deed.fault.behindSeconds;
    };
    expect(behindOf({ path: "chain" }, "stale")).to.equal(6);
    expect(behindOf({ path: "chain" }, "wrong")).to.equal(undefined);
    expect(behindOf({ path: "dns" }, "stale")).to.equal(undefined);
  });

  it("leaves a server running that one transport alone is silent of", () => {
    const targets = targetsFor(loadScenario("canary"));
    const deed = deedOf(fault({ on: { path: "dns", transport: "tcp" }, effect: { kind: "silent" } }), targets);
    expect(deed).to.deep.equal({ kind: "spoil", fault: { effect: { kind: "silent" }, transport: "tcp" } });
  });

  it("scales a flood of RPC providers by their capacity", () => {
    const { topology } = loadScenario("canary");
    const targets = targetsFor({ topology: { ...topology, chain: { ...topology.chain, capacityPerSecond: 500 } } });
    const deed = deedOf(fault({ on: { path: "chain" }, effect: { kind: "flood", perSecond: 5000 } }), targets);
    expect(deed.kind === "proxy" && deed.fault.effect).to.deep.equal({
      kind: "crowded",
      capacityPerSecond: deed.kind === "proxy" ? deed.floodPerSecond! / 10 : 0,
    });
  });

  it("returns gateways by zone, machine, operator and shard, and the first share of them", () => {
    const targets = targetsFor(loadScenario("split-view"));
    const hit = (on: object, share = 1) =>
      membersHit(fault({ on: { path: "gateways", ...on }, effect: { kind: "silent" }, share }), targets).map(
        ({ what }) => what,
      );
    expect(hit({ zone: 1 })).to.deep.equal(["gateway 3", "gateway 4"]);
    expect(hit({ machines: [0, 7] })).to.deep.equal(["gateway 1", "gateway 8"]);
    // Zone 1, as in the simulator: machines are dealt to operators zone by zone.
    expect(hit({ operator: 5 })).to.deep.equal(["gateway 4"]);
    expect(hit({ shardOfName: 3 })).to.deep.equal(["gateway 1", "gateway 3", "gateway 5", "gateway 7"]);
    expect(hit({}, 0.5)).to.deep.equal(["gateway 1", "gateway 2", "gateway 3", "gateway 4"]);
  });
});

describe("createFaultDriver", () => {
  it("does what faults ask for, undoes what they no longer do, and leaves the rest alone", async () => {
    const targets = targetsFor(loadScenario("canary"));
    const applied: [Record<string, Record<string, LiveFault>>, Record<string, number>][] = [];
    const proxies: FaultableProxies = {
      vantages: ["near", "far"],
      apply: async (faults, floods) => void applied.push([Object.fromEntries(faults), Object.fromEntries(floods)]),
      floodedRatio: async () => 1,
    };
    const driver = createFaultDriver({ ...targets, proxies });
    const parts = await driver.apply([
      fault({ on: { path: "dns", provider: "dns-a" }, effect: { kind: "silent" } }),
      fault({ on: { path: "chain" }, effect: { kind: "stale" } }),
      fault({ on: { path: "gateways", machines: [0, 1] }, effect: { kind: "wrong" }, from: ["near"] }),
    ]);
    expect(parts.map(({ kind, ids, how, from }) => [kind, ids.length, how, from])).to.deep.equal([
      ["DNS server", 1, "stopped", undefined],
      ["RPC provider", 3, "stale", undefined],
      ["gateway", 2, "wrong", ["near"]],
    ]);
    expect(Object.keys(applied[0]![0].near!)).to.deep.equal(["gateway 1", "gateway 2"]);
    expect(applied[0]![0].far).to.deep.equal({});
    await driver.apply([]);
    expect((targets.dns.get("dns-a") as Recorded).done).to.deep.equal(["paused", "running", "well"]);
    expect((targets.rpcs.get("rpc-b") as Recorded).done).to.deep.equal(["stale", "well"]);
    expect((targets.dns.get("dns-b") as Recorded).done).to.deep.equal([]);
    expect(applied[1]).to.deep.equal([{ near: {}, far: {} }, {}]);
  });

  it("says that a flood fell short where less than four fifths of it were sent, and not otherwise", async () => {
    const flooded = (ratio: number) => {
      const proxies: FaultableProxies = { vantages: [], apply: async () => {}, floodedRatio: async () => ratio };
      return createFaultDriver({ ...targetsFor(loadScenario("canary")), proxies }).shortfall?.();
    };
    expect(await flooded(0.5)).to.equal("the flood sent 50 % of what it was to send");
    expect(await flooded(0.9)).to.equal(undefined);
  });
});
