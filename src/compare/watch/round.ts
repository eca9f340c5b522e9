/** Judges what the sources of one round said: which of it is the truth, and who contradicts whom. */
import type { ProbeOutcome } from "../../availability/outcome.ts";
import type { Hex } from "../../base/bytes.ts";
import { typeName } from "../../dns/codes.ts";
import { formatRdata } from "../../dns/rdataText.ts";
import { decodeRRset } from "../../protocol/rrset.ts";
import { judge } from "../../simulation/judge.ts";
import { answerHash, DISAGREEMENTS, type DisagreementEntry, NOTHING } from "./sample.ts";
import type { Saying } from "./sources.ts";

/** The last thing told on good evidence about a name. */
export interface Truth {
  readonly value: Hex | null;
  readonly block: bigint;
  /** When it was told, on the monotonic clock. */
  readonly atMs: number;
}

const isTold = ({ outcome }: Saying) => outcome === "answered" || outcome === "absent";
const isVerified = (saying: Saying) => isTold(saying) && saying.evidence !== "none";

/** The newest verified saying of a round; `undefined` where nobody brought evidence. */
export function truthOf(sayings: Iterable<Saying>, atMs: number): Truth | undefined {
  let best: Truth | undefined;
  for (const saying of sayings) {
    // What a cache kept may be older than what another path tells now.
    if (!isVerified(saying) || saying.via?.startsWith("cache")) continue;
    const block = saying.block?.number ?? 0n;
    if (best === undefined || block > best.block) best = { value: saying.value, block, atMs };
  }
  return best;
}

/**
 * The outcome a sample gets: a value or absence that contradicts the truth is `wrong`, whatever the source thought of it. Absence
 * that nobody proved is what an outage or a hijack looks like: without a truth that says so, it is no answer.
 *
 * @param comparesAnswers Whether different data contradicts; absence is held against the truth either way.
 */
export function outcomeOf(
  saying: Saying,
  truth: { readonly value: Hex | null } | undefined,
  comparesAnswers = true,
): ProbeOutcome {
  if (!isTold(saying)) return saying.outcome;
  const isComparable = comparesAnswers || (saying.value === null && truth?.value === null);
  if (truth !== undefined && isComparable) return judge(saying, truth.value);
  return saying.outcome === "absent" && saying.evidence === "none" ? "unproven" : saying.outcome;
}

/** What is known of a record without anybody telling it in this round. */
export interface Known {
  readonly value: Hex | null;
  /** How it is known, in two words. */
  readonly from: string;
}

export interface Contradiction {
  readonly kind: DisagreementEntry["kind"];
  readonly sides: readonly { readonly source: string; readonly said: string }[];
}

function contradiction(
  kind: Contradiction["kind"],
  sides: readonly { readonly source: string; readonly said: string }[],
): Contradiction[] {
  return new Set(sides.map(({ said }) => said)).size > 1 ? [{ kind, sides }] : [];
}

/** Data told by a source, without TTLs and in order. */
export interface Content {
  /** For people, and comparable across sources. */
  readonly text: string;
  readonly hash: string;
  /** How many resource records it holds; `undefined` for what is no set of them. */
  readonly records: number | undefined;
}

const content = (text: string, records?: number): Content => ({ text, hash: answerHash(text), records });

function readContent(value: Hex | null, isRRset: boolean): Content {
  if (value === null) return content(NOTHING);
  if (!isRRset) return content(value);
  try {
    const { type, rdatas } = decodeRRset(value);
    const texts = rdatas.map((rdata) => formatRdata(type, rdata)).sort();
    return content(`${typeName(type)} ${texts.join(", ")}`, rdatas.length);
  } catch {
    return content(value);
  }
}

/**
 * Reads what a round's sources told. Most tell the same bytes, which are read once.
 *
 * @param isRRset Whether it is a record of DNS; what others hold may look like one.
 */
export function createContents(isRRset = true): (value: Hex | null) => Content {
  const known = new Map<Hex | null, Content>();
  return (value) => {
    const read = known.get(value) ?? readContent(value, isRRset);
    known.set(value, read);
    return read;
  };
}

/** What was told and not taken: each endpoint once however many sources asked it, or the source where nobody is named. */
function rejections(sayings: Iterable<readonly [string, Saying]>): Contradiction[] {
  const sides = new Map<string, string>();
  for (const [source, { rejected = [], outcome, detail }] of sayings) {
    for (const one of rejected) sides.set(one.endpoint, `${one.outcome}: ${one.reason}`);
    const isRejected = outcome === "wrong" || outcome === "stale";
    if (isRejected && rejected.length === 0)
      sides.set(source, detail === undefined ? outcome : `${outcome}: ${detail}`);
  }
  if (sides.size === 0) return [];
  return [{ kind: "rejected", sides: [...sides].map(([source, said]) => ({ source, said })) }];
}

/**
 * Where the sources contradict each other, and who told what verification did not take. Sources that failed say nothing; cached answers may lag by their TTL and are left
 * out. Serials are compared among servers of the same zone, so mirrors (which serve another zone) only with each other.
 *
 * @param known What is known from elsewhere, for rounds in which nothing is verified.
 */
export function contradictionsOf(
  sayings: ReadonlyMap<string, Saying>,
  comparesAnswers: boolean,
  zoneOf: (source: string) => string,
  known?: Known,
  contentOf = createContents(),
): Contradiction[] {
  const answers = [...sayings]
    .filter(([, saying]) => isTold(saying) && !saying.via?.startsWith("cache"))
    .map(([source, saying]) => ({ source, said: contentOf(saying.value).text }));
  if (known !== undefined && truthOf(sayings.values(), 0) === undefined) {
    answers.push({ source: known.from, said: contentOf(known.value).text });
  }
  const zones = new Map<string, { source: string; said: string }[]>();
  for (const [source, { serial }] of sayings) {
    if (serial === undefined) continue;
    const zone = zoneOf(source);
    zones.set(zone, [...(zones.get(zone) ?? []), { source, said: String(serial) }]);
  }
  return [
    ...(comparesAnswers ? contradiction("answer", answers) : []),
    ...[...zones.values()].flatMap((sides) => contradiction("serial", sides)),
    ...rejections(sayings),
  ];
}

export interface AlertTracker {
  /**
   * Takes a round's contradictions; returns what was newly raised or cleared.
   *
   * @param subject The name and the record: another record's rounds neither confirm nor clear anything.
   */
  note(
    subject: string,
    contradictions: readonly Contradiction[],
  ): readonly (Contradiction & Pick<DisagreementEntry, "state">)[];
  /** Disagreements that hold now. */
  readonly open: ReadonlyMap<string, Contradiction>;
  readonly raisedCount: number;
}

/** Raises what several rounds in a row contradict, so that a change on its way to everybody is no alarm. */
export function createAlertTracker(confirmRounds: number): AlertTracker {
  const runs = new Map<string, number>();
  const open = new Map<string, Contradiction>();
  let raisedCount = 0;
  return {
    open,
    get raisedCount() {
      return raisedCount;
    },
    note(subject, contradictions) {
      const out: (Contradiction & Pick<DisagreementEntry, "state">)[] = [];
      for (const kind of DISAGREEMENTS) {
        const key = `${subject} ${kind}`;
        const found = contradictions.find((one) => one.kind === kind);
        if (found === undefined) {
          runs.delete(key);
          const before = open.get(key);
          if (open.delete(key)) out.push({ ...before!, state: "cleared" });
          continue;
        }
        const count = (runs.get(key) ?? 0) + 1;
        runs.set(key, count);
        if (count < confirmRounds || open.has(key)) continue;
        open.set(key, found);
        raisedCount += 1;
        out.push({ ...found, state: "raised" });
      }
      return out;
    },
  };
}
