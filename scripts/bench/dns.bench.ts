/**
 * The fronts of a gateway beside the servers that are known to be fast, from the same zone and under the same load: UDP and TCP
 * beside Knot, NSD and BIND, DoH beside dnsdist, signed answers beside nginx, and what checking a proof costs. Figures are answers
 * a second of the server's processor time; each server has one core, whoever asks another; servers take turns, so that a busy
 * machine slows all of them alike.
 *
 *     npm run bench -- dns [--part=dns,million,http,proof] [--names=100000] [--rounds=5] [--rate=100000]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { APEX, answersPerCpuSecond, type Latency, latencyOf, writeQueries, writeZone } from "./dns/dnsperf.ts";
import { httpRows } from "./dns/http.ts";
import { hasPeer, type Peer, type PeerKind, startOurs, startPeer, untilServed, versionOf } from "./dnsPeers.ts";
import { median, programOf } from "./process.ts";
import { proofRows } from "./resolveRates.ts";
import type { Bench, BenchRow } from "./row.ts";

interface Plan {
  readonly nameCount: number;
  readonly rounds: number;
  readonly warmUpRounds: number;
  /** Queries a second at which latency is measured. */
  readonly perSecond: number;
  readonly seconds: number;
  readonly say: (text: string) => void;
}

type Peers = ReadonlyMap<string, Peer>;

const VERSION: Readonly<Record<string, readonly [program: string, argument: string]>> = {
  knot: ["knotd", "--version"],
  nsd: ["nsd", "-v"],
  bind: ["named", "-v"],
};

/** Serves a zone with ours, once for each list of further arguments, and with `kinds`; ends all when `work` has. */
async function withServers<Result>(
  plan: Plan,
  ours: Readonly<Record<string, readonly string[]>>,
  kinds: readonly PeerKind[],
  work: (peers: Peers, queries: string) => Result,
): Promise<Result> {
  const { nameCount, say } = plan;
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const started: Peer[] = [];
  const peers = new Map<string, Peer>();
  const add = async (name: string, start: () => Promise<Peer>) => {
    const begin = performance.now();
    const peer = await start();
    started.push(peer);
    await untilServed(peer, APEX, 120_000);
    say(`dns: ${name} serves ${nameCount} names after ${Math.round(performance.now() - begin)} ms`);
    peers.set(name, peer);
  };
  try {
    const file = writeZone(folder, nameCount);
    const args = ["--zone", file, "--unlimited", "--precompile"];
    for (const [name, more] of Object.entries(ours)) await add(name, () => startOurs([...args, ...more], "server"));
    for (const kind of kinds) {
      if (!hasPeer(kind)) {
        say(`dns: ${kind} is not installed`);
        continue;
      }
      say(`dns: ${kind}: ${versionOf(...VERSION[kind]!)}`);
      await add(kind, () => startPeer(kind, { zones: [{ apex: APEX, file }], core: "server" }));
    }
    return work(peers, writeQueries(folder, nameCount));
  } finally {
    for (const peer of started) await peer.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Medians of what each server gives in `rounds` turns, after those that warm it up. */
function inTurns(plan: Plan, peers: Peers, queries: string, args: readonly string[]): Map<string, number> {
  const results = new Map<string, number[]>([...peers.keys()].map((name) => [name, []]));
  for (let round = 0; round < plan.warmUpRounds + plan.rounds; round += 1) {
    for (const [name, peer] of peers) {
      const rate = answersPerCpuSecond(peer, queries, args, plan.seconds);
      if (round >= plan.warmUpRounds) results.get(name)!.push(rate);
    }
  }
  return new Map([...results].map(([name, values]) => [name, median(values)]));
}

function row(id: string, ours: number, peer: string, theirs: number | undefined, goal: number): BenchRow {
  const ratio = theirs === undefined ? null : ours / theirs;
  return {
    id,
    value: Math.round(ours),
    unit: "answers/cpu-s",
    peer,
    peerValue: theirs === undefined ? null : Math.round(theirs),
    ratio: ratio === null ? null : Number(ratio.toFixed(3)),
    goal: goal === 0 ? "-" : `>= ${goal}x`,
    ok: ratio === null || goal === 0 ? null : ratio >= goal,
  };
}

function latencyRow(plan: Plan, peers: Peers, queries: string): BenchRow {
  const { perSecond, rounds, seconds, say } = plan;
  const latencies = new Map<string, Latency[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ["holdfast", "knot"]) {
      const peer = peers.get(name);
      if (!peer) continue;
      latencies.set(name, [...(latencies.get(name) ?? []), latencyOf(peer, queries, perSecond, seconds)]);
    }
  }
  for (const [name, all] of latencies) {
    say(`dns: ${name} was asked ${Math.round(median(all.map((one) => one.perSecond)))} times a second for its latency`);
  }
  const p99Of = (name: string) => {
    const all = latencies.get(name);
    return all === undefined ? null : median(all.map(({ msP99 }) => msP99));
  };
  const ours = p99Of("holdfast")!;
  const theirs = p99Of("knot");
  const ratio = theirs === null || !Number.isFinite(ours) || !Number.isFinite(theirs) ? null : ours / theirs;
  return {
    id: `dns.udp.p99 at ${perSecond / 1000}k queries/s`,
    value: Number(ours.toFixed(3)),
    unit: "ms",
    peer: "knot",
    peerValue: theirs === null ? null : Number(theirs.toFixed(3)),
    ratio: ratio === null ? null : Number(ratio.toFixed(3)),
    goal: "<= 2x",
    // A server that loses one in a hundred has an infinite percentile: no match for one that does not, whichever it is.
    ok: theirs === null ? null : Number.isFinite(ours) && ours <= 2 * theirs,
  };
}

const UDP = ["-c", "4", "-q", "1000"];
/** So many sockets that hardly two queries of a batch come from one. */
const UDP_MANY = ["-c", "250", "-q", "1000"];
const TCP = ["-m", "tcp", "-c", "4", "-q", "1000"];

async function dnsRows(plan: Plan, small: boolean): Promise<BenchRow[]> {
  const servers = { holdfast: [], "holdfast dgram": ["--no-native"] };
  return await withServers(plan, servers, small ? ["knot"] : ["knot", "nsd", "bind"], (peers, queries) => {
    const only = (...names: string[]) => new Map([...peers].filter(([name]) => names.includes(name)));
    const udp = inTurns(plan, peers, queries, UDP);
    const many = small ? undefined : inTurns(plan, only("holdfast", "knot"), queries, UDP_MANY);
    const tcp = inTurns(plan, only("holdfast", "knot", "bind"), queries, TCP);
    const of = `${plan.nameCount / 1000}k names`;
    const ours = udp.get("holdfast")!;
    return [
      row(`dns.udp.batch, ${of}`, ours, "knot", udp.get("knot"), 1.2),
      row(`dns.udp.batch, ${of}`, ours, "nsd", udp.get("nsd"), 0),
      row(`dns.udp.batch, ${of}`, ours, "bind", udp.get("bind"), 0),
      ...(many ? [row(`dns.udp.batch, ${of}, 250 sockets`, many.get("holdfast")!, "knot", many.get("knot"), 0)] : []),
      latencyRow(plan, peers, queries),
      row(`dns.udp.dgram, ${of}`, udp.get("holdfast dgram")!, "bind", udp.get("bind"), 0.7),
      row(`dns.tcp.pipelined, ${of}`, tcp.get("holdfast")!, "bind", tcp.get("bind"), 2),
      row(`dns.tcp.pipelined, ${of}`, tcp.get("holdfast")!, "knot", tcp.get("knot"), 0),
    ];
  });
}

async function millionRows(plan: Plan): Promise<BenchRow[]> {
  return await withServers({ ...plan, nameCount: 1_000_000 }, { holdfast: [] }, ["knot"], (peers, queries) => {
    const udp = inTurns(plan, peers, queries, UDP);
    const many = inTurns(plan, peers, queries, UDP_MANY);
    return [
      row("dns.udp.batch, a million names", udp.get("holdfast")!, "knot", udp.get("knot"), 1.3),
      row("dns.udp.batch, a million names, 250 sockets", many.get("holdfast")!, "knot", many.get("knot"), 0),
    ];
  });
}

export const bench: Bench = async (options) => {
  const { small, say, args } = options;
  const option = (name: string) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  const plan: Plan = {
    nameCount: Number(option("names") ?? (small ? 1000 : 100_000)),
    rounds: Number(option("rounds") ?? (small ? 1 : 5)),
    warmUpRounds: small ? 0 : 1,
    seconds: small ? 1 : 3,
    perSecond: Number(option("rate") ?? (small ? 1000 : 100_000)),
    say,
  };
  const parts = (option("part") ?? (small ? "dns,http" : "dns,million,http,proof")).split(",");
  const rows: BenchRow[] = [];
  const hasDnsperf = programOf("dnsperf") !== undefined;
  say(hasDnsperf ? `dns: ${versionOf("dnsperf", "-h")}` : "dns: dnsperf is not installed: no rows of UDP and TCP");
  if (programOf("taskset") === undefined) say("dns: taskset is not installed: servers and load share their cores");
  if (hasDnsperf && parts.includes("dns")) rows.push(...(await dnsRows(plan, small)));
  if (hasDnsperf && parts.includes("million")) rows.push(...(await millionRows(plan)));
  if (parts.includes("http")) rows.push(...(await httpRows({ small, say, rounds: plan.rounds })));
  if (parts.includes("proof")) rows.push(...(await proofRows(options)));
  return rows;
};
