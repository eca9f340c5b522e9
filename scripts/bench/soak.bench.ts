/**
 * `npm run bench -- soak`: the blocks of two hours, a fiftieth of a second for each second, over a local network of four gateways:
 * a record changes in every block, and one gateway answers mixed queries over UDP, TCP and HTTP all the while. Its heap and its
 * resident memory must stay flat. `--blocks N` and `--block-ms N` set length and pace.
 */
import { encodeFunctionData, parseAbi } from "viem";
import { delay, systemClock } from "../../src/base/clock.ts";
import { secureRandom, seededRandom } from "../../src/base/random.ts";
import { ANY_PORTS, type LocalNetwork, startLocalNetwork } from "../../src/compare/local/network.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { type Bench, type BenchRow, figure } from "./row.ts";
import { createLoad } from "./soak/load.ts";
import { growthOf, type Sample } from "./soak/memory.ts";

/** Two hours of blocks, twelve seconds each. */
const BLOCKS = 600;
const BLOCK_MS = 240;
const NAMES = 200;
/** What memory may have grown by, from the second quarter of the run to the last, as a share. */
const GROWTH_RATIO_MAX = 0.1;
const WORKERS = 6;

const RECORDS = parseAbi(["function setText(bytes32 node, string key, string value)"]);

function zoneText(): string {
  const lines = Array.from(
    { length: NAMES },
    (_, index) =>
      `$ORIGIN soak-${index}.example.\n@ SOA ns h 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.1\n` +
      `@ A 192.0.2.${index % 250}\nwww A 192.0.2.${index % 250}\nmail TXT "soak ${index}"\n`,
  );
  return `$TTL 300\n${lines.join("")}`;
}

async function metricsOf(url: string): Promise<Sample> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1]);
  return {
    block: value("holdfast_replica_head_block"),
    heapBytes: value("nodejs_heap_used_bytes"),
    residentBytes: value("process_resident_memory_bytes"),
  };
}

/** Changes a record in each of `blocks` blocks or more, one every `blockMs`; calls `each` at every block. Returns how many there were. */
async function makeBlocks(
  network: LocalNetwork,
  blocks: number,
  blockMs: number,
  each: () => Promise<void>,
): Promise<number> {
  const { devChain, deployment, plan } = network;
  const from = await devChain.firstAccount();
  const random = seededRandom(1, "soak changes");
  const first = Number(await devChain.blockNumber());
  for (let count = 0; count < blocks; count += 1) {
    const node = namehash(plan.names[random.below(plan.names.length)]!.name);
    const data = encodeFunctionData({ abi: RECORDS, functionName: "setText", args: [node, "soak", `value ${count}`] });
    // The chain makes a block of every transaction.
    await devChain.request("eth_sendTransaction", [{ from, to: deployment.contracts.registry, data, gas: "0x493e0" }]);
    await each();
    await delay(systemClock, blockMs);
  }
  return Number(await devChain.blockNumber()) - first;
}

function rowsOf(samples: readonly Sample[], blockCount: number, answerCount: number, errorCount: number): BenchRow[] {
  const memory = (["heapBytes", "residentBytes"] as const).flatMap((kind) => {
    const { ratio, slopeBytesPerBlock, levelBytes } = growthOf(samples, kind);
    const name = kind === "heapBytes" ? "heap" : "resident memory";
    // Of a short run the share says nothing: caches are still filling.
    const isJudged = blockCount >= 100;
    return [
      figure(`soak: ${name}, level`, levelBytes / 1e6, "MB", "-", null),
      figure(`soak: ${name}, slope`, slopeBytesPerBlock, "B/block", "-", null),
      figure(
        `soak: ${name}, growth`,
        ratio * 100,
        "%",
        `<= ${GROWTH_RATIO_MAX * 100}`,
        isJudged ? ratio <= GROWTH_RATIO_MAX : null,
      ),
    ];
  });
  return [
    figure("soak: blocks", blockCount, "blocks", "-", null),
    figure("soak: answers", answerCount, "answers", "-", null),
    figure("soak: queries not answered right", errorCount, "queries", "0", errorCount === 0),
    ...memory,
  ];
}

export const bench: Bench = async ({ small, say, args }) => {
  const option = (name: string, fallback: number) => {
    const at = args.indexOf(`--${name}`);
    return at === -1 ? fallback : Number(args[at + 1]);
  };
  const blocks = option("blocks", small ? 12 : BLOCKS);
  const network = await startLocalNetwork({
    zoneText: zoneText(),
    zoneFile: "soak.zone",
    tld: "hold",
    gatewayCount: 4,
    rpcProviders: ["rpc-a", "rpc-b"],
    dnsProviders: ["dns-a"],
    blockMs: 1_000,
    ports: ANY_PORTS,
    clock: systemClock,
    random: secureRandom,
    seed: "soak",
    onProgress: () => {},
    onLost: (what) => say(`soak: ${what} ended`),
  });
  try {
    const { ready } = network.gateways[0]!;
    say(`soak: ${network.plan.names.length} names, ${blocks} blocks`);
    const load = createLoad({ ready, names: network.plan.names.map(({ name }) => name), workers: WORKERS });
    const samples: Sample[] = [];
    const running = load.run();
    const made = await makeBlocks(network, blocks, option("block-ms", BLOCK_MS), async () => {
      samples.push(await metricsOf(ready.httpUrl));
      if (samples.length % 50 === 0) say(`soak: ${JSON.stringify(samples.at(-1))}, ${load.answerCount} answers`);
    });
    load.stop();
    await running;
    for (const [what, count] of load.errors) say(`soak: ${count} x ${what}`);
    const errorCount = [...load.errors.values()].reduce((sum, count) => sum + count, 0);
    return rowsOf(samples, made, load.answerCount, errorCount);
  } finally {
    await network.close();
  }
};
