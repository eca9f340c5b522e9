/** Real nodes behind JSON-RPC, for tests with stock clients: Hardhat's EDR, and anvil as a second, independent chain. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { network } from "hardhat";
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  type Hex,
  http,
  publicActions,
  walletActions,
} from "viem";
import { foundry } from "viem/chains";

/** A running node. */
export interface TestNode {
  readonly url: string;
  stop(): Promise<void>;
}

/** EDR behind a port of its own, in this process. */
export async function startEdr(chainId = 31337): Promise<TestNode> {
  const server = await network.createServer({ network: "default", override: { chainId } }, "127.0.0.1", 0);
  const { port } = await server.listen();
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

/** The path of anvil's program; `undefined` where its package has none for this machine. */
export function findAnvil(): string | undefined {
  try {
    const from = createRequire(createRequire(import.meta.url).resolve("@foundry-rs/anvil/package.json"));
    const name = `@foundry-rs/anvil-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
    return from.resolve(`${name}/bin/anvil`);
  } catch {
    return undefined;
  }
}

/** anvil on a free port. It prints the port it got. */
export async function startAnvil(program: string, chainId = 31337, ...args: string[]): Promise<TestNode> {
  const child: ChildProcess = spawn(
    program,
    ["--port", "0", "--chain-id", String(chainId), "--hardfork", "osaka", ...args],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  for await (const line of createInterface({ input: child.stdout! })) {
    const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stdout!.resume();
    return { url: `http://127.0.0.1:${port}`, stop };
  }
  throw new Error("anvil ended before it listened");
}

/** A client of a node that may do everything, for the account at `index`. */
export async function connectTo(node: TestNode, index = 0) {
  const transport = http(node.url, { retryCount: 0 });
  const reader = createPublicClient({ transport });
  const chain = { ...foundry, id: await reader.getChainId() };
  const addresses = (await reader.request({ method: "eth_accounts" } as never)) as readonly Hex[];
  const account = addresses[index];
  if (account === undefined) throw new Error(`the node has no account ${index}`);
  return createWalletClient({ account, chain, transport, pollingInterval: 20 })
    .extend(publicActions)
    .extend(walletActions);
}

/** Moves a node's clock forward and mines a block. */
export async function passTime(node: TestNode, seconds: number): Promise<void> {
  const client = createTestClient({ mode: "anvil", chain: foundry, transport: http(node.url) });
  await client.request({ method: "evm_increaseTime" as never, params: [`0x${seconds.toString(16)}`] as never });
  await client.request({ method: "evm_mine" as never, params: [] as never });
}
