import { createServer, get, type Server } from "node:http";
import { type AddressInfo, connect, type LookupFunction as NetLookup } from "node:net";
import { expect } from "chai";
import { Agent, fetch as undiciFetch } from "undici";
import { createLookup } from "../../src/client/dropins/lookup.ts";
import { createNodeNameClient } from "../../src/client/nodeClient.ts";
import { aRecord, startDnsServer, type TestDnsServer } from "../support/client/dnsServer.ts";
import { DEPLOYMENT } from "../support/client/gatewayWorld.ts";

describe("lookup drop-in", () => {
  let dns: TestDnsServer;
  let web: Server;
  let port: number;
  before(async () => {
    dns = await startDnsServer((query) => {
      const [question] = query.questions;
      if (question?.name.startsWith("broken.")) return { rcode: 2 };
      if (question?.name.startsWith("v4only.") && question.type === 28) return { rcode: 2 };
      if (question?.type !== 1 || question.name.startsWith("gone.")) return { rcode: 0 };
      return { answers: [aRecord(question.name, "127.0.0.1")] };
    });
    web = createServer((request, response) => response.end(`hello ${request.headers.host}`));
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    port = (web.address() as AddressInfo).port;
  });
  after(async () => {
    web.closeAllConnections();
    web.close();
    await dns.close();
  });
  const lookup = () =>
    createLookup(
      createNodeNameClient({
        deployment: DEPLOYMENT,
        paths: { dns: { endpoints: [dns], dnsNameOf: (name) => name, tryCount: 1 } },
      }),
    ) as unknown as NetLookup;

  it("serves http.get", async () => {
    const body = await new Promise<string>((resolve, reject) => {
      get({ host: "www.shop.hold", port, lookup: lookup(), agent: false }, (response) => {
        response.setEncoding("utf8").on("data", resolve);
      }).on("error", reject);
    });
    expect(body).to.equal(`hello www.shop.hold:${port}`);
  });

  it("serves undici's fetch", async () => {
    const agent = new Agent({ connect: { lookup: lookup() } });
    const response = await undiciFetch(`http://www.shop.hold:${port}/`, { dispatcher: agent });
    expect(await response.text()).to.equal(`hello www.shop.hold:${port}`);
    await agent.close();
  });

  it("serves net.connect, one family being enough", async () => {
    const socket = connect({ host: "v4only.shop.hold", port, lookup: lookup(), autoSelectFamily: true });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    socket.destroy();
  });

  it("tells absence from an outage by the error's code", async () => {
    const codeFor = (host: string) =>
      new Promise((resolve) => {
        lookup()(host, { family: 4 }, (error) => resolve(error?.code));
      });
    expect(await codeFor("gone.shop.hold")).to.equal("ENOTFOUND");
    expect(await codeFor("broken.shop.hold")).to.equal("EAI_AGAIN");
  });

  it("leaves other host names and addresses to the system", async () => {
    const address = await new Promise((resolve) => {
      lookup()("localhost", { family: 4 }, (_, found) => resolve(found));
    });
    expect(address).to.equal("127.0.0.1");
  });
});
