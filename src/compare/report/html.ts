/** The report as one self-contained page: nothing is loaded, nothing runs. */
import { milliseconds, percent } from "../../availability/report.ts";
import type { Blast } from "../drill/blast.ts";
import { availabilityChart, latencyCharts } from "./charts.ts";
import type { ReportData } from "./data.ts";
import { ENGLISH } from "./english.ts";
import type { TitleId, Words } from "./language.ts";
import { type Markup, markup, Markup as RawMarkup } from "./markup.ts";
import { shardMap } from "./shardMap.ts";
import { STYLE } from "./style.ts";
import { hurtShares, type ReportTable, tablesOf } from "./tables.ts";

function scrollable(label: string, content: Markup): Markup {
  return markup`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`;
}

function phases(data: ReportData, words: Words): Markup {
  const { label } = words;
  const rows = data.phases.flatMap((phase) => {
    const cells = data.cells.filter((cell) => cell.phase === phase.id);
    return cells.map((cell, index) => {
      const head =
        index === 0
          ? markup`<th scope="rowgroup" rowspan="${cells.length}">${words.phase(phase)}<br><span class="note-text">${words.faults(phase).join("; ") || words.nothingBroken}</span></th>`
          : "";
      const width = `${Math.round(cell.availability * 1000) / 10}%`;
      return markup`<tr${index === 0 ? new RawMarkup(' class="first"') : ""}>${head}<th scope="row">${cell.path}</th><td class="n">${cell.probes}</td><td class="n">${cell.right}</td><td class="v"><span class="bar" style="--v:${width}" aria-hidden="true"></span>${percent(cell.availability)} (${words.interval(cell.low, cell.high)})</td><td class="n">${milliseconds(cell.p50Ms)}</td><td class="n">${milliseconds(cell.p99Ms)}</td><td class="n">${cell.wrong}</td></tr>`;
    });
  });
  return scrollable(
    words.title.cells,
    markup`<table><caption>${label.availability} (${label.interval}). ${words.note.cells}</caption><thead><tr><th>${label.phase}</th><th>${label.path}</th><th class="n">${label.probes}</th><th class="n">${label.right}</th><th>${label.availability}</th><th class="n">${label.median}</th><th class="n">${label.p99}</th><th class="n">${label.wrong}</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function blast(one: Blast, { blast: words }: Words): Markup {
  return markup`<h2>${words.heading}</h2><p>${words.intro(one)}</p>
<table><thead><tr><th>${words.hurt}</th><th class="n">${words.share}</th></tr></thead><tbody>${hurtShares(one, words).map(([what, share]) => markup`<tr><td>${what}</td><td class="n">${percent(share)}</td></tr>`)}</tbody></table>
<p>${words.verdict(one)}</p>
${scrollable(words.map, shardMap(one, words))}`;
}

/** One of the tables that every format has, under its heading. */
export function section(table: ReportTable): Markup {
  const head = table.head.map((text) => markup`<th>${text}</th>`);
  const rows = table.rows.map((row) => markup`<tr>${row.map((cell) => markup`<td>${cell}</td>`)}</tr>`);
  const note = table.note === undefined ? "" : markup`<p>${table.note}</p>`;
  const whole = markup`<table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>`;
  return markup`<h2>${table.title}</h2>${note}${scrollable(table.title, whole)}`;
}

/** Headings with lists; none where there is nothing to list. */
function listed(heading: string, lines: readonly string[], note = ""): Markup {
  if (lines.length === 0) return markup``;
  return markup`<h2>${heading}</h2>${note === "" ? "" : markup`<p>${note}</p>`}<ul>${lines.map((line) => markup`<li>${line}</li>`)}</ul>`;
}

/** The whole page. */
export function reportPage(data: ReportData, words: Words = ENGLISH): string {
  const { title, note } = words;
  const { scenario, kind } = data;
  const tables = new Map(tablesOf(data, words).map((table) => [table.id, section(table)]));
  const shown = (...ids: readonly TitleId[]) => ids.map((id) => tables.get(id) ?? "");
  const blasts = data.blasts.map((one) => blast(one, words));
  const heading = words.scenario(data);
  const shaded = kind === "drill" ? markup`<p class="note-text">${note.over}</p>` : "";
  const page = markup`<!doctype html>
<html lang="${words.code}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${heading.title} · Holdfast</title><style>${new RawMarkup(STYLE)}</style></head>
<body><main><p class="kicker">${words.kicker[kind]} · ${scenario.id} · ${data.startedAt}</p><h1>${heading.title}</h1><p>${heading.summary}</p>
<p class="verdict${data.holds ? "" : " failed"}">${words.verdict(data)}</p>
<h2>${title.over}</h2>${scrollable(title.over, availabilityChart(data.services, data.phases, words))}${shaded}
<h2>${title.cells}</h2>${phases(data, words)}
${shown("outcomes", "byVantage", "claims", "disagreements")}
${listed(title.recoveries, data.recoveries.map(words.recovery))}
${blasts}
<h2>${title.latency}</h2><p class="note-text">${note.latency}</p>${latencyCharts(data.services, data.phases, data.cells, words)}
${shown("episodes", "repair", "joint", "gains", "robust", "budgets", "alarms")}
${listed(title.earned, data.services.map(words.earned), note.earned)}
<h2>${title.method}</h2>${words.method(data).map((text) => markup`<p>${text}</p>`)}<ul>${words.limits(data).map((text) => markup`<li>${text}</li>`)}</ul>
${shown("byName", "provenance")}
<p>${title.again}:</p><pre><code>${data.command}</code></pre></main></body></html>
`;
  return page.text;
}
