/**
 * The HTTP front beside nginx and dnsdist: answers a second of the server's processor time. Load comes from wrk over
 * loopback; each server gets one process and one core. Rows of a missing peer are left unjudged.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { delay, systemClock } from "../../../src/base/clock.ts";
import { freePort, versionOf } from "../dnsPeers.ts";
import { cpuSeconds, median, pinned, programOf } from "../process.ts";
import type { BenchRow } from "../row.ts";

interface Options {
  readonly small: boolean;
  readonly say: (text: string) => void;
  readonly rounds: number;
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (isOpen) return;
    await delay(systemClock, 50);
  }
  throw new Error(`nothing listens on port ${port}`);
}

interface Server {
  readonly url: string;
  readonly pid: number;
  stop(): void;
}

/** Answers a second of server CPU for one URL, by a wrk script. */
async function rateOf(server: Server, script: string, seconds: number, folder: string): Promise<number> {
  const file = join(folder, "load.lua");
  writeFileSync(file, script);
  const before = cpuSeconds(server.pid);
  const args = ["-t1", "-c32", `-d${seconds}s`, "-s", file, server.url];
  const wrk = spawn(...pinned("load", "wrk", args), { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  wrk.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => wrk.once("close", resolve));
  const used = cpuSeconds(server.pid) - before;
  const count = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
  const failures = /Non-2xx or 3xx responses: (\d+)/.exec(text);
  if (failures !== null) throw new Error(`${server.url}: ${failures[1]} of ${count} responses were errors`);
  return used > 0 ? count / used : 0;
}

async function started(child: ChildProcess, port: number, path: string): Promise<Server> {
  await listening(port);
  return { url: `http://127.0.0.1:${port}${path}`, pid: child.pid ?? 0, stop: () => child.kill("SIGTERM") };
}

/** Our front in a process of its own: the real handler and server over answers that are already there. */
async function startOurs(path: string): Promise<Server> {
  const port = await freePort();
  const entry = new URL("./httpChild.ts", import.meta.url).pathname;
  const args = ["--disable-warning=ExperimentalWarning", entry, String(port)];
  const child = spawn(...pinned("server", process.execPath, args), { stdio: ["ignore", "ignore", "inherit"] });
  return await started(child, port, path);
}

async function startNginx(folder: string, body: string): Promise<Server> {
  const port = await freePort();
  const config = join(folder, "nginx.conf");
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log /dev/null;
     events { worker_connections 512; }
     http { access_log off; keepalive_requests 100000000;
       client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
       uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
       server { listen 127.0.0.1:${port}; default_type application/json;
         location / { return 200 '${body}'; } } }`,
  );
  const child = spawn(...pinned("server", programOf("nginx")!, ["-c", config, "-p", folder]), { stdio: "ignore" });
  return await started(child, port, "/v1/answer");
}

/** dnsdist answers from its packet cache, filled from our own DNS front behind it. */
async function startDnsdist(folder: string, dnsPort: number): Promise<Server> {
  const port = await freePort();
  const config = join(folder, "dnsdist.conf");
  writeFileSync(
    config,
    `setLocal("127.0.0.1:0")
     newServer({address="127.0.0.1:${dnsPort}"})
     pc = newPacketCache(10000, {maxTTL=86400}) getPool(""):setCache(pc)
     addDOHLocal("127.0.0.1:${port}", nil, nil, {"/dns-query"}, {reusePort=true})
     setACL({"127.0.0.0/8"})`,
  );
  const child = spawn(...pinned("server", programOf("dnsdist")!, ["-C", config, "--supervised"]), { stdio: "ignore" });
  return await started(child, port, "/dns-query");
}

/** A query for name-1.hold, A, as every DoH client sends it: with id 0, so that caches can share it. */
const DOH_QUERY = Buffer.from("000001000001000000000000066e616d652d3104686f6c640000010001", "hex");

const lua = (bytes: Uint8Array) => [...bytes].map((byte) => `\\${String(byte).padStart(3, "0")}`).join("");
const LOADS = {
  ccip: (body: string) => `wrk.method = "POST"
    wrk.headers["content-type"] = "application/json"
    wrk.body = '${body}'`,
  dohGet: () => `wrk.path = "/dns-query?dns=${DOH_QUERY.toString("base64url")}"`,
  dohPost: () => `wrk.method = "POST"
    wrk.headers["content-type"] = "application/dns-message"
    wrk.body = "${lua(DOH_QUERY)}"`,
};

function compared(id: string, rates: Rates, own: string, peer: string, theirs: string, goal: number): BenchRow {
  const value = median(rates.get(own) ?? []);
  const known = rates.get(theirs);
  const peerValue = known === undefined ? null : median(known);
  const ratio = peerValue === null ? null : value / peerValue;
  const ok = ratio === null ? null : ratio >= goal;
  return { id, value, unit: "answers/cpu-s", peer, peerValue, ratio, goal: `>= ${goal}x`, ok };
}

type Rates = ReadonlyMap<string, readonly number[]>;

/** One server under one load. */
interface Entry {
  readonly key: string;
  readonly server: Server;
  readonly load: string;
}

/** What each gives in `rounds` turns, after one that warms it up. Turns are taken, so that a busy spell meets all alike. */
async function inTurns(entries: readonly Entry[], options: Options, folder: string): Promise<Rates> {
  const { small, say, rounds } = options;
  const rates = new Map<string, number[]>(entries.map(({ key }) => [key, []]));
  for (let round = small ? 1 : 0; round <= rounds; round += 1) {
    say(round === 0 ? "dns: HTTP, to warm up" : `dns: HTTP round ${round} of ${rounds}`);
    for (const { key, server, load } of entries) {
      const rate = await rateOf(server, load, small ? 1 : 4, folder);
      if (round > 0) rates.get(key)!.push(rate);
    }
  }
  return rates;
}

/** Rows of the HTTP front; none without wrk, and in a small run none of its peers. */
export async function httpRows(options: Options): Promise<BenchRow[]> {
  const { small, say } = options;
  for (const name of ["wrk", "nginx", "dnsdist"]) {
    say(`dns: ${programOf(name) === undefined ? `${name} is not installed` : versionOf(name, "-v")}`);
  }
  if (programOf("wrk") === undefined) return [];
  const has = (peer: string) => !small && programOf(peer) !== undefined;
  const folder = mkdtempSync(join(tmpdir(), "holdfast-http-"));
  const servers: Server[] = [];
  const keep = (server: Server) => {
    servers.push(server);
    return server;
  };
  try {
    const ours = keep(await startOurs("/v1/answer"));
    const { origin } = new URL(ours.url);
    const about = (await (await fetch(`${origin}/bench`)).json()) as { query: string; body: string; dnsPort: number };
    const doh: Server = { ...ours, url: `${origin}/dns-query` };
    const ccip = LOADS.ccip(about.query);
    const nginx = has("nginx") ? keep(await startNginx(folder, about.body)) : undefined;
    const dnsdist = has("dnsdist") ? keep(await startDnsdist(folder, about.dnsPort)) : undefined;
    const entries = [
      { key: "ccip", server: ours, load: ccip },
      { key: "nginx", server: nginx, load: ccip },
      { key: "get", server: doh, load: LOADS.dohGet() },
      { key: "dnsdist get", server: dnsdist, load: LOADS.dohGet() },
      { key: "post", server: doh, load: LOADS.dohPost() },
      { key: "dnsdist post", server: dnsdist, load: LOADS.dohPost() },
    ].filter((entry): entry is Entry => entry.server !== undefined);
    const rates = await inTurns(entries, options, folder);
    return [
      compared("http.post, a query's signed answer", rates, "ccip", "nginx static", "nginx", 0.6),
      compared("http.doh.get, HTTP/1.1", rates, "get", "dnsdist", "dnsdist get", 1),
      compared("http.doh.post, HTTP/1.1", rates, "post", "dnsdist", "dnsdist post", 1),
    ];
  } finally {
    for (const server of servers) server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
