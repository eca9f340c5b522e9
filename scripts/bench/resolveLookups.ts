/** Off-chain lookups with a bad first gateway: stock viem and ethers, the two with our hook, and the name client. */
import { type EnsPlugin as EthersEnsPlugin, ethers } from "ethers";
import { createPublicClient, http } from "viem";
import { foundry } from "viem/chains";
import type { CcipReaderOptions } from "../../src/client/dropins/ccipRead.ts";
import { withHoldfast } from "../../src/client/dropins/ethers.ts";
import { ccipReadOption } from "../../src/client/dropins/viem.ts";
import { nodeTransport } from "../../src/client/nodeTransport.ts";
import { type CcipFault, type CcipWorld, createCcipWorld } from "../../test/support/client/ccipWorld.ts";
import { addName, type Behaviour, createLiveWorld, EXCHANGE_MS } from "../../test/support/client/gatewayWorld.ts";
import { describeEnding, endingRow, timed, VALUE } from "./resolveEndings.ts";
import type { BenchOptions, BenchRow } from "./row.ts";

interface Fault {
  readonly id: string;
  readonly ccip: CcipFault;
  readonly native: Behaviour;
  /** How many of the gateways are so; the first ones. */
  readonly count: number;
  readonly goalMs: number;
  /** Whether nobody is left, so that the right ending is an error. */
  readonly isTotal?: boolean;
}

const status = (code: number, retryAfter?: string) => ({ status: code, ...(retryAfter ? { retryAfter } : {}) });
const both = (fault: CcipFault & Behaviour) => ({ ccip: fault, native: fault });

export const FAULTS: readonly Fault[] = [
  { id: "none", ...both("good"), count: 0, goalMs: 400 },
  { id: "first.500", ...both(status(500)), count: 1, goalMs: 400 },
  { id: "first.hangs", ...both("hangs"), count: 1, goalMs: 400 },
  { id: "first.drips", ccip: "drips", native: "hangs", count: 1, goalMs: 400 },
  { id: "two.hang", ...both("hangs"), count: 2, goalMs: 700 },
  { id: "first.wrongSignature", ccip: "wrongSignature", native: "badSignature", count: 1, goalMs: 400 },
  { id: "first.expired", ccip: "expired", native: "old", count: 1, goalMs: 400 },
  { id: "first.lies", ccip: "lies", native: "lies", count: 1, goalMs: 400 },
  { id: "first.junk", ...both("junk"), count: 1, goalMs: 400 },
  { id: "first.empty", ...both("empty"), count: 1, goalMs: 400 },
  { id: "first.404", ...both(status(404)), count: 1, goalMs: 400 },
  { id: "first.400", ...both(status(400)), count: 1, goalMs: 400 },
  { id: "first.429", ...both(status(429, "60")), count: 1, goalMs: 400 },
  { id: "all.500", ...both(status(500)), count: 4, goalMs: 3_000, isTotal: true },
  { id: "all.hang", ...both("hangs"), count: 4, goalMs: 3_000, isTotal: true },
];
const SMALL = new Set(["none", "first.hangs", "first.lies", "all.500"]);

function viemLookup(world: CcipWorld, options?: CcipReaderOptions) {
  const client = createPublicClient({
    transport: http(world.node.url, { retryCount: 0 }),
    ...(options === undefined ? {} : { ccipRead: ccipReadOption(options) }),
    chain: {
      ...foundry,
      contracts: { ensUniversalResolver: { address: world.deployment.contracts.universalResolver } },
    },
  });
  return () => client.getEnsAddress({ name: "offchain.hold" });
}

function ethersLookup(world: CcipWorld, options?: CcipReaderOptions) {
  const network = new ethers.Network("local", 31337);
  network.attachPlugin(new ethers.EnsPlugin(world.deployment.contracts.registry, 31337) as EthersEnsPlugin);
  const Provider =
    options === undefined ? ethers.JsonRpcProvider : withHoldfast(ethers.JsonRpcProvider, { ccipRead: options });
  const provider = new Provider(world.node.url, network, { staticNetwork: network });
  return () => provider.resolveName("offchain.hold");
}

/** The name client's own gateways, each exchange 50 ms. It has met the name before, so it knows the name's four. */
async function nativeLookup(fault: Fault): Promise<() => Promise<string | null>> {
  const world = createLiveWorld();
  addName(world, "shop.hold", 5, VALUE);
  const client = world.client({ cache: false });
  const record = { kind: "addr", coinType: 60n } as const;
  const told = await client.resolve("shop.hold", record);
  const order = [...told.trace]
    .sort((left, right) => left.startedAtMs - right.startedAtMs)
    .map(({ endpoint }) => endpoint);
  const own = world.shardOf("shop.hold");
  const rank = (id: number) => {
    const at = order.indexOf(`https://g${id}.example.org`);
    return at === -1 ? 9 : at;
  };
  const first = [...own].sort((left, right) => rank(left) - rank(right)).slice(0, fault.count);
  for (const id of first) world.behaviours.set(id, fault.native);
  return async () => {
    const { outcome, value } = await client.resolve("shop.hold", record);
    if (outcome === "answered" || outcome === "absent") return value;
    throw new Error(outcome);
  };
}

/** Rows of ANCHORS part 3. A peer's value is `null` where it did not end as it should. */
export async function lookupRows({ small, say }: BenchOptions): Promise<BenchRow[]> {
  const world = await createCcipWorld(EXCHANGE_MS);
  const capMs = small ? 700 : 13_000;
  const rows: BenchRow[] = [];
  try {
    for (const fault of FAULTS.filter(({ id }) => !small || SMALL.has(id))) {
      world.faults.fill("good");
      world.faults.fill(fault.ccip, 0, Math.min(fault.count, world.faults.length));
      const hook = (): CcipReaderOptions => ({ transport: nodeTransport, verify: world.verify, allowsUrl: () => true });
      const stock = { viem: await timed(capMs, viemLookup(world)), ethers: await timed(capMs, ethersLookup(world)) };
      const ours = {
        viem: await timed(20_000, viemLookup(world, hook())),
        ethers: await timed(20_000, ethersLookup(world, hook())),
        client: await timed(20_000, await nativeLookup(fault)),
      };
      const wanted = fault.isTotal ? "thrown" : "right";
      say(`${fault.id}: stock viem ${describeEnding(stock.viem)}, stock ethers ${describeEnding(stock.ethers)}`);
      for (const [who, ending] of Object.entries(ours)) {
        const peer = who === "ethers" ? "ethers" : "viem";
        rows.push(endingRow(`${fault.id}.${who}`, ending, `stock ${peer}`, stock[peer], wanted, fault.goalMs));
      }
    }
  } finally {
    await world.stop();
  }
  return rows;
}
