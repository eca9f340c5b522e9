/** A zone, questions about it, and dnsperf that asks them. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../../src/base/random.ts";
import type { Peer } from "../dnsPeers.ts";
import { cpuSeconds, pinned, programOf } from "../process.ts";

export const APEX = "bench.example";

/** A zone of `nameCount` names with two records each. Returns the file. */
export function writeZone(folder: string, nameCount: number): string {
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
  const file = join(folder, `bench-${nameCount}.zone`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

/** Questions for addresses of names drawn at random, as dnsperf reads them. Returns the file. */
export function writeQueries(folder: string, nameCount: number): string {
  const random = seededRandom(1, "queries");
  const lines = Array.from({ length: Math.min(nameCount * 2, 500_000) }, () => `n${random.below(nameCount)}.${APEX} A`);
  const file = join(folder, `queries-${nameCount}`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

function run(peer: Peer, queries: string, seconds: number, args: readonly string[], output: string): string {
  const common = ["-s", "127.0.0.1", "-p", String(peer.port), "-d", queries, "-l", String(seconds), "-t", "1"];
  const [program, argv] = pinned("load", programOf("dnsperf")!, [...common, ...args]);
  const out = openSync(output, "w");
  try {
    spawnSync(program, argv, { stdio: ["ignore", out, out] });
  } finally {
    closeSync(out);
  }
  return readFileSync(output, "utf8");
}

const figure = (text: string, what: string) => Number(new RegExp(`${what}:\\s+([\\d.]+)`).exec(text)?.[1]);

/** Answers a second of the server's processor time, as fast as dnsperf can ask. */
export function answersPerCpuSecond(peer: Peer, queries: string, args: readonly string[], seconds: number): number {
  const before = cpuSeconds(peer.pid);
  const text = run(peer, queries, seconds, args, join(peer.folder, "dnsperf"));
  const used = cpuSeconds(peer.pid) - before;
  const completed = figure(text, "Queries completed");
  if (!(completed > 0)) throw new Error(`dnsperf got no answers from ${peer.kind}:\n${text}`);
  return completed / used;
}

export interface Latency {
  /** Lost queries are infinite. */
  readonly msP99: number;
  /** What was reached of the rate asked for. */
  readonly perSecond: number;
}

/**
 * Queries under way at once. More would not fit into the receive buffer that Linux gives sockets by default, and dnsperf
 * catches up with its rate in bursts.
 */
const OUTSTANDING_MAX = 250;

/** Latency over UDP at `perSecond` queries a second. */
export function latencyOf(peer: Peer, queries: string, perSecond: number, seconds: number): Latency {
  const args = ["-c", "4", "-q", String(OUTSTANDING_MAX), "-Q", String(perSecond), "-v"];
  const text = run(peer, queries, seconds, args, join(peer.folder, "dnsperf"));
  const latencies = Float64Array.from(text.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm), (match) => Number(match[1]) * 1000);
  latencies.sort();
  const lost = figure(text, "Queries lost") || 0;
  return {
    msP99: latencies[Math.floor((latencies.length + lost) * 0.99)] ?? Number.POSITIVE_INFINITY,
    perSecond: figure(text, "Queries per second"),
  };
}
