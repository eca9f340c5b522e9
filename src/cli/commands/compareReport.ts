/** `holdfast compare report FILE…`: journals of one or several vantage points as one report. */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { type ReportData, summaryOf } from "../../compare/report/data.ts";
import { LANGUAGES, type Language } from "../../compare/report/language.ts";
import { openObservations, writeReport } from "../../compare/report/write.ts";
import { journalFiles } from "../../compare/watch/journal.ts";
import { reportJournals } from "../../compare/watch/report.ts";
import { EXIT, printJson, type Terminal, UsageError } from "../command.ts";

const EXAMPLES = `
Examples:
  $ holdfast compare report compare.jsonl                              files set aside beside it included
  $ holdfast compare report seoul.jsonl frankfurt.jsonl --out report   two vantage points in one
  $ holdfast compare report compare.jsonl --lang ko --objective 0.9999

Exit code: 0 no disagreement was raised, 1 some were, 2 usage.
`;

interface ReportCommandOptions {
  readonly out: string;
  readonly lang: Language;
  readonly objective: number;
  readonly json?: boolean;
}

function parseObjective(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new UsageError(`"${text}" is no objective: a share such as 0.999.`);
  return value;
}

export function addCompareReportCommand(parent: Command, terminal: Terminal): void {
  parent
    .command("report")
    .argument("<file...>", "journals")
    .description("what journals say, as HTML, Markdown, CSV and JSON")
    .option("--out <folder>", "where the report goes", "report")
    .addOption(new Option("--lang <language>", "language of the words").choices([...LANGUAGES]).default("en"))
    .option("--objective <share>", "availability the error budget is for", parseObjective, 0.999)
    .option("--json", "print the summary as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (files: string[], _: unknown, command: Command) => {
      // The parent has a --json of its own, which takes the flag wherever it stands.
      const options = command.optsWithGlobals<ReportCommandOptions>();
      const missing = files.find((file) => journalFiles(file).length === 0);
      if (missing !== undefined) throw new UsageError(`There is no journal ${missing}.`);
      const folder = resolve(options.out);
      const observations = openObservations(folder);
      let data: ReportData;
      try {
        data = reportJournals(files.flatMap(journalFiles), {
          command: `npm run holdfast -- compare report ${files.join(" ")} --objective ${options.objective}`,
          objective: options.objective,
          onObservation: observations.add,
        });
      } finally {
        observations.close();
      }
      const page = writeReport(folder, data, undefined, options.lang);
      if (options.json) printJson(terminal, summaryOf(data));
      else terminal.out(`Report: ${page}\n`);
      terminal.exit(data.holds ? EXIT.ok : EXIT.failed);
    });
}
