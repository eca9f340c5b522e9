/** Latency distributions, as data: how long one exchange takes. */
import { z } from "zod";
import { cosineOfTurns, exp, log } from "../base/elementary.ts";
import type { Random } from "../base/random.ts";

const positive = z.number().positive().finite();

const simple = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant"), ms: z.number().nonnegative().finite() }),
  z.strictObject({ kind: z.literal("uniform"), fromMs: z.number().nonnegative().finite(), toMs: positive }),
  z.strictObject({ kind: z.literal("exponential"), meanMs: positive }),
  /** Right-skewed, as round trips are: given by its median and its 99th percentile. */
  z.strictObject({ kind: z.literal("lognormal"), medianMs: positive, p99Ms: positive }),
]);

export const distributionSchema = z.union([
  simple,
  z.strictObject({
    kind: z.literal("mixture"),
    parts: z
      .array(z.strictObject({ weight: positive, of: simple }))
      .min(1)
      .max(16),
  }),
]);

export type Distribution = z.infer<typeof distributionSchema>;

/** The standard normal's 99th percentile. */
const NORMAL_P99 = 2.326347874040841;

/** One draw from the standard normal distribution. */
export function standardNormal(random: Random): number {
  // Box and Muller; 1 - ratio is never zero.
  return Math.sqrt(-2 * log(1 - random.ratio())) * cosineOfTurns(random.ratio());
}

/**
 * One draw, in milliseconds.
 *
 * @example
 * ```ts
 * drawMs({ kind: "lognormal", medianMs: 20, p99Ms: 120 }, seededRandom(1, "latency"));
 * ```
 */
export function drawMs(distribution: Distribution, random: Random): number {
  switch (distribution.kind) {
    case "constant":
      return distribution.ms;
    case "uniform":
      return distribution.fromMs + (distribution.toMs - distribution.fromMs) * random.ratio();
    case "exponential":
      return -distribution.meanMs * log(1 - random.ratio());
    case "lognormal": {
      const sigma = log(distribution.p99Ms / distribution.medianMs) / NORMAL_P99;
      return distribution.medianMs * exp(sigma * standardNormal(random));
    }
    case "mixture": {
      const total = distribution.parts.reduce((sum, part) => sum + part.weight, 0);
      let left = random.ratio() * total;
      for (const part of distribution.parts) {
        left -= part.weight;
        if (left < 0) return drawMs(part.of, random);
      }
      return drawMs(distribution.parts.at(-1)!.of, random);
    }
  }
}
