/**
 * What every run is held against, whatever its scenario claims. Safety: something must never happen, under any fault. Liveness:
 * something must happen, once there is nothing in its way.
 */
import type { Hex } from "../base/bytes.ts";
import { SIGNATURE_QUORUM } from "../client/paths/signatureVote.ts";
import type { Resolution } from "../client/resolution.ts";
import { type FaultPlan, HEALTHY } from "./faultPlan.ts";
import type { ProbeResult } from "./probeTree.ts";
import type { Scenario, Service } from "./scenario.ts";
import type { Topology } from "./topology.ts";

export interface SafetyParameters {
  readonly resolution: Resolution;
  /** The record as the chain has it, and as it had it before; both in the form `comparable` gives. */
  readonly truth: string;
  readonly former: string;
  readonly comparable: (value: Hex) => string;
  readonly timeoutMs: number;
  readonly maxAgeSeconds: number;
  readonly queries: number;
  /** The most exchanges that a probe may make. */
  readonly queriesMax: number;
}

/** Sentences about what must never happen and did. */
export function checkSafety(parameters: SafetyParameters): string[] {
  const { resolution, truth, former, comparable, timeoutMs, maxAgeSeconds, queries, queriesMax } = parameters;
  const found: string[] = [];
  const isVerified = resolution.evidence !== "none";
  if (isVerified && resolution.value !== null) {
    const told = comparable(resolution.value);
    if (told !== truth && told !== former) found.push("a forged record was accepted with evidence");
  }
  if (isVerified && resolution.outcome === "absent") found.push("a record that exists was proven absent");
  if (resolution.outcome === "answered" && resolution.value === null) found.push("an answer without a value");
  if (resolution.outcome === "absent" && resolution.trace.every((attempt) => attempt.outcome !== "answered")) {
    found.push("an outage was reported as an absent record");
  }
  if (isVerified && resolution.outcome === "answered" && resolution.ageSeconds > maxAgeSeconds) {
    found.push(`an answer ${Math.round(resolution.ageSeconds)} s old was told as fresh`);
  }
  if (resolution.durationMs > timeoutMs + 1) found.push(`a probe took ${Math.round(resolution.durationMs)} ms`);
  if (queries > queriesMax) found.push(`a probe made ${queries} exchanges`);
  return found;
}

export interface LivenessFinding {
  readonly service: string;
  readonly phase: string;
  readonly name: number;
  readonly atMs: number;
  readonly text: string;
}

export interface LivenessParameters {
  readonly scenario: Scenario;
  readonly topology: Topology;
  readonly plan: FaultPlan;
  readonly service: Service;
  readonly phase: number;
  readonly vantage: string;
  readonly name: number;
  /** Machines of every shard that the client has to ask: the name's own, and before that its bootstrap shard if it is cold. */
  readonly shards: readonly (readonly number[])[];
  readonly outcome: ProbeResult["outcome"];
  readonly atMs: number;
}

/** Why a probe that did not end well should have; `undefined` where something stood in its way. */
export function checkLiveness(parameters: LivenessParameters): LivenessFinding | undefined {
  const { scenario, topology, plan, service, phase, vantage, name } = parameters;
  const isHealthy = (endpoint: number) => plan.condition(phase, endpoint, vantage, name) === HEALTHY;
  const finding = (text: string): LivenessFinding => {
    const { atMs, outcome } = parameters;
    return { service: service.id, phase: scenario.phases[phase]!.id, name, atMs, text: `${text}, yet ${outcome}` };
  };
  const servers = service.dns.flatMap((provider) => topology.dnsServers.get(provider) ?? []);
  // What two gateways or providers agree on within `maxAgeSeconds` counts, though others know better by then.
  if (parameters.outcome === "stale") return undefined;
  // These policies take the first value they are told, and DNS may tell anything.
  if (service.policy !== "verified-first" && !servers.every(isHealthy)) return undefined;
  if (service.gateways) {
    const healthy = parameters.shards.map(
      (shard) => new Set(shard.filter((machine) => isHealthy(topology.machines[machine]!))).size,
    );
    if (healthy.every((count) => count >= SIGNATURE_QUORUM)) return finding("two gateways of the name were well");
  }
  if (service.chain) {
    const providers = topology.rpcProviders.filter((index) => {
      return (service.rpc ?? [topology.endpoints[index]!.provider]).includes(topology.endpoints[index]!.provider);
    });
    if (providers.length > 0 && providers.every(isHealthy)) return finding("all its RPC providers were well");
  }
  // Caches may still hold what a fault has left in them.
  const { cacheTtlSeconds, negativeTtlSeconds } = scenario.topology.dns;
  const isDirect = cacheTtlSeconds === 0 && negativeTtlSeconds === 0;
  if (isDirect && servers.length > 0 && servers.every(isHealthy)) return finding("all its DNS servers were well");
  return undefined;
}
