/**
 * What the comparator itself costs on 1,000 names, journal and metrics included: by DNS alone, and by every path with proofs, as is
 * recommended, on a local network whose processes do not count. At 10 probes a second in all, and at 10 names a second, each of
 * which is a round of a probe for each source. By DNS the latter is held against a program that asks the same and does nothing else:
 * on a machine that is asleep between two rounds, to wake up is most of the cost.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { PolicyName } from "../../src/client/policy.ts";
import { domainMapper, optionsOfProfile } from "../../src/client/profile.ts";
import { ANY_PORTS, startLocalNetwork } from "../../src/compare/local/network.ts";
import { profileOf, readDirectory } from "../../src/compare/local/profile.ts";
import { parseNameList, type WatchedName } from "../../src/compare/watch/names.ts";
import { type CompareOptions, startCompare } from "../../src/compare/watch/start.ts";
import { type Bench, type BenchOptions, type BenchRow, figure } from "./row.ts";

const NAME_COUNT = 1_000;
const RATE_HZ = 10;
const SHARE_PERCENT_MAX = 5;
/** dns, chain, gateways, combined, policy, and the DNS server by itself; without chain and gateways by DNS alone. */
const SOURCE_COUNT = 6;
const DNS_SOURCE_COUNT = 4;
/** So many names a second that no processor falls asleep between two of them, nor forgets what it was doing. */
const AWAKE_RATE_HZ = 200;
const ADDRESS = `0x${"11".repeat(20)}` as const;
const DEPLOYMENT = {
  chainId: 31_337,
  tld: "hold",
  contracts: { registry: ADDRESS, directory: ADDRESS },
  codeHashes: { registry: `0x${"22".repeat(32)}` as const },
};

interface Watched {
  readonly client: CompareOptions["client"];
  readonly names: readonly WatchedName[];
  readonly policy: PolicyName;
  /** Names a second. */
  readonly rateHz: number;
}

/** Runs the watch for `rounds` names and returns the share of a core it took, from the first sample after the warm-up on. */
async function measure(
  { client, names, policy, rateHz }: Watched,
  folder: string,
  warmUpRounds: number,
  rounds: number,
) {
  let begin: { readonly cpu: NodeJS.CpuUsage; readonly ms: number } | undefined;
  let wrong = 0;
  const result = await startCompare(
    {
      client,
      names,
      policy,
      cache: true,
      mirrors: [],
      everyMs: (names.length / rateHz) * 1000,
      timeoutMs: 4_000,
      comparesAnswers: true,
      confirmRounds: 2,
      vantage: "bench",
      journal: { path: join(folder, `${policy}-${rateHz}.jsonl`), bytesMax: 2 ** 28 },
      metrics: { host: "127.0.0.1", port: 0 },
      endsAtAlert: false,
      rounds: warmUpRounds + rounds,
      onStart() {},
      onAlert() {},
      onSample({ round, outcome }) {
        if (outcome !== "answered") wrong += 1;
        if (round === warmUpRounds) begin ??= { cpu: process.cpuUsage(), ms: systemClock.monotonicMs() };
      },
      onWebhookFailure() {},
      signal: new AbortController().signal,
    },
    systemClock,
    seededRandom(1, "bench"),
  );
  const cpu = process.cpuUsage(begin!.cpu);
  const wallMs = systemClock.monotonicMs() - begin!.ms;
  return { share: (cpu.user + cpu.system) / 1000 / wallMs, wrong, samples: result.samples };
}

function row(id: string, share: number, goal: string, isJudged = true): BenchRow {
  const value = share * 100;
  const ok = isJudged ? value < SHARE_PERCENT_MAX : null;
  return figure(id, value, "% of a core", goal, ok);
}

/** The share of a core that asking alone takes. */
async function bareShare(port: number, folder: string, warmUpRounds: number, rounds: number): Promise<number> {
  const args = [port, RATE_HZ, warmUpRounds, rounds, folder].map(String);
  const stdio = ["ignore", "ignore", "inherit", "ipc"] as const;
  const bare = fork(new URL("compareBare.ts", import.meta.url), args, { stdio: [...stdio] });
  // A program that ends without a word would be waited for for ever.
  const ended = once(bare, "exit").then(([code]) => Promise.reject(new Error(`compareBare.ts ended with ${code}`)));
  const [share] = (await Promise.race([once(bare, "message"), ended])) as [number];
  return share;
}

/** By a DNS server alone. */
async function dnsRows({ small, say }: BenchOptions, folder: string): Promise<BenchRow[]> {
  const server = fork(new URL("compareServer.ts", import.meta.url), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  try {
    const [port] = (await once(server, "message")) as [number];
    const lines = Array.from({ length: NAME_COUNT }, (_, index) => `n${index}.hold=n${index}.example.org`);
    const endpoints = [{ host: "127.0.0.1", port }];
    const client = {
      deployment: DEPLOYMENT,
      paths: { dns: { endpoints, dnsNameOf: domainMapper("hold", {}) } },
    };
    const watched = {
      client,
      names: parseNameList(lines.join("\n"), "bench", "hold", "A"),
      policy: "dns-first",
    } as const;
    const [warmUpRounds, rounds] = small ? ([5, 15] as const) : ([50, 300] as const);
    // The fastest first: a watch runs for days, and what the engine compiles in its first minute it compiles once.
    const awake = await measure({ ...watched, rateHz: AWAKE_RATE_HZ }, folder, 10 * warmUpRounds, 5 * rounds);
    const awakeShare = (awake.share * RATE_HZ) / (AWAKE_RATE_HZ * DNS_SOURCE_COUNT);
    const { share } = await measure({ ...watched, rateHz: RATE_HZ }, folder, warmUpRounds, rounds);
    const calm = await measure(
      { ...watched, rateHz: small ? 2 * RATE_HZ : RATE_HZ / DNS_SOURCE_COUNT },
      folder,
      small ? 5 : 20,
      small ? 15 : 100,
    );
    say(`${calm.samples} samples of dns, combined, policy and dns@server with its SOA; ${calm.wrong} not answered`);
    const bare = await bareShare(port, folder, warmUpRounds, rounds);
    const busy = row("overhead-40", share, "reported: 10 names/s, 40 probes/s in all", false);
    return [
      row("overhead", calm.share, "< 5 % for 1,000 names, 10 probes/s in all"),
      { ...busy, peer: "asking alone", peerValue: 100 * bare, ratio: share / bare },
      row("overhead-awake", awakeShare, "reported: 10 of 800 probes/s, the machine never asleep", false),
    ];
  } finally {
    server.disconnect();
  }
}

/** By DNS, chain and gateways, with proofs, on a network of processes. */
async function verifiedRows({ small, say }: BenchOptions, folder: string): Promise<BenchRow[]> {
  const count = small ? 20 : NAME_COUNT;
  const apexes = Array.from({ length: count }, (_, index) => `n${index}.com`);
  const zones = apexes.map(
    (apex) => `$ORIGIN ${apex}.\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n@ A 192.0.2.1\n`,
  );
  const network = await startLocalNetwork({
    zoneText: `$TTL 300\n${zones.join("")}`,
    zoneFile: "bench.zone",
    tld: "hold",
    gatewayCount: 4,
    rpcProviders: ["rpc-a", "rpc-b"],
    dnsProviders: ["dns-a"],
    blockMs: 2_000,
    ports: ANY_PORTS,
    clock: systemClock,
    random: seededRandom(1, "bench"),
    seed: "bench",
    onProgress: () => {},
    onLost: say,
  });
  try {
    const profile = JSON.parse(profileOf(network, await readDirectory(network)));
    const client = await optionsOfProfile(profile, "of the benchmark");
    const lines = network.plan.names.map(({ name, domain }) => `${name}=${domain}`);
    const names = parseNameList(lines.join("\n"), "bench", "hold", "A");
    const watched = { client, names, policy: "verified-first" } as const;
    const rounds = small ? 20 : 100;
    const calm = await measure(
      { ...watched, rateHz: small ? RATE_HZ : RATE_HZ / SOURCE_COUNT },
      folder,
      rounds / 2,
      rounds,
    );
    say(`${calm.samples} samples of dns, chain, gateways, combined, policy and dns@server; ${calm.wrong} not answered`);
    const rows = [row("overhead-verified", calm.share, "< 5 % for 1,000 names, 10 probes/s in all, with proofs")];
    if (small) return rows;
    const busy = await measure({ ...watched, rateHz: RATE_HZ }, folder, rounds, 3 * rounds);
    return [...rows, row("overhead-verified-60", busy.share, "reported: 60 probes/s in all", false)];
  } finally {
    await network.close();
  }
}

export const bench: Bench = async (options) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    return [...(await dnsRows(options, folder)), ...(await verifiedRows(options, folder))];
  } finally {
    rmSync(folder, { recursive: true });
  }
};
