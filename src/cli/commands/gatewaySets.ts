/** `holdfast gateway export-sets` and `import-sets`: all signed sets of a gateway as one file, and back. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { readDeployment } from "../../chain/deployment.ts";
import { nodeTransport } from "../../client/nodeTransport.ts";
import { PublishError, publishSet } from "../../client/publish.ts";
import { SetStore } from "../../gateway/sets/setStore.ts";
import { parsePublishedSet } from "../../protocol/publishedSet.ts";
import { type HeldSet, parseSetFile, setFileLines } from "../../protocol/setFile.ts";
import { EXIT, printJson, type Terminal, UsageError } from "../command.ts";

const PAGE = 1_000;

/** Every whole set of a store, one after the other. */
function* setsOf(store: SetStore): Iterable<HeldSet> {
  for (let page = store.list("", PAGE); page.length > 0; page = store.list(page.at(-1)!.name, PAGE)) {
    for (const { name } of page) {
      const { text } = store.get(name)!;
      const roots = parsePublishedSet(text).published.pieces.map(({ root }) => root);
      yield { name, text, pieces: new Map(roots.map((root) => [root, store.piece(name, root) ?? new Uint8Array()])) };
    }
  }
}

async function exportSets(terminal: Terminal, file: string, options: { from: string; chain: string }) {
  const path = join(options.from, "sets.db");
  if (!existsSync(path)) throw new UsageError(`${options.from} holds no sets.`);
  const { chainId, contracts, tld } = await readDeployment(options.chain);
  const store = new SetStore(path);
  try {
    const domain = { chainId, resolver: contracts.offchainResolver };
    const sets = [...setsOf(store)];
    await writeFile(file, setFileLines({ domain, tld, sets }));
    terminal.out(`${sets.length} sets are in ${file}\n`);
  } finally {
    store.close();
  }
}

async function importSets(terminal: Terminal, file: string, options: { url: string; json?: boolean }) {
  const { sets } = parseSetFile(await readFile(file, "utf8"));
  const refused: { name: string; problem: string }[] = [];
  for (const held of sets) {
    try {
      await publishSet(held, { transport: nodeTransport, urls: [options.url.replace(/\/$/, "")] });
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      // It is on this gateway's disk, which is what was asked for; repair brings it to the others.
      if (error.copyCount > 0) continue;
      refused.push({
        name: held.name,
        problem: error.problems.map(({ slug, detail }) => `${slug}: ${detail}`).join(" "),
      });
    }
  }
  const takenCount = sets.length - refused.length;
  if (options.json) printJson(terminal, { takenCount, refused });
  else terminal.out(`${takenCount} of ${sets.length} sets are held\n`);
  if (!options.json) for (const { name, problem } of refused) terminal.err(`${name}: ${problem}\n`);
  if (refused.length > 0) terminal.exit(EXIT.failed);
}

export function addGatewaySets(gateway: Command, terminal: Terminal): void {
  gateway
    .command("export-sets")
    .description("write all signed sets of a gateway to a file that anyone can serve again")
    .argument("<file>", "the file")
    .requiredOption("--from <folder>", "the gateway's data folder; it may be running")
    .requiredOption("--chain <file>", "deployments file of the chain")
    .addHelpText(
      "after",
      "\nExamples:\n  $ holdfast gateway export-sets all.sets --from /var/lib/holdfast --chain 1.json\n",
    )
    .action((file: string, options: { from: string; chain: string }) => exportSets(terminal, file, options));
  gateway
    .command("import-sets")
    .description("give the signed sets of a file to a running gateway, which takes those that count")
    .argument("<file>", "what export-sets or holdfast export wrote")
    .requiredOption("--url <url>", "the gateway's HTTP endpoint")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  $ holdfast gateway import-sets all.sets --url http://127.0.0.1:8080\n")
    .action((file: string, options: { url: string; json?: boolean }) => importSets(terminal, file, options));
}
