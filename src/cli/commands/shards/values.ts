/** Option values of the shards commands, checked as they are parsed, and figures as they are printed. */
import { InvalidArgumentError } from "commander";

/** A parser of whole numbers from `min` to `max`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** A parser of numbers of at least `min`. */
export function atLeast(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < min) {
      throw new InvalidArgumentError(`It must be a number of at least ${min}.`);
    }
    return value;
  };
}

/** One of a fixed list of words. */
export function oneOf<Word extends string>(...words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new InvalidArgumentError(`It must be one of ${words.join(", ")}.`);
    return found;
  };
}

/** A probability as a person reads it: a percentage, with an exponent where it is small. */
export function percent(ratio: number): string {
  const value = ratio * 100;
  return `${value === 0 ? "0" : value < 0.001 ? value.toExponential(3) : Number(value.toPrecision(5))} %`;
}

/** Lines of columns, the first left-aligned, the others right-aligned. */
export function columnsText(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length))) ?? [];
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  ");
  return rows.map((row) => `  ${line(row).trimEnd()}\n`).join("");
}
