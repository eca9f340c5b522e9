/** A resolution's trace as a timeline: one line for each try, a bar from its start to its end. */
import type { Attempt } from "../../client/resolution.ts";

const BAR_CHARS = 32;
const MARKS: Readonly<Record<string, string>> = { answered: "=", abandoned: "." };

/** The lines of a timeline, earliest try first. Tries that failed are drawn with `x`, those called off with dots. */
export function drawTimeline(trace: readonly Attempt[], durationMs: number): readonly string[] {
  const spanMs = Math.max(1, durationMs, ...trace.map((attempt) => attempt.startedAtMs + attempt.durationMs));
  const column = (ms: number) => Math.min(BAR_CHARS - 1, Math.floor((ms / spanMs) * BAR_CHARS));
  const ordered = [...trace].sort((left, right) => left.startedAtMs - right.startedAtMs);
  const scale = `${"0".padEnd(BAR_CHARS - 7)}${`${spanMs.toFixed(0)} ms`.padStart(7)}`;
  const lines = ordered.map((attempt) => {
    const from = column(attempt.startedAtMs);
    const to = Math.max(from, column(attempt.startedAtMs + attempt.durationMs));
    const mark = MARKS[attempt.outcome] ?? "x";
    const bar = `${" ".repeat(from)}${mark.repeat(to - from + 1)}`.padEnd(BAR_CHARS);
    const took = `${attempt.durationMs.toFixed(0)} ms`.padStart(8);
    const hedge = attempt.hedge ? " (hedge)" : "";
    return `|${bar}| ${took}  ${attempt.path.padEnd(8)} ${attempt.endpoint}${hedge}: ${attempt.outcome}, ${attempt.reason}`;
  });
  return [` ${scale}`, ...lines];
}
