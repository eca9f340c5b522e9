/** Counting what passed and failed across several tools, and the closing line that says so. */
import { type SpawnOptions, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NO_COUNTS: Counts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(left: Counts, right: Counts): Counts {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

/** `12 passed, 0 failed`, the last line of `npm test`, `npm run check` and `.ci/run`. */
export function closingLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed`;
}

/** The counts of Hardhat's Solidity test summary (`3 passing`, `1 failing`, `2 skipped`), colours and all. */
export function solidityCounts(output: string): Counts {
  const plain = stripVTControlCharacters(output);
  const last = (word: string) => Number([...plain.matchAll(new RegExp(`^\\s*(\\d+) ${word}`, "gm"))].at(-1)?.[1] ?? 0);
  return { passed: last("passing"), failed: last("failing"), skipped: last("skipped") };
}

/** Runs a program to its end, showing what it prints; a signal's end is exit code 1. */
export function runShown(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = ".",
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const options: SpawnOptions = { stdio: ["ignore", "pipe", "pipe"], cwd, env: { ...process.env, ...env } };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, options);
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      process.stderr.write(chunk);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ exitCode: code ?? 1, output }));
  });
}
