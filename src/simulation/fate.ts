/** What becomes of one exchange: drawn from the faults, the network and the caches in between, and from nothing else. */
import type { Random } from "../base/random.ts";
import { DnsCaches } from "./dnsCaches.ts";
import type { Behaviour, FaultPlan } from "./faultPlan.ts";
import { type LatencyGrid, latencyGrid } from "./latencyGrid.ts";
import type { Scenario } from "./scenario.ts";
import type { Topology } from "./topology.ts";

/** `staleOld`: from a state older than the scenario's `maxAgeSeconds`; `staleYoung`: not yet. */
export type Manner = Exclude<Behaviour, "stale"> | "staleYoung" | "staleOld";

export interface Fate {
  /** Equal fates have equal ids. */
  readonly id: number;
  /** `never`: lost, or swallowed; `refused`: nobody listens. */
  readonly arrival: "answer" | "never" | "refused";
  readonly manner: Manner;
  /** From question to answer, or to the refusal, in milliseconds; 0 where nothing ever comes. */
  readonly latencyMs: number;
}

/** One exchange that is about to happen. */
export interface Exchange {
  /** Index into the topology's endpoints. */
  readonly endpoint: number;
  /** Index into the topology's vantage points. */
  readonly vantage: number;
  /** The name asked about, by number. */
  readonly name: number;
  /** Since the run's start. */
  readonly atMs: number;
  /** The phase in which the probe began; a probe lives in one phase, as in a live run. */
  readonly phase: number;
}

export interface FateSource {
  draw(exchange: Exchange, random: Random): Fate;
}

/** Every fate met so far, by arrival and manner, then by latency. Ids only tell fates apart; nothing is ordered by them. */
const fates = new Map<string, Map<number, Fate>>();
let fateCount = 0;

function intern(arrival: Fate["arrival"], manner: Manner, latencyMs: number): Fate {
  // A latency is a fraction, whose text would take longer than all the rest.
  const key = `${arrival}/${manner}`;
  let alike = fates.get(key);
  if (alike === undefined) {
    alike = new Map();
    fates.set(key, alike);
  }
  let fate = alike.get(latencyMs);
  if (fate === undefined) {
    fate = { id: fateCount, arrival, manner, latencyMs };
    fateCount += 1;
    alike.set(latencyMs, fate);
  }
  return fate;
}

export function createFateSource(scenario: Scenario, topology: Topology, plan: FaultPlan): FateSource {
  const grids: readonly (readonly LatencyGrid[])[] = topology.endpoints.map((endpoint) =>
    topology.vantages.map((vantage) => latencyGrid(endpoint.latency, vantage.addedLatencyMs)),
  );
  const { cacheTtlSeconds, negativeTtlSeconds } = scenario.topology.dns;
  const caches = new DnsCaches({ ttlMs: cacheTtlSeconds * 1000, negativeTtlMs: negativeTtlSeconds * 1000 });
  const maxAgeMs = scenario.load.maxAgeSeconds * 1000;

  const upstream = (exchange: Exchange, random: Random): Fate => {
    // Always the same number of draws, so that what one exchange meets never shifts the next one's luck.
    const [lossRatio, limitRatio, latencyRatio] = [random.ratio(), random.ratio(), random.ratio()];
    const { phase } = exchange;
    const vantage = topology.vantages[exchange.vantage]!;
    const condition = plan.condition(phase, exchange.endpoint, vantage.id, exchange.name);
    const latencyMs = grids[exchange.endpoint]![exchange.vantage]!.pointOf(latencyRatio);
    if (condition.refused) return intern("refused", "honest", latencyMs);
    if (condition.silent || lossRatio < condition.loss) return intern("never", "honest", 0);
    const afterMs = latencyMs + condition.addedMs;
    if (limitRatio < condition.limitedRatio) return intern("answer", "limited", afterMs);
    if (condition.behaviour !== "stale") return intern("answer", condition.behaviour, afterMs);
    const sinceMs = exchange.atMs - plan.spans[phase]!.fromMs;
    return intern("answer", sinceMs > maxAgeMs ? "staleOld" : "staleYoung", afterMs);
  };

  return {
    draw(exchange, random) {
      const endpoint = topology.endpoints[exchange.endpoint]!;
      if (endpoint.path !== "dns" || !caches.isOn) return upstream(exchange, random);
      const key = `${exchange.vantage}/${endpoint.provider}/${exchange.name}`;
      const cached = caches.get(key, exchange.atMs);
      const fate = upstream(exchange, random);
      if (cached !== undefined) return intern("answer", cached, 1);
      if (fate.arrival === "answer") caches.put(key, fate.manner, exchange.atMs + fate.latencyMs);
      return fate;
    },
  };
}
