/** How a chart tells its series apart without colour: by dash and by mark, so that two dozen differ; colours repeat before that. */
import { at } from "./markup.ts";

/** `stroke-dasharray` of each dash; the empty one is a solid line. */
export const DASHES: readonly string[] = ["2 3", "7 3", "9 3 2 3", "", "1 4", "12 4"];

/** Marks on the line: none, a circle, a square, a triangle; each around a point, as path data. */
const MARKS: readonly ((x: number, y: number) => string)[] = [
  () => "",
  (x, y) => `M${at(x - 3.5)},${at(y)}a3.5,3.5 0 1 0 7,0a3.5,3.5 0 1 0 -7,0Z`,
  (x, y) => `M${at(x - 3)},${at(y - 3)}h6v6h-6Z`,
  (x, y) => `M${at(x)},${at(y - 4)}l4,7h-8Z`,
];

const COLOURS = 8;
/** As many series as differ; more begin again. */
export const SERIES_MAX: number = DASHES.length * MARKS.length;

/** The class of a series, by its place among them. */
export function seriesClass(index: number): string {
  return `s${index % SERIES_MAX}`;
}

/** Path data of a series' marks at these points; empty for the first ones, which differ by their dashes. */
export function marksOf(index: number, points: readonly (readonly [x: number, y: number])[]): string {
  const mark = MARKS[Math.floor((index % SERIES_MAX) / DASHES.length)]!;
  return points.map(([x, y]) => mark(x, y)).join("");
}

/** The rules of all classes. */
export const SERIES_STYLE: string = Array.from({ length: SERIES_MAX }, (_, index) => {
  const [own, colour, dash] = [`s${index}`, `var(--c${index % COLOURS})`, DASHES[index % DASHES.length]!];
  const dashed = dash === "" ? "" : `.line.${own}{stroke-dasharray:${dash}}`;
  return `.${own} .line,.line.${own}{stroke:${colour}}.${own} .area,.marks.${own}{fill:${colour}}${dashed}`;
}).join("\n");
