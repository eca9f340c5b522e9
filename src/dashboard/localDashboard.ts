/** `holdfast up --dashboard`: probes the local network without end, and lets a page break it. */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { readShardIndices } from "../chain/readRecords.ts";
import { createNodeNameClient } from "../client/nodeClient.ts";
import { optionsOfProfile } from "../client/profile.ts";
import { formatValue, recordOfType } from "../client/recordText.ts";
import type { ShardedName } from "../compare/drill/blast.ts";
import type { LocalNetwork } from "../compare/local/network.ts";
import { profileOf } from "../compare/local/profile.ts";
import { optionsAt } from "../compare/local/vantages.ts";
import { WORDS } from "../compare/report/write.ts";
import { createWatchMetrics } from "../compare/watch/metrics.ts";
import type { WatchedName } from "../compare/watch/names.ts";
import { createAlertTracker } from "../compare/watch/round.ts";
import { createSources } from "../compare/watch/sources.ts";
import { runWatch } from "../compare/watch/watch.ts";
import { gatewaysOfShard, shardOf } from "../directory/directory.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import { normaliseName } from "../naming/name.ts";
import { namehash } from "../naming/namehash.ts";
import { brokenParts, FAULT_KINDS, type HandFaults, startHandFaults } from "./faults.ts";
import { liveReport } from "./report.ts";
import { startDashboard } from "./server.ts";
import { shardsView } from "./shards.ts";
import { createViewModel } from "./view.ts";

export interface LocalDashboardOptions {
  readonly network: LocalNetwork;
  readonly directory: DirectorySnapshot;
  readonly port: number;
  readonly onStart: (url: string) => void;
  readonly signal: AbortSignal;
}

const ROUNDS_PER_SECOND = 4;
const TIMEOUT_MS = 2_000;
/** Series of single servers tell nothing here that the paths do not. */
const SHOWN: readonly string[] = ["dns", "chain", "gateways", "combined"];

/** Runs until `signal` fires. Throws `PortInUseError`; nothing is left open then either. */
export async function runLocalDashboard(options: LocalDashboardOptions, clock: Clock, random: Random): Promise<void> {
  const { network, directory } = options;
  const indices = await readShardIndices(
    network.chain.ready.url,
    network.deployment,
    network.plan.names.map(({ name }) => name),
  );
  const hand = await startHandFaults({ network, directory, shardIndices: indices, clock });
  try {
    await runWith(options, hand, indices, clock, random);
  } finally {
    await hand.close();
  }
}

function shardedNamesOf({ network, directory }: LocalDashboardOptions, indices: readonly number[]): ShardedName[] {
  return network.plan.names.map(({ name }, index) => {
    const slots = shardOf(directory, namehash(name), indices[index] ?? 0);
    return { name, slots, gatewayIds: gatewaysOfShard(directory, slots).map((gateway) => gateway?.id ?? 0) };
  });
}

async function runWith(
  options: LocalDashboardOptions,
  hand: HandFaults,
  indices: readonly number[],
  clock: Clock,
  random: Random,
): Promise<void> {
  const { network, directory, signal } = options;
  const direct = await optionsOfProfile(JSON.parse(profileOf(network, directory)), "of the local network");
  const names = network.plan.names.flatMap(({ name, probe }): WatchedName[] =>
    probe === undefined ? [] : [{ name, record: { kind: "dns", owner: probe.owner, rrtype: probe.type } }],
  );
  const [vantage = ""] = hand.proxies.vantages;
  const client = optionsAt(direct, hand.proxies, vantage, network);
  const model = createViewModel();
  const policy = "verified-first";
  const sources = createSources({ client, policy, cache: false, mirrors: [], domains: new Map(), clock, random });
  const members = [...network.rpcs.values(), ...network.dns.values(), ...network.gateways];
  const asker = createNodeNameClient({ ...client, clock, random, cache: false });
  const shardedNames = shardedNamesOf(options, indices);
  const broken = () =>
    new Set(
      network.gateways.flatMap(({ what, state }, index) =>
        state === "running" && !hand.held.has(what) ? [] : [index + 1],
      ),
    );
  const noteBroken = () => model.noteBroken(clock.nowMs(), brokenParts(members, hand.held));
  noteBroken();
  const dashboard = await startDashboard({
    port: options.port,
    clock,
    view: () => model.view(clock.nowMs()),
    members: () => members.map(({ what, state }) => ({ what, state, fault: hand.held.get(what) ?? null })),
    faultKinds: FAULT_KINDS,
    spoil: (what, fault) => hand.set(what, fault).finally(noteBroken),
    shards: (language) => shardsView(shardedNames, broken(), model.names(clock.nowMs()), WORDS[language]),
    report: (language) => liveReport(model.window(clock.nowMs()), WORDS[language]),
    put: async (what, state) => {
      await members.find((member) => member.what === what)?.put(state);
      noteBroken();
    },
    async resolve(text, type) {
      const name = normaliseName(text);
      const told = await asker.probe({ name, record: recordOfType(name, type), path: "all" });
      return { ...told, lines: told.value === null ? [] : formatValue(told.record, told.value) };
    },
  });
  options.onStart(dashboard.url);
  try {
    await runWatch({
      names,
      sources: sources.filter(({ id }) => SHOWN.includes(id)),
      everyMs: (names.length / ROUNDS_PER_SECOND) * 1000,
      timeoutMs: TIMEOUT_MS,
      comparesAnswers: true,
      zoneOf: () => "domain",
      journal: { append() {}, sync() {} },
      metrics: createWatchMetrics("dashboard"),
      alerts: createAlertTracker(2),
      onAlert: (entry) => model.noteDisagreement(entry),
      onSample: (sample) => model.note(sample),
      clock,
      random,
      firstRound: 0,
      signal,
    });
  } finally {
    await dashboard.close();
  }
}
