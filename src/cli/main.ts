#!/usr/bin/env node
/** Entry point of the `holdfast` command. */
import { CommanderError } from "commander";
import { BaseError } from "../base/errors.ts";
import { EXIT, type Terminal } from "./command.ts";
import { createProgram } from "./program.ts";

const terminal: Terminal = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  interactive: process.stderr.isTTY === true,
  exit: (code) => {
    process.exitCode = code;
  },
};

try {
  await createProgram(terminal).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else if (error instanceof BaseError) {
    terminal.err(`holdfast: ${error.message}\n`);
    process.exitCode = EXIT.usage;
  } else {
    throw error;
  }
}

// Connections that were given up may still be dialling, for ten seconds into a network that drops them: nobody waits for those.
const written = (stream: NodeJS.WriteStream) => new Promise<void>((resolve) => stream.write("", () => resolve()));
await Promise.all([written(process.stdout), written(process.stderr)]);
process.exit();
