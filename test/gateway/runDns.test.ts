import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { secureRandom } from "../../src/base/random.ts";
import { OPCODE, TYPE } from "../../src/dns/codes.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { parseRdata } from "../../src/dns/rdataText.ts";
import { parseZoneFile } from "../../src/dns/zoneFile.ts";
import { createMemoryZoneSource } from "../../src/gateway/dns/memoryZone.ts";
import { startDnsServer } from "../../src/gateway/dns/server.ts";
import { createSystemAddresses } from "../../src/gateway/dns/systemAddresses.ts";
import { runDns } from "../../src/gateway/runDns.ts";
import { handlerOf, ZONE } from "./dns/support.ts";
import { sortedText, transferFrom } from "./dns/tcpClient.ts";

const SECRET = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64");
const world = { clock: systemClock, random: secureRandom, log: silentLog };

describe("runDns", () => {
  it("tells secondaries, lists its zones in a catalog and hands both out to holders of the key", async () => {
    const secondary = createSocket("udp4");
    secondary.bind(0, "127.0.0.1");
    await once(secondary, "listening");
    const config = {
      host: "127.0.0.1",
      port: 0,
      responsesPerSecond: 0,
      budgetPerSecond: 0,
      reusePort: false,
      resolvers: [],
      keys: [{ name: "Transfer.Example.", algorithm: "hmac-sha256" as const, secret: SECRET }],
      transfer: { networks: ["127.0.0.0/8"], keyNames: ["transfer.example"] },
      secondaries: [{ host: "127.0.0.1", port: secondary.address().port, key: "transfer.example" }],
      catalog: "catalog.example",
    };
    const told = new Set<string>();
    const isTold = new Promise<void>((resolve) =>
      secondary.on("message", (bytes) => {
        const message = decodeMessage(bytes);
        expect(message.opcode).to.equal(OPCODE.NOTIFY);
        expect(message.tsig).to.not.equal(undefined);
        told.add(message.questions[0]!.name);
        if (told.size === 2) resolve();
      }),
    );
    const zones = parseZoneFile(ZONE, "zone");
    const front = await runDns(config, createMemoryZoneSource(zones), world);
    await isTold;
    expect([...told].sort()).to.deep.equal(["catalog.example", "example.org"]);
    const key = { name: "transfer.example", algorithm: "hmac-sha256", secret: Buffer.from(SECRET, "base64") } as const;
    const port = Number(front.endpoint.split(":")[1]);
    const options = { key, nowSeconds: Math.floor(systemClock.nowMs() / 1000) };
    const { records } = await transferFrom(port, "example.org", options);
    expect(sortedText(records)).to.deep.equal(sortedText(zones[0]!.records));
    expect(
      (await transferFrom(port, "catalog.example", options)).records.some(({ type }) => type === TYPE.PTR),
    ).to.equal(true);
    expect((await transferFrom(port, "example.org")).messages[0]?.rcode).to.not.equal(0);
    await front.close();
    secondary.close();
  });
});

describe("createSystemAddresses", () => {
  it("returns addresses with their time to live, absence as absence, and fails where nobody answers", async () => {
    const server = await startDnsServer({ ...world, handler: handlerOf(), host: "127.0.0.1", port: 0 });
    const resolve = createSystemAddresses([`127.0.0.1:${server.port}`]);
    expect(await resolve("www2.example.org", TYPE.A)).to.deep.equal({
      ttlSeconds: 3600,
      rdatas: [parseRdata(TYPE.A, "192.0.2.8")],
    });
    expect(await resolve("www2.example.org", TYPE.AAAA)).to.equal(undefined);
    expect(await resolve("nothing.example.org", TYPE.A)).to.equal(undefined);
    let failure: unknown;
    await resolve("www.example.com", TYPE.A).catch((error: unknown) => {
      failure = error;
    });
    expect((failure as { code?: string }).code).to.equal("EREFUSED");
    await server.close();
  });
});
