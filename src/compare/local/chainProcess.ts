/** The chain: Hardhat's EDR node behind JSON-RPC, in a process of its own. */
import { createServer } from "node:net";
import { network } from "hardhat";
import { runChild } from "./childMain.ts";

export interface ChainConfig {
  readonly host: string;
  readonly port: number;
  readonly chainId: number;
  /** A block is made at least this often, so that the head's age tells whether the chain lives. */
  readonly blockMs: number;
  /** Time of the first block, in milliseconds since 1970. */
  readonly genesisMs: number;
}

export interface ChainReady {
  readonly url: string;
  readonly port: number;
}

runChild(async (config: ChainConfig) => {
  await claimPort(config.host, config.port);
  const server = await network.createServer(
    {
      network: "default",
      override: {
        chainId: config.chainId,
        initialDate: new Date(config.genesisMs),
        mining: { auto: true, interval: config.blockMs },
      },
    },
    config.host,
    config.port,
  );
  const { port } = await server.listen();
  return { ready: { url: `http://${config.host}:${port}`, port } satisfies ChainReady, close: () => server.close() };
});

/** Hardhat reports a port in use without saying which; a listener of our own tells. */
async function claimPort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(port, host, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}
