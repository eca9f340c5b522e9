/** The report's charts, as SVG drawn once: they print, need no script, and carry their words with them. */
import { type Cell, milliseconds, type Phase, percent } from "../../availability/report.ts";
import type { ServiceReport } from "./data.ts";
import type { Words } from "./language.ts";
import { at, type Markup, markup } from "./markup.ts";

const WIDTH = 960;
const LEFT = 110;
const RIGHT = 16;
const LANE = 58;
const LANE_GAP = 14;

/** The phase a point in time belongs to counts as a fault's when anything is broken in it. */
function bands(phases: readonly Phase[], x: (ms: number) => number, bottom: number, words: Words): Markup[] {
  return phases.map((phase, index) => {
    const left = x(phase.startMs);
    const width = x(phases[index + 1]?.startMs ?? phase.endMs) - left;
    const label = markup`<text class="phase" x="${at(left + width / 2)}" y="14">${words.phase(phase)}</text>`;
    if (phase.faults.length === 0) return label;
    return markup`<rect class="fault" x="${at(left)}" y="22" width="${at(width)}" height="${at(bottom - 22)}"><title>${words.phase(phase)}: ${words.faults(phase).join("; ")}</title></rect>${label}`;
  });
}

const TICKS_MAX = 15;
const TICKS_MS = [10_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000, 2_592_000_000];

/** Time since the start, in the unit that fits. */
function elapsed(ms: number): string {
  if (ms < 60_000) return `${ms / 1000} s`;
  if (ms < 3_600_000) return `${ms / 60_000} min`;
  return ms < 86_400_000 ? `${ms / 3_600_000} h` : `${Math.round((ms / 86_400_000) * 10) / 10} d`;
}

/** Availability over time, a lane for each service, the phases with faults shaded. */
export function availabilityChart(services: readonly ServiceReport[], phases: readonly Phase[], words: Words): Markup {
  const endMs = phases.at(-1)?.endMs ?? 1;
  const bottom = 26 + services.length * (LANE + LANE_GAP);
  const x = (ms: number) => LEFT + (ms / endMs) * (WIDTH - LEFT - RIGHT);
  const lanes = services.map((service, index) => {
    const top = 30 + index * (LANE + LANE_GAP);
    const y = (ratio: number) => top + (1 - ratio) * LANE;
    const stretches = service.series.flatMap(({ phase: id, points }) => {
      const number = phases.findIndex((phase) => phase.id === id);
      const phase = phases[number];
      const [first, last] = [points[0], points.at(-1)];
      if (!phase || !first || !last) return [];
      // What the first and the last bin tell holds up to the phase's edges.
      const edges = { left: x(phase.startMs), right: x(phases[number + 1]?.startMs ?? phase.endMs) };
      const inside = points.map(
        (point) => `${at(Math.min(Math.max(x(point.atMs), edges.left), edges.right))},${at(y(point.availability))}`,
      );
      return [
        [`${at(edges.left)},${at(y(first.availability))}`, ...inside, `${at(edges.right)},${at(y(last.availability))}`],
      ];
    });
    const line = stretches.map((points) => `M${points.join("L")}`).join("");
    const area = stretches
      .map((points) => {
        const base = at(y(0));
        const [left, right] = [points[0]!.split(",")[0], points.at(-1)!.split(",")[0]];
        return `M${left},${base}L${points.join("L")}L${right},${base}Z`;
      })
      .join("");
    return markup`<g class="s${index}"><text class="lane" x="${LEFT - 12}" y="${top + 24}">${service.id}</text>
<text class="tick" x="${LEFT - 12}" y="${top + 40}">0–100 %</text>
<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(1))}" y2="${at(y(1))}"/><line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(0))}" y2="${at(y(0))}"/>
<path class="area" d="${area}"/><path class="line" d="${line}"/></g>`;
  });
  const step = TICKS_MS.find((ms) => endMs / ms <= TICKS_MAX) ?? TICKS_MS.at(-1)!;
  const ticks = Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step).map(
    (ms) => markup`<text class="tick middle" x="${at(x(ms))}" y="${bottom + 16}">${elapsed(ms)}</text>`,
  );
  return markup`<svg viewBox="0 0 ${WIDTH} ${bottom + 24}" role="img" aria-labelledby="chart-time"><title id="chart-time">${words.chart.over}</title>${bands(phases, x, bottom, words)}${lanes}${ticks}</svg>`;
}

const PANEL = { width: 310, height: 190, left: 40, right: 12, top: 26, bottom: 30 };
const DECADES = [1, 10, 100, 1000];

/** One phase's latency distributions, on a logarithmic scale from 1 ms to 4 s. What never came is missing at the top. */
function cdfPanel(services: readonly ServiceReport[], phase: Phase, cells: readonly Cell[], words: Words): Markup {
  const { width, height, left, right, top, bottom } = PANEL;
  const x = (ms: number) =>
    left + (Math.log10(Math.min(Math.max(ms, 1), 4000)) / Math.log10(4000)) * (width - left - right);
  const y = (share: number) => top + (1 - share) * (height - top - bottom);
  const lines = services.map((service, index) => {
    const points = service.cdfs.find((cdf) => cdf.phase === phase.id)?.points ?? [];
    if (points.length === 0) return markup``;
    let path = `M${at(x(points[0]!.latencyMs))},${at(y(0))}`;
    for (const point of points) path += `H${at(x(point.latencyMs))}V${at(y(point.share))}`;
    const cell = cells.find((one) => one.phase === phase.id && one.path === service.id);
    const said = words.chart.line(service.id, milliseconds(cell?.p50Ms ?? null), milliseconds(cell?.p99Ms ?? null));
    return markup`<path class="line s${index}" d="${path}H${at(width - right)}"><title>${said}</title></path>`;
  });
  const grid = DECADES.map(
    (ms) =>
      markup`<line class="grid" x1="${at(x(ms))}" x2="${at(x(ms))}" y1="${top}" y2="${height - bottom}"/><text class="tick middle" x="${at(x(ms))}" y="${height - bottom + 15}">${ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`}</text>`,
  );
  const shares = [0, 0.5, 1].map(
    (share) =>
      markup`<line class="grid" x1="${left}" x2="${width - right}" y1="${at(y(share))}" y2="${at(y(share))}"/><text class="tick" x="${left - 6}" y="${at(y(share) + 4)}">${share * 100}</text>`,
  );
  const dead = services.filter((service) => !service.cdfs.find((cdf) => cdf.phase === phase.id)?.points.length);
  const note = dead.length === 0 ? "" : words.chart.neverAnswered(dead.map(({ id }) => id));
  return markup`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${words.chart.panel(words.phase(phase), note)}"><text class="panel" x="${left}" y="14">${words.phase(phase)}</text>${grid}${shares}${lines}<text class="note" x="${width - right - 4}" y="${height - bottom - 6}">${note}</text></svg>`;
}

export function latencyCharts(
  services: readonly ServiceReport[],
  phases: readonly Phase[],
  cells: readonly Cell[],
  words: Words,
): Markup {
  const legend = services.map(
    (service, index) =>
      markup`<li class="s${index}"><svg viewBox="0 0 34 10" aria-hidden="true"><line class="line s${index}" x1="1" x2="33" y1="5" y2="5"/></svg>${service.id}</li>`,
  );
  return markup`<ul class="legend">${legend}</ul><div class="panels">${phases.map((phase) => cdfPanel(services, phase, cells, words))}</div>`;
}

/** What a table cell says of an availability, with its interval. */
export function availabilityText(cell: Cell): string {
  return `${percent(cell.availability)} (${percent(cell.low)} to ${percent(cell.high)})`;
}
