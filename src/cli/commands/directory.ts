/** `holdfast directory`: the directory of gateways as a snapshot to ship with clients. */
import { writeFile } from "node:fs/promises";
import type { NameClient } from "../../client/nameClient.ts";
import { createNodeNameClient } from "../../client/nodeClient.ts";
import { nodeTransport } from "../../client/nodeTransport.ts";
import { readProfile } from "../../client/profile.ts";
import { refreshDirectory } from "../../client/refreshDirectory.ts";
import { hintCountOf } from "../../directory/shardHints.ts";
import { type DirectorySnapshot, formatSnapshot } from "../../directory/snapshot.ts";
import { type AddCommand, EXIT, printJson, UsageError } from "../command.ts";

const EXAMPLES = `
Takes the directory that gateways of two operators publish alike, or with --proven the one that state
proofs show, and writes it down with hints at which gateways hold which name. A client that ships with it
needs no look-up service for its first question, and hardly ever a referral.

Examples:
  $ holdfast directory --out directory.json
  $ holdfast directory --proven --out directory.json
  $ holdfast directory --hints none --out directory.json      without hints: smaller by 4 bytes a name

Exit code: 0 written, 1 nothing newer could be had, 2 usage.
`;

interface DirectoryOptions {
  readonly profile: string;
  readonly out?: string;
  readonly proven?: boolean;
  readonly hints: string;
  readonly json?: boolean;
}

/** Brings the client's directory up to date; `undefined` where that went well, otherwise why not. */
async function refresh(client: NameClient, { proven, hints }: DirectoryOptions): Promise<string | undefined> {
  const shardHints = hints === "none" ? "kept" : "refreshed";
  const isPublished = await refreshDirectory(client, { transport: nodeTransport, shardHints });
  if (proven) {
    const { outcome, reason } = await client.proveDirectory();
    return outcome === "answered" ? undefined : `The directory could not be proven: ${reason}.`;
  }
  return isPublished ? undefined : "No directory is published alike by gateways of two operators.";
}

function snapshotOf(client: NameClient, hints: string): DirectorySnapshot {
  const { shardHints: _, ...directory } = client.directory()!;
  const shardHints = hints === "none" ? undefined : client.shardHints();
  return { ...directory, ...(shardHints === undefined ? {} : { shardHints }) };
}

export const addDirectoryCommand: AddCommand = (program, terminal) => {
  program
    .command("directory")
    .description("write the directory of gateways, with shard hints, as a snapshot for clients")
    .option("--profile <file>", "client profile", process.env.HOLDFAST_PROFILE ?? "holdfast.client.json")
    .option("--out <file>", "the file; standard output if left out")
    .option("--proven", "read it by state proof from the profile's RPC providers")
    .option("--hints <which>", "all, or none", "all")
    .option("--json", "print what was written as JSON; needs --out")
    .addHelpText("after", EXAMPLES)
    .action(async (options: DirectoryOptions) => {
      if (options.hints !== "all" && options.hints !== "none") throw new UsageError("--hints takes all or none.");
      const client = createNodeNameClient({ ...(await readProfile(options.profile)), cache: false });
      if (client.directory() === undefined) throw new UsageError("The client profile has no directory to start from.");
      const failure = await refresh(client, options);
      if (failure !== undefined) {
        terminal.err(`${failure}\n`);
        return terminal.exit(EXIT.failed);
      }
      const snapshot = snapshotOf(client, options.hints);
      const text = `${JSON.stringify(formatSnapshot(snapshot))}\n`;
      if (options.out === undefined) return terminal.out(text);
      await writeFile(options.out, text);
      const { version, block, shardHints } = snapshot;
      const hintedNames = shardHints === undefined ? 0 : hintCountOf(shardHints);
      const told = { version, block: block.number, gateways: snapshot.gateways.size, hintedNames, file: options.out };
      if (options.json) return printJson(terminal, told);
      terminal.out(
        `version ${version} with ${told.gateways} gateways and hints for ${hintedNames} names is in ${options.out}\n`,
      );
    });
};
