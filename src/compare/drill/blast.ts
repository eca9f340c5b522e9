/** Who was hurt by stopped gateways, held against what shuffle sharding predicts. */
import type { Observation } from "../../availability/observation.ts";
import { counted, isRight } from "../../availability/observation.ts";
import { type OverlapShares, predictOverlap } from "../../sharding/fleetOverlap.ts";
import type { Slots } from "../../sharding/shard.ts";

export interface ShardedName {
  readonly name: string;
  readonly slots: Slots;
  /** Physical gateways by zone; 0 where a slot is nobody's. */
  readonly gatewayIds: readonly number[];
}

export interface NameHurt {
  readonly name: string;
  readonly gatewayIds: readonly number[];
  /** How many of its gateways were stopped. */
  readonly stopped: number;
  readonly isPredicted: boolean;
  readonly probes: number;
  readonly failed: number;
}

export interface Blast {
  readonly phase: string;
  readonly attacked: string;
  readonly stoppedGatewayIds: readonly number[];
  /** How many of a name's gateways must answer before the client believes them. */
  readonly needed: number;
  /** Shares of other names that have 0 to 4 gateways in common with the attacked one, virtual and physical. */
  readonly expected: OverlapShares;
  /** Share of other names that lose too many gateways at once, expected of random names. */
  readonly expectedHurtVirtual: number;
  readonly expectedHurtPhysical: number;
  /** The same, of the very names that were probed. */
  readonly predictedHurt: number;
  readonly measuredHurt: number;
  /** Names hurt without having been predicted, and the other way round. */
  readonly unpredicted: readonly string[];
  readonly escaped: readonly string[];
  readonly names: readonly NameHurt[];
}

/** Names that keep fewer than `needed` gateways when `stopped` are stopped. */
export function predictedHits(
  names: readonly ShardedName[],
  stopped: ReadonlySet<number>,
  needed: number,
): ReadonlySet<string> {
  return new Set(names.filter((name) => aliveOf(name, stopped) < needed).map((name) => name.name));
}

function aliveOf(name: ShardedName, stopped: ReadonlySet<number>): number {
  return name.gatewayIds.filter((id) => id !== 0 && !stopped.has(id)).length;
}

export interface BlastParameters {
  readonly phase: string;
  readonly attacked: ShardedName;
  readonly names: readonly ShardedName[];
  readonly table: Uint16Array;
  readonly stopped: ReadonlySet<number>;
  readonly needed: number;
  /** The gateways path's observations of the phase. */
  readonly observations: readonly Observation[];
}

export function blastOf(parameters: BlastParameters): Blast {
  const { attacked, stopped, needed } = parameters;
  const predicted = predictedHits(parameters.names, stopped, needed);
  // Whom the instrument itself failed nobody has hurt.
  const observations = counted(parameters.observations);
  const names = parameters.names.map((name): NameHurt => {
    const mine = observations.filter((observation) => observation.name === name.name);
    return {
      name: name.name,
      gatewayIds: name.gatewayIds,
      stopped: name.gatewayIds.filter((id) => stopped.has(id)).length,
      isPredicted: predicted.has(name.name),
      probes: mine.length,
      failed: mine.filter((observation) => !isRight(observation)).length,
    };
  });
  const others = names.filter((name) => name.name !== attacked.name && name.probes > 0);
  const isHurt = (name: NameHurt) => name.failed > name.probes / 2;
  const share = (count: number) => (others.length === 0 ? 0 : count / others.length);
  const expected = predictOverlap(parameters, attacked.slots);
  // Sharing s of four stopped gateways leaves 4 - s; fewer than `needed` is hurt.
  const tail = (shares: readonly number[]) => shares.slice(4 - needed + 1).reduce((sum, value) => sum + value, 0);
  return {
    phase: parameters.phase,
    attacked: attacked.name,
    stoppedGatewayIds: [...stopped].sort((left, right) => left - right),
    needed,
    expected,
    expectedHurtVirtual: tail(expected.virtual),
    expectedHurtPhysical: tail(expected.physical),
    predictedHurt: share(others.filter((name) => name.isPredicted).length),
    measuredHurt: share(others.filter(isHurt).length),
    unpredicted: names.filter((name) => isHurt(name) && !name.isPredicted).map((name) => name.name),
    escaped: names.filter((name) => name.probes > 0 && name.isPredicted && !isHurt(name)).map((name) => name.name),
    names,
  };
}
