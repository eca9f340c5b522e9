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

/** Answers that caches kept may lag behind by their TTL, so the user's own cache says nothing of anybody else. */
const isFresh = ({ path, evidence, ...sample }: Sample) =>
  sample.void === undefined && path !== "policy" && !evidence?.startsWith("cache");

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

/** What is known of one record while the rounds of all vantage points go by. */
interface Followed {
  readonly latest: Map<string, View>;
  /** Rounds of each vantage point since they have parted; a change on its way to everybody is no disagreement. */
  readonly roundsApart: Map<string, number>;
  open: Pick<Placed<DisagreementEntry>, "sides" | "vantage"> | undefined;
}

/** Takes the next view of a record; returns what that raises or clears. */
function follow(
  followed: Followed,
  view: View,
  settings: ReadonlyMap<string, Settings>,
): Placed<DisagreementEntry> | undefined {
  const { latest, roundsApart, open } = followed;
  latest.set(view.vantage, view);
  const fresh = [...latest.values()].filter(
    ({ vantage, at }) => view.at - at <= FRESH_INTERVALS * settings.get(vantage)!.everyMs,
  );
  const { at, round, name, type } = view;
  const entry = { at, round, name, ...(type === undefined ? {} : { type }), kind: "vantage" as const };
  if (!fresh.some((one) => fresh.some((other) => isApart(one, other)))) {
    roundsApart.clear();
    // One that is left alone contradicts nobody, and confirms nothing either.
    if (open === undefined || fresh.length < 2) return undefined;
    followed.open = undefined;
    return { ...entry, ...open, state: "cleared" };
  }
  roundsApart.set(view.vantage, (roundsApart.get(view.vantage) ?? 0) + 1);
  const isConfirmed = fresh.every(
    ({ vantage }) => (roundsApart.get(vantage) ?? 0) >= settings.get(vantage)!.confirmRounds,
  );
  if (open !== undefined || !isConfirmed) return undefined;
  const vantages = fresh.map(({ vantage }) => vantage).sort();
  followed.open = { sides: sidesOf(fresh), vantage: vantages.join(", ") };
  return { ...entry, ...followed.open, state: "raised" };
}

/** Probes of a round begin together: after so long nothing is added to one. */
const ROUND_MS = 5_000;

/** Finds where vantage points were told different things, while their samples go by in order of time. */
export interface VantageComparer {
  /** Expects rounds that no two runs share; samples without a hash of their answer are left out. */
  sample(sample: Sample, header: JournalHeader): void;
  /** Says that there are no more. */
  end(): void;
}

/**
 * Compares what vantage points were told of each record, for as many rounds of each as the watch was set to confirm. Its memory grows
 * with the records and the vantage points, not with time.
 */
export function createVantageComparer(onEntry: (entry: Placed<DisagreementEntry>) => void): VantageComparer {
  const headers = new Set<JournalHeader>();
  /** Those whose names may answer every asker differently are left out. */
  const settings = new Map<string, Settings>();
  const records = new Map<string, Followed>();
  /** Views that may still grow, the oldest first. */
  const growing = new Map<string, View>();
  const learn = (header: JournalHeader) => {
    if (headers.has(header)) return;
    headers.add(header);
    const { vantage, settings: own } = header;
    if (own.comparesAnswers === false) return;
    const before = settings.get(vantage) ?? { everyMs: 0, confirmRounds: 1 };
    const confirmRounds = Number(own.confirmRounds ?? CONFIRM_ROUNDS_DEFAULT) || 1;
    settings.set(vantage, {
      everyMs: Math.max(before.everyMs, Number(own.everyMs) || 0),
      confirmRounds: Math.max(before.confirmRounds, confirmRounds),
    });
  };
  const settle = (untilMs: number) => {
    for (const [key, view] of growing) {
      if (view.at > untilMs) return;
      growing.delete(key);
      const subject = JSON.stringify([view.name, view.type]);
      const followed = records.get(subject) ?? { latest: new Map(), roundsApart: new Map(), open: undefined };
      records.set(subject, followed);
      const entry = follow(followed, view, settings);
      if (entry !== undefined) onEntry(entry);
    }
  };
  return {
    sample(sample, header) {
      learn(header);
      settle(sample.at - ROUND_MS);
      const { at, round, name, type, path, answer } = sample;
      const { vantage } = header;
      if (answer === undefined || !settings.has(vantage) || !isFresh(sample)) return;
      const key = JSON.stringify([round, name, type]);
      const view = growing.get(key) ?? { vantage, at, round, name, type, told: new Map() };
      growing.set(key, view);
      view.told.set(path, answer);
    },
    end: () => settle(Number.POSITIVE_INFINITY),
  };
}
