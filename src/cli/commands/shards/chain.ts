/** Options and reading that `shards audit`, `shards isolate` and `shard --rpc` share. */
import type { Command } from "commander";
import type { PublicClient } from "viem";
import { type Deployment, deploymentPath, readDeployment } from "../../../chain/deployment.ts";
import { createChainReader, UnreadableFleetError } from "../../../chain/fleet.ts";

export interface ChainOptions {
  readonly rpc: string;
  readonly deployment?: string;
}

export function addChainOptions(command: Command): Command {
  return command
    .option("--rpc <url>", "RPC provider", "http://127.0.0.1:8545")
    .option("--deployment <file>", "deployments file; that of the provider's chain if left out");
}

/** The chain behind the options, and where its contracts are. */
export async function openChain(options: ChainOptions): Promise<{ client: PublicClient; deployment: Deployment }> {
  const client = createChainReader(options.rpc);
  if (options.deployment !== undefined) return { client, deployment: await readDeployment(options.deployment) };
  let chainId: number;
  try {
    chainId = await client.getChainId();
  } catch (error) {
    throw new UnreadableFleetError(error);
  }
  return { client, deployment: await readDeployment(deploymentPath(chainId)) };
}
