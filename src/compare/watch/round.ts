/** Judges what the sources of one round said: which of it is the truth, and who contradicts whom. */
import type { Outcome } from "../../availability/outcome.ts";
import type { Hex } from "../../base/bytes.ts";
import { typeName } from "../../dns/codes.ts";
import { formatRdata } from "../../dns/rdataText.ts";
import { decodeRRset } from "../../protocol/rrset.ts";
import { judge } from "../../simulation/judge.ts";
import { type DisagreementEntry, NOTHING } from "./sample.ts";
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

/** The outcome a sample gets: a value or absence that contradicts the truth is `wrong`, whatever the source thought of it. */
export function outcomeOf(saying: Saying, truth: Truth | undefined): Outcome {
  if (truth === undefined || !isTold(saying)) return saying.outcome;
  return judge(saying, truth.value);
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

/** Data told by a source, for people and comparable across sources: without TTLs, in order. */
function contentOf({ value }: Saying): string {
  if (value === null) return NOTHING;
  try {
    const { type, rdatas } = decodeRRset(value);
    const texts = rdatas.map((rdata) => formatRdata(type, rdata)).sort();
    return `${typeName(type)} ${texts.join(", ")}`;
  } catch {
    return value;
  }
}

/**
 * Where the sources contradict each other. Sources that failed say nothing; cached answers may lag by their TTL and are left
 * out. Serials are compared among servers of the same zone, so mirrors (which serve another zone) only with each other.
 */
export function contradictionsOf(
  sayings: ReadonlyMap<string, Saying>,
  comparesAnswers: boolean,
  zoneOf: (source: string) => string,
): Contradiction[] {
  const answers = [...sayings]
    .filter(([, saying]) => isTold(saying) && !saying.via?.startsWith("cache"))
    .map(([source, saying]) => ({ source, said: contentOf(saying) }));
  const zones = new Map<string, { source: string; said: string }[]>();
  for (const [source, { serial }] of sayings) {
    if (serial === undefined) continue;
    const zone = zoneOf(source);
    zones.set(zone, [...(zones.get(zone) ?? []), { source, said: String(serial) }]);
  }
  return [
    ...(comparesAnswers ? contradiction("answer", answers) : []),
    ...[...zones.values()].flatMap((sides) => contradiction("serial", sides)),
  ];
}

export interface AlertTracker {
  /** Takes a round's contradictions about a name; returns what was newly raised or cleared. */
  note(
    name: string,
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
    note(name, contradictions) {
      const out: (Contradiction & Pick<DisagreementEntry, "state">)[] = [];
      for (const kind of ["answer", "serial"] as const) {
        const key = `${name} ${kind}`;
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
