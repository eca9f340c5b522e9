import { expect } from "chai";
import { type Peer, type PeerKind, PROGRAMS, startPeer } from "../../../scripts/bench/dnsPeers.ts";
import type { Hex } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { secureRandom } from "../../../src/base/random.ts";
import { TYPE } from "../../../src/dns/codes.ts";
import { recordsOf } from "../../../src/dns/message.ts";
import { formatRecord } from "../../../src/dns/rdataText.ts";
import { serialOf } from "../../../src/gateway/dns/memoryZone.ts";
import { type Notifier, startNotifier } from "../../../src/gateway/dns/notify.ts";
import type { DnsServer } from "../../../src/gateway/dns/server.ts";
import type { Zone, ZoneChange, ZoneSource } from "../../../src/gateway/dns/zoneSource.ts";
import type { Gateway } from "../../../src/gateway/gateway.ts";
import { createReplicaZones } from "../../../src/gateway/zone/replicaZones.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import type { Replica } from "../../../src/replica/replica.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../../support/gateway/chain.ts";
import { needPrograms } from "../../support/tools.ts";
import { KEY, recordsAt, serve, type Transfer } from "../dns/secondaries.ts";
import { sortedText, transferFrom } from "../dns/tcpClient.ts";

const APEX = "hold";
const RESERVED_SLOT = 16;
const RESERVED_INDEX = 0xffff_ffe0 + RESERVED_SLOT;
/** Enough for a step to be small beside the whole. */
const BULK_COUNT = 40;

const serialNow = (zone: Zone) => serialOf(zone.soa.rdatas[0]!);
/** The owners of what a step removes and adds, each once. */
const ownersIn = ({ removed, added }: ZoneChange) => ({
  removed: [...new Set(removed.map(({ name }) => name))].sort(),
  added: [...new Set(added.map(({ name }) => name))].sort(),
});

describe("the TLD's zone, step by step", function () {
  this.timeout(120_000);
  let chain: Chain;
  let replica: Replica;
  let source: ZoneSource;
  let zone: Zone;
  let registered = 0;

  const register = async (label: string) => {
    await chain.register({ label, owner: chain.alice.account.address });
    await replica.step();
  };
  const registerAnother = () => {
    registered += 1;
    return register(`fresh${registered}`);
  };
  const slotWord = (id: number) => BigInt(`0x${id.toString(16).padStart(4, "0").repeat(16)}`);

  before(async () => {
    chain = await deployWithDirectory();
    const operator = chain.governor.account.address;
    for (const zoneNumber of [0, 1, 2, 3]) {
      const place = { zone: zoneNumber, dnsEndpoint: `192.0.2.${zoneNumber + 1}:53` };
      const httpUrl = `http://g${zoneNumber}.example.org`;
      await chain.directory.write.registerGateway([{ operator, signer: operator, httpUrl, ...place }]);
      await chain.directory.write.seedZone([zoneNumber, Array(32).fill(slotWord(zoneNumber + 1)) as never]);
    }
    for (let index = 0; index < BULK_COUNT; index += 1) {
      await chain.register({ label: `bulk${index}`, owner: chain.alice.account.address });
    }
    replica = replicaOf(chain).replica;
    await replica.step();
    const gateway = { serves: () => false } as unknown as Gateway;
    const registry = chain.registry.address as Hex;
    source = createReplicaZones({ replica, gateway, registry, tld: APEX, keepsHistory: true });
    zone = source.zoneOf(APEX)!;
  });

  it("lists delegations, and the addresses they lead to", () => {
    const text = [...zone.records!()].map(formatRecord).join("\n");
    expect(text).to.match(/^bulk7\.hold\.\t300\tIN\tNS\tg-3-/m);
    expect(text).to.match(/^g-2-17\.hold\.\t300\tIN\tA\t192\.0\.2\.3$/m);
  });

  it("knows no step to what it never handed out", () => {
    expect(zone.changesSince!(serialNow(zone) - 1)).to.equal(undefined);
    expect(zone.changesSince!(serialNow(zone) + 1000)).to.equal(undefined);
  });

  it("gives what came, and no more, as steps from every serial that was handed out", async () => {
    const first = serialNow(zone);
    await register("one");
    const second = serialNow(zone);
    expect(zone.changesSince!(first)!.map(ownersIn)).to.deep.equal([{ removed: [], added: ["one.hold"] }]);
    await register("münze");
    await chain.mine(1);
    await replica.step();
    const steps = zone.changesSince!(first)!;
    expect(steps.map(ownersIn)).to.deep.equal([
      { removed: [], added: ["one.hold"] },
      { removed: [], added: ["xn--mnze-0ra.hold"] },
    ]);
    expect(zone.changesSince!(second)!.length).to.equal(1);
    expect(serialOf(steps.at(-1)!.toSoa.rdata)).to.equal(serialNow(zone));
  });

  it("gives an empty step where only blocks went by", async () => {
    const before = serialNow(zone);
    await chain.mine(1);
    await replica.step();
    expect(zone.changesSince!(before)!.map(ownersIn)).to.deep.equal([{ removed: [], added: [] }]);
  });

  it("moves a name that is put on a shard of its own, and takes addresses over that changed", async () => {
    const before = serialNow(zone);
    for (const zoneNumber of [0, 1, 2, 3]) {
      await chain.directory.write.assignReservedSlot([zoneNumber, RESERVED_SLOT, zoneNumber + 1]);
    }
    await chain.directory.write.isolate([namehash("bulk3.hold"), RESERVED_INDEX]);
    await replica.step();
    const [moved] = zone.changesSince!(before)!;
    const servers = [0, 1, 2, 3].map((zoneNumber) => `g-${zoneNumber}-${512 + RESERVED_SLOT}.hold`);
    expect(ownersIn(moved!)).to.deep.equal({ removed: ["bulk3.hold"], added: ["bulk3.hold", ...servers] });
    const whole = [...zone.records!()].filter(({ name }) => name === "bulk3.hold");
    expect(sortedText(whole)).to.deep.equal(sortedText(moved!.added.filter(({ type }) => type === TYPE.NS)));
  });

  for (const kind of ["nsd", "knot", "bind"] satisfies PeerKind[]) {
    describe(`to ${kind}`, () => {
      let peer: Peer | undefined;
      let server: DnsServer | undefined;
      let notifier: Notifier | undefined;

      afterEach(async () => {
        await notifier?.close();
        await peer?.stop();
        await server?.close();
      });

      it("goes whole once, and then by the steps alone", async function () {
        needPrograms(this, PROGRAMS[kind]);
        const transfers: Transfer[] = [];
        server = await serve(source, { networks: ["127.0.0.0/8"], keyNames: [] }, transfers);
        peer = await startPeer(kind, {
          zones: [{ apex: APEX, primary: { port: server.port, key: KEY.name } }],
          keys: [{ name: KEY.name, algorithm: KEY.algorithm, secret: Buffer.from(KEY.secret).toString("base64") }],
        });
        await recordsAt(peer, APEX, serialNow(zone));
        const whole = Math.max(...transfers.map(({ byteCount }) => byteCount));
        notifier = await startNotifier({
          source,
          secondaries: [{ host: "127.0.0.1", port: peer.port, key: KEY }],
          clock: systemClock,
          random: secureRandom,
          log: silentLog,
          gatherMs: 0,
        });
        transfers.length = 0;
        for (let step = 0; step < 3; step += 1) {
          await registerAnother();
          const theirs = sortedText(await recordsAt(peer, APEX, serialNow(zone)));
          expect(theirs, `step ${step}`).to.deep.equal(sortedText([...recordsOf(zone.soa), ...zone.records!()]));
          expect(theirs.some((line) => line.startsWith(`fresh${registered}.hold.`))).to.equal(true);
        }
        expect(transfers.length).to.be.at.least(3);
        for (const { type, byteCount } of transfers) {
          expect(type).to.equal(TYPE.IXFR);
          expect(byteCount).to.be.below(whole / 20);
        }
      });
    });
  }

  it("goes whole again after a reorganisation", async () => {
    const server = await serve(source, { networks: ["127.0.0.0/8"], keyNames: [] });
    try {
      const from = recordsOf(zone.soa)[0]!;
      const snapshot = await chain.connection.networkHelpers.takeSnapshot();
      await register("undone");
      await transferFrom(server.port, APEX);
      await snapshot.restore();
      await chain.mine(3);
      await replica.step();
      const { records } = await transferFrom(server.port, APEX, { from });
      expect(records.length).to.be.above(1000);
      expect(records.some(({ name }) => name === "undone.hold")).to.equal(false);
    } finally {
      await server.close();
    }
  });

  it("takes out names whose lease is over, though no event tells", async () => {
    [...zone.records!()];
    const before = serialNow(zone);
    await chain.connection.networkHelpers.time.increase(400 * 86_400);
    await replica.step();
    const { removed, added } = ownersIn(zone.changesSince!(before)![0]!);
    expect(added).to.deep.equal([]);
    expect(removed.length).to.be.above(BULK_COUNT);
    expect([...zone.records!()].some(({ name }) => name === "bulk7.hold")).to.equal(false);
  });
});
