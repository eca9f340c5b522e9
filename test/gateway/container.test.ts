/** The container file, built and run: with this machine's Node in place of the image it starts from, and no registry. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { deployWithDirectory } from "../support/gateway/chain.ts";
import { keyOf, listGateways, writeDeployment } from "../support/gateway/fleet.ts";
import { type RpcServer, startRpcServer } from "../support/gateway/rpcServer.ts";
import { needPrograms } from "../support/tools.ts";

const FILE = "scripts/deploy/Containerfile";
const BASE = /^FROM (\S+)/m.exec(readFileSync(FILE, "utf8"))![1]!;
const IMAGE = "localhost/holdfast-gateway";
/** What `RUN` needs beside Node. */
const PROGRAMS = ["sh", "env", "mkdir", "chown"];

/** Does what `npm ci --omit=dev` does, from packages that are here already. */
const NPM = `#!/usr/bin/env node
const { cpSync, existsSync, readFileSync } = require("node:fs");
if (process.argv.slice(2, 4).join(" ") !== "ci --omit=dev") throw new Error(process.argv.join(" "));
const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
for (const [path, { dev, devOptional }] of Object.entries(packages)) {
  const from = path.replace(/^node_modules/, "/packages");
  if (path !== "" && !dev && !devOptional && existsSync(from)) cpSync(from, path, { recursive: true });
}
`;

/** Copies a program and the libraries it is linked with to the same places below a folder, or the program elsewhere there. */
function copyProgram(root: string, program: string, to = program): void {
  const libraries = execFileSync("ldd", [program], { encoding: "utf8" }).match(/\/\S+/g) ?? [];
  for (const [from, at] of [[program, to], ...libraries.map((library) => [library, library])] as [string, string][]) {
    mkdirSync(join(root, dirname(at)), { recursive: true });
    copyFileSync(from, join(root, at));
  }
}

/** Fills a root folder with as much of a system as the container file counts on. */
function fillBase(root: string): void {
  for (const folder of ["usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "etc", "proc", "dev", "sys"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  mkdirSync(join(root, "tmp"), { mode: 0o1777 });
  mkdirSync(join(root, "var/lib"), { recursive: true });
  for (const link of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${link}`, join(root, link));
  for (const name of PROGRAMS) copyProgram(root, `/usr/bin/${name}`);
  copyProgram(root, process.execPath, "/usr/local/bin/node");
  writeFileSync(join(root, "usr/local/bin/npm"), NPM);
  chmodSync(join(root, "usr/local/bin/npm"), 0o755);
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\nnode:x:1000:\n");
}

/** A process below another that runs our program. */
function gatewayBelow(pid: number): number | undefined {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
  );
  for (const child of children) {
    if (/^([^\0]*\/)?node\0src\/cli\/main\.ts\0/.test(readFileSync(`/proc/${child}/cmdline`, "utf8"))) return child;
    const found = gatewayBelow(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe("container file", function () {
  this.timeout(300_000);
  let folder: string | undefined;
  let rpc: RpcServer | undefined;
  let running: ChildProcess | undefined;
  let gatewayPid: number | undefined;

  const storage = () => [
    "--root",
    join(folder!, "graph"),
    "--runroot",
    join(folder!, "run"),
    "--storage-driver",
    "vfs",
  ];
  const buildah = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync("buildah", [...storage(), ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(`buildah ${args[0]}: ${stderr}${stdout}`);
    return stdout.trim();
  };
  const inContainer = (container: string, more: readonly string[], command: readonly string[]) => [
    "run",
    "--isolation",
    "chroot",
    ...more,
    container,
    "--",
    ...command,
  ];

  before(function () {
    needPrograms(this, "buildah", "ldd");
    if (process.getuid?.() !== 0) {
      console.log("      skipped: only root can build an image here");
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), "holdfast-container-"));
    const container = buildah("from", "scratch");
    fillBase(buildah("mount", container));
    buildah("umount", container);
    buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container);
    buildah("commit", "--quiet", "--rm", container, BASE);
  });
  after(async () => {
    if (running?.exitCode === null) process.kill(gatewayPid ?? running.pid!, "SIGKILL");
    await rpc?.kill();
    if (folder === undefined) return;
    buildah("rm", "--all");
    rmSync(folder, { recursive: true, force: true });
  });

  it("builds an image whose gateway starts as it is configured, answers, and ends by SIGTERM", async () => {
    const packages = `${join(process.cwd(), "node_modules")}:/packages:ro`;
    const how = ["--isolation", "chroot", "--pull-never", "--format", "docker", "--volume", packages];
    buildah("bud", ...how, "--file", FILE, "--tag", IMAGE, ".");
    const container = buildah("from", "--pull-never", IMAGE);
    const { config } = (JSON.parse(buildah("inspect", "--type", "image", IMAGE)) as Inspected).Docker;
    expect(config.StopSignal).to.equal("SIGTERM");
    const help = buildah(...inContainer(container, [], [...config.Entrypoint, "--help"]));
    expect(help).to.include("holdfast gateway [options]");

    const chain = await deployWithDirectory();
    await listGateways(chain);
    rpc = await startRpcServer(chain.provider);
    const etc = join(folder!, "etc");
    mkdirSync(etc);
    writeDeployment(chain, join(etc, "deployment.json"));
    writeFileSync(join(etc, "signer.key"), keyOf(1));
    const example = readFileSync("scripts/deploy/gateway.yaml", "utf8");
    const urls = example.replace(/^rpc:\n(?: {2}- .*\n)+/m, `rpc: [${rpc.url}]\n`);
    // Chroot isolation has the host's network, where the example's ports may be taken.
    const local = urls.replaceAll("0.0.0.0", "127.0.0.1").replace(/port: \d+/g, "port: 0");
    writeFileSync(join(etc, "gateway.yaml"), local);

    const command = [...config.Entrypoint, ...config.Cmd];
    const args = inContainer(container, ["--volume", `${etc}:/etc/holdfast:ro`], command);
    const child = spawn("buildah", [...storage(), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    running = child;
    let log = "";
    child.stderr!.on("data", (chunk: Buffer) => {
      log += chunk.toString();
    });
    const ended = once(child, "exit") as Promise<[number | null]>;
    const [line] = (await Promise.race([once(child.stdout!, "data"), ended])) as [Buffer | number];
    if (typeof line === "number") throw new Error(`the gateway ended with ${line}: ${log}`);
    const { httpUrl } = JSON.parse(String(line)) as { httpUrl: string };
    expect((await fetch(`${httpUrl}/health`)).status).to.equal(200);
    while (!(await fetch(`${httpUrl}/ready`)).ok);

    const pid = gatewayBelow(child.pid!)!;
    gatewayPid = pid;
    expect(readFileSync(`/proc/${pid}/status`, "utf8")).to.match(/^Uid:\t1000\t/m);
    process.kill(pid, "SIGTERM");
    expect((await ended)[0], log).to.equal(0);
    expect(existsSync(`/proc/${pid}`)).to.equal(false);
  });
});

/** What of an image's description is looked at. */
interface Inspected {
  readonly Docker: {
    readonly config: { readonly Entrypoint: string[]; readonly Cmd: string[]; readonly StopSignal: string };
  };
}
