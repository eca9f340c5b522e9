/**
 * Makes a fresh machine ready, then runs one of the project's commands.
 *
 * Plain JavaScript for Node 20 and newer, since it runs before anything is installed. Each step is skipped when its
 * result is already there, so the second run starts at once:
 *   1. a Node 24 from the npm registry, kept in `.toolchain/`, where the machine's own is older;
 *   2. `npm ci` from the lock file, under that Node (an older one would skip binaries that need a newer Node);
 *   3. the contracts, compiled.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_VERSION = "24.21.0";
const NODE_MAJOR_MIN = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Each command: the program it runs, and whether the contracts must be compiled first. */
const COMMANDS = {
  start: { args: ["src/cli/main.ts", "drill"], compiles: true },
  test: { args: ["scripts/test.ts"], compiles: true },
  holdfast: { args: ["src/cli/main.ts"], compiles: true },
  bench: { args: ["scripts/bench/main.ts"], compiles: true },
  gas: { args: ["scripts/bench/main.ts", "gas"], compiles: true },
  coverage: { args: ["scripts/coverage.ts"], compiles: true },
  mutate: { args: ["scripts/mutate.ts"], compiles: true },
  check: { args: ["scripts/check.ts"], compiles: true },
  build: { args: ["scripts/build.ts"], compiles: true },
};

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`setup: ${text}\n`);
  process.exit(2);
}

function run(program, args, env, what) {
  const result = spawnSync(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  if (result.error) fail(`${what} could not be started: ${result.error.message}`);
  if (result.status !== 0) fail(`${what} failed with status ${result.status}\n${result.stdout}${result.stderr}`);
}

/** The Node that everything after this file runs under; installs one when the machine's is too old. */
function ensureNode() {
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) return process.execPath;
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = join(root, ".toolchain");
  const binary = join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  const stamp = join(folder, "version");
  if (existsSync(binary) && existsSync(stamp) && readFileSync(stamp, "utf8") === NODE_VERSION) return binary;
  say(`this machine has Node ${process.versions.node}; installing Node ${NODE_VERSION} from npm into .toolchain`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private":true}\n');
  run(
    "npm",
    ["install", "--prefix", folder, "--no-package-lock", `${name}@${NODE_VERSION}`],
    process.env,
    "npm install",
  );
  writeFileSync(stamp, NODE_VERSION);
  return binary;
}

function hashOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

function filesBelow(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".sol"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** Runs `work` unless `stampPath` already holds `stamp`. */
function once(stampPath, stamp, work) {
  const full = join(root, stampPath);
  if (existsSync(full) && readFileSync(full, "utf8") === stamp) return;
  work();
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, stamp);
}

const [name = "", ...rest] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command) fail(`unknown command "${name}"; one of ${Object.keys(COMMANDS).join(", ")}`);

const node = ensureNode();
const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };

once("node_modules/.holdfast-stamp", hashOf(["package-lock.json"]), () => {
  say("installing the locked dependencies (npm ci)");
  run("npm", ["ci", "--no-audit", "--no-fund"], env, "npm ci");
});
if (command.compiles) {
  once("artifacts/.holdfast-stamp", hashOf(["hardhat.config.ts", ...filesBelow("contracts")]), () => {
    say("compiling the contracts");
    run(
      node,
      ["node_modules/hardhat/dist/src/cli.js", "compile", "--no-tests", "--quiet"],
      env,
      "the Solidity compiler",
    );
  });
}

const quiet = ["--disable-warning=ExperimentalWarning", "--conditions=source", ...command.args, ...rest];
const child = spawn(node, quiet, { cwd: root, env, stdio: "inherit" });
// A terminal sends Ctrl-C to the whole group; a supervisor sends to this process alone, so pass it on.
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
process.on("SIGINT", () => {});
child.on("error", (error) => fail(`could not start: ${error.message}`));
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
