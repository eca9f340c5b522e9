/**
 * Answers per second of server CPU, ours beside Knot, NSD and BIND, from the same zone, in turns, so that a busy machine
 * slows all of them alike. dnsperf asks; what a server used of the CPU is read from the kernel.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../src/base/random.ts";
import {
  hasPeer,
  type Peer,
  type PeerKind,
  programOf,
  startOurs,
  startPeer,
  untilServed,
  versionOf,
} from "./dnsPeers.ts";
import type { Bench, BenchRow } from "./row.ts";

const APEX = "bench.example";

interface Plan {
  readonly nameCount: number;
  readonly rounds: number;
  readonly warmUpRounds: number;
  /** Queries a second at which latency is measured. */
  readonly perSecond: number;
  readonly seconds: number;
}

interface Run {
  readonly answersPerCpuSecond: number;
  readonly lostRatio: number;
}

function writeZone(folder: string, nameCount: number): string {
  const lines = [
    `$ORIGIN ${APEX}.`,
    "$TTL 3600",
    "@ SOA ns hostmaster 1 7200 3600 1209600 300",
    "@ NS ns",
    "ns A 192.0.2.1",
  ];
  for (let index = 0; index < nameCount; index += 1) {
    lines.push(
      `n${index} A 198.51.${(index >> 8) & 255}.${index & 255}`,
      `n${index} AAAA 2001:db8::${index.toString(16).slice(-4)}`,
    );
  }
  const file = join(folder, "bench.zone");
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

function writeQueries(folder: string, nameCount: number): string {
  const random = seededRandom(1, "queries");
  const lines = Array.from({ length: Math.min(nameCount * 2, 500_000) }, () => `n${random.below(nameCount)}.${APEX} A`);
  const file = join(folder, "queries");
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

/** CPU seconds a process and its children have used. */
function cpuSeconds(pid: number): number {
  const total = (id: number): number => {
    const fields = readFileSync(`/proc/${id}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return Number(fields[11]) + Number(fields[12]);
  };
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
  return children.reduce((sum, id) => sum + cpuSeconds(id), total(pid) / 100);
}

function perform(peer: Peer, queries: string, args: readonly string[], seconds: number): Run {
  const before = cpuSeconds(peer.pid);
  const common = ["-s", "127.0.0.1", "-p", String(peer.port), "-d", queries, "-l", String(seconds), "-t", "1"];
  const { stdout, stderr } = spawnSync(programOf("dnsperf")!, [...common, ...args], { encoding: "utf8" });
  const used = cpuSeconds(peer.pid) - before;
  const number = (what: string) => Number(new RegExp(`${what}:\\s+([\\d.]+)`).exec(stdout)?.[1]);
  const completed = number("Queries completed");
  if (!(completed > 0)) throw new Error(`dnsperf got no answers from ${peer.kind}:\n${stdout}${stderr}`);
  return { answersPerCpuSecond: completed / used, lostRatio: number("Queries lost") / number("Queries sent") };
}

/** The 99th percentile of latency over UDP at `perSecond` queries a second, in milliseconds; lost queries are infinity. */
function latencyMsP99(peer: Peer, queries: string, perSecond: number, seconds: number): number {
  const args = ["-s", "127.0.0.1", "-p", String(peer.port), "-d", queries, "-l", String(seconds), "-t", "1"];
  const { stdout } = spawnSync(
    programOf("dnsperf")!,
    [...args, "-c", "4", "-q", "2000", "-Q", String(perSecond), "-v"],
    { encoding: "utf8", maxBuffer: 1 << 30 },
  );
  const latencies = [...stdout.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map((match) => Number(match[1]) * 1000);
  const lost = Number(/Queries lost:\s+(\d+)/.exec(stdout)?.[1] ?? 0);
  latencies.sort((left, right) => left - right);
  return latencies[Math.floor((latencies.length + lost) * 0.99)] ?? Number.POSITIVE_INFINITY;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs each server in turn, `rounds` times, after those that warm it up; medians. */
function inTurns(
  peers: ReadonlyMap<string, Peer>,
  queries: string,
  args: readonly string[],
  plan: Plan,
): Map<string, number> {
  const results = new Map<string, number[]>([...peers.keys()].map((name) => [name, []]));
  for (let round = 0; round < plan.warmUpRounds + plan.rounds; round += 1) {
    for (const [name, peer] of peers) {
      const run = perform(peer, queries, args, plan.seconds);
      if (round >= plan.warmUpRounds) results.get(name)!.push(run.answersPerCpuSecond);
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

function latencyRow(rate: number, latencies: ReadonlyMap<string, number[]>): BenchRow {
  const ours = median(latencies.get("holdfast")!);
  const theirs = latencies.has("knot") ? median(latencies.get("knot")!) : null;
  // Where more than one in a hundred was lost, the percentile is infinite and says nothing about the server.
  const isMeasured = Number.isFinite(ours) && theirs !== null && Number.isFinite(theirs);
  const ratio = isMeasured ? Number((ours / theirs).toFixed(3)) : null;
  return {
    id: `dns.udp.p99 at ${rate / 1000}k queries/s`,
    value: Number(ours.toFixed(3)),
    unit: "ms",
    peer: "knot",
    peerValue: theirs === null ? null : Number(theirs.toFixed(3)),
    ratio,
    goal: "<= 2x",
    ok: ratio === null ? null : ratio <= 2,
  };
}

const UDP = ["-c", "4", "-q", "1000"];
const TCP = ["-m", "tcp", "-c", "4", "-q", "1000"];

export const bench: Bench = async ({ small, say, args }) => {
  if (!programOf("dnsperf")) {
    say("dns: dnsperf is not installed; nothing to measure with");
    return [];
  }
  const option = (name: string, fallback: number) =>
    Number(args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? fallback);
  const plan: Plan = {
    nameCount: option("names", small ? 1000 : 100_000),
    rounds: option("rounds", small ? 1 : 5),
    warmUpRounds: small ? 0 : 1,
    seconds: small ? 1 : 3,
    perSecond: option("rate", small ? 1000 : 100_000),
  };
  say(`dns: ${versionOf("dnsperf", "-h")}`);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const started: Peer[] = [];
  try {
    const zone = writeZone(folder, plan.nameCount);
    const queries = writeQueries(folder, plan.nameCount);
    const peers = new Map<string, Peer>();
    const add = async (name: string, peer: Peer) => {
      started.push(peer);
      const begin = performance.now();
      await untilServed(peer, APEX, 120_000);
      say(`dns: ${name} serves after ${Math.round(performance.now() - begin)} ms`);
      peers.set(name, peer);
    };
    await add("holdfast", await startOurs(["--zone", zone, "--unlimited", "--precompile"]));
    await add("holdfast dgram", await startOurs(["--zone", zone, "--unlimited", "--precompile", "--no-native"]));
    const versions: Record<string, [string, string]> = {
      knot: ["knotd", "--version"],
      nsd: ["nsd", "-v"],
      bind: ["named", "-v"],
    };
    for (const kind of (small ? ["knot"] : ["knot", "nsd", "bind"]) satisfies PeerKind[]) {
      if (!hasPeer(kind)) {
        say(`dns: ${kind} is not installed`);
        continue;
      }
      say(`dns: ${kind}: ${versionOf(...versions[kind]!)}`);
      await add(kind, await startPeer(kind, { zones: [{ apex: APEX, file: zone }] }));
    }
    const udp = inTurns(peers, queries, UDP, plan);
    peers.delete("nsd");
    const tcp = inTurns(peers, queries, TCP, plan);
    const latencies = new Map<string, number[]>();
    for (let round = 0; round < plan.rounds; round += 1) {
      for (const name of ["holdfast", "knot"]) {
        const peer = peers.get(name);
        if (!peer) continue;
        const p99 = latencyMsP99(peer, queries, plan.perSecond, plan.seconds);
        latencies.set(name, [...(latencies.get(name) ?? []), p99]);
      }
    }
    const label = `${plan.nameCount / 1000}k names`;
    return [
      row(
        `dns.udp.batch, ${label}`,
        udp.get("holdfast")!,
        "knot",
        udp.get("knot"),
        plan.nameCount >= 1_000_000 ? 1.3 : 1.2,
      ),
      row(`dns.udp.batch, ${label}`, udp.get("holdfast")!, "nsd", udp.get("nsd"), 0),
      row(`dns.udp.batch, ${label}`, udp.get("holdfast")!, "bind", udp.get("bind"), 0),
      latencyRow(plan.perSecond, latencies),
      row(`dns.udp.dgram, ${label}`, udp.get("holdfast dgram")!, "bind", udp.get("bind"), 0.7),
      row(`dns.tcp.pipelined, ${label}`, tcp.get("holdfast")!, "bind", tcp.get("bind"), 2),
      row(`dns.tcp.pipelined, ${label}`, tcp.get("holdfast")!, "knot", tcp.get("knot"), 0),
    ];
  } finally {
    for (const peer of started) await peer.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
