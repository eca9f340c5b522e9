/** The report's charts, as SVG drawn once: they print, need no script, and carry their words with them. */
import { type Cell, milliseconds, type Phase, type SeriesPoint } from "../../availability/report.ts";
import type { ServiceReport } from "./data.ts";
import type { Words } from "./language.ts";
import { at, type Markup, markup } from "./markup.ts";
import { marksOf, seriesClass } from "./series.ts";

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

/** A silence longer than so many usual distances between bins is no line: nobody knows what was then. */
const SILENCE = 4;

/** Points that follow each other without a silence. */
function runsOf(points: readonly SeriesPoint[]): SeriesPoint[][] {
  const gaps = points.slice(1).map((point, index) => point.atMs - points[index]!.atMs);
  const usual = [...gaps].sort((left, right) => left - right)[gaps.length >> 1] ?? 0;
  const runs: SeriesPoint[][] = [];
  points.forEach((point, index) => {
    if (index === 0 || gaps[index - 1]! > SILENCE * usual) runs.push([]);
    runs.at(-1)!.push(point);
  });
  return runs;
}

/** One unbroken line. What a phase's first and last bin tell holds up to its edges. */
function stretchOf(
  run: readonly SeriesPoint[],
  isFirst: boolean,
  isLast: boolean,
  edges: { readonly left: number; readonly right: number },
  x: (ms: number) => number,
  y: (ratio: number) => number,
): string[] {
  const spot = (left: number, { availability }: SeriesPoint) =>
    `${at(Math.min(Math.max(left, edges.left), edges.right))},${at(y(availability))}`;
  return [
    ...(isFirst ? [spot(edges.left, run[0]!)] : []),
    ...run.map((point) => spot(x(point.atMs), point)),
    ...(isLast ? [spot(edges.right, run.at(-1)!)] : []),
  ];
}

/** Availability over time, a lane for each service, the phases with faults shaded. */
export function availabilityChart(services: readonly ServiceReport[], phases: readonly Phase[], words: Words): Markup {
  const endMs = phases.at(-1)?.endMs ?? 1;
  const bottom = 26 + services.length * (LANE + LANE_GAP);
  const x = (ms: number) => LEFT + (ms / endMs) * (WIDTH - LEFT - RIGHT);
  const lanes = services.map((service, index) => {
    const top = 30 + index * (LANE + LANE_GAP);
    const y = (ratio: number) => top + (1 - ratio) * LANE;
    const stretches = service.series.flatMap(({ phase: id, points, startMs, endMs }) => {
      const number = phases.findIndex((phase) => phase.id === id);
      const phase = phases[number];
      if (!phase) return [];
      // What the first and the last bin tell holds up to the phase's edges, or to those of the time in which somebody looked.
      const edges = {
        left: x(startMs ?? phase.startMs),
        right: x(endMs ?? phases[number + 1]?.startMs ?? phase.endMs),
      };
      const runs = runsOf(points);
      return runs.map((run, at): string[] => stretchOf(run, at === 0, at === runs.length - 1, edges, x, y));
    });
    const line = stretches.map((points) => `M${points.join("L")}`).join("");
    const area = stretches
      .map((points) => {
        const base = at(y(0));
        const [left, right] = [points[0]!.split(",")[0], points.at(-1)!.split(",")[0]];
        return `M${left},${base}L${points.join("L")}L${right},${base}Z`;
      })
      .join("");
    return markup`<g class="${seriesClass(index)}"><text class="lane" x="${LEFT - 12}" y="${top + 24}">${service.id}</text>
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
/** Where a distribution's marks sit. */
const MARKED_SHARES = [0.01, 0.25, 0.5, 0.75, 0.99];

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
    const marked = MARKED_SHARES.flatMap((share) => points.find((point) => point.share >= share) ?? []);
    const spots = marked.map(({ latencyMs, share }) => [x(latencyMs), y(share)] as const);
    const marks = marksOf(index, spots);
    const own = seriesClass(index);
    return markup`<path class="line ${own}" d="${path}H${at(width - right)}"><title>${said}</title></path>${marks === "" ? "" : markup`<path class="marks ${own}" d="${marks}"/>`}`;
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
  const legend = services.map((service, index) => {
    const own = seriesClass(index);
    const marks = marksOf(index, [[17, 5]]);
    return markup`<li class="${own}"><svg viewBox="0 0 34 10" aria-hidden="true"><line class="line ${own}" x1="1" x2="33" y1="5" y2="5"/>${marks === "" ? "" : markup`<path class="marks ${own}" d="${marks}"/>`}</svg>${service.id}</li>`;
  });
  return markup`<ul class="legend">${legend}</ul><div class="panels">${phases.map((phase) => cdfPanel(services, phase, cells, words))}</div>`;
}
