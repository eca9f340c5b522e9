/** Pictures of simulated attacks, as SVG text. */
import type { BlastRun } from "./blast.ts";
import { ORDINARY_SLOT_COUNT, ZONE_COUNT } from "./shard.ts";

const INK = "#1d2733";
const FAINT = "#d5dbe3";
const COLOURS = { untouched: "#2f855a", degraded: "#c27803", dead: "#b42318" } as const;
type State = keyof typeof COLOURS;

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function textAt(x: number, y: number, text: string, extra = ""): string {
  return `<text x="${x}" y="${y}" ${extra}>${escapeText(text)}</text>`;
}

function document(width: number, height: number, title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="13" fill="${INK}">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...body,
    "</svg>\n",
  ].join("\n");
}

function stateOf(lost: number, memberCount: number): State {
  return lost === 0 ? "untouched" : lost === memberCount ? "dead" : "degraded";
}

export interface WorkersPanel {
  readonly title: string;
  /** Customers in the order of the run's names. */
  readonly customers: readonly { readonly name: string; readonly members: readonly number[] }[];
  readonly attacked: number;
  readonly run: BlastRun;
}

/**
 * A few workers and their customers, one panel for each scheme: the drawing of the Builders' Library article, from runs. Workers
 * are numbered from 1; a customer's lines go to its workers; the attacked customer is drawn with a bar.
 */
export function drawWorkers(panels: readonly WorkersPanel[]): string {
  const panelHeight = 210;
  const workerCount = panels[0]?.run.lostGateways.length ?? 0;
  const width = 60 + Math.max(workerCount, panels[0]?.customers.length ?? 0) * 84;
  const body = panels.flatMap((panel, position) => {
    const top = position * panelHeight + 30;
    const { customers, run, attacked } = panel;
    const others = customers.length - 1;
    const dead = customers.filter(
      (customer, n) => n !== attacked && run.lostMembers[n] === customer.members.length,
    ).length;
    const workerX = (worker: number) => 40 + worker * 84;
    const lines = customers.flatMap(({ members }, n) =>
      members.map((worker) => {
        const lost = run.lostGateways[worker] === 1;
        return `<line x1="${workerX(worker) + 30}" y1="${top + 58}" x2="${40 + n * 84 + 30}" y2="${top + 122}" stroke="${lost ? COLOURS.dead : FAINT}" stroke-width="${lost ? 1 : 1.5}"${lost ? ' stroke-dasharray="3 3"' : ""}/>`;
      }),
    );
    const workers = Array.from(run.lostGateways, (lost, worker) => {
      const colour = lost === 1 ? COLOURS.dead : COLOURS.untouched;
      return `<g><rect x="${workerX(worker)}" y="${top + 22}" width="60" height="36" rx="4" fill="${colour}"/>${textAt(workerX(worker) + 30, top + 45, `${worker + 1}${lost === 1 ? " down" : ""}`, 'text-anchor="middle" fill="#ffffff"')}</g>`;
    });
    const marks = customers.map((customer, n) => {
      const state = stateOf(run.lostMembers[n]!, customer.members.length);
      const x = 40 + n * 84 + 30;
      const bar = n === attacked ? `<rect x="${x - 9}" y="${top + 118}" width="18" height="4" fill="${INK}"/>` : "";
      return `<g>${bar}<circle cx="${x}" cy="${top + 132}" r="9" fill="${COLOURS[state]}"/>${textAt(x, top + 156, customer.name, 'text-anchor="middle"')}${textAt(x, top + 171, n === attacked ? "attacked" : state, `text-anchor="middle" font-size="11" fill="${COLOURS[state]}"`)}</g>`;
    });
    const heading = `${panel.title}: ${dead} of ${others} other customers dead`;
    return [textAt(40, top + 8, heading, 'font-weight="bold"'), ...lines, ...workers, ...marks];
  });
  return document(width, panels.length * panelHeight + 20, "One customer poisons its workers", body);
}

/** Names by state in one tick. */
export function statesOf(nameCounts: readonly number[]): Record<State, number> {
  const last = nameCounts.length - 1;
  const degraded = nameCounts.slice(1, last).reduce((sum, count) => sum + count, 0);
  return { untouched: nameCounts[0]!, degraded, dead: last === 0 ? 0 : nameCounts[last]! };
}

export interface FleetPicture {
  readonly title: string;
  readonly run: BlastRun;
  /** P(a name loses j members) by the closed form, for the table. */
  readonly predicted: readonly number[];
}

/**
 * The fleet of 4 x 512 as four maps of 32 x 16 cells, lost ones red; names dead and degraded over time on a logarithmic scale; and
 * the simulated counts at the height of the attack beside the predicted ones.
 */
export function drawFleet(picture: FleetPicture): string {
  const { run, predicted, title } = picture;
  const body = [textAt(30, 28, title, 'font-weight="bold" font-size="16"')];
  for (let zone = 0; zone < ZONE_COUNT; zone += 1) body.push(zoneMap(run, zone, 30 + zone * 232, 56));
  body.push(timeline(run, 30, 230, 540, 200), lossTable(run, predicted, 620, 246));
  return document(960, 470, title, body);
}

function zoneMap(run: BlastRun, zone: number, left: number, top: number): string {
  const cells = [`<rect x="${left}" y="${top}" width="224" height="112" fill="${COLOURS.untouched}" opacity="0.25"/>`];
  let lostCount = 0;
  for (let slot = 0; slot < ORDINARY_SLOT_COUNT; slot += 1) {
    if (run.lostGateways[zone * ORDINARY_SLOT_COUNT + slot] !== 1) continue;
    lostCount += 1;
    const [x, y] = [left + (slot % 32) * 7, top + Math.floor(slot / 32) * 7];
    cells.push(`<rect x="${x}" y="${y}" width="6" height="6" fill="${COLOURS.dead}"/>`);
  }
  return `<g>${cells.join("")}${textAt(left, top + 130, `zone ${zone}: ${lostCount} of ${ORDINARY_SLOT_COUNT} lost`)}</g>`;
}

function timeline(run: BlastRun, left: number, top: number, width: number, height: number): string {
  const total = run.ticks[0]?.nameCounts.reduce((sum, count) => sum + count, 0) ?? 1;
  const decades = Math.max(1, Math.ceil(Math.log10(Math.max(total, 10))));
  const stepX = width / Math.max(1, run.ticks.length - 1);
  const yOf = (count: number) =>
    top + height - (count < 1 ? 0 : ((Math.log10(count) + 0.15) / (decades + 0.15)) * height);
  const parts = [`<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="none" stroke="${FAINT}"/>`];
  for (let decade = 0; decade <= decades; decade += 1) {
    const y = yOf(10 ** decade);
    parts.push(`<line x1="${left}" x2="${left + width}" y1="${y}" y2="${y}" stroke="${FAINT}"/>`);
    parts.push(textAt(left + 4, y - 3, (10 ** decade).toLocaleString("en"), 'font-size="10" fill="#5b6775"'));
  }
  for (const state of ["untouched", "degraded", "dead"] as const) {
    const points = run.ticks.map(
      (tick, n) => `${(left + n * stepX).toFixed(1)},${yOf(statesOf(tick.nameCounts)[state]).toFixed(1)}`,
    );
    parts.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${COLOURS[state]}" stroke-width="2"/>`);
  }
  const legend = (["untouched", "degraded", "dead"] as const)
    .map((state, n) =>
      textAt(left + width - 250 + n * 85, top - 8, state, `fill="${COLOURS[state]}" font-weight="bold"`),
    )
    .join("");
  return `<g>${parts.join("")}${legend}${textAt(left, top + height + 18, `ticks 0 to ${run.ticks.length - 1}; names, logarithmic`)}</g>`;
}

function lossTable(run: BlastRun, predicted: readonly number[], left: number, top: number): string {
  const counts = run.worst.nameCounts;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const rows = counts.map((count, lost) => {
    const expected = (predicted[lost] ?? 0) * total;
    const shown = expected >= 10 ? Math.round(expected).toLocaleString("en") : expected.toPrecision(3);
    const y = top + 26 + lost * 20;
    return `${textAt(left, y, `${lost}`)}${textAt(left + 150, y, count.toLocaleString("en"), 'text-anchor="end"')}${textAt(left + 270, y, shown, 'text-anchor="end"')}`;
  });
  const head = `${textAt(left, top, "lost", 'font-weight="bold"')}${textAt(left + 150, top, "simulated", 'font-weight="bold" text-anchor="end"')}${textAt(left + 270, top, "predicted", 'font-weight="bold" text-anchor="end"')}`;
  return `<g>${head}${rows.join("")}</g>`;
}
