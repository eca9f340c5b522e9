/** Starts other DNS servers on loopback, as peers to measure against and to transfer zones to. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TYPE } from "../../src/dns/codes.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import { createQuery } from "../../src/dns/message.ts";
import { parseDomainName } from "../../src/dns/name.ts";
import { type Core, pinned, programOf } from "./process.ts";

export type PeerKind = "knot" | "nsd" | "bind" | "unbound";

/** The program of each. */
export const PROGRAMS: Readonly<Record<PeerKind, string>> = {
  knot: "knotd",
  nsd: "nsd",
  bind: "named",
  unbound: "unbound",
};

export function hasPeer(kind: PeerKind): boolean {
  return programOf(PROGRAMS[kind]) !== undefined;
}

/** A port that is free for UDP and TCP on 127.0.0.1 now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const socket = createSocket("udp4");
    const isFree = await new Promise<boolean>((resolve) => {
      socket.once("error", () => resolve(false));
      socket.bind(port, "127.0.0.1", () => resolve(true));
    });
    socket.close();
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}

export interface Peer {
  readonly kind: PeerKind | "holdfast";
  readonly port: number;
  readonly pid: number;
  readonly folder: string;
  stop(): Promise<void>;
  /** What it has written so far. */
  log(): string;
}

/** One zone a peer serves: from a file, or from a primary by transfer. */
export interface PeerZone {
  readonly apex: string;
  readonly file?: string;
  readonly primary?: { readonly port: number; readonly key?: string };
}

export interface PeerKey {
  readonly name: string;
  readonly algorithm: string;
  /** Base64. */
  readonly secret: string;
}

export interface PeerOptions {
  readonly zones: readonly PeerZone[];
  readonly keys?: readonly PeerKey[];
  readonly port?: number;
  /** Which core it keeps to; any by default. */
  readonly core?: Core;
  /** Further lines of the peer's own configuration; `%FOLDER%` in them stands for its folder. */
  readonly extra?: string;
}

type Configure = (folder: string, port: number, options: PeerOptions) => { file: string; text: string; args: string[] };

const CONFIGURE: Record<PeerKind, Configure> = {
  knot(folder, port, { zones, keys = [], extra = "" }) {
    const primaries = zones.filter((zone) => zone.primary);
    const text = `server:
    rundir: ${folder}
    listen: 127.0.0.1@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    automatic-acl: on
log:
  - target: stderr
    any: info
database:
    storage: ${folder}/db
${keys.length === 0 ? "" : "key:\n"}${keys.map(({ name, algorithm, secret }) => `  - id: ${name}\n    algorithm: ${algorithm}\n    secret: ${secret}\n`).join("")}${primaries.length === 0 ? "" : "remote:\n"}${primaries.map(({ apex, primary }) => `  - id: p-${apex}\n    address: 127.0.0.1@${primary!.port}\n${primary!.key ? `    key: ${primary!.key}\n` : ""}`).join("")}acl:
  - id: local
    address: 127.0.0.1
    action: [transfer, notify]
${extra.includes("template:") ? "" : `template:\n  - id: default\n    storage: ${folder}\n`}${extra}
zone:
${zones.map(({ apex, file, primary }) => `  - domain: ${apex}\n    file: ${file ?? `${folder}/${apex}.zone`}\n${primary ? `    master: p-${apex}\n    zonefile-sync: 0\n    acl: local\n` : "    zonefile-sync: -1\n    acl: local\n"}`).join("")}`;
    return { file: "knot.conf", text, args: ["-c", join(folder, "knot.conf")] };
  },
  nsd(folder, port, { zones, keys = [], extra = "" }) {
    const text = `server:
    ip-address: 127.0.0.1@${port}
    server-count: 1
    username: ""
    database: ""
    zonesdir: "${folder}"
    pidfile: "${folder}/nsd.pid"
    xfrdfile: "${folder}/xfrd.state"
    zonelistfile: "${folder}/zone.list"
    xfrdir: "${folder}"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
    xfrd-reload-timeout: 0
remote-control:
    control-enable: no
${extra}
${keys.map(({ name, algorithm, secret }) => `key:\n    name: "${name}"\n    algorithm: ${algorithm}\n    secret: "${secret}"\n`).join("")}${zones
  .map(({ apex, file, primary }) => {
    const key = primary?.key ?? "NOKEY";
    return `zone:\n    name: "${apex}"\n    zonefile: "${file ?? `${folder}/${apex}.zone`}"\n${primary ? `    request-xfr: 127.0.0.1@${primary.port} ${key}\n    allow-notify: 127.0.0.1 ${key}\n    provide-xfr: 127.0.0.1 NOKEY\n` : "    provide-xfr: 127.0.0.1 NOKEY\n"}`;
  })
  .join("")}`;
    return { file: "nsd.conf", text, args: ["-d", "-c", join(folder, "nsd.conf")] };
  },
  bind(folder, port, { zones, keys = [], extra = "" }) {
    const text = `options {
    directory "${folder}";
    pid-file "${folder}/named.pid";
    session-keyfile "${folder}/session.key";
    listen-on port ${port} { 127.0.0.1; };
    listen-on-v6 { none; };
    recursion no;
    minimal-responses yes;
    allow-transfer { 127.0.0.1; };
    notify no;
    dnssec-validation no;
    ${extra.includes("catalog-zones") ? extra : ""}
};
controls { };
${keys.map(({ name, algorithm, secret }) => `key "${name}" { algorithm ${algorithm}; secret "${secret}"; };\n`).join("")}${extra.includes("catalog-zones") ? "" : extra}
${zones
  .map(({ apex, file, primary }) =>
    primary
      ? `zone "${apex}" { type secondary; file "${folder}/${apex}.zone"; masterfile-format text; primaries { 127.0.0.1 port ${primary.port}${primary.key ? ` key "${primary.key}"` : ""}; }; };\n`
      : `zone "${apex}" { type primary; file "${file}"; };\n`,
  )
  .join("")}`;
    return { file: "named.conf", text, args: ["-g", "-n", "1", "-c", join(folder, "named.conf")] };
  },
  unbound(folder, port, { extra = "" }) {
    const text = `server:
    interface: 127.0.0.1@${port}
    port: ${port}
    do-daemonize: no
    chroot: ""
    username: ""
    directory: "${folder}"
    pidfile: "${folder}/unbound.pid"
    use-syslog: no
    module-config: "iterator"
    do-not-query-localhost: no
    do-ip6: no
    num-threads: 1
remote-control:
    control-enable: no
${extra}
`;
    return { file: "unbound.conf", text, args: ["-d", "-c", join(folder, "unbound.conf")] };
  },
};

/** One query over UDP; `undefined` after `timeoutMs` without an answer. */
export async function askUdp(port: number, name: string, type: number, timeoutMs = 200) {
  const socket = createSocket("udp4");
  try {
    return await new Promise<ReturnType<typeof decodeMessage> | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs);
      socket.on("error", () => {});
      socket.once("message", (bytes) => {
        clearTimeout(timer);
        resolve(decodeMessage(bytes));
      });
      const query = createQuery(1234, { name: name === "." ? "" : parseDomainName(name), type });
      socket.send(encodeMessage(query), port, "127.0.0.1");
    });
  } finally {
    socket.close();
  }
}

/** Asks for an apex's SOA until it comes with authority, or throws after `timeoutMs`. */
export async function untilServed(
  peer: { port: number; log(): string },
  apex: string,
  timeoutMs = 20_000,
): Promise<number> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    const answer = await askUdp(peer.port, apex, TYPE.SOA);
    const soa = answer?.answers[0];
    if (soa && answer.rcode === 0)
      return new DataView(soa.rdata.buffer, soa.rdata.byteOffset).getUint32(soa.rdata.length - 20);
    if (answer) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${apex} is not served on port ${peer.port} after ${timeoutMs} ms:\n${peer.log().slice(-2000)}`);
}

function running(kind: Peer["kind"], child: ChildProcess, port: number, folder: string, logFile: string): Peer {
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    kind,
    port,
    pid: child.pid!,
    folder,
    log: () => readFileSync(logFile, "utf8"),
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function onCore(core: Core | undefined, program: string, args: readonly string[]): [program: string, args: string[]] {
  return core === undefined ? [program, [...args]] : pinned(core, program, args);
}

/** Starts a peer; it may not serve yet (see `untilServed`). */
export async function startPeer(kind: PeerKind, options: PeerOptions): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), `holdfast-${kind}-`));
  mkdirSync(join(folder, "db"));
  const port = options.port ?? (await freePort());
  const { file, text, args } = CONFIGURE[kind](folder, port, options);
  writeFileSync(join(folder, file), text.replaceAll("%FOLDER%", folder));
  const logFile = join(folder, "log");
  const log = openSync(logFile, "w");
  const command = onCore(options.core, programOf(PROGRAMS[kind])!, args);
  const child = spawn(...command, { stdio: ["ignore", log, log] });
  closeSync(log);
  return running(kind, child, port, folder, logFile);
}

/** Starts our own server as a process, with the options of `src/gateway/dns/main.ts`. */
export async function startOurs(args: readonly string[], core?: Core): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-dns-"));
  const logFile = join(folder, "log");
  const log = openSync(logFile, "w");
  const main = new URL("../../src/gateway/dns/main.ts", import.meta.url).pathname;
  const child = spawn(...onCore(core, process.execPath, [main, ...args]), { stdio: ["ignore", "pipe", log] });
  closeSync(log);
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout!.on("data", (chunk: Buffer) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.split("\n", 1)[0]!);
    });
    child.once("exit", () => reject(new Error(`our DNS server ended: ${readFileSync(logFile, "utf8")}`)));
  });
  return running("holdfast", child, (JSON.parse(line) as { port: number }).port, folder, logFile);
}

/** What a program prints about its version, on one line. */
export function versionOf(name: string, argument: string): string {
  const program = programOf(name);
  if (!program) return `${name}: not installed`;
  const { stdout, stderr } = spawnSync(program, [argument], { encoding: "utf8" });
  return `${stdout}${stderr}`.split("\n", 1)[0]!;
}
