import { expect } from "chai";
import { askUdp, hasPeer, type Peer, type PeerKind, startPeer, untilServed } from "../../../scripts/bench/dnsPeers.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { secureRandom } from "../../../src/base/random.ts";
import { RCODE, TYPE } from "../../../src/dns/codes.ts";
import { formatRecord } from "../../../src/dns/rdataText.ts";
import type { TsigKey } from "../../../src/dns/tsig.ts";
import { parseZoneFile, type ZoneData } from "../../../src/dns/zoneFile.ts";
import { createCatalogSource } from "../../../src/gateway/dns/catalog.ts";
import { createDnsHandler } from "../../../src/gateway/dns/handler.ts";
import { combineSources, createMemoryZoneSource, type MemoryZoneSource } from "../../../src/gateway/dns/memoryZone.ts";
import { type Notifier, startNotifier } from "../../../src/gateway/dns/notify.ts";
import { type DnsServer, startDnsServer } from "../../../src/gateway/dns/server.ts";
import { createTransfers, isSerialAfter, type TransferPolicy } from "../../../src/gateway/dns/transfer.ts";
import type { ZoneSource } from "../../../src/gateway/dns/zoneSource.ts";
import { ZONE } from "./support.ts";
import { sortedText, transferFrom } from "./tcpClient.ts";

const KEY: TsigKey = {
  name: "transfer.example",
  algorithm: "hmac-sha256",
  secret: Uint8Array.from({ length: 32 }, (_, index) => index),
};
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

async function serve(source: ZoneSource, policy: TransferPolicy): Promise<DnsServer> {
  const handler = createDnsHandler({ source, clock: systemClock, random: secureRandom, keys: [KEY] });
  const stream = createTransfers({ source, clock: systemClock, keys: [KEY], policy });
  return await startDnsServer({ handler, stream, host: "127.0.0.1", port: 0, clock: systemClock, log: silentLog });
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

      it("returns an equal zone after AXFR, NOTIFY and IXFR, all signed", async function () {
        if (!hasPeer(kind)) {
          console.log(`      skipped: ${kind} is not installed`);
          this.skip();
        }
        server = await serve(source, KEYED);
        peer = await startPeer(kind, {
          zones: [{ apex: "example.org", primary: { port: server.port, key: KEY.name } }],
          keys: [{ name: KEY.name, algorithm: KEY.algorithm, secret: Buffer.from(KEY.secret).toString("base64") }],
        });
        await untilSerial(peer, "example.org", 1);
        expect(sortedText((await transferFrom(peer.port, "example.org")).records)).to.deep.equal(
          sortedText(zoneAt(1).records),
        );
        notifier = await startNotifier({
          source,
          secondaries: [{ host: "127.0.0.1", port: peer.port, key: KEY }],
          clock: systemClock,
          random: secureRandom,
          log: silentLog,
          gatherMs: 0,
        });
        const next = zoneAt(2, "fresh 60 AAAA 2001:db8::77\n");
        source.set(next);
        await untilSerial(peer, "example.org", 2);
        expect(sortedText((await transferFrom(peer.port, "example.org")).records)).to.deep.equal(
          sortedText(next.records),
        );
      });
    });
  }

  it("keeps Knot's zones equal to a catalog that grows and shrinks", async function () {
    if (!hasPeer("knot")) {
      console.log("      skipped: knotd is not installed");
      this.skip();
    }
    const catalog = createCatalogSource(source, "catalog.example", systemClock);
    const all = combineSources([source, catalog]);
    server = await serve(all, OPEN);
    const knot = await startPeer("knot", {
      zones: [],
      extra: catalogTemplate(server.port),
    });
    const notifier = await startNotifier({
      source: all,
      secondaries: [{ host: "127.0.0.1", port: knot.port }],
      clock: systemClock,
      random: secureRandom,
      log: silentLog,
      gatherMs: 0,
    });
    try {
      await untilSerial(knot, "example.org", 1);
      const [added] = parseZoneFile(
        "$ORIGIN added.example.\n@ 60 SOA ns h 7 1 1 1 1\n@ 60 NS ns\nns 60 A 192.0.2.1\n",
        "added",
      );
      source.set(added!);
      await untilSerial(knot, "added.example", 7);
      expect(sortedText((await transferFrom(knot.port, "added.example")).records)).to.deep.equal(
        sortedText(added!.records),
      );
      const { records } = await transferFrom(server.port, "catalog.example");
      expect(records.filter((record) => record.type === TYPE.PTR).length).to.equal(2);
      source.delete("added.example");
      await untilRefused(knot, "added.example");
    } finally {
      await notifier.close();
      await knot.stop();
      catalog.close();
    }
  });
});

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

/** Waits until a secondary serves a serial. */
async function untilSerial(peer: Peer, apex: string, serial: number): Promise<void> {
  const end = systemClock.monotonicMs() + 20_000;
  while (systemClock.monotonicMs() < end) if ((await untilServed(peer, apex)) === serial) return;
  throw new Error(`${peer.kind} never reached serial ${serial} of ${apex}:\n${peer.log()}`);
}
