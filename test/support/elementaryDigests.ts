/** What the elementary functions return for many arguments, as digests, for machines to be held against one another. */
import { createHash } from "node:crypto";
import { cosineOfTurns, exp, expm1, log, log1p, power } from "../../src/base/elementary.ts";
import { seededRandom } from "../../src/base/random.ts";

const COUNT = 20_000;

/** Arguments from `low` to `high`, the same on every machine. */
export function argumentsBetween(low: number, high: number): Float64Array {
  const random = seededRandom(1, "elementary");
  return Float64Array.from({ length: COUNT }, () => low + (high - low) * random.ratio());
}

export function elementaryDigests(): string[] {
  const values = [
    argumentsBetween(-20, 20).map(exp),
    argumentsBetween(-1, 1).map(expm1),
    argumentsBetween(0, 1000).map(log),
    argumentsBetween(-1, 1).map(log1p),
    argumentsBetween(0, 1).map(cosineOfTurns),
    argumentsBetween(0, 1).map((x) => power(100_001, x)),
  ];
  return values.map((list) => createHash("sha256").update(new Uint8Array(list.buffer)).digest("hex").slice(0, 16));
}

/** What every machine returns; where one of these differs, the simulator's output does too. */
export const ELEMENTARY_DIGESTS: readonly string[] = [
  "0378d881b800be79",
  "bb8ff4aa705b9805",
  "9ee6cf615921840b",
  "ac3492469adce01d",
  "0f438400b6f59f95",
  "414f8dfec38c21b7",
];
