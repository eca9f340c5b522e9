/** What a live drill says of itself, as far as its simulated twin needs it. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { BaseError, messageOf } from "../base/errors.ts";

export class UnreadableSummaryError extends BaseError {
  override readonly name = "Simulation.UnreadableSummaryError";
  constructor(path: string, reason: string) {
    super("SIMULATION_UNREADABLE_SUMMARY", `${path} is no summary of a drill: ${reason}.`, {
      metaMessages: ["`holdfast drill NAME --json` prints one, and the drill's report has it as summary.json."],
    });
  }
}

const count = z.number().int().nonnegative();

const summarySchema = z.object({
  scenario: z.string(),
  /** Facts about the run; of these, how many `Gateways` there were, and the `Seed` by which slots were placed. */
  provenance: z.record(z.string(), z.string()).default({}),
  /** Which gateways were attacked. */
  blasts: z.array(z.object({ phase: z.string(), stoppedGatewayIds: z.array(count) })).default([]),
  phases: z.array(
    z.object({
      id: z.string(),
      paths: z.record(
        z.string(),
        z
          .object({ probes: count, right: count })
          .refine(({ probes, right }) => right <= probes, "more right than probed"),
      ),
    }),
  ),
});

/** The parts of a drill's summary that its twin is made from and held against. */
export type DrillSummary = z.infer<typeof summarySchema>;

/** The summary in a file. Throws `UnreadableSummaryError`, which says what is wrong with it. */
export function readDrillSummary(path: string): DrillSummary {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UnreadableSummaryError(path, messageOf(error));
  }
  const parsed = summarySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UnreadableSummaryError(path, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "malformed"}`);
}
