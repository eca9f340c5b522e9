/** What benchmarks ask of the machine: programs, cores to pin them to, processor time used, medians. */
import { accessSync, constants, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const PLACES = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a program is; `undefined` where it is not installed. */
export function programOf(name: string): string | undefined {
  return [...PLACES, ...(process.env.PATH ?? "").split(":")].map((place) => join(place, name)).find(isExecutable);
}

/** Which core a process runs on: servers have one to themselves, and whoever asks them another. */
export type Core = "server" | "load";

const NUMBER: Record<Core, number> = { server: 0, load: 1 };

/** A command line that keeps to one core, where there are two and `taskset` is there to do it. */
export function pinned(core: Core, program: string, args: readonly string[]): [program: string, args: string[]] {
  const taskset = programOf("taskset");
  if (taskset === undefined || availableParallelism() < 2) return [program, [...args]];
  return [taskset, ["-c", String(NUMBER[core]), program, ...args]];
}

/** Ticks of the kernel's clock of processor time (proc(5), `sysconf(_SC_CLK_TCK)`), the same on every Linux in use. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time that a process and its children have used. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  const own = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  return children.reduce((sum, child) => sum + cpuSeconds(Number(child)), own);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
