/** Reads journals back, of one vantage point or of several. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { BaseError, messageOf } from "../../base/errors.ts";
import { asDisagreement, asSample, type DisagreementEntry, type JournalHeader, type Sample } from "./sample.ts";

export interface JournalContent {
  readonly headers: readonly JournalHeader[];
  readonly samples: readonly (Sample & { readonly vantage: string })[];
  readonly disagreements: readonly (DisagreementEntry & { readonly vantage: string })[];
  /** Lines that are no entry: a torn last one, or damage. */
  readonly unreadable: number;
}

export class UnreadableJournalError extends BaseError {
  override readonly name = "Compare.UnreadableJournalError";
  constructor(path: string, reason: string) {
    super("COMPARE_UNREADABLE_JOURNAL", `The journal ${path} cannot be read: ${reason}.`);
  }
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function asHeader(value: Record<string, unknown>, path: string): JournalHeader | undefined {
  if (value.format !== "holdfast-compare") return undefined;
  if (value.version !== 1) throw new UnreadableJournalError(path, `its version is ${String(value.version)}, not 1`);
  return value as unknown as JournalHeader;
}

/** All entries of some files in order of time. The same file given twice counts once. */
export async function readJournals(paths: readonly string[]): Promise<JournalContent> {
  const headers: JournalHeader[] = [];
  const samples: (Sample & { vantage: string })[] = [];
  const disagreements: (DisagreementEntry & { vantage: string })[] = [];
  let unreadable = 0;
  for (const path of new Set(paths)) {
    let vantage: string | undefined;
    try {
      for await (const line of createInterface({
        input: createReadStream(path),
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        const value = line === "" ? undefined : parseLine(line);
        const header = value && asHeader(value, path);
        if (header !== undefined) {
          headers.push(header);
          vantage = header.vantage;
          continue;
        }
        const sample = value && asSample(value);
        const entry = value && asDisagreement(value);
        if (vantage === undefined) throw new UnreadableJournalError(path, "its first line is no header");
        if (sample !== undefined) samples.push({ ...sample, vantage });
        else if (entry !== undefined) disagreements.push({ ...entry, vantage });
        else unreadable += 1;
      }
    } catch (error) {
      if (error instanceof BaseError) throw error;
      throw new UnreadableJournalError(path, messageOf(error));
    }
  }
  samples.sort((left, right) => left.at - right.at);
  disagreements.sort((left, right) => left.at - right.at);
  return { headers, samples, disagreements, unreadable };
}
