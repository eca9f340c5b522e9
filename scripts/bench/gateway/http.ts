/**
 * The HTTP front beside nginx and dnsdist: answers per second of server CPU, so that what else the machine does counts for
 * neither. Load comes from wrk over loopback; each server gets one process. Rows of a missing peer are left unjudged.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { delay, systemClock } from "../../../src/base/clock.ts";
import type { BenchRow } from "../row.ts";

interface Options {
  readonly small: boolean;
  readonly say: (text: string) => void;
}

const has = (program: string) => spawnSync("which", [program]).status === 0;

async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
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

/** Seconds of CPU that a process and its children have used (proc(5), fields 14 and 15). */
function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

function childrenOf(pid: number): number[] {
  const out = spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" }).stdout.trim();
  return out === "" ? [] : out.split("\n").map(Number);
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
  const pids = [server.pid, ...childrenOf(server.pid)];
  const before = cpuSecondsOf(pids);
  const args = ["-t1", "-c32", `-d${seconds}s`, "-s", file, server.url];
  const wrk = spawn("wrk", args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  wrk.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => wrk.once("close", resolve));
  const used = cpuSecondsOf(pids) - before;
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
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", entry, String(port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
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
  const child = spawn("nginx", ["-c", config, "-p", folder], { stdio: "ignore" });
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
  const child = spawn("dnsdist", ["-C", config, "--supervised"], { stdio: "ignore" });
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

function compared(id: string, ours: number, peer: string, theirs: number | null, goal: number): BenchRow {
  const ratio = theirs === null || theirs === 0 ? null : ours / theirs;
  const ok = ratio === null ? null : ratio >= goal;
  return { id, value: ours, unit: "1/CPU s", peer, peerValue: theirs, ratio, goal: `>= ${goal}x`, ok };
}

/** Rows of the HTTP front. None in a small run or without wrk. */
export async function httpRows({ small, say }: Options): Promise<BenchRow[]> {
  if (small || !has("wrk")) {
    say(small ? "HTTP is left out of a small run" : "wrk is not installed: no HTTP rows");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "holdfast-http-"));
  const servers: Server[] = [];
  const rounds = 3;
  const seconds = 4;
  const keep = (server: Server) => {
    servers.push(server);
    return server;
  };
  const median = (values: number[]) => values.sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
  try {
    const ours = keep(await startOurs("/v1/answer"));
    const origin = new URL(ours.url).origin;
    const { query, body, dnsPort } = (await (await fetch(`${origin}/bench`)).json()) as {
      query: string;
      body: string;
      dnsPort: number;
    };
    const nginx = has("nginx") ? keep(await startNginx(folder, body)) : undefined;
    const dnsdist = has("dnsdist") ? keep(await startDnsdist(folder, dnsPort)) : undefined;
    const doh: Server = { ...ours, url: `${origin}/dns-query` };
    const rates = new Map<string, number[]>();
    const measure = async (key: string, server: Server | undefined, load: string) => {
      if (server === undefined) return;
      rates.set(key, [...(rates.get(key) ?? []), await rateOf(server, load, seconds, folder)]);
    };
    // Rounds are interleaved, so that a busy spell of the machine meets all alike.
    for (let round = 0; round < rounds; round += 1) {
      say(`HTTP round ${round + 1} of ${rounds}`);
      await measure("ccip", ours, LOADS.ccip(query));
      await measure("nginx", nginx, LOADS.ccip(query));
      await measure("get", doh, LOADS.dohGet());
      await measure("dnsdistGet", dnsdist, LOADS.dohGet());
      await measure("post", doh, LOADS.dohPost());
      await measure("dnsdistPost", dnsdist, LOADS.dohPost());
    }
    const rate = (key: string) => (rates.has(key) ? median(rates.get(key)!) : null);
    return [
      compared("POST of a query, signed answer", rate("ccip") ?? 0, "nginx static", rate("nginx"), 0.6),
      compared("DoH GET, HTTP/1.1", rate("get") ?? 0, "dnsdist", rate("dnsdistGet"), 1),
      compared("DoH POST, HTTP/1.1", rate("post") ?? 0, "dnsdist", rate("dnsdistPost"), 1),
    ];
  } finally {
    for (const server of servers) server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
