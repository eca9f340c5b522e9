/** Durability: a process that writes sets is killed again and again (kill -9), and what it acknowledged is looked for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { keccak256Text } from "../../../src/base/keccak.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { SetStore } from "../../../src/gateway/sets/setStore.ts";

/** Writes under way at once. */
export const IN_FLIGHT = 16;
const NAMES = 200;

export const crashName = (number: number) => `n${number % NAMES}.hold`;
/** A document that tells whether it is whole. */
export function crashText(number: number): string {
  const body = `${number} `.repeat(200 + (number % 300));
  return JSON.stringify({ number, body, check: keccak256Text(body) });
}

export interface CrashResult {
  readonly writeCount: number;
  readonly killCount: number;
  /** Acknowledged writes of which neither they nor a later one of the name are there. */
  readonly lostCount: number;
  /** Documents that are not whole. */
  readonly brokenCount: number;
}

/** One life of the writing process: from a number on, until it is killed after some acknowledgements or has done. */
async function live(path: string, first: number, last: number, killAfter: number, acknowledged: Set<number>) {
  const child = spawn(
    process.execPath,
    [new URL("./crashChild.ts", import.meta.url).pathname, path, String(first), String(last)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const exited = once(child, "exit");
  let count = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    acknowledged.add(Number(line));
    count += 1;
    if (count === killAfter) child.kill("SIGKILL");
  }
  await exited;
  return child.signalCode === "SIGKILL";
}

/** Writes `writeCount` sets under as many kills as come. */
export async function runCrashes(writeCount: number, meanLife: number, seed: string): Promise<CrashResult> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-crash-"));
  const path = join(folder, "sets.db");
  const random = seededRandom(seed, "kills");
  const acknowledged = new Set<number>();
  let killCount = 0;
  try {
    for (let first = 1; first <= writeCount; ) {
      const life = 1 + random.below(2 * meanLife);
      if (await live(path, first, writeCount, life, acknowledged)) killCount += 1;
      // What was not acknowledged is written again, as its owner would.
      first = 1;
      while (acknowledged.has(first)) first += 1;
    }
    return { writeCount, killCount, ...inspect(path, acknowledged) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function inspect(path: string, acknowledged: ReadonlySet<number>) {
  const store = new SetStore(path);
  const newest = new Map<string, number>();
  for (const number of acknowledged)
    newest.set(crashName(number), Math.max(number, newest.get(crashName(number)) ?? 0));
  let lostCount = 0;
  let brokenCount = 0;
  for (const [name, number] of newest) {
    const held = store.get(name);
    if (held === undefined || held.sequence < BigInt(number)) lostCount += 1;
    if (held !== undefined && held.text !== crashText(Number(held.sequence))) brokenCount += 1;
  }
  store.close();
  return { lostCount, brokenCount };
}
