/**
 * A newer directory, from the gateways themselves: each publishes the one it knows at `/v1/directory`. One that gateways of two
 * distinct operators, both listed in the directory at hand, publish alike is taken; one alone could list itself everywhere. Newer
 * shard hints come at the same time, from any of them.
 */
import { utf8Text } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import { type Random, secureRandom, shuffled } from "../base/random.ts";
import type { DirectoryGateway } from "../directory/directory.ts";
import { type DirectorySnapshot, formatSnapshot, parseSnapshot } from "../directory/snapshot.ts";
import { askSeveral, type Target } from "./askSeveral.ts";
import { fetchShardHints } from "./fetchShardHints.ts";
import { createHealth } from "./health.ts";
import { refusalOf } from "./httpReply.ts";
import type { NameClient } from "./nameClient.ts";
import { createRetryBudget } from "./retryBudget.ts";
import { type Run, type Shared, withRun } from "./run.ts";
import type { ClientTransport } from "./transport.ts";

export interface RefreshDirectoryOptions {
  readonly transport: ClientTransport;
  readonly clock?: Shared["clock"];
  readonly random?: Random;
  /** For directory and hints together, in milliseconds. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Whether newer shard hints are fetched as well, 768 KiB at most; they are unless said otherwise. */
  readonly shardHints?: "refreshed" | "kept";
  /** Distinct operators that must publish the same. */
  readonly quorum?: number;
}

interface Published {
  readonly operator: string;
  readonly snapshot: DirectorySnapshot;
  readonly content: string;
}

/** Gateways asked at most. */
const ASKED_MAX = 8;
const BODY_BYTES_MAX = 8 * 1024 * 1024;

/** What two snapshots of one version must share; the block they were read at may differ. */
function contentOf(snapshot: DirectorySnapshot): string {
  const { block: _, shardHints: __, ...rest } = formatSnapshot(snapshot);
  const gateways = [...rest.gateways].sort((left, right) => left.id - right.id);
  const isolated = [...rest.isolated].sort((left, right) => left.node.localeCompare(right.node));
  return JSON.stringify({ ...rest, gateways, isolated, former: [] });
}

async function ask(run: Run, gateway: DirectoryGateway, current: DirectorySnapshot, signal: AbortSignal) {
  const url = `${gateway.httpUrl}/v1/directory`;
  const response = await run.transport.http({ method: "GET", url, fields: {}, bodyBytesMax: BODY_BYTES_MAX, signal });
  const refusal = refusalOf(run, response);
  if (refusal !== undefined) return refusal;
  let snapshot: DirectorySnapshot;
  try {
    snapshot = parseSnapshot(JSON.parse(utf8Text(response.body) ?? ""));
  } catch {
    return { outcome: "wrong", reason: "not a directory" } as const;
  }
  const isSame =
    snapshot.chainId === current.chainId && snapshot.address.toLowerCase() === current.address.toLowerCase();
  if (!isSame) return { outcome: "wrong", reason: "another directory" } as const;
  if (snapshot.version < current.version) return { outcome: "stale", reason: `version ${snapshot.version}` } as const;
  const value: Published = { operator: gateway.operator.toLowerCase(), snapshot, content: contentOf(snapshot) };
  return { outcome: "answered", value, reason: `version ${snapshot.version}` } as const;
}

/** Whether a newer directory, or the same anew, was published by enough operators; the client then uses it. */
export async function refreshDirectory(client: NameClient, options: RefreshDirectoryOptions): Promise<boolean> {
  const current = client.directory();
  if (current === undefined) return false;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? secureRandom;
  const { transport } = options;
  const shared: Shared = { clock, random, transport, health: createHealth(clock), budget: createRetryBudget() };
  const { deadlineMs = 3_000, signal } = options;
  const limits = { what: "The refresh", deadlineMs, ...(signal === undefined ? {} : { signal }) };
  const { result: published } = await withRun(shared, limits, async (run) => {
    const hints = refreshHints(run, client, current, options.shardHints ?? "refreshed");
    const directory = await askPublished(run, current, options.quorum ?? 2);
    await hints;
    return directory;
  });
  if (published === undefined) return false;
  const { shardHints: _, ...directory } = published;
  client.setDirectory(directory);
  return true;
}

async function refreshHints(
  run: Run,
  client: NameClient,
  current: DirectorySnapshot,
  wish: "refreshed" | "kept",
): Promise<void> {
  if (wish === "kept" || !client.usesShardHints) return;
  const hints = await fetchShardHints(run, activeGateways(current), client.shardHints());
  if (hints !== undefined) client.setShardHints(hints);
}

function activeGateways(directory: DirectorySnapshot): readonly DirectoryGateway[] {
  return [...directory.gateways.values()].filter((gateway) => gateway.active);
}

/** The directory that enough operators publish alike; `undefined` where there is none. */
async function askPublished(
  run: Run,
  current: DirectorySnapshot,
  quorum: number,
): Promise<DirectorySnapshot | undefined> {
  const targets = shuffled(run.random, activeGateways(current))
    .slice(0, ASKED_MAX)
    .map((gateway) => ({ endpoint: gateway.httpUrl, gateway }));
  const told = await askSeveral<Target & { gateway: DirectoryGateway }, Published, DirectorySnapshot>(run, {
    path: "gateways",
    targets,
    ask: (target, signal) => ask(run, target.gateway, current, signal),
    judge(values) {
      let most = 0;
      for (const { content, snapshot } of values) {
        const operators = new Set(values.filter((other) => other.content === content).map(({ operator }) => operator));
        if (operators.size >= quorum) return { done: snapshot };
        most = Math.max(most, operators.size);
      }
      return { missing: quorum - most };
    },
  });
  return told.result;
}
