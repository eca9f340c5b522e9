/**
 * Names whose owner signs their records, on a chain with real gateways of real operators. Before each gateway stands a front that can
 * make it go down, hang, lie, show an old set or answer for another name.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { secureRandom } from "../../../src/base/random.ts";
import { deployContracts } from "../../../src/chain/deploy.ts";
import { type Deployment, writeDeployment } from "../../../src/chain/deployment.ts";
import { listGateways } from "../../../src/chain/listGateways.ts";
import type { NameClient } from "../../../src/client/nameClient.ts";
import { createNodeNameClient } from "../../../src/client/nodeClient.ts";
import type { NameClientOptions } from "../../../src/client/options.ts";
import { parseSnapshot } from "../../../src/directory/snapshot.ts";
import { readConfig } from "../../../src/gateway/config.ts";
import { type RunningGateway, startGateway } from "../../../src/gateway/run.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { answerRequest, encodeSignedAnswer, leavesOf } from "../../../src/protocol/offchainMessages.ts";
import { parsePublishedSet } from "../../../src/protocol/publishedSet.ts";
import { connectTo, startEdr, type TestNode } from "../../contracts/support/node.ts";
import { registerAll, registryCall, send } from "../../contracts/support/world.ts";

/** How a gateway behaves: all of it, or where it shows signed sets. */
export type Conduct = "good" | "down" | "error" | "hangs" | "lies" | "replays" | "elsewhere";

export interface Front {
  readonly url: string;
  conduct: Conduct;
  /** Requests since the last reset. */
  hitCount: number;
}

export interface OffchainWorld {
  readonly node: TestNode;
  readonly deployment: Deployment;
  /** The owner of all names. */
  readonly owner: Awaited<ReturnType<typeof connectTo>>;
  readonly ownerKey: Hex;
  readonly other: Awaited<ReturnType<typeof connectTo>>;
  readonly gateways: readonly RunningGateway[];
  /** Holds `deployment.json`, and the data of gateway i in `g<i>`. */
  readonly folder: string;
  readonly fronts: readonly Front[];
  /** The text of a set that a front of the conduct `replays` or `elsewhere` shows. */
  readonly shown: { replays: string; elsewhere: string };
  /** Starts a gateway again that was closed. */
  readonly restart: (index: number) => Promise<void>;
  readonly client: (options?: Partial<NameClientOptions>) => NameClient;
  /** Until every gateway has the newest block. */
  readonly caughtUp: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The second and third accounts of every development chain. */
const OWNER_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
export const AHEAD_MS = 310_000;
const LIE = "0x000000000000000000000000000000000000dead";

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What a dishonest gateway shows in place of the set it holds. */
async function misanswer(world: OffchainWorld, front: Front, honest: string, body: string): Promise<string> {
  const { data } = JSON.parse(body) as { data: Hex };
  const text =
    front.conduct === "replays" ? world.shown.replays : front.conduct === "elsewhere" ? world.shown.elsewhere : honest;
  const { published, tree } = parsePublishedSet(text);
  const answer = await answerRequest(data, front.url, async (question) => {
    const leaves = leavesOf(question, tree);
    const isLie = front.conduct === "lies";
    const shown = isLie ? leaves.map((all) => all.map((leaf) => ({ ...leaf, value: LIE as Hex }))) : leaves;
    return encodeSignedAnswer(published.set, shown);
  });
  return JSON.stringify({ data: answer });
}

async function serve(world: () => OffchainWorld, index: number, request: IncomingMessage, response: ServerResponse) {
  const { fronts, gateways } = world();
  const front = fronts[index]!;
  front.hitCount += 1;
  const { conduct } = front;
  if (conduct === "down") return void request.socket.destroy();
  if (conduct === "hangs") return;
  const body = await bodyOf(request);
  if (conduct === "error") return void response.writeHead(500).end();
  const target = `${gateways[index]!.httpUrl}${request.url}`;
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (conduct !== "good" && request.url === "/ccip") {
    const held = await fetch(`${gateways[index]!.httpUrl}/v1/sets/shop.hold`);
    const text = await misanswer(world(), front, await held.text(), body.toString());
    return void response.writeHead(200, { "content-type": "application/json" }).end(text);
  }
  const headers: Record<string, string> = {};
  for (const name of ["content-type", "x-holdfast-relayed"]) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const answer = await fetch(target, { method: request.method!, headers, ...(isRead ? {} : { body }) });
  response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

/** A chain with names under `.hold` whose resolver is the OffchainResolver. */
export async function startOffchainChain(names: readonly string[]) {
  const node = await startEdr();
  const [governor, owner, other] = await Promise.all([0, 1, 2].map((index) => connectTo(node, index)));
  const deployment = await deployContracts({ chain: node.url, pollMs: 20 });
  const { registry, offchainResolver } = deployment.contracts;
  await registerAll(
    node,
    deployment,
    owner!,
    names.map((label) => ({ label, owner: owner!.account.address })),
  );
  for (const label of names) {
    await send(owner!, registry, registryCall("setResolver", namehash(`${label}.hold`), offchainResolver));
  }
  return { node, deployment, governor: governor!, owner: owner!, ownerKey: OWNER_KEY as Hex, other: other! };
}

/** Lists four gateways, one to a zone, by their HTTP endpoints and signers' keys. */
export async function listFour(
  { node, deployment, governor }: Awaited<ReturnType<typeof startOffchainChain>>,
  urls: readonly string[],
  keys: readonly Hex[],
): Promise<void> {
  await listGateways({
    rpcUrl: node.url,
    deployment,
    sender: governor.account.address,
    gateways: urls.map((httpUrl, zone) => ({
      operator: privateKeyToAccount(keys[zone]!).address,
      signer: privateKeyToAccount(keys[zone]!).address,
      zone,
      httpUrl,
      dnsEndpoint: `127.0.0.1:${9_000 + zone}`,
    })),
    seed: 1,
  });
}

/** Such a chain and four gateways that serve its names. */
export async function createOffchainWorld(
  names: readonly string[] = ["shop", "other"],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<OffchainWorld> {
  const chain = await startOffchainChain(names);
  const { node, deployment, owner, other } = chain;
  const fronts: Front[] = [];
  const keys = [0, 1, 2, 3].map(() => generatePrivateKey());
  const servers = await Promise.all(
    keys.map(async (_, index) => {
      const server = createServer((request, response) => {
        serve(() => world, index, request, response).catch(() => response.destroy());
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      fronts[index] = { url: `http://127.0.0.1:${port}`, conduct: "good", hitCount: 0 };
      return server;
    }),
  );
  await listFour(
    chain,
    fronts.map(({ url }) => url),
    keys,
  );
  const folder = mkdtempSync(join(tmpdir(), "holdfast-offchain-"));
  const deploymentFile = join(folder, "deployment.json");
  await writeDeployment(deploymentFile, deployment);
  const start = (index: number) => {
    const flags = {
      gatewayId: index + 1,
      rpc: [node.url],
      deployment: deploymentFile,
      data: join(folder, `g${index}`),
    };
    const config = readConfig(
      undefined,
      { HOLDFAST_SIGNER_KEY: keys[index]! },
      { ...flags, dns: false, pollMs: 20, ...settings },
    );
    return startGateway(config, { clock: systemClock, random: secureRandom, log: silentLog });
  };
  const gateways = await Promise.all(keys.map((_, index) => start(index)));
  const world: OffchainWorld = {
    node,
    deployment,
    owner,
    ownerKey: OWNER_KEY,
    other,
    gateways,
    folder,
    fronts,
    shown: { replays: "", elsewhere: "" },
    async restart(index) {
      gateways[index] = await start(index);
    },
    client: (options) =>
      createNodeNameClient({
        deployment,
        paths: { gateways: { directory }, chain: { rpcUrls: [node.url, node.url] } },
        freshness: { ageSecondsMax: 1e9 },
        // The chain's clock gains a second with every block.
        clock: { ...systemClock, nowMs: () => systemClock.nowMs() + AHEAD_MS },
        cache: false,
        ...options,
      }),
    async caughtUp() {
      await send(owner, owner.account.address, "0x");
      const checkpointed = 8n;
      while ((await owner.getBlockNumber({ cacheTime: 0 })) % checkpointed !== 0n)
        await send(owner, owner.account.address, "0x");
      const head = Number(await owner.getBlockNumber({ cacheTime: 0 }));
      for (const { replica, reverse } of world.gateways) {
        for (const copy of [replica, reverse]) {
          while ((copy.checkpoint?.header.number ?? -1) < head) await new Promise((resolve) => setImmediate(resolve));
        }
      }
    },
    async stop() {
      await Promise.all(world.gateways.map((gateway) => gateway.close()));
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await node.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await world.caughtUp();
  const directory = parseSnapshot(await (await fetch(`${gateways[0]!.httpUrl}/v1/directory`)).json());
  return world;
}
