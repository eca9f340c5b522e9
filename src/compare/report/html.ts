/** The report as one self-contained page: nothing is loaded, nothing runs. */
import { milliseconds, percent } from "../../availability/report.ts";
import type { Blast } from "../drill/blast.ts";
import { availabilityChart, availabilityText, latencyCharts } from "./charts.ts";
import type { ReportData } from "./data.ts";
import { type Markup, markup, Markup as RawMarkup } from "./markup.ts";
import { shardMap } from "./shardMap.ts";
import { STYLE } from "./style.ts";
import { limitsOf, methodOf, recoverySentence, verdictOf } from "./words.ts";

function scrollable(label: string, content: Markup): Markup {
  return markup`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`;
}

function claims(data: ReportData): Markup {
  const rows = data.claims.map(
    (claim) =>
      markup`<tr><td class="v ${claim.holds ? "ok" : "no"}">${claim.holds ? "✓ holds" : "✗ fails"}</td><td>${claim.text}</td><td>${claim.measured}</td></tr>`,
  );
  return scrollable(
    "Claims",
    markup`<table><thead><tr><th>Verdict</th><th>Claim</th><th>Measured</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function phases(data: ReportData): Markup {
  const rows = data.phases.flatMap((phase) => {
    const cells = data.cells.filter((cell) => cell.phase === phase.id);
    return cells.map((cell, index) => {
      const head =
        index === 0
          ? markup`<th scope="rowgroup" rowspan="${cells.length}">${phase.title}<br><span class="note-text">${phase.faults.join("; ") || "nothing broken"}</span></th>`
          : "";
      const width = `${Math.round(cell.availability * 1000) / 10}%`;
      return markup`<tr${index === 0 ? new RawMarkup(' class="first"') : ""}>${head}<th scope="row">${cell.path}</th><td class="n">${cell.probes}</td><td class="n">${cell.right}</td><td class="v"><span class="bar" style="--v:${width}" aria-hidden="true"></span>${availabilityText(cell)}</td><td class="n">${milliseconds(cell.p50Ms)}</td><td class="n">${milliseconds(cell.p99Ms)}</td><td class="n">${cell.wrong}</td></tr>`;
    });
  });
  return scrollable(
    "Phases by paths",
    markup`<table><caption>Availability with its 95 % interval; ∞ where the quantile's probe was never answered.</caption><thead><tr><th>Phase</th><th>Path</th><th class="n">Probes</th><th class="n">Right</th><th>Availability</th><th class="n">Median</th><th class="n">p99</th><th class="n">Wrong</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function blast(one: Blast): Markup {
  const probed = one.names.filter((name) => name.probes > 0).length;
  return markup`<p>All ${one.stoppedGatewayIds.length} gateways of <strong>${one.attacked}</strong> were stopped (${one.stoppedGatewayIds.join(", ")}). ${one.needed === 1 ? "One gateway left is enough for a name" : `A name needs ${one.needed} gateways that agree`}.</p>
<table><thead><tr><th>Names hurt on the gateways path, the attacked one aside</th><th class="n">Share</th></tr></thead><tbody>
<tr><td>Predicted of the 2,048 virtual gateways, for random names</td><td class="n">${percent(one.expectedHurtVirtual)}</td></tr>
<tr><td>Predicted of this fleet's machines, for random names</td><td class="n">${percent(one.expectedHurtPhysical)}</td></tr>
<tr><td>Predicted of this fleet's machines, for the ${probed} names probed</td><td class="n">${percent(one.predictedHurt)}</td></tr>
<tr><td>Measured</td><td class="n">${percent(one.measuredHurt)}</td></tr></tbody></table>
<p>${one.unpredicted.length === 0 ? "Nobody else was hurt." : `Hurt without being predicted: ${one.unpredicted.join(", ")}.`} ${one.escaped.length === 0 ? "" : `Predicted but not hurt: ${one.escaped.join(", ")}.`}</p>
${scrollable("Gateways by names", shardMap(one))}`;
}

function jointFailures(data: ReportData): Markup {
  const { joint } = data;
  const lines = joint
    ? [
        markup`<p>In ${joint.rounds} rounds every path was asked for the same name at once. All of ${joint.paths.join(", ")} failed together in ${percent(joint.allFailed)} of them; were they independent, that would be ${percent(joint.allFailedIndependent)}.${joint.commonCauseRatio === null ? "" : ` Common-cause share of failures: ${percent(joint.commonCauseRatio)}.`}</p>`,
      ]
    : [];
  const rows = data.gains.map(
    (gain) =>
      markup`<tr><td>${gain.better} over ${gain.other}</td><td class="n">${gain.onlyBetter}</td><td class="n">${gain.onlyOther}</td><td class="n">${points(gain.difference)} (${points(gain.low)} to ${points(gain.high)})</td><td class="n">${gain.effectiveRounds}</td><td class="n">${gain.pValue < 0.001 ? "< 0.001" : gain.pValue.toFixed(3)}</td></tr>`,
  );
  return markup`${lines}<table><thead><tr><th>What the combination buys</th><th class="n">Only it was right</th><th class="n">Only the other was</th><th class="n">Difference, with its interval by blocks of time</th><th class="n">Rounds it is worth</th><th class="n">McNemar p</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** A difference of shares, in percentage points. */
function points(difference: number): string {
  return `${(difference * 100).toFixed(1)} points`;
}

function episodes(data: ReportData): Markup {
  const rows = data.services.flatMap((service) =>
    service.episodes.map(
      (episode) =>
        markup`<tr><th scope="row">${service.id}</th><td class="n">${(episode.startMs / 1000).toFixed(1)} s</td><td class="n">${episode.endMs === null ? "not within the run" : `${(episode.endMs / 1000).toFixed(1)} s`}</td><td class="n">${episode.failedProbes}</td></tr>`,
    ),
  );
  if (rows.length === 0) return markup`<p>None.</p>`;
  return markup`<table><thead><tr><th>Path</th><th class="n">From</th><th class="n">To</th><th class="n">Failed probes</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** The whole page. */
export function reportPage(data: ReportData): string {
  const earned = data.services.map((service) => {
    const { earned: share, next, missing } = service.earned;
    const said = share === null ? "no nine yet" : `at least ${percent(share)}`;
    return markup`<li><strong>${service.id}</strong>: ${said}; ${percent(next)} takes ${missing} more right answers in a row.</li>`;
  });
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${data.scenario.title} · Holdfast</title><style>${new RawMarkup(STYLE)}</style></head>
<body><main><p class="kicker">Holdfast drill · ${data.scenario.id} · ${data.startedAt}</p><h1>${data.scenario.title}</h1><p>${data.scenario.summary}</p>
<p class="verdict${data.holds ? "" : " failed"}">${verdictOf(data)}</p>
<h2>Availability over time</h2>${scrollable("Availability over time", availabilityChart(data.services, data.phases))}<p class="note-text">Shaded: something is broken on purpose.</p>
<h2>Phases and paths</h2>${phases(data)}
<h2>Claims</h2>${claims(data)}
<h2>Fail-over and recovery</h2><ul>${data.recoveries.map((recovery) => markup`<li>${recoverySentence(recovery)}</li>`)}</ul>
${data.blasts.map((one) => markup`<h2>Who was hurt by the attack</h2>${blast(one)}`)}
<h2>Latency</h2><p class="note-text">Share of all probes answered within a time. A line that ends below 100 lost the rest for good.</p>${latencyCharts(data.services, data.phases, data.cells)}
<h2>Outages</h2>${episodes(data)}
<h2>Joint failures</h2>${jointFailures(data)}
<h2>What may be claimed</h2><p>Of the phases in which nothing was broken, with 95 % confidence:</p><ul>${earned}</ul>
<h2>Method and limits</h2>${methodOf(data).map((text) => markup`<p>${text}</p>`)}<ul>${limitsOf(data).map((text) => markup`<li>${text}</li>`)}</ul>
<table><tbody>${data.provenance.map(([label, value]) => markup`<tr><th scope="row">${label}</th><td>${value}</td></tr>`)}</tbody></table>
<p>Again:</p><pre><code>${data.command}</code></pre></main></body></html>
`;
  return page.text;
}
