import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { type BrowserBundle, bundleBrowser } from "../../scripts/browserBundle.ts";
import { formatSnapshot } from "../../src/directory/snapshot.ts";
import { type Browser, startChromium } from "../support/chromium.ts";
import { addName, createDirectory, createLiveWorld, DEPLOYMENT } from "../support/client/gatewayWorld.ts";

const CROSS_ORIGIN = { "access-control-allow-origin": "*", "access-control-allow-headers": "content-type, accept" };

describe("browser build", () => {
  let bundle: BrowserBundle;
  before(async () => {
    bundle = await bundleBrowser();
  });

  it("holds no Node built-ins and stays within its size", () => {
    console.log(`      ${bundle.sizeBytes} bytes, ${bundle.gzipBytes} gzipped`);
    expect(bundle.text).to.not.match(/from\s*"node:|require\("node:/);
    expect(bundle.gzipBytes).to.be.below(130_000);
  });

  describe("in Chromium", () => {
    let server: Server;
    let browser: Browser | undefined;
    const world = createLiveWorld();
    before(async function () {
      browser = await startChromium(this);
      addName(world, "shop.hold", 5);
      server = createServer(async (request, response) => {
        if (request.url === "/client.js") {
          response.writeHead(200, { "content-type": "text/javascript" }).end(bundle.text);
          return;
        }
        const id = /^\/g(\d+)\//.exec(request.url ?? "")?.[1];
        if (id === undefined || request.method === "OPTIONS") {
          response.writeHead(200, { "content-type": "text/html", ...CROSS_ORIGIN }).end("<!doctype html>");
          return;
        }
        let body = "";
        for await (const part of request) body += part;
        const url = `https://g${id}.example.org/v1/answer`;
        const signal = new AbortController().signal;
        const told = await world.transport.http({ method: "POST", url, fields: {}, body, bodyBytesMax: 1e6, signal });
        response.writeHead(told.status, { "content-type": "application/json", ...CROSS_ORIGIN }).end(told.body);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    });
    after(async () => {
      await browser?.close();
      server?.closeAllConnections();
      server?.close();
    });

    it("resolves by the name's four gateways, and past a hanging one", async () => {
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const stock = createDirectory();
      const gateways = [...stock.gateways].map(
        ([id, gateway]) => [id, { ...gateway, httpUrl: `${origin}/g${id}` }] as const,
      );
      const snapshot = formatSnapshot({ ...stock, gateways: new Map(gateways) });
      const page = await browser!.context.newPage();
      await page.goto(origin);
      const resolve = (count: number) =>
        page.evaluate(
          async ({ deployment, snapshot, count }) => {
            const path = "/client.js";
            const holdfast = await import(path);
            const directory = holdfast.parseSnapshot(snapshot);
            const client = holdfast.createBrowserNameClient({
              deployment,
              paths: { gateways: { directory } },
              trust: { gateways: "signature" },
              cache: false,
            });
            let told = null;
            for (let round = 0; round < count; round += 1) {
              told = await client.resolve("shop.hold", { kind: "addr", coinType: 60n });
            }
            return { outcome: told.outcome, value: told.value, evidence: told.evidence };
          },
          { deployment: DEPLOYMENT, snapshot, count },
        );
      const right = { outcome: "answered", value: `0x${"aa".repeat(20)}`, evidence: "signature" };
      expect(await resolve(1)).to.deep.equal(right);
      world.behaviours.set(world.shardOf("shop.hold")[0]!, "hangs");
      expect(await resolve(3)).to.deep.equal(right);
    });
  });
});
