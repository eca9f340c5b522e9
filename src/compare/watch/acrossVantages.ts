/**
 * Whether vantage points were told the same of a name. A single one cannot see that it alone is lied to, or served an old zone,
 * where all that it can ask say so alike.
 */
import { answerHash, type DisagreementEntry, type JournalHeader, NOTHING, type Sample } from "./sample.ts";

type Placed<Entry> = Entry & { readonly vantage: string };

/** What one vantage point was told in one round about one record. */
interface View {
  readonly vantage: string;
  readonly at: number;
  readonly round: number;
  readonly name: string;
  readonly type: string | undefined;
  /** Hash of the answer, by path. */
  readonly told: Map<string, string>;
}

interface Settings {
  readonly everyMs: number;
  readonly confirmRounds: number;
}

const HASH_OF_NOTHING = answerHash(NOTHING);
/** A view counts for so many intervals, since names come up at random instants of theirs. */
const FRESH_INTERVALS = 2;
const CONFIRM_ROUNDS_DEFAULT = 2;

/** By vantage point; those whose names may answer every asker differently are left out. */
function settingsOf(headers: readonly JournalHeader[]): ReadonlyMap<string, Settings> {
  const out = new Map<string, Settings>();
  for (const { vantage, settings } of headers) {
    if (settings.comparesAnswers === false) continue;
    const before = out.get(vantage) ?? { everyMs: 0, confirmRounds: 1 };
    const confirmRounds = Number(settings.confirmRounds ?? CONFIRM_ROUNDS_DEFAULT) || 1;
    out.set(vantage, {
      everyMs: Math.max(before.everyMs, Number(settings.everyMs) || 0),
      confirmRounds: Math.max(before.confirmRounds, confirmRounds),
    });
  }
  return out;
}

/** Answers that caches kept may lag behind by their TTL, so the user's own cache says nothing of anybody else. */
const isFresh = ({ path, evidence, ...sample }: Sample) =>
  sample.void === undefined && path !== "policy" && !evidence?.startsWith("cache");

/** The rounds of each record, in order of time. */
function viewsOf(samples: readonly Placed<Sample>[]): Map<string, View[]> {
  const views = new Map<string, View[]>();
  const byRound = new Map<string, View>();
  for (const sample of samples) {
    const { vantage, at, round, name, type, path, answer } = sample;
    if (answer === undefined || !isFresh(sample)) continue;
    const subject = JSON.stringify([name, type]);
    const key = `${round} ${subject}`;
    let view = byRound.get(key);
    if (view === undefined) {
      view = { vantage, at, round, name, type, told: new Map() };
      byRound.set(key, view);
      const mine = views.get(subject);
      if (mine === undefined) views.set(subject, [view]);
      else mine.push(view);
    }
    view.told.set(path, answer);
  }
  return views;
}

/** Whether two vantage points were told different things: by a path that both asked, or by whatever each has. */
function isApart({ told: left }: View, { told: right }: View): boolean {
  const common = [...left.keys()].filter((path) => right.has(path));
  if (common.length > 0) return common.some((path) => left.get(path) !== right.get(path));
  const contentOf = (told: ReadonlyMap<string, string>) => [...new Set(told.values())].sort().join();
  return contentOf(left) !== contentOf(right);
}

function sidesOf(views: readonly View[]): DisagreementEntry["sides"] {
  return views.flatMap(({ vantage, told }) =>
    [...told].map(([path, hash]) => ({
      source: `${vantage} ${path}`,
      said: hash === HASH_OF_NOTHING ? NOTHING : hash,
    })),
  );
}

/** Follows one record through the rounds of all vantage points. */
function compare(
  views: readonly View[],
  settings: ReadonlyMap<string, Settings>,
): readonly Placed<DisagreementEntry>[] {
  const out: Placed<DisagreementEntry>[] = [];
  const latest = new Map<string, View>();
  /** Rounds of each vantage point since they have parted; a change on its way to everybody is no disagreement. */
  const roundsApart = new Map<string, number>();
  let open: Pick<Placed<DisagreementEntry>, "sides" | "vantage"> | undefined;
  for (const view of views) {
    latest.set(view.vantage, view);
    const fresh = [...latest.values()].filter(
      ({ vantage, at }) => view.at - at <= FRESH_INTERVALS * settings.get(vantage)!.everyMs,
    );
    const { at, round, name, type } = view;
    const entry = { at, round, name, ...(type === undefined ? {} : { type }), kind: "vantage" as const };
    if (!fresh.some((one) => fresh.some((other) => isApart(one, other)))) {
      roundsApart.clear();
      // One that is left alone contradicts nobody, and confirms nothing either.
      if (open !== undefined && fresh.length > 1) {
        out.push({ ...entry, ...open, state: "cleared" });
        open = undefined;
      }
      continue;
    }
    roundsApart.set(view.vantage, (roundsApart.get(view.vantage) ?? 0) + 1);
    const isConfirmed = fresh.every(
      ({ vantage }) => (roundsApart.get(vantage) ?? 0) >= settings.get(vantage)!.confirmRounds,
    );
    if (open !== undefined || !isConfirmed) continue;
    open = {
      sides: sidesOf(fresh),
      vantage: fresh
        .map(({ vantage }) => vantage)
        .sort()
        .join(", "),
    };
    out.push({ ...entry, ...open, state: "raised" });
  }
  return out;
}

/**
 * Where vantage points were told different things about a record, for as many rounds of each as the watch was set to confirm. Expects
 * samples in order of time, with rounds that no two runs share; samples without a hash of their answer are left out.
 */
export function vantageDisagreements(
  headers: readonly JournalHeader[],
  samples: readonly Placed<Sample>[],
): readonly Placed<DisagreementEntry>[] {
  const settings = settingsOf(headers);
  if (settings.size < 2) return [];
  const compared = samples.filter(({ vantage }) => settings.has(vantage));
  return [...viewsOf(compared).values()].flatMap((views) => compare(views, settings));
}
