/** The client profile of a local network: how commands and services reach it. */
import { formatDeployment } from "../../chain/deployment.ts";
import { decodeShardHints } from "../../directory/shardHints.ts";
import { type DirectorySnapshot, formatSnapshot, parseSnapshot } from "../../directory/snapshot.ts";
import type { LocalNetwork } from "./network.ts";

/** The directory as the first gateway has it, once it knows of all of them, with its shard hints. */
export async function readDirectory(network: LocalNetwork, signal?: AbortSignal): Promise<DirectorySnapshot> {
  const url = `${network.gateways[0]!.ready.httpUrl}/v1/directory`;
  const ask = (path: string) => fetch(`${url}${path}`, signal === undefined ? {} : { signal });
  const [directory, hints] = await Promise.all([ask(""), ask("/hints")]);
  const snapshot = parseSnapshot(await directory.json());
  return { ...snapshot, shardHints: decodeShardHints(new Uint8Array(await hints.arrayBuffer())) };
}

/** The text of a profile file. */
export function profileOf(network: LocalNetwork, directory: DirectorySnapshot): string {
  const profile = {
    deployment: JSON.parse(formatDeployment(network.deployment)),
    directory: formatSnapshot(directory),
    rpcUrls: [...network.rpcs.values()].map((member) => member.ready.url),
    dns: [...network.dns.values()].map((member) => `${member.ready.host}:${member.ready.port}`),
    domains: Object.fromEntries(network.plan.names.map(({ name, domain }) => [name, domain])),
  };
  return `${JSON.stringify(profile, (_, item) => (typeof item === "bigint" ? item.toString() : item), 2)}\n`;
}
