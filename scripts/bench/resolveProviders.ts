/** RPC providers of which the first are bad: the name client beside viem's `fallback` and ethers' FallbackProvider, three each. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type EnsPlugin as EthersEnsPlugin, ethers } from "ethers";
import { createPublicClient, encodeFunctionData, fallback, type Hex, http } from "viem";
import { foundry } from "viem/chains";
import { systemClock } from "../../src/base/clock.ts";
import { registryAbi } from "../../src/chain/abis/registry.ts";
import { deployContracts } from "../../src/chain/deploy.ts";
import type { Deployment } from "../../src/chain/deployment.ts";
import { createNodeNameClient } from "../../src/client/nodeClient.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { connectTo, startEdr } from "../../test/contracts/support/node.ts";
import { registerAll } from "../../test/contracts/support/world.ts";
import { type HttpFault, respond } from "../../test/support/client/faultyHttp.ts";
import { EXCHANGE_MS } from "../../test/support/client/gatewayWorld.ts";
import { describeEnding, type Ending, endingRow, timed, VALUE } from "./resolveEndings.ts";
import type { BenchOptions, BenchRow } from "./row.ts";

const LIE: Hex = "0x000000000000000000000000000000000000dead";
const PROVIDER_COUNT = 3;
const NAME = "shop.hold";

type ProviderFault = "good" | HttpFault | "lies" | "stuck";

interface Case {
  readonly id: string;
  readonly fault: ProviderFault;
  readonly count: number;
  readonly goalMs: number;
  readonly isTotal?: boolean;
}

const CASES: readonly Case[] = [
  { id: "rpc.none", fault: "good", count: 0, goalMs: 400 },
  { id: "rpc.first.500", fault: { status: 500 }, count: 1, goalMs: 400 },
  { id: "rpc.first.429", fault: { status: 429 }, count: 1, goalMs: 400 },
  { id: "rpc.first.hangs", fault: "hangs", count: 1, goalMs: 400 },
  { id: "rpc.first.lies", fault: "lies", count: 1, goalMs: 400 },
  { id: "rpc.first.stuck", fault: "stuck", count: 1, goalMs: 400 },
  { id: "rpc.first.junk", fault: "junk", count: 1, goalMs: 400 },
  { id: "rpc.first.empty", fault: "empty", count: 1, goalMs: 400 },
  { id: "rpc.all.500", fault: { status: 500 }, count: 3, goalMs: 3_000, isTotal: true },
  { id: "rpc.all.hang", fault: "hangs", count: 3, goalMs: 3_000, isTotal: true },
];
const SMALL = new Set(["rpc.none", "rpc.first.hangs", "rpc.first.lies"]);

interface World {
  readonly deployment: Deployment;
  readonly urls: readonly string[];
  readonly faults: ProviderFault[];
  stop(): Promise<void>;
}

/** A request as it goes on to the node, and the node's reply as it comes back. */
async function pass(node: string, fault: ProviderFault, body: string): Promise<string> {
  // A provider that is stuck tells of the chain as it was before the name had its address.
  const asked = fault === "stuck" ? body.replaceAll('"latest"', '"0x1"') : body;
  const response = await fetch(node, { method: "POST", headers: { "content-type": "application/json" }, body: asked });
  const told = await response.text();
  return fault === "lies" ? told.replaceAll(VALUE.slice(2), LIE.slice(2)) : told;
}

/** A name with an address, and three providers before one node, each exchange 50 ms. */
async function createWorld(): Promise<World> {
  const node = await startEdr();
  const owner = await connectTo(node, 1);
  const deployment = await deployContracts({ chain: node.url, pollMs: 20, confirmations: 1 });
  const data = encodeFunctionData({ abi: registryAbi, functionName: "setAddr", args: [namehash(NAME), VALUE] });
  await registerAll(node, deployment, owner, [{ label: "shop", owner: owner.account.address, data: [data] }]);
  const faults: ProviderFault[] = Array.from({ length: PROVIDER_COUNT }, () => "good");
  const servers: Server[] = faults.map((_, index) =>
    createServer((request, response) => {
      const fault = faults[index] ?? "good";
      const answer = (body: string) => pass(node.url, fault, body);
      respond({ clock: systemClock, latencyMs: EXCHANGE_MS, fault, answer }, request, response).catch(() =>
        response.destroy(),
      );
    }),
  );
  const urls: string[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }
  return {
    deployment,
    urls,
    faults,
    async stop() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await node.stop();
    },
  };
}

function viemLookup({ urls, deployment }: World) {
  const chain = {
    ...foundry,
    contracts: { ensUniversalResolver: { address: deployment.contracts.universalResolver } },
  };
  const client = createPublicClient({ chain, transport: fallback(urls.map((url) => http(url))) });
  return () => client.getEnsAddress({ name: NAME });
}

function ethersLookup({ urls, deployment }: World) {
  const network = new ethers.Network("local", 31337);
  network.attachPlugin(new ethers.EnsPlugin(deployment.contracts.registry, 31337) as EthersEnsPlugin);
  const providers = urls.map((url) => new ethers.JsonRpcProvider(url, network, { staticNetwork: network }));
  const provider = new ethers.FallbackProvider(providers, network);
  return () => provider.resolveName(NAME);
}

/** The name client on the chain path alone, cold but for one resolution of another name while all were well. */
async function ourLookup({ urls, deployment, faults }: World): Promise<() => Promise<string | null>> {
  const client = createNodeNameClient({
    deployment,
    paths: { chain: { rpcUrls: urls } },
    freshness: { ageSecondsMax: 1e9 },
    clock: { ...systemClock, nowMs: () => systemClock.nowMs() + 400 * 86_400_000 },
    cache: false,
  });
  const before = [...faults];
  faults.fill("good");
  await client.resolve("another.hold", { kind: "addr", coinType: 60n });
  faults.splice(0, faults.length, ...before);
  return async () => {
    const { outcome, value } = await client.resolve(NAME, { kind: "addr", coinType: 60n });
    if (outcome === "answered" || outcome === "absent") return value;
    throw new Error(outcome);
  };
}

/** Rows of the last paragraph of ANCHORS part 3. Every answer of the name client is proven; the peers' are believed. */
export async function providerRows({ small, say }: BenchOptions): Promise<BenchRow[]> {
  const world = await createWorld();
  const capMs = small ? 700 : 13_000;
  const rows: BenchRow[] = [];
  try {
    for (const each of CASES.filter(({ id }) => !small || SMALL.has(id))) {
      world.faults.fill("good");
      const ours = await ourLookup(world);
      world.faults.fill(each.fault, 0, each.count);
      const viem = await timed(capMs, viemLookup(world));
      const other: Ending = await timed(capMs, ethersLookup(world));
      const ending = await timed(20_000, ours);
      say(`${each.id}: viem fallback ${describeEnding(viem)}, ethers FallbackProvider ${describeEnding(other)}`);
      const wanted = each.isTotal ? "thrown" : "right";
      rows.push(endingRow(`${each.id}.client`, ending, `viem fallback`, viem, wanted, each.goalMs));
      rows.push(endingRow(`${each.id}.client`, ending, `ethers FallbackProvider`, other, wanted, each.goalMs));
    }
  } finally {
    await world.stop();
  }
  return rows;
}
