/** The report as Markdown (GitHub's tables). */
import { percent } from "../../availability/report.ts";
import type { Blast } from "../drill/blast.ts";
import type { ReportData } from "./data.ts";
import type { Words } from "./language.ts";
import { hurtShares, type ReportTable, tablesOf } from "./tables.ts";

/** Text that Markdown, and HTML inside it, takes as text. */
function plain(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|#]/g, "\\$&")
    .replaceAll(/\s+/g, " ");
}

function tableText({ title, note, head, rows }: ReportTable): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plain).join(" | ")} |`;
  const rule = `|${head.map(() => "---|").join("")}`;
  return [`## ${plain(title)}`, "", ...(note ? [plain(note), ""] : []), line(head), rule, ...rows.map(line), ""].join(
    "\n",
  );
}

/** Who was hurt by an attack, against who was expected to be. */
function blastText(one: Blast, { blast: words }: Words): string {
  return [
    `## ${plain(words.heading)}`,
    "",
    plain(words.intro(one)),
    "",
    `| ${plain(words.hurt)} | ${plain(words.share)} |`,
    "|---|---|",
    ...hurtShares(one, words).map(([what, share]) => `| ${plain(what)} | ${percent(share)} |`),
    "",
    plain(words.verdict(one)),
    "",
  ].join("\n");
}

const list = (lines: readonly string[]) => lines.map((line) => `- ${plain(line)}`).join("\n");

export function reportMarkdown(data: ReportData, words: Words): string {
  const { title } = words;
  const { startedAt, command } = data;
  const heading = words.scenario(data);
  return [
    `# ${plain(heading.title)}`,
    "",
    `${words.kicker[data.kind]}, ${startedAt}`,
    "",
    ...(heading.summary === "" ? [] : [plain(heading.summary), ""]),
    `**${plain(words.verdict(data))}**`,
    "",
    ...tablesOf(data, words).map(tableText),
    ...data.blasts.map((one) => blastText(one, words)),
    ...(data.recoveries.length > 0
      ? [`## ${title.recoveries}`, "", list(data.recoveries.map(words.recovery)), ""]
      : []),
    `## ${title.earned}`,
    "",
    plain(words.note.earned),
    "",
    list(data.services.map(words.earned)),
    "",
    `## ${title.method}`,
    "",
    ...words
      .method(data)
      .map(plain)
      .flatMap((text) => [text, ""]),
    list(words.limits(data)),
    "",
    `## ${title.again}`,
    "",
    "```console",
    command.replaceAll("`", ""),
    "```",
    "",
  ].join("\n");
}
