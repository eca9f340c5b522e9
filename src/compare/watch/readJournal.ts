/** Reads journals back whole, of one vantage point or of several. */
import { createVantageComparer } from "./acrossVantages.ts";
import type { DisagreementEntry, JournalHeader, Sample } from "./sample.ts";
import { visitJournals } from "./visitJournals.ts";

export interface JournalContent {
  readonly headers: readonly JournalHeader[];
  /** In order of time. Rounds are counted anew over all journals, so that two runs' rounds are never taken for one. */
  readonly samples: readonly (Sample & { readonly vantage: string })[];
  /** Those that journals tell of, and those between vantage points. */
  readonly disagreements: readonly (DisagreementEntry & { readonly vantage: string })[];
  /** Lines that are no entry: a torn last one, or damage. */
  readonly unreadable: number;
}

/**
 * All entries of some files in order of time, each once even where a file is given twice, by two names or as a copy.
 * Where several vantage points watched a name, what they were told is compared.
 */
export async function readJournals(paths: readonly string[]): Promise<JournalContent> {
  const samples: (Sample & { vantage: string })[] = [];
  const disagreements: (DisagreementEntry & { vantage: string })[] = [];
  const numbers = new Map<number, number>();
  const numbered = <Entry extends { readonly round: number }>(entry: Entry): Entry => {
    const round = numbers.get(entry.round) ?? numbers.size;
    numbers.set(entry.round, round);
    return { ...entry, round };
  };
  const comparer = createVantageComparer((entry) => disagreements.push(numbered(entry)));
  const { headers, unreadable } = visitJournals(paths, {
    sample: (sample, header) => {
      samples.push({ ...numbered(sample), vantage: header.vantage });
      comparer.sample(sample, header);
    },
    disagreement: (entry, { vantage }) => disagreements.push({ ...numbered(entry), vantage }),
  });
  comparer.end();
  disagreements.sort((left, right) => left.at - right.at);
  return { headers, samples, disagreements, unreadable };
}
