/** The faults of a scenario, looked up by endpoint, name, vantage point and time. */
import { SIGNATURE_QUORUM } from "../client/paths/signatureVote.ts";
import { assertFaultsHit } from "./aim.ts";
import type { Fault, FaultEffect } from "./fault.ts";
import { phaseSpans, type Scenario } from "./scenario.ts";
import { sheddingRatio } from "./shedding.ts";
import { type Endpoint, endpointsOf, machinesOfName, type Topology } from "./topology.ts";

/** What an endpoint says when it says anything; the network decides whether and when that arrives. */
export type Behaviour = "honest" | "servfail" | "nxdomain" | "empty" | "wrong" | "stale" | "limited";

/** How an endpoint stands towards one name, seen from one vantage point, in one phase. */
export interface Condition {
  readonly behaviour: Behaviour;
  /** Takes queries and never answers, or drips without end. */
  readonly silent: boolean;
  readonly refused: boolean;
  /** Share of exchanges lost. */
  readonly loss: number;
  readonly addedMs: number;
  /** Share of queries turned away as too many. */
  readonly limitedRatio: number;
}

export const HEALTHY: Condition = {
  behaviour: "honest",
  silent: false,
  refused: false,
  loss: 0,
  addedMs: 0,
  limitedRatio: 0,
};

/** How often clients of the world at large try a server that does not answer. */
const TRIES_OF_THE_WORLD = 3;

interface PlacedFault {
  readonly effect: FaultEffect;
  /** Names below this number are hit. */
  readonly namesBelow: number;
  readonly vantages: ReadonlySet<string> | undefined;
}

export interface FaultPlan {
  readonly spans: ReturnType<typeof phaseSpans>;
  /** Index into `spans` of the phase at this time; the last one after the end. */
  phaseAt(atMs: number): number;
  condition(phase: number, endpoint: number, vantage: string, name: number): Condition;
  /**
   * Whether the phase's faults are expected to hurt this name: where gateways are hit, whether fewer than two of its own
   * are spared; otherwise whether it is among the names for which the faults show.
   */
  isHit(phase: number, name: number): boolean;
}

/** Endpoints that a fault hits, in order. */
function hitBy(fault: Fault, topology: Topology): readonly number[] {
  const all = endpointsOf(topology, fault.on);
  return all.slice(0, Math.ceil(fault.share * all.length));
}

/** Throws `FaultHitsNobodyError` where a fault would hit nobody; what is done to TCP alone no simulated client can notice. */
export function assertPlannable(scenario: Scenario, topology: Topology): void {
  const isUnseen = ({ on }: Fault) => on.path === "dns" && on.transport === "tcp";
  assertFaultsHit(scenario, (fault) => (isUnseen(fault) ? 1 : hitBy(fault, topology).length));
}

/** Throws `FaultHitsNobodyError`. */
export function planFaults(scenario: Scenario, topology: Topology): FaultPlan {
  assertPlannable(scenario, topology);
  const spans = phaseSpans(scenario);
  const faults = spans.map(({ phase }) => {
    const byEndpoint: PlacedFault[][] = topology.endpoints.map(() => []);
    for (const fault of phase.faults) {
      const placed: PlacedFault = {
        effect: fault.effect,
        namesBelow: Math.ceil(fault.names * topology.nameCount),
        vantages: fault.from === undefined ? undefined : new Set(fault.from),
      };
      for (const index of hitBy(fault, topology)) byEndpoint[index]?.push(placed);
    }
    return byEndpoint;
  });
  const hitBelow = faults.map((byEndpoint) => Math.max(0, ...byEndpoint.flat().map(({ namesBelow }) => namesBelow)));
  const hitsGateways = spans.map(({ phase }) => phase.faults.some((fault) => fault.on.path === "gateways"));
  const isSound = (phase: number, machine: number, name: number) =>
    (faults[phase]?.[topology.machines[machine]!] ?? []).every((fault) => name >= fault.namesBelow);
  const known = new Map<string, Condition>();
  return {
    spans,
    phaseAt: (atMs) => {
      const at = spans.findIndex((span) => atMs < span.toMs);
      return at === -1 ? spans.length - 1 : at;
    },
    isHit(phase, name) {
      if (hitsGateways[phase] !== true) return name < (hitBelow[phase] ?? 0);
      return (
        machinesOfName(topology, name).filter((machine) => isSound(phase, machine, name)).length < SIGNATURE_QUORUM
      );
    },
    condition(phase, endpoint, vantage, name) {
      const placed = faults[phase]?.[endpoint] ?? [];
      if (placed.length === 0 && topology.endpoints[endpoint]!.loadPerSecond === 0) return HEALTHY;
      const shown = placed.map(
        (fault) => name < fault.namesBelow && (fault.vantages === undefined || fault.vantages.has(vantage)),
      );
      const key = `${phase}/${endpoint}/${shown.map(Number).join("")}`;
      let condition = known.get(key);
      if (condition === undefined) {
        condition = conditionOf(
          topology.endpoints[endpoint]!,
          placed.filter((_, index) => shown[index]).map((fault) => fault.effect),
          placed.map((fault) => fault.effect),
        );
        known.set(key, condition);
      }
      return condition;
    },
  };
}

/** `effects` show for the name; `all`, those of other names included, put load on the endpoint. */
function conditionOf(endpoint: Endpoint, effects: readonly FaultEffect[], all: readonly FaultEffect[]): Condition {
  let condition = HEALTHY;
  for (const effect of effects) condition = withEffect(condition, effect, endpoint);
  let floodPerSecond = 0;
  let retryFactor = 1;
  for (const effect of all) {
    if (effect.kind === "flood") floodPerSecond += effect.perSecond;
    if (effect.kind === "slow") retryFactor = Math.max(retryFactor, effect.retryFactor);
  }
  const { capacityPerSecond, loadPerSecond } = endpoint;
  const shed = sheddingRatio({
    capacityPerSecond,
    loadPerSecond,
    floodPerSecond,
    retryFactor,
    tries: TRIES_OF_THE_WORLD,
  });
  return shed === 0 ? condition : { ...condition, loss: 1 - (1 - condition.loss) * (1 - shed) };
}

function withEffect(condition: Condition, effect: FaultEffect, endpoint: Endpoint): Condition {
  switch (effect.kind) {
    case "silent":
    case "drip":
      return { ...condition, silent: true };
    case "refused":
      return { ...condition, refused: true };
    case "slow":
      return { ...condition, addedMs: condition.addedMs + effect.addedMs };
    case "loss":
      return { ...condition, loss: 1 - (1 - condition.loss) * (1 - effect.ratio) };
    case "rateLimit":
      return { ...condition, limitedRatio: Math.max(0, 1 - effect.perSecond / Math.max(1, endpoint.loadPerSecond)) };
    case "flood":
      return condition;
    default:
      return { ...condition, behaviour: effect.kind };
  }
}
