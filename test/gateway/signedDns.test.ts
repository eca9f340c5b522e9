import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { promisify } from "node:util";
import { expect } from "chai";
import { privateKeyToAccount } from "viem/accounts";
import { toHex } from "../../src/base/bytes.ts";
import { nodeTransport } from "../../src/client/nodeTransport.ts";
import { publish } from "../../src/client/publishName.ts";
import { TYPE } from "../../src/dns/codes.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import { createQuery, type Message } from "../../src/dns/message.ts";
import { formatRecord, parseRdata } from "../../src/dns/rdataText.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { recoverAddressFast } from "../../src/proof/recoverAddressFast.ts";
import type { SetRecord } from "../../src/protocol/offchainRecords.ts";
import { decodeRRset, encodeRRset } from "../../src/protocol/rrset.ts";
import { registryCall, send } from "../contracts/support/world.ts";
import { createOffchainWorld, type OffchainWorld } from "../support/offchain/world.ts";

const run = promisify(execFile);
const DAY = 86_400;
const MIRROR = "names.example.com";

function dnsRecord(owner: string, type: number, ttlSeconds: number, ...texts: readonly string[]): SetRecord {
  const rdatas = texts.map((text) => parseRdata(type, text));
  return {
    name: owner,
    record: { kind: "dns", owner, rrtype: type },
    value: encodeRRset({ name: owner, type, ttlSeconds, rdatas }),
  };
}

const RECORDS = [
  dnsRecord("shop.hold", TYPE.A, 120, "192.0.2.1", "192.0.2.2"),
  dnsRecord("shop.hold", TYPE.TXT, 120, '"of the set"'),
  dnsRecord("www.shop.hold", TYPE.CNAME, 120, "shop.hold."),
  dnsRecord("six.shop.hold", TYPE.AAAA, 120, "2001:db8::6"),
  dnsRecord("flat.shop.hold", TYPE.ALIAS, 120, "six.shop.hold."),
  dnsRecord("a.deep.shop.hold", TYPE.A, 120, "192.0.2.3"),
];
const WILDCARD = dnsRecord("*.shop.hold", TYPE.TXT, 60, '"anybody"');

describe("signed sets over DNS", function () {
  this.timeout(60_000);
  let world: OffchainWorld;

  const port = (index = 0) => Number(world.gateways[index]!.dnsEndpoint!.split(":").at(-1));
  const put = (name: string, records: readonly SetRecord[], validForSeconds = 30 * DAY) =>
    publish(
      world.client(),
      { name, records, signer: privateKeyToAccount(world.ownerKey), validForSeconds },
      {
        domain: { chainId: 31337, resolver: world.deployment.contracts.offchainResolver },
        transport: nodeTransport,
        recoverAddress: recoverAddressFast,
      },
    );
  /** One question over UDP. */
  const ask = (name: string, type: number, index = 0) =>
    new Promise<Message>((resolve, reject) => {
      const socket = createSocket("udp4");
      socket.on("error", reject);
      socket.on("message", (bytes) => {
        socket.close();
        resolve(decodeMessage(bytes));
      });
      socket.send(encodeMessage(createQuery(7, { name, type })), port(index), "127.0.0.1");
    });
  const lines = (message: Message) => message.answers.map(formatRecord).map((line) => line.replace(/\s+/g, " "));
  const negativeOf = ({ rcode, answers, authorities }: Message) => [rcode, answers.length, authorities[0]?.type];
  const many = (address: string) =>
    Array.from({ length: 1_200 }, (_, index) => dnsRecord(`u${index}.great.hold`, TYPE.A, 60, address));

  before(async () => {
    const limits = { responsesPerSecond: 0, budgetPerSecond: 0 };
    const dns = { port: 0, mirrorSuffix: MIRROR, transfer: { networks: ["127.0.0.0/8"] }, ...limits };
    world = await createOffchainWorld(["shop", "great", "empty"], { dns });
    await put("shop.hold", RECORDS);
    const great = [
      ...many("192.0.2.44"),
      dnsRecord("x.y.great.hold", TYPE.A, 60, "192.0.2.45"),
      dnsRecord("*.great.hold", TYPE.TXT, 60, '"great"'),
    ];
    await put("great.hold", great);
  });
  after(() => world?.stop());

  it("returns RRsets of a set at every gateway, under the TLD and the mirror suffix", async () => {
    for (const index of [0, 1, 2, 3]) {
      const reply = await ask("shop.hold", TYPE.A, index);
      expect(reply.isAuthoritative).to.equal(true);
      expect(lines(reply)).to.deep.equal(["shop.hold. 120 IN A 192.0.2.1", "shop.hold. 120 IN A 192.0.2.2"]);
      expect(lines(await ask(`shop.${MIRROR}`, TYPE.TXT, index))).to.deep.equal([
        `shop.${MIRROR}. 120 IN TXT "of the set"`,
      ]);
    }
  });

  it("follows a CNAME and flattens an ALIAS inside a set", async () => {
    expect(lines(await ask("www.shop.hold", TYPE.A))).to.deep.equal([
      "www.shop.hold. 120 IN CNAME shop.hold.",
      "shop.hold. 120 IN A 192.0.2.1",
      "shop.hold. 120 IN A 192.0.2.2",
    ]);
    expect(lines(await ask("flat.shop.hold", TYPE.AAAA))).to.deep.equal(["flat.shop.hold. 120 IN AAAA 2001:db8::6"]);
  });

  it("says NODATA where a name is there, by itself or above another, and NXDOMAIN where it is not", async () => {
    expect(negativeOf(await ask("shop.hold", TYPE.AAAA))).to.deep.equal([0, 0, TYPE.SOA]);
    expect(negativeOf(await ask("deep.shop.hold", TYPE.A))).to.deep.equal([0, 0, TYPE.SOA]);
    expect(negativeOf(await ask("none.shop.hold", TYPE.A))).to.deep.equal([3, 0, TYPE.SOA]);
  });

  it("serves a great set out of its pieces, wildcard and empty non-terminals included", async () => {
    expect(lines(await ask("u1007.great.hold", TYPE.A))).to.deep.equal(["u1007.great.hold. 60 IN A 192.0.2.44"]);
    expect(negativeOf(await ask("y.great.hold", TYPE.A))).to.deep.equal([0, 0, TYPE.SOA]);
    expect(lines(await ask("any.body.great.hold", TYPE.TXT))).to.deep.equal(['any.body.great.hold. 60 IN TXT "great"']);
    expect(lines(await ask("u7.great.hold", TYPE.TXT))).to.deep.equal(['u7.great.hold. 60 IN TXT "great"']);
  });

  it("answers as the gateways path does, for names of their own, the wildcard's and none", async () => {
    await put("shop.hold", [...RECORDS, WILDCARD]);
    const client = world.client({
      paths: {
        gateways: { directory: world.client().directory()! },
        dns: { endpoints: [{ host: "127.0.0.1", port: port() }], dnsNameOf: (name) => name },
      },
    });
    const questions = [
      ["shop.hold", TYPE.A],
      ["shop.hold", TYPE.AAAA],
      ["any.shop.hold", TYPE.TXT],
      ["x.any.shop.hold", TYPE.TXT],
      ["six.shop.hold", TYPE.TXT],
      ["b.deep.shop.hold", TYPE.TXT],
      ["www.shop.hold", TYPE.TXT],
      ["www.shop.hold", TYPE.A],
      ["any.shop.hold", TYPE.A],
    ] as const;
    for (const [owner, rrtype] of questions) {
      const record = { kind: "dns", owner, rrtype } as const;
      const [byDns, byGateways] = await Promise.all(
        (["dns", "gateways"] as const).map((path) => client.resolve(owner, record, { path })),
      );
      const what = `${owner} ${rrtype}`;
      expect(byDns, what).to.include({ evidence: "none", path: "dns" });
      expect(byGateways!.outcome, what).to.be.oneOf(["answered", "absent"]);
      const told = [byDns!, byGateways!].map(({ value }) =>
        value === null ? null : decodeRRset(value).rdatas.map(toHex),
      );
      expect(told[0], what).to.deep.equal(told[1]);
    }
  });

  it("serves kdig over UDP and TCP", async function () {
    const args = ["@127.0.0.1", "-p", String(port()), "+short", "any.shop.hold", "TXT"];
    const told = await run("kdig", args).catch((error: NodeJS.ErrnoException) => error);
    if (told instanceof Error) {
      console.log("      skipped: kdig is not installed");
      this.skip();
    }
    expect(told.stdout.trim()).to.equal('"anybody"');
    expect((await run("kdig", ["+tcp", ...args])).stdout.trim()).to.equal('"anybody"');
    const zone = (await run("kdig", ["@127.0.0.1", "-p", String(port()), "shop.hold", "AXFR"])).stdout;
    expect(zone).to.match(/^\*\.deep\.shop\.hold\.\s+60\s+IN\s+TXT\s+"anybody"$/m);
    expect(zone).to.match(/^six\.shop\.hold\.\s+60\s+IN\s+TXT\s+"anybody"$/m);
    const refused = await run("kdig", ["@127.0.0.1", "-p", String(port()), "empty.hold", "AXFR"]).catch(String);
    expect(refused).to.match(/SERVFAIL/);
    const whole = (await run("kdig", ["@127.0.0.1", "-p", String(port()), "great.hold", "AXFR"])).stdout;
    expect(whole.match(/^u\d+\.great\.hold\.\s+60\s+IN\s+A\s/gm)).to.have.length(1_200);
  });

  it("shows a new set over HTTPS too, past the responses that are kept", async () => {
    const overHttps = async () => {
      const query = Buffer.from(encodeMessage(createQuery(0, { name: "www.great.hold", type: TYPE.TXT })));
      const url = `${world.gateways[0]!.httpUrl}/dns-query?dns=${query.toString("base64url")}`;
      return lines(decodeMessage(new Uint8Array(await (await fetch(url)).arrayBuffer())));
    };
    for (const text of ["one", "two"]) {
      await put("great.hold", [...many("192.0.2.44"), dnsRecord("www.great.hold", TYPE.TXT, 60, `"${text}"`)]);
      expect(await overHttps()).to.deep.equal([`www.great.hold. 60 IN TXT "${text}"`]);
    }
  });

  it("shows a new set to the next asker at every gateway, compiled answers and the serial included", async () => {
    const serialOf = async () => (await ask("shop.hold", TYPE.SOA)).answers[0]!.rdata.slice(-20, -16).join(".");
    await ask("shop.hold", TYPE.A);
    const before = await serialOf();
    for (const last of [7, 8]) {
      await put("shop.hold", [dnsRecord("shop.hold", TYPE.A, 120, `192.0.2.${last}`)]);
      for (const index of [0, 1, 2, 3]) {
        expect(lines(await ask("shop.hold", TYPE.A, index))).to.deep.equal([`shop.hold. 120 IN A 192.0.2.${last}`]);
      }
    }
    expect(await serialOf()).not.to.equal(before);
    expect(negativeOf(await ask("six.shop.hold", TYPE.AAAA))).to.deep.equal([3, 0, TYPE.SOA]);
  });

  it("bounds TTLs by the time that a set still counts", async () => {
    await put("shop.hold", [dnsRecord("shop.hold", TYPE.A, 7_200, "192.0.2.9")], 600);
    const [first] = (await ask("shop.hold", TYPE.A)).answers;
    expect(first!.ttlSeconds).to.be.within(1, 600);
    expect((await ask("shop.hold", TYPE.AAAA)).authorities[0]!.ttlSeconds).to.be.at.most(600);
  });

  it("says SERVFAIL once a set's time is over, though no block has come since", async () => {
    await put("shop.hold", [dnsRecord("shop.hold", TYPE.A, 7_200, "192.0.2.10")], 2);
    let reply = await ask("shop.hold", TYPE.A);
    expect(reply.answers[0]!.ttlSeconds).to.be.at.most(2);
    while (reply.rcode === 0) reply = await ask("shop.hold", TYPE.A);
    expect(negativeOf(reply)).to.deep.equal([2, 0, undefined]);
  });

  it("says SERVFAIL where no set that counts is at hand", async () => {
    expect(negativeOf(await ask("empty.hold", TYPE.A))).to.deep.equal([2, 0, undefined]);
    expect(negativeOf(await ask("www.empty.hold", TYPE.A))).to.deep.equal([2, 0, undefined]);
  });

  it("leaves a subname to the registry, and one of the registry's to its set", async () => {
    const { registry, offchainResolver } = world.deployment.contracts;
    const { owner } = world;
    const node = namehash("shop.hold");
    await send(owner, registry, registryCall("createSubname", node, "sub", owner.account.address));
    const wire = encodeRRset({
      name: "sub.shop.hold",
      type: 1,
      ttlSeconds: 300,
      rdatas: [Uint8Array.of(192, 0, 2, 77)],
    });
    await send(owner, registry, registryCall("setDNSRecords", namehash("sub.shop.hold"), wire));
    await world.caughtUp();
    expect(lines(await ask("sub.shop.hold", TYPE.A))).to.deep.equal(["sub.shop.hold. 300 IN A 192.0.2.77"]);
    await send(owner, registry, registryCall("setResolver", namehash("sub.shop.hold"), offchainResolver));
    await world.caughtUp();
    expect(negativeOf(await ask("sub.shop.hold", TYPE.A))).to.deep.equal([2, 0, undefined]);
    await put("sub.shop.hold", [dnsRecord("x.sub.shop.hold", TYPE.A, 60, "192.0.2.78")]);
    expect(lines(await ask("x.sub.shop.hold", TYPE.A))).to.deep.equal(["x.sub.shop.hold. 60 IN A 192.0.2.78"]);
    expect(negativeOf(await ask("sub.shop.hold", TYPE.A))).to.deep.equal([0, 0, TYPE.SOA]);
  });
});
