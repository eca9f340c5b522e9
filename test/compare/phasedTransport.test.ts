import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import { createPhasedTransport } from "../../src/compare/watch/phasedTransport.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import { createQuery } from "../../src/dns/message.ts";
import { aRecord, startDnsServer, type TestDnsServer } from "../support/client/dnsServer.ts";

const QUERY = encodeMessage(createQuery(7, { name: "www.example.org", type: 1 }));
const never = () => new AbortController().signal;

describe("createPhasedTransport", () => {
  let server: TestDnsServer;
  before(async () => {
    server = await startDnsServer((query) => ({ answers: [aRecord(query.questions[0]!.name, "192.0.2.7")] }));
  });
  after(() => server.close());

  it("returns every step of an exchange over UDP and over TCP", async () => {
    for (const over of ["udp", "tcp"] as const) {
      const { transport, phases } = createPhasedTransport(systemClock);
      const at = { host: "127.0.0.1", port: server.port };
      const reply = over === "udp" ? transport.udp(at, QUERY, () => true, never()) : transport.tcp(at, QUERY, never());
      expect(decodeMessage(await reply).answers.length).to.equal(1);
      expect(Object.keys(phases())).to.deep.equal(["resolve", "connect", "request"]);
      for (const ms of Object.values(phases())) expect(ms).to.be.at.least(0);
    }
  });

  it("returns the time that finding a server by name took, before the rest", async () => {
    const { transport, phases } = createPhasedTransport(systemClock);
    await transport.udp({ host: "localhost", port: server.port }, QUERY, () => true, never());
    expect(phases().resolve).to.be.above(0);
  });

  it("returns what was reached of an exchange that never ended, and gives it up with the signal", async () => {
    const silent = await startDnsServer(() => undefined);
    for (const over of ["udp", "tcp"] as const) {
      const { transport, phases } = createPhasedTransport(systemClock);
      const controller = new AbortController();
      systemClock.schedule(30, () => controller.abort());
      const at = { host: "127.0.0.1", port: silent.port };
      const asked =
        over === "udp"
          ? transport.udp(at, QUERY, () => true, controller.signal)
          : transport.tcp(at, QUERY, controller.signal);
      const error = await asked.catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(Error);
      expect(phases().request).to.be.above(15);
    }
    await silent.close();
  });

  it("returns why a port refuses, a server closes, or a body never ends", async () => {
    const { transport } = createPhasedTransport(systemClock);
    const failureOf = (promise: Promise<unknown>) => promise.catch((error: { failure: string }) => error.failure);
    const closed = await startDnsServer(() => undefined);
    const at = { host: "127.0.0.1", port: closed.port };
    await closed.close();
    expect(await failureOf(transport.tcp(at, QUERY, never()))).to.equal("refused");
    const web = createServer((_, response) => response.end("x".repeat(100)));
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
    const request = { method: "GET", url, fields: {}, signal: never() } as const;
    expect(await failureOf(transport.http({ ...request, bodyBytesMax: 10 }))).to.equal("oversized");
    expect((await transport.http({ ...request, bodyBytesMax: 100 })).body.length).to.equal(100);
    web.closeAllConnections();
    web.close();
  });
});
