/** What every subcommand is made of: it adds itself to the program, calls one room, and prints. */
import type { Command } from "commander";
import { BaseError } from "../base/errors.ts";

/** Exit codes of every subcommand. */
export const EXIT = {
  /** Done, and the answer is the hoped-for one. */
  ok: 0,
  /** Done, and the answer is no: a claim failed, a name is absent, an audit found something. */
  failed: 1,
  /** Not done: bad usage, or the set-up does not allow it. */
  usage: 2,
  /** Stopped by Ctrl-C, after cleaning up. */
  interrupted: 130,
} as const;

/** Where a subcommand prints, handed in so that tests can read it. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether standard error is a terminal, so that progress bars make sense. */
  readonly interactive: boolean;
  /** Sets the exit code; the last call wins. */
  readonly exit: (code: number) => void;
}

/** A subcommand's file exports one of these. */
export type AddCommand = (program: Command, terminal: Terminal) => void;

export class UsageError extends BaseError {
  override readonly name = "Cli.UsageError";
  constructor(message: string, ...metaMessages: string[]) {
    super("CLI_USAGE", message, { metaMessages });
  }
}

/** One JSON document on standard output; bigints become decimal strings. */
export function printJson(terminal: Terminal, value: unknown): void {
  const text = JSON.stringify(value, (_, item) => (typeof item === "bigint" ? item.toString() : item), 2);
  terminal.out(`${text}\n`);
}
