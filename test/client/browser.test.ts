import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { privateKeyToAccount } from "viem/accounts";
import { type BrowserBundle, bundleBrowser } from "../../scripts/browserBundle.ts";
import { formatDeployment } from "../../src/chain/deployment.ts";
import { nodeTransport } from "../../src/client/nodeTransport.ts";
import { publish } from "../../src/client/publishName.ts";
import { formatSnapshot } from "../../src/directory/snapshot.ts";
import { recoverAddressFast } from "../../src/proof/recoverAddressFast.ts";
import { type Browser, startChromium } from "../support/chromium.ts";
import { addName, createDirectory, createLiveWorld, DEPLOYMENT } from "../support/client/gatewayWorld.ts";
import { addressRecord } from "../support/offchain/publish.ts";
import { AHEAD_MS, createOffchainWorld } from "../support/offchain/world.ts";

/** What browsers do not have. */
const NODE_GLOBALS =
  /"node:[^"]+"|(?:globalThis\.)?\bBuffer\b|\bprocess\.\w+|\b(?:require|__dirname|__filename)\b|\bimport\.meta\.(?:dirname|filename|main)\b/g;
const CROSS_ORIGIN = { "access-control-allow-origin": "*", "access-control-allow-headers": "content-type, accept" };

describe("browser build", () => {
  let bundle: BrowserBundle;
  before(async () => {
    bundle = await bundleBrowser();
  });

  it("holds no Node built-ins and stays within its size", () => {
    console.log(`      ${bundle.sizeBytes} bytes, ${bundle.gzipBytes} gzipped`);
    expect(bundle.text).to.not.match(/from\s*"node:|require\("node:/);
    expect(bundle.gzipBytes).to.be.below(112_000);
  });

  it("is made of modules that use nothing of Node's own but what they ask for first", () => {
    const ours = bundle.modules.filter((file) => file.startsWith("src/"));
    expect(ours).to.include.members([
      "src/client/browser.ts",
      "src/client/signedSets.ts",
      "src/protocol/offchainTree.ts",
    ]);
    const found = ours.flatMap((file) => {
      const code = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      const uses = code.match(NODE_GLOBALS) ?? [];
      // Behind a look whether it is there.
      return uses.filter((use) => use !== "globalThis.Buffer").map((use) => `${file}: ${use}`);
    });
    expect(found).to.deep.equal([]);
    // Some modules have more to them than browsers get.
    expect(bundle.text).to.not.match(/\bsetImmediate\b|\bprocess\.(?:env|nextTick|hrtime)\b|(?<!\.)\bBuffer\./);
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

    it("reads records that their owner signed from the gateways that hold them", async function () {
      this.timeout(60_000);
      const signed = await createOffchainWorld(["shop"]);
      try {
        const domain = { chainId: signed.deployment.chainId, resolver: signed.deployment.contracts.offchainResolver };
        const about = { domain, transport: nodeTransport, recoverAddress: recoverAddressFast };
        const records = [...Array(40).keys()].map((index) => addressRecord(`u${index}.shop.hold`, 0xb0 + index));
        const signer = privateKeyToAccount(signed.ownerKey);
        await publish(signed.client(), { name: "shop.hold", records, signer, validForSeconds: 1e6 }, about);
        const stock = signed.client().directory()!;
        const gateways = [...stock.gateways].map(
          ([id, gateway]) => [id, { ...gateway, httpUrl: signed.gateways[id - 1]!.httpUrl }] as const,
        );
        const snapshot = formatSnapshot({ ...stock, gateways: new Map(gateways) });
        const page = await browser!.context.newPage();
        await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
        const told = await page.evaluate(
          async ({ deployment, snapshot, aheadMs }) => {
            const path = "/client.js";
            const holdfast = await import(path);
            const client = holdfast.createBrowserNameClient({
              deployment,
              paths: { gateways: { directory: holdfast.parseSnapshot(snapshot) } },
              freshness: { ageSecondsMax: 1e9 },
              clock: {
                nowMs: () => Date.now() + aheadMs,
                monotonicMs: () => performance.now(),
                schedule: (delayMs: number, callback: () => void) => {
                  const timer = setTimeout(callback, delayMs);
                  return { cancel: () => clearTimeout(timer) };
                },
              },
              cache: false,
            });
            const { outcome, value, evidence } = await client.resolve("u7.shop.hold", { kind: "addr", coinType: 60n });
            const none = await client.resolve("u7.shop.hold", { kind: "text", key: "none" });
            return { outcome, value, evidence, none: none.outcome };
          },
          { deployment: JSON.parse(formatDeployment(signed.deployment)), snapshot, aheadMs: AHEAD_MS },
        );
        const value = records[7]!.value;
        expect(told).to.deep.equal({ outcome: "answered", value, evidence: "owner", none: "absent" });
      } finally {
        await signed.stop();
      }
    });
  });
});
