/** Outages as a path lived through them: when each began and ended, how long repair took, how far apart they lay. */
import { isRight, type Observation } from "./observation.ts";

export interface Episode {
  /** Begin of the first failed probe. */
  readonly startMs: number;
  /** Begin of the first right probe afterwards; `null` where the run ended first. */
  readonly endMs: number | null;
  readonly failedProbes: number;
}

export interface EpisodeOptions {
  /** Length of a bin. */
  readonly binMs: number;
  /** A bin is down when at least this share of its probes failed; 0.51 is ICANN's rule for name servers. */
  readonly downShare?: number;
}

/** Outages of one path, from its observations in order of time. */
export function outageEpisodes(observations: readonly Observation[], options: EpisodeOptions): Episode[] {
  const downShare = options.downShare ?? 0.51;
  const bins = new Map<number, Observation[]>();
  for (const observation of observations) {
    const bin = Math.floor(observation.atMs / options.binMs);
    bins.set(bin, [...(bins.get(bin) ?? []), observation]);
  }
  const episodes: Episode[] = [];
  let open: { startMs: number; failedProbes: number } | undefined;
  for (const [, bin] of [...bins].sort(([left], [right]) => left - right)) {
    const failures = bin.filter((observation) => !isRight(observation));
    if (failures.length / bin.length >= downShare) {
      open ??= { startMs: failures[0]!.atMs, failedProbes: 0 };
      open.failedProbes += failures.length;
    } else if (open) {
      episodes.push({ ...open, endMs: bin.find(isRight)!.atMs });
      open = undefined;
    }
  }
  if (open) episodes.push({ ...open, endMs: null });
  return episodes;
}

export interface RepairTimes {
  /** Mean time to repair, over outages that ended; `null` where none did. */
  readonly mttrMs: number | null;
  /** Mean time between the starts of outages; `null` below two. */
  readonly mtbfMs: number | null;
  /** The longest outage; one that the run's end cut off counts up to there. `null` without any. */
  readonly longestMs: number | null;
  /** All outages together, up to the run's end. */
  readonly downMs: number;
}

/** `untilMs`: the run's end. */
export function repairTimes(episodes: readonly Episode[], untilMs: number): RepairTimes {
  const lasted = episodes.map(({ startMs, endMs }) => (endMs ?? untilMs) - startMs);
  const lengths = episodes.flatMap((episode) => (episode.endMs === null ? [] : [episode.endMs - episode.startMs]));
  const gaps = episodes.slice(1).map((episode, index) => episode.startMs - episodes[index]!.startMs);
  const mean = (values: readonly number[]) =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    mttrMs: mean(lengths),
    mtbfMs: mean(gaps),
    longestMs: lasted.length === 0 ? null : Math.max(...lasted),
    downMs: lasted.reduce((sum, lastedMs) => sum + lastedMs, 0),
  };
}
