import { expect } from "chai";
import {
  askUdp,
  type Peer,
  type PeerKind,
  type PeerOptions,
  PROGRAMS,
  startPeer,
} from "../../../scripts/bench/dnsPeers.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { secureRandom } from "../../../src/base/random.ts";
import { RCODE, TYPE } from "../../../src/dns/codes.ts";
import { formatRecord } from "../../../src/dns/rdataText.ts";
import type { TsigKey } from "../../../src/dns/tsig.ts";
import { parseZoneFile, type ZoneData } from "../../../src/dns/zoneFile.ts";
import { createCatalogSource } from "../../../src/gateway/dns/catalog.ts";
import { combineSources, createMemoryZoneSource, type MemoryZoneSource } from "../../../src/gateway/dns/memoryZone.ts";
import { type Notifier, startNotifier } from "../../../src/gateway/dns/notify.ts";
import type { DnsServer } from "../../../src/gateway/dns/server.ts";
import { isSerialAfter, type TransferPolicy } from "../../../src/gateway/dns/transfer.ts";
import { needPrograms } from "../../support/tools.ts";
import { KEY, recordsAt, serve, type Transfer, untilSerial } from "./secondaries.ts";
import { ZONE } from "./support.ts";
import { sortedText, transferFrom } from "./tcpClient.ts";

const OPEN: TransferPolicy = { networks: ["127.0.0.0/8"], keyNames: [] };
const KEYED: TransferPolicy = { networks: ["127.0.0.0/8"], keyNames: [KEY.name] };

/** The test zone without ALIAS (a private type that secondaries carry, but a plain one compares better) and with bulk. */
function zoneAt(serial: number, extra = ""): ZoneData {
  const bulk = Array.from({ length: 1500 }, (_, index) => `bulk${index} 300 TXT "record ${index}"`).join("\n");
  const text = ZONE.split("\n")
    .filter((line) => !line.includes("ALIAS"))
    .join("\n")
    .replace("2026112201", String(serial));
  return parseZoneFile(`${text}${bulk}\n${extra}`, "zone")[0]!;
}

const nowSeconds = () => Math.floor(systemClock.nowMs() / 1000);

describe("zone transfer", () => {
  let source: MemoryZoneSource;
  let server: DnsServer;

  beforeEach(() => {
    source = createMemoryZoneSource([zoneAt(1)]);
  });
  afterEach(() => server?.close());

  it("returns the whole zone by AXFR, in several messages", async () => {
    server = await serve(source, OPEN);
    const { records, messages } = await transferFrom(server.port, "example.org");
    expect(sortedText(records)).to.deep.equal(sortedText(zoneAt(1).records));
    expect(messages.length).to.be.above(3);
    expect(messages.slice(1).every((message) => message.questions.length === 0)).to.equal(true);
  });

  it("returns the steps by IXFR, the SOA alone to who is up to date, the whole zone to who is too far behind", async () => {
    server = await serve(source, OPEN);
    const soaOf = (data: ZoneData) => data.records[0]!;
    source.set(zoneAt(2, "new 60 A 192.0.2.99\n"));
    source.set(zoneAt(3, "newer 60 A 192.0.2.98\n"));
    const { records } = await transferFrom(server.port, "example.org", { from: soaOf(zoneAt(1)) });
    expect(
      records.map((record) =>
        formatRecord(record)
          .split("\t")
          .slice(3)
          .join(" ")
          .replace(/ns1.*org\. /, ""),
      ),
    ).to.deep.equal([
      "SOA 3 7200 3600 1209600 300",
      "SOA 1 7200 3600 1209600 300",
      "SOA 2 7200 3600 1209600 300",
      "A 192.0.2.99",
      "SOA 2 7200 3600 1209600 300",
      "A 192.0.2.99",
      "SOA 3 7200 3600 1209600 300",
      "A 192.0.2.98",
      "SOA 3 7200 3600 1209600 300",
    ]);
    expect((await transferFrom(server.port, "example.org", { from: soaOf(zoneAt(3)) })).records.length).to.equal(1);
    expect((await transferFrom(server.port, "example.org", { from: soaOf(zoneAt(0)) })).records.length).to.be.above(
      1500,
    );
  });

  it("rejects askers from other networks, without the key, with a wrong one, and zones it has not", async () => {
    server = await serve(source, { networks: ["192.0.2.0/24"], keyNames: [] });
    expect((await transferFrom(server.port, "example.org")).messages[0]?.rcode).to.equal(RCODE.REFUSED);
    expect((await transferFrom(server.port, "example.net")).messages[0]?.rcode).to.equal(RCODE.NOTAUTH);
    await server.close();
    server = await serve(source, KEYED);
    const ask = async (key?: TsigKey, seconds = nowSeconds()) =>
      (await transferFrom(server.port, "example.org", { ...(key ? { key } : {}), nowSeconds: seconds })).messages[0]
        ?.rcode;
    expect(await ask()).to.equal(RCODE.REFUSED);
    expect(await ask({ ...KEY, secret: new Uint8Array(32) })).to.equal(RCODE.NOTAUTH);
    expect(await ask({ ...KEY, name: "other.example" })).to.equal(RCODE.NOTAUTH);
    expect(await ask(KEY, nowSeconds() - 1000)).to.equal(RCODE.NOTAUTH);
    expect(await ask(KEY)).to.equal(RCODE.NOERROR);
  });

  it("keeps serial arithmetic across the wrap", () => {
    expect(isSerialAfter(1, 0xffffffff)).to.equal(true);
    expect(isSerialAfter(0xffffffff, 1)).to.equal(false);
    expect(isSerialAfter(5, 5)).to.equal(false);
  });

  for (const kind of ["nsd", "knot", "bind"] satisfies PeerKind[]) {
    describe(`to ${kind}`, () => {
      let peer: Peer | undefined;
      let notifier: Notifier | undefined;

      afterEach(async () => {
        await notifier?.close();
        await peer?.stop();
      });

      it("returns an equal zone after AXFR, and after each NOTIFY by the steps alone, all signed", async function () {
        needPrograms(this, PROGRAMS[kind]);
        const transfers: Transfer[] = [];
        server = await serve(source, KEYED, transfers);
        peer = await startPeer(kind, {
          zones: [{ apex: "example.org", primary: { port: server.port, key: KEY.name } }],
          keys: [{ name: KEY.name, algorithm: KEY.algorithm, secret: Buffer.from(KEY.secret).toString("base64") }],
        });
        expect(sortedText(await recordsAt(peer, "example.org", 1))).to.deep.equal(sortedText(zoneAt(1).records));
        notifier = await startNotifier({
          source,
          secondaries: [{ host: "127.0.0.1", port: peer.port, key: KEY }],
          clock: systemClock,
          random: secureRandom,
          log: silentLog,
          gatherMs: 0,
        });
        const whole = transfers.find(({ type, byteCount }) => type === TYPE.AXFR || byteCount > 20_000)!;
        transfers.length = 0;
        const fresh = "fresh 60 AAAA 2001:db8::77\n";
        // Something comes; something else comes; what came first goes and a value changes.
        const steps = [fresh, `${fresh}more 60 TXT "a" "b"\n`, 'more 60 TXT "c"\n'];
        for (const [index, extra] of steps.entries()) {
          const next = zoneAt(index + 2, extra);
          source.set(next);
          const records = await recordsAt(peer, "example.org", index + 2);
          expect(sortedText(records), `step ${index}`).to.deep.equal(sortedText(next.records));
        }
        expect(transfers.length).to.be.at.least(steps.length);
        for (const { type, isSigned, byteCount } of transfers) {
          expect([type, isSigned]).to.deep.equal([TYPE.IXFR, true]);
          expect(byteCount).to.be.below(whole.byteCount / 20);
        }
        expect(peer.log()).to.match(SEEN_BY[kind]);
      });
    });
  }

  const catalogPeers = { knot: knotCatalog, bind: bindCatalog } as const;
  for (const kind of ["knot", "bind"] as const) {
    it(`keeps the zones of ${kind} equal to a catalog that grows and shrinks (RFC 9432)`, async function () {
      needPrograms(this, PROGRAMS[kind]);
      const catalog = createCatalogSource(source, "catalog.example", systemClock);
      const all = combineSources([source, catalog]);
      server = await serve(all, OPEN);
      const peer = await startPeer(kind, catalogPeers[kind](server.port));
      const notifier = await startNotifier({
        source: all,
        secondaries: [{ host: "127.0.0.1", port: peer.port }],
        clock: systemClock,
        random: secureRandom,
        log: silentLog,
        gatherMs: 0,
      });
      try {
        await untilSerial(peer, "example.org", 1);
        const [added] = parseZoneFile(
          "$ORIGIN added.example.\n@ 60 SOA ns h 7 1 1 1 1\n@ 60 NS ns\nns 60 A 192.0.2.1\n",
          "added",
        );
        source.set(added!);
        await untilSerial(peer, "added.example", 7);
        expect(sortedText((await transferFrom(peer.port, "added.example")).records)).to.deep.equal(
          sortedText(added!.records),
        );
        const { records } = await transferFrom(server.port, "catalog.example");
        expect(records.filter((record) => record.type === TYPE.PTR).length).to.equal(2);
        source.delete("added.example");
        await untilRefused(peer, "added.example");
      } finally {
        await notifier.close();
        await peer.stop();
        catalog.close();
      }
    });
  }
});

/** How a secondary's own log tells of an incremental transfer. */
const SEEN_BY = {
  knot: /IXFR, incoming.*finished/,
  nsd: /zone example\.org serial 3 is updated to 4/,
  bind: /transferred serial 4: TSIG 'transfer\.example'/,
} as const;

function bindCatalog(port: number): PeerOptions {
  const members = `zone "catalog.example" default-primaries { 127.0.0.1 port ${port}; } in-memory yes min-update-interval 1;`;
  return {
    zones: [{ apex: "catalog.example", primary: { port } }],
    extra: `catalog-zones { ${members} };`,
  };
}

function knotCatalog(port: number): PeerOptions {
  return { zones: [], extra: catalogTemplate(port) };
}

function catalogTemplate(port: number): string {
  return `remote:
  - id: ours
    address: 127.0.0.1@${port}
template:
  - id: default
    storage: %FOLDER%
  - id: member
    master: ours
    acl: local
zone:
  - domain: catalog.example
    master: ours
    acl: local
    catalog-role: interpret
    catalog-template: member
`;
}

/** Waits until a secondary no longer knows a zone. */
async function untilRefused(peer: Peer, apex: string): Promise<void> {
  const end = systemClock.monotonicMs() + 20_000;
  while (systemClock.monotonicMs() < end) {
    if ((await askUdp(peer.port, apex, TYPE.SOA))?.rcode === RCODE.REFUSED) return;
  }
  throw new Error(`${peer.kind} still serves ${apex}:\n${peer.log()}`);
}
