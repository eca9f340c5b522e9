/** The map of gateways by names: whose gateways were stopped, and who was hurt by it. */
import type { Blast } from "../drill/blast.ts";
import type { BlastWords } from "./language.ts";
import { at, type Markup, markup } from "./markup.ts";

const WIDTH = 960;
const LEFT = 110;
const ROW = 16;

const isHurt = ({ probes, failed }: Blast["names"][number]) => probes > 0 && failed > probes / 2;

/** One column a name, one row a gateway; a mark where the gateway serves the name. */
export function shardMap(blast: Pick<Blast, "names" | "stoppedGatewayIds">, words: BlastWords): Markup {
  const ids = [...new Set(blast.names.flatMap((name) => name.gatewayIds))]
    .filter((id) => id !== 0)
    .sort((a, b) => a - b);
  const stopped = new Set(blast.stoppedGatewayIds);
  // Names with the most stopped gateways first, so that the hurt stand together.
  const names = [...blast.names].sort((left, right) => right.stopped - left.stopped);
  const column = (WIDTH - LEFT - 8) / Math.max(names.length, 1);
  const top = 34;
  const bottom = top + ids.length * ROW;
  const x = (index: number) => LEFT + index * column;
  const rows = ids.map((id, row) => {
    const y = top + row * ROW;
    const state = stopped.has(id) ? "stopped" : "serving";
    const marks = names.flatMap((name, index) =>
      name.gatewayIds.includes(id)
        ? [`M${at(x(index))},${at(y + 2)}h${at(column * 0.8)}v${ROW - 4}h${at(-column * 0.8)}z`]
        : [],
    );
    return markup`<text class="lane small" x="${LEFT - 8}" y="${y + 12}">${words.gateway(id)}${stopped.has(id) ? " ✕" : ""}</text><path class="mark ${state}" d="${marks.join("")}"><title>${words.serves(id, stopped.has(id), marks.length)}</title></path>`;
  });
  const groups = [4, 3, 2, 1, 0].flatMap((count) => {
    const first = names.findIndex((name) => name.stopped === count);
    if (first === -1) return [];
    const size = names.filter((name) => name.stopped === count).length;
    const middle = x(first) + (size * column) / 2;
    return [
      markup`<line class="split" x1="${at(x(first))}" x2="${at(x(first))}" y1="${top - 22}" y2="${bottom + 22}"/><text class="tick middle" x="${at(middle)}" y="${top - 10}">${words.group(count, size)}</text>`,
    ];
  });
  const verdicts = names.map((name, index) => {
    const hurt = isHurt(name);
    return markup`<rect class="${hurt ? "hurt" : "spared"}" x="${at(x(index))}" y="${bottom + 6}" width="${at(column * 0.8)}" height="12"><title>${words.fate(name)}</title></rect>`;
  });
  const hurtCount = names.filter(isHurt).length;
  return markup`<svg viewBox="0 0 ${WIDTH} ${bottom + 26}" role="img" aria-label="${words.mapSays(hurtCount, names.length)}"><text class="lane small" x="${LEFT - 8}" y="${bottom + 16}">✕</text>${groups}${rows}${verdicts}</svg>`;
}
