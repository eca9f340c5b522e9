/** The `holdfast` command: its subcommands in the order in which `--help` lists them. */
import { Command } from "commander";
import type { AddCommand, Terminal } from "./command.ts";
import { addCompareCommand } from "./commands/compare.ts";
import { addDeployCommand } from "./commands/deploy.ts";
import { addDirectoryCommand } from "./commands/directory.ts";
import { addDrillCommand } from "./commands/drill.ts";
import { addExportCommand } from "./commands/export.ts";
import { addGatewayCommand } from "./commands/gateway.ts";
import { addPublishCommand } from "./commands/publish.ts";
import { addRegisterCommand } from "./commands/register.ts";
import { addResolveCommand } from "./commands/resolve.ts";
import { addSetCommand } from "./commands/set.ts";
import { addShardCommand } from "./commands/shard.ts";
import { addShardsCommand } from "./commands/shards.ts";
import { addSimulateCommand } from "./commands/simulate.ts";
import { addStubCommand } from "./commands/stub.ts";
import { addUpCommand } from "./commands/up.ts";

const COMMANDS: readonly AddCommand[] = [
  addUpCommand,
  addDrillCommand,
  addCompareCommand,
  addResolveCommand,
  addDeployCommand,
  addRegisterCommand,
  addSetCommand,
  addPublishCommand,
  addExportCommand,
  addStubCommand,
  addShardCommand,
  addShardsCommand,
  addDirectoryCommand,
  addGatewayCommand,
  addSimulateCommand,
];

/** The whole program, printing to `terminal`. Parsing throws commander's errors instead of ending the process. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command("holdfast")
    .description("A name system that keeps resolving when a provider fails.")
    .showHelpAfterError("(holdfast --help lists the commands)")
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride();
  for (const add of COMMANDS) add(program, terminal);
  return program;
}
