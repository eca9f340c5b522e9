/** The `holdfast` program in this process: runs a command line and keeps what it prints. */
import type { Terminal } from "../../src/cli/command.ts";
import { createProgram } from "../../src/cli/program.ts";

/** What a command has printed so far, and the exit code it has set. */
export interface Printed {
  out: string;
  err: string;
  code: number;
}

/** Prints nowhere. */
export const SILENT: Terminal = { out: () => {}, err: () => {}, interactive: false, exit: () => {} };

export const nothingPrinted = (): Printed => ({ out: "", err: "", code: 0 });

/**
 * Runs `holdfast ARGS…` to its end; rejects with whatever the command throws. Whoever wants to read along hands in `printed`.
 *
 * @example
 * ```ts
 * const { out, code } = await runHoldfast(["shard", "512", "--json"]);
 * ```
 */
export async function runHoldfast(args: readonly string[], printed: Printed = nothingPrinted()): Promise<Printed> {
  const program = createProgram({
    out: (text) => {
      printed.out += text;
    },
    err: (text) => {
      printed.err += text;
    },
    interactive: false,
    exit: (code) => {
      printed.code = code;
    },
  });
  await program.parseAsync(args, { from: "user" });
  return printed;
}

/** What some work rejects with; fails where it does not. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
