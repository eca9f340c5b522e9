/** `holdfast export NAME`: a name's signed set as a file that anyone can serve again. */
import { writeFile } from "node:fs/promises";
import { exportSet } from "../../client/exportSet.ts";
import { gatewayUrlsOf } from "../../client/publishName.ts";
import { normaliseName } from "../../naming/name.ts";
import { setFileLines } from "../../protocol/setFile.ts";
import { type AddCommand, printJson } from "../command.ts";
import { openOffchainClient } from "./offchainClient.ts";

const EXAMPLES = `
Takes the newest set that any of the name's gateways holds, whole, with the owner's signature. What it
writes can be served by \`holdfast gateway --serve-file\`, published again by \`holdfast publish\`, or read
by a client without anybody's help.

Examples:
  $ holdfast export shop.hold --out shop.sets
  $ holdfast export shop.hold | head -c 300
  $ holdfast export shop.hold --url https://archive.example.org --out shop.sets

Exit code: 0 exported, 2 usage or nobody holds a whole set.
`;

interface ExportOptions {
  readonly profile: string;
  readonly out?: string;
  readonly url?: readonly string[];
  readonly json?: boolean;
}

const collect = (value: string, before: readonly string[] = []) => [...before, value.replace(/\/$/, "")];

export const addExportCommand: AddCommand = (program, terminal) => {
  program
    .command("export")
    .argument("<name>", "a name whose records are signed")
    .description("write a name's signed records to a file that anyone can serve again")
    .option("--profile <file>", "client profile", process.env.HOLDFAST_PROFILE ?? "holdfast.client.json")
    .option("--out <file>", "the file; standard output if left out")
    .option("--url <url>", "another server to ask besides the name's gateways; may be repeated", collect)
    .option("--json", "print what was exported as JSON; needs --out")
    .addHelpText("after", EXAMPLES)
    .action(async (asked: string, options: ExportOptions) => {
      const name = normaliseName(asked);
      const { client, options: common } = await openOffchainClient(options.profile);
      const { status } = await client.resolve(name, { kind: "registration" });
      const gateways = gatewayUrlsOf(client, name, status?.shardIndex ?? null);
      const urls = [...gateways, ...(options.url ?? [])];
      const { held, sequence, isSignedByKey } = await exportSet(name, { ...common, urls });
      const lines = setFileLines({ domain: common.domain, tld: client.tld, sets: [held] });
      if (options.out === undefined) {
        for (const line of lines) terminal.out(line);
        return;
      }
      await writeFile(options.out, lines);
      const pieceCount = held.pieces.size;
      if (options.json) return printJson(terminal, { name, sequence, isSignedByKey, pieceCount, file: options.out });
      terminal.out(`${name}: set ${sequence} is in ${options.out}\n`);
      if (!isSignedByKey) terminal.err("Its signature is no key's; whoever reads it asks the owning contract.\n");
    });
};
