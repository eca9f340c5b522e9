/** Who is hurt by the gateways that are broken now, against who is expected to be. */
import { type NameHurt, predictedHits, type ShardedName } from "../compare/drill/blast.ts";
import type { Words } from "../compare/report/language.ts";
import { shardMap } from "../compare/report/shardMap.ts";
import type { NameView } from "./view.ts";

/** What the page shows, in one language. */
export interface ShardsView {
  readonly says: string;
  /** Markup, everything in it escaped. */
  readonly svg: string;
  readonly hurt: readonly string[];
  readonly predicted: readonly string[];
}

/** How many of a name's gateways must agree before a client believes them without a proof. */
const NEEDED = 2;
/** The map has a column for each name; more would be too thin to see. */
const SHOWN_MAX = 300;

/** `broken` are the ids of gateways that are stopped or killed. */
export function shardsView(
  names: readonly ShardedName[],
  broken: ReadonlySet<number>,
  seen: readonly NameView[],
  words: Words,
): ShardsView {
  const predicted = predictedHits(names, broken, NEEDED);
  const probed = new Map(seen.map((one) => [one.name, one]));
  const fates = names.slice(0, SHOWN_MAX).map((name): NameHurt => {
    const { probes = 0, failed = 0 } = probed.get(name.name) ?? {};
    const stopped = name.gatewayIds.filter((id) => broken.has(id)).length;
    return { ...name, stopped, isPredicted: predicted.has(name.name), probes, failed };
  });
  const hurt = fates.filter(({ probes, failed }) => probes > 0 && failed > probes / 2).map(({ name }) => name);
  const map = { names: fates, stoppedGatewayIds: [...broken].sort((left, right) => left - right) };
  return {
    says: words.blast.mapSays(hurt.length, fates.length),
    svg: shardMap(map, words.blast).text,
    hurt,
    predicted: [...predicted],
  };
}
