/**
 * Outages as they were lived through: when each began and ended, how long repair took, how far apart they lay.
 *
 * Every series (a name seen from a vantage point) is followed by itself. The time between two probes of it is down where the
 * first of them failed, and up where it was right. Time in which nobody looked is neither: a longer silence ends what is known.
 */
import { exponentialMean, type Interval, poissonMean } from "./interval.ts";
import { isRight, type Observation } from "./observation.ts";

/** An outage of one path: of all names that failed from about the same time on, at one vantage point. */
export interface Episode {
  /** Begin of the first failed probe. */
  readonly startMs: number;
  /** Begin of the last name's first right probe afterwards; `null` where a name was not seen to come back. */
  readonly endMs: number | null;
  /** Begin of the last failed probe. */
  readonly lastFailedMs: number;
  readonly failedProbes: number;
  /** Whether a right probe came before; without one it may have begun earlier. */
  readonly startKnown: boolean;
  readonly vantage?: string;
  /** How many names failed; 0 where a path is taken as a whole. */
  readonly nameCount: number;
  /** The first few of them. */
  readonly names: readonly string[];
}

export interface RepairTimes {
  /** Outages, name by name, those seen in part included. */
  readonly outages: number;
  /** Of these, how many are known by a single failed probe. */
  readonly lone: number;
  /** Of these, how many were not seen to end: the run did first, or the instrument fell silent. */
  readonly open: number;
  /**
   * Mean time to repair: all time down over the outages that ended, so that those still open make it longer; `null` where
   * none ended.
   */
  readonly mttrMs: number | null;
  /**
   * With 95 % confidence, where times are exponential. Outages told as one episode count as one: names that fail together are no
   * more to go by than one of them.
   */
  readonly mttrMsInterval: Interval | null;
  /** Mean time between failures: all time observed over the outages seen to begin; `null` where none was. */
  readonly mtbfMs: number | null;
  readonly mtbfMsInterval: Interval | null;
  /** The longest outage as far as it was seen; `null` without any. */
  readonly longestMs: number | null;
  /** Whether the longest was not seen whole, and lasted longer. */
  readonly longestOpen: boolean;
  /** All time down, name by name. */
  readonly downMs: number;
  /** All time observed, name by name, silences aside. */
  readonly observedMs: number;
}

export interface Outages {
  /** In order of time; of very many, those with the most failed probes. */
  readonly episodes: readonly Episode[];
  /** How many there were. */
  readonly episodeCount: number;
  readonly repair: RepairTimes;
}

export interface OutageLedger {
  /** One probe; those of a name and vantage point in order of time. */
  note(probe: OutageProbe): void;
  /** `untilMs`: the run's end. */
  outages(untilMs: number): Outages;
}

export interface OutageProbe {
  readonly atMs: number;
  readonly isRight: boolean;
  /** Empty where the path is taken as a whole. */
  readonly name: string;
  readonly vantage?: string | undefined;
  /** How many failed probes this one stands for. */
  readonly failedProbes?: number;
  /**
   * A longer time without a probe of this series is a silence. Outages that begin within it of each other are told as one,
   * where one in twenty at least of the path's probes since failed: names that fail here and there have nothing in common.
   */
  readonly silenceMs: number;
}

/** More episodes than these are cut down to half of them. */
const EPISODES_MAX = 1_000;
const NAMES_MAX = 3;
/** Share of a path's probes that must fail for outages to be told as one. */
const COMMON_SHARE = 0.05;

interface OpenEpisode {
  startMs: number;
  endMs: number;
  lastFailedMs: number;
  failedProbes: number;
  startKnown: boolean;
  vantage?: string;
  nameCount: number;
  names: string[];
  /** Names that have not come back, or were last seen failing. */
  unended: number;
  /** Whether any name was seen to fail after it had been right, or to come back. */
  hasOnset: boolean;
  hasEnd: boolean;
}

interface FollowedSeries {
  lastMs: number;
  silenceMs: number;
  /** The outage it was in last, and whether it still is. */
  episode?: OpenEpisode;
  down: { lastedMs: number; probes: number; readonly startKnown: boolean } | undefined;
}

interface LedgerState {
  readonly followed: Map<string, FollowedSeries>;
  /** The latest episode of each vantage point, and the probes of any name since. */
  readonly latest: Map<string, { readonly episode: OpenEpisode; probes: number; failed: number }>;
  episodes: OpenEpisode[];
  dropped: number;
  outages: number;
  lone: number;
  onsets: number;
  ended: number;
  /** Episodes in which any was. */
  onsetEpisodes: number;
  endedEpisodes: number;
  downMs: number;
  observedMs: number;
  longestMs: number;
  longestOpen: boolean;
}

/** Follows every series of one path, in memory that grows with their number and not with time. */
export function createOutageLedger(): OutageLedger {
  const state: LedgerState = {
    followed: new Map(),
    latest: new Map(),
    episodes: [],
    dropped: 0,
    outages: 0,
    lone: 0,
    onsets: 0,
    ended: 0,
    onsetEpisodes: 0,
    endedEpisodes: 0,
    downMs: 0,
    observedMs: 0,
    longestMs: -1,
    longestOpen: false,
  };
  return {
    note(probe) {
      const key = `${probe.vantage ?? ""}\n${probe.name}`;
      const known = state.followed.get(key);
      const one = known ?? { lastMs: probe.atMs, silenceMs: probe.silenceMs, down: undefined };
      if (known === undefined) state.followed.set(key, one);
      const latest = state.latest.get(probe.vantage ?? "");
      if (latest !== undefined) latest.probes += 1;
      if (latest !== undefined && !probe.isRight) latest.failed += 1;
      const gapMs = Math.max(0, probe.atMs - one.lastMs);
      const isSilent = gapMs > probe.silenceMs;
      if (!isSilent) elapse(state, one, gapMs);
      else if (one.down !== undefined) leave(state, one, undefined);
      one.lastMs = Math.max(one.lastMs, probe.atMs);
      one.silenceMs = probe.silenceMs;
      if (!probe.isRight) fail(state, one, probe, known !== undefined && !isSilent);
      else if (one.down !== undefined) leave(state, one, probe.atMs);
    },
    outages: (untilMs) => sumUp(state, untilMs),
  };
}

function elapse(state: LedgerState, one: FollowedSeries, gapMs: number): void {
  state.observedMs += gapMs;
  if (one.down === undefined) return;
  state.downMs += gapMs;
  one.down.lastedMs += gapMs;
}

/** An outage is over, or nobody saw any more of it (`endMs` is not known): it counts as far as it was seen. */
function leave(state: LedgerState, one: FollowedSeries, endMs: number | undefined): void {
  const { lastedMs, probes, startKnown } = one.down!;
  const isWhole = endMs !== undefined && startKnown;
  if (lastedMs > state.longestMs) [state.longestMs, state.longestOpen] = [lastedMs, !isWhole];
  if (probes === 1) state.lone += 1;
  if (endMs !== undefined) {
    const episode = one.episode!;
    state.ended += 1;
    if (!episode.hasEnd) state.endedEpisodes += 1;
    episode.hasEnd = true;
    episode.unended -= 1;
    episode.endMs = Math.max(episode.endMs, endMs);
  }
  one.down = undefined;
}

function fail(state: LedgerState, one: FollowedSeries, probe: OutageProbe, startKnown: boolean): void {
  if (one.down === undefined) {
    const episode = episodeOf(state, probe, startKnown);
    if (probe.name !== "" && one.episode !== episode) {
      episode.nameCount += 1;
      if (episode.names.length < NAMES_MAX) episode.names.push(probe.name);
    }
    episode.startKnown &&= startKnown;
    episode.unended += 1;
    one.episode = episode;
    one.down = { lastedMs: 0, probes: 0, startKnown };
    state.outages += 1;
    if (startKnown) {
      state.onsets += 1;
      if (!episode.hasOnset) state.onsetEpisodes += 1;
      episode.hasOnset = true;
    }
  }
  const probes = probe.failedProbes ?? 1;
  one.down.probes += probes;
  one.episode!.failedProbes += probes;
  one.episode!.lastFailedMs = Math.max(one.episode!.lastFailedMs, probe.atMs);
}

/** The episode an outage belongs to: the vantage point's latest, where it began about as early. */
function episodeOf(state: LedgerState, { atMs, name, vantage = "", silenceMs }: OutageProbe, startKnown: boolean) {
  const latest = state.latest.get(vantage);
  if (
    latest !== undefined &&
    name !== "" &&
    atMs - latest.episode.startMs <= silenceMs &&
    latest.failed >= COMMON_SHARE * latest.probes
  ) {
    return latest.episode;
  }
  const episode: OpenEpisode = {
    startMs: atMs,
    endMs: atMs,
    lastFailedMs: atMs,
    failedProbes: 0,
    startKnown,
    ...(vantage === "" ? {} : { vantage }),
    nameCount: 0,
    names: [],
    unended: 0,
    hasOnset: false,
    hasEnd: false,
  };
  state.latest.set(vantage, { episode, probes: 1, failed: 1 });
  state.episodes.push(episode);
  if (state.episodes.length > EPISODES_MAX) {
    const most = [...state.episodes].sort((left, right) => right.failedProbes - left.failedProbes);
    const kept = new Set([...most.slice(0, EPISODES_MAX / 2), episode]);
    state.dropped += state.episodes.length - kept.size;
    state.episodes = state.episodes.filter((known) => kept.has(known));
  }
  return episode;
}

function sumUp(state: LedgerState, untilMs: number): Outages {
  for (const one of state.followed.values()) {
    // The state that was seen last holds up to the run's end, unless the series fell silent before.
    const restMs = Math.max(0, untilMs - one.lastMs);
    if (restMs <= one.silenceMs) elapse(state, one, restMs);
    if (one.down !== undefined) leave(state, one, undefined);
  }
  state.followed.clear();
  const { episodes, dropped, outages, lone, onsets, ended, downMs, observedMs, longestMs, longestOpen } = state;
  const mttrMs = ended === 0 ? null : downMs / ended;
  const mtbfMs = onsets === 0 ? null : observedMs / onsets;
  return {
    episodes: episodes.map(({ unended, hasOnset, hasEnd, endMs, ...rest }) => ({
      ...rest,
      endMs: unended > 0 ? null : endMs,
    })),
    episodeCount: episodes.length + dropped,
    repair: {
      outages,
      lone,
      open: outages - ended,
      mttrMs,
      mttrMsInterval: mttrMs === null ? null : exponentialMean(mttrMs, state.endedEpisodes),
      mtbfMs,
      mtbfMsInterval: mtbfMs === null ? null : betweenInterval(mtbfMs, state.onsetEpisodes),
      longestMs: longestMs < 0 ? null : longestMs,
      longestOpen,
      downMs,
      observedMs,
    },
  };
}

/** Of a mean time between failures, of which so many were seen: as much more and less as their number could have been. */
function betweenInterval(mtbfMs: number, count: number): Interval {
  const { low, high } = poissonMean(count);
  return { low: (mtbfMs * count) / high, high: (mtbfMs * count) / low };
}

export interface PathOutageOptions {
  /** Length of a bin. */
  readonly binMs: number;
  /** A bin is down when at least this share of its probes failed; 0.51 is ICANN's rule for name servers. */
  readonly downShare?: number;
  /** A longer time without a probe is a silence. */
  readonly silenceMs?: number;
  /** The run's end. */
  readonly untilMs: number;
}

/** Outages of one path as a whole, names taken together, from its observations in order of time. */
export function pathOutages(observations: readonly Observation[], options: PathOutageOptions): Outages {
  const { binMs, downShare = 0.51, silenceMs = Number.POSITIVE_INFINITY, untilMs } = options;
  const bins = new Map<string, { index: number; seen: Observation[] }>();
  for (const observation of observations) {
    const index = Math.floor(observation.atMs / binMs);
    const key = `${observation.vantage ?? ""}/${index}`;
    const bin = bins.get(key);
    if (bin === undefined) bins.set(key, { index, seen: [observation] });
    else bin.seen.push(observation);
  }
  const ledger = createOutageLedger();
  for (const { seen } of [...bins.values()].sort((left, right) => left.index - right.index)) {
    const failed = seen.filter((observation) => !isRight(observation));
    const isDown = failed.length / seen.length >= downShare;
    const told = isDown ? failed[0]! : seen.find(isRight)!;
    const { atMs, vantage } = told;
    ledger.note({ atMs, vantage, name: "", isRight: !isDown, failedProbes: failed.length, silenceMs });
  }
  return ledger.outages(untilMs);
}
