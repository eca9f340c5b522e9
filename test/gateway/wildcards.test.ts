/** Wildcards and registered subnames: the DNS front, what it sends to secondaries, and the proofs say one thing. */
import { expect } from "chai";
import type { Hex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { TYPE } from "../../src/dns/codes.ts";
import { lookup } from "../../src/gateway/dns/lookup.ts";
import { createMemoryZone } from "../../src/gateway/dns/memoryZone.ts";
import type { Zone } from "../../src/gateway/dns/zoneSource.ts";
import { createGateway, type Gateway } from "../../src/gateway/gateway.ts";
import { createSigner } from "../../src/gateway/signer.ts";
import { createReplicaZones } from "../../src/gateway/zone/replicaZones.ts";
import { REGISTERED_TYPE } from "../../src/gateway/zone/subnameMarks.ts";
import { decodeRRset } from "../../src/protocol/rrset.ts";
import type { Replica } from "../../src/replica/replica.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";
import { registerWildcards, WILDCARD_CASES } from "../support/wildcardCases.ts";

describe("wildcards above registered subnames", function () {
  this.timeout(60_000);
  let chain: Chain;
  let replica: Replica;
  let gateway: Gateway;
  let zone: () => Zone;
  /** The zone as a secondary has it: out of its records alone. */
  let transferred: Zone;

  before(async () => {
    chain = await deployWithDirectory();
    const { directory, registry, governor } = chain;
    const signer = createSigner(`0x${"07".repeat(32)}`);
    const endpoints = { httpUrl: "http://g1.example.org", dnsEndpoint: "192.0.2.53:53" };
    const operator = governor.account.address;
    await directory.write.registerGateway([{ operator, signer: signer.address, zone: 0, ...endpoints }]);
    await directory.write.seedZone([0, Array(32).fill(BigInt(`0x${"0001".repeat(16)}`)) as never]);
    await registerWildcards(chain);
    await chain.mineToCheckpoint();
    replica = replicaOf(chain).replica;
    await replica.step();
    const shared = { replica, gatewayId: 1, registry: registry.address as Hex, tld: "hold", clock: systemClock };
    gateway = createGateway({ ...shared, signer, domain: { chainId: 31337, directory: directory.address as Hex } });
    const source = createReplicaZones({ ...shared, gateway });
    zone = () => source.zoneOf("wild.hold")!;
    const { apex, soa, records } = zone();
    const [rdata] = soa.rdatas;
    const head = { name: apex, type: TYPE.SOA, class: 1, ttlSeconds: 300, rdata: rdata! };
    transferred = createMemoryZone({ apex, records: [head, ...records!()] });
  });
  after(async () => await replica.stop());

  const markIn = (from: Zone, name: string) => lookup(from, name, TYPE.A).answers[0]?.rdatas[0]?.[3] ?? null;

  for (const [name, mark, why] of WILDCARD_CASES) {
    it(`answers ${name} with ${mark ?? "nothing"}, by DNS, at secondaries and by proof: ${why}`, () => {
      expect(markIn(zone(), name), "DNS").to.equal(mark);
      expect(markIn(transferred, name), "a secondary").to.equal(mark);
      for (const evidence of ["signature", "proof"] as const) {
        const answer = gateway.answer({ name, records: [{ kind: "dns", owner: name, rrtype: TYPE.A }], evidence });
        const value = answer.kind === "records" ? answer.results[0]!.value : undefined;
        expect(value === null ? null : decodeRRset(value!).rdatas[0]![3], evidence).to.equal(mark);
      }
    });
  }

  it("marks subnames that a wildcard would speak for, and no others", () => {
    const marked = [...zone().records!()].filter(({ type }) => type === REGISTERED_TYPE);
    expect(marked.map(({ name }) => name).sort()).to.deep.equal(["eu.wild.hold", "far.wild.hold", "off.far.wild.hold"]);
    expect(marked.every(({ rdata }) => rdata.length === 0)).to.equal(true);
  });
});
