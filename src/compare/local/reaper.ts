/**
 * A small process that outlives the parent by a moment: it knows the children's process ids and network
 * namespaces, and kills and removes them when the parent's
 * end of the pipe closes, whatever ended the parent. A paused child cannot notice that by itself.
 */
import { type ChildProcess, spawn } from "node:child_process";

/**
 * Its whole program: `+PID` and `-PID` lines on standard input, `[NAME` and `]NAME` for network namespaces; at the end of input,
 * kill and remove what is left.
 */
const PROGRAM = `
import { spawnSync } from "node:child_process";
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
const pids = new Set();
const namespaces = new Set();
const kinds = { "+": (pid) => pids.add(+pid), "-": (pid) => pids.delete(+pid), "[": (name) => namespaces.add(name), "]": (name) => namespaces.delete(name) };
let rest = "";
process.stdin.on("data", (chunk) => {
  const lines = (rest + chunk).split("\\n");
  rest = lines.pop();
  for (const line of lines) kinds[line[0]]?.(line.slice(1));
});
process.stdin.on("end", () => {
  for (const pid of pids) try { process.kill(pid, "SIGKILL"); } catch {}
  for (const name of namespaces) spawnSync("ip", ["netns", "del", name]);
  process.exit(0);
});
`;

export class Reaper {
  readonly #process: ChildProcess;

  constructor() {
    this.#process = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    // A broken pipe means that somebody killed the reaper; the children still notice a closed channel themselves.
    this.#process.stdin?.on("error", () => {});
    this.#process.on("error", () => {});
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  watch(pid: number): void {
    this.#process.stdin?.write(`+${pid}\n`);
  }

  forget(pid: number): void {
    if (this.#process.stdin?.writable) this.#process.stdin.write(`-${pid}\n`);
  }

  watchNamespace(name: string): void {
    this.#process.stdin?.write(`[${name}\n`);
  }

  forgetNamespace(name: string): void {
    if (this.#process.stdin?.writable) this.#process.stdin.write(`]${name}\n`);
  }

  /** Lets the reaper end; it kills whatever it still watches. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#process.once("exit", () => resolve()));
    this.#process.stdin?.end();
    await ended;
  }
}
