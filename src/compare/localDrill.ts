/** The whole of `holdfast drill`: a local network, a scenario run on it, and the report of what was seen. */
import { counted, type Observation } from "../availability/observation.ts";
import {
  type Cell,
  type ClaimResult,
  cellOf,
  milliseconds,
  observationsIn,
  type Phase,
  percent,
} from "../availability/report.ts";
import type { Clock } from "../base/clock.ts";
import { BaseError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { readDnsRecords, readShardIndices } from "../chain/readRecords.ts";
import { optionsOfProfile } from "../client/profile.ts";
import { gatewaysOfShard, shardOf } from "../directory/directory.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import { namehash } from "../naming/namehash.ts";
import { assertFaultsHit } from "../simulation/aim.ts";
import type { Scenario } from "../simulation/scenario.ts";
import { type Blast, blastOf, predictedHits, type ShardedName } from "./drill/blast.ts";
import { isSimulatedOnly, judgeClaims } from "./drill/claims.ts";
import { type DrillResult, type DrillVantage, runDrill, type ServiceProbe, type Target } from "./drill/drill.ts";
import { observed } from "./drill/judge.ts";
import {
  type NumberedName as DeedName,
  type Faultable,
  type FaultTargets,
  gatewaysHit,
  membersHit,
  namesHit,
  needsProxies,
} from "./local/deeds.ts";
import { createFaultDriver } from "./local/faults.ts";
import { substitutedValue } from "./local/forgery.ts";
import type { LocalNetwork } from "./local/network.ts";
import { profileOf, readDirectory } from "./local/profile.ts";
import { createServiceProbe } from "./local/services.ts";
import { optionsAt, startVantages, type VantageProxies } from "./local/vantages.ts";
import { hostedMember } from "./netns/hostedMember.ts";
import { buildReport, type ReportData } from "./report/data.ts";
import { groupedCells } from "./report/measures.ts";

/** How many of a name's gateways must sign the same before a client believes them. */
const SIGNATURES_NEEDED = 2;

export interface LocalDrillOptions {
  readonly scenario: Scenario;
  readonly network: LocalNetwork;
  readonly clock: Clock;
  readonly random: Random;
  readonly command: string;
  readonly provenance: readonly (readonly [string, string])[];
  /** Lines as the drill goes. */
  readonly say: (line: string) => void;
  readonly onObservation?: (observation: Observation) => void;
  readonly signal?: AbortSignal;
}

export interface LocalDrillResult {
  readonly data: ReportData;
  readonly observations: readonly Observation[];
}

/** The line of one phase: each path's availability, with what is broken. */
export function phaseLine(phase: Phase, cells: readonly Cell[]): string {
  const faults = phase.faults.length === 0 ? "" : `  [${phase.faults.join("; ")}]`;
  const parts = cells.map((cell) => `${cell.path} ${percent(cell.availability)} p50 ${milliseconds(cell.p50Ms)}`);
  return `${phase.id.padEnd(18)} ${parts.join(" · ")}${faults}`;
}

/** Throws `FaultHitsNobodyError` before anything is broken where some fault of the scenario would hit nobody. */
export async function runLocalDrill(options: LocalDrillOptions): Promise<LocalDrillResult> {
  const { scenario, network, clock, signal } = options;
  const directory = await readDirectory(network, signal);
  const targets = await readTargets(network);
  if (targets.length === 0) throw new NothingToProbeError();
  const names = await shardNames(network, directory);
  const faultable = targetsOf(options, directory, names);
  assertFaultsHit(scenario, (fault) => membersHit(fault, faultable).length);
  const proxies = needsProxies(scenario) ? await startVantages({ scenario, network, directory, clock }) : undefined;
  try {
    return await runOn({ ...options, directory, targets, names, faultable, proxies });
  } finally {
    await proxies?.close();
  }
}

/** The members as faults hit them: where each has a host of its own, the host in the process's place. */
function targetsOf(
  { scenario, network }: LocalDrillOptions,
  directory: DirectorySnapshot,
  names: readonly NumberedName[],
): FaultTargets {
  const { hosts } = network;
  const hosted = (member: Faultable): Faultable => (hosts === undefined ? member : hostedMember(member, hosts));
  const group = (members: ReadonlyMap<string, Faultable>) =>
    new Map([...members].map(([id, member]) => [id, hosted(member)]));
  const { topology } = scenario;
  return {
    rpcs: group(network.rpcs),
    dns: group(network.dns),
    gateways: network.gateways.map(hosted),
    directory,
    registry: network.deployment.contracts.registry,
    names,
    topology,
    vantageCount: topology.vantages.length,
    oldSeconds: oldSecondsOf(scenario),
  };
}

interface PreparedDrill extends LocalDrillOptions {
  readonly directory: DirectorySnapshot;
  readonly targets: readonly Target[];
  readonly names: readonly NumberedName[];
  readonly faultable: FaultTargets;
  readonly proxies: VantageProxies | undefined;
}

async function runOn(drill: PreparedDrill): Promise<LocalDrillResult> {
  const { scenario, targets, names, faultable, proxies, clock, random, signal, say } = drill;
  const startedAt = new Date(clock.nowMs()).toISOString();
  const vantages = await vantagesOf(drill);
  for (const { services } of vantages) await warmUp(services, targets, clock, signal);
  const result = await runDrill({
    scenario,
    targets,
    vantages,
    faults: createFaultDriver(proxies === undefined ? faultable : { ...faultable, proxies }),
    clock,
    random,
    ...(drill.onObservation ? { onObservation: drill.onObservation } : {}),
    ...(signal ? { signal } : {}),
    onPhaseEnd: (phase, seen) =>
      say(
        phaseLine(
          phase,
          scenario.services.map(({ id }) => cellOf(phase.id, id, seen)),
        ),
      ),
  });
  const claims = judgeClaims(scenario, result.observations, result.phases, hitNames(scenario, faultable, names));
  const leftOut = scenario.claims.filter(isSimulatedOnly).length;
  const blasts = blastsOf(scenario, faultable, names, result);
  const data = buildReport({
    scenario,
    startedAt,
    command: drill.command,
    provenance: [
      ...drill.provenance,
      ["Instrument's longest lateness", milliseconds(result.stallMsMax)],
      ...(leftOut === 0 ? [] : [["Claims for the simulator alone", String(leftOut)] as const]),
    ],
    observations: result.observations,
    phases: result.phases,
    claims: [...claims, ...blastClaims(blasts)],
    blasts,
  });
  const ids = scenario.services.map(({ id }) => id);
  const byVantage =
    vantages.length < 2 ? [] : groupedCells(counted(result.observations), ids, ({ vantage }) => vantage ?? "");
  return { data: { ...data, byVantage }, observations: result.observations };
}

/** A block comes every two seconds, so that a bound much below this would call a sound head old. */
const OLD_SECONDS_MIN = 6;

/** From which age on answers count as old: time is compressed, and with it this. */
function oldSecondsOf({ load, liveCompression }: Scenario): number {
  return Math.max(OLD_SECONDS_MIN, load.maxAgeSeconds / liveCompression);
}

/** Every vantage point with the scenario's services as they are seen from it. */
async function vantagesOf({ scenario, network, directory, proxies, clock, random }: PreparedDrill) {
  const client = await optionsOfProfile(JSON.parse(profileOf(network, directory)), "of the local network");
  const isStuck = scenario.phases.some(({ faults }) => faults.some(({ effect }) => effect.kind === "stale"));
  return scenario.topology.vantages.map(({ id, weight }): DrillVantage => {
    const seen = {
      client: proxies === undefined ? client : optionsAt(client, proxies, id, network),
      dns: new Map([...network.dns].map(([key, { what, ready }]) => [key, proxies?.addressOf(id, what) ?? ready])),
      rpcUrls: new Map(
        [...network.rpcs].map(([key, { what, ready }]) => {
          const at = proxies?.addressOf(id, what);
          return [key, at === undefined ? ready.url : `http://${at.host}:${at.port}`];
        }),
      ),
      // Gateways whose chain is gone stay usable where nothing is stuck.
      ...(isStuck ? { ageSecondsMax: oldSecondsOf(scenario) } : {}),
    };
    return {
      id,
      weight,
      services: scenario.services.map((service) => createServiceProbe(service, seen, clock, random)),
    };
  });
}

export class NothingToProbeError extends BaseError {
  override readonly name = "Compare.NothingToProbeError";
  constructor() {
    super("COMPARE_NOTHING_TO_PROBE", "No name of the zone file has an address to probe for.");
  }
}

export class ServiceSilentError extends BaseError {
  override readonly name = "Compare.ServiceSilentError";
  constructor(id: string, outcome: string, detail: string) {
    super("COMPARE_SERVICE_SILENT", `The service ${id} does not answer before anything is broken: ${outcome}.`, {
      metaMessages: [detail],
    });
  }
}

const WARM_UP_MS = 20_000;
const WARM_UP_PROBE_MS = 4_000;

/**
 * Waits until every service has answered right once, so that the first phase measures the network and not the instrument's own
 * first steps. Throws `ServiceSilentError` where one does not.
 */
async function warmUp(
  services: readonly ServiceProbe[],
  targets: readonly Target[],
  clock: Clock,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const untilMs = clock.monotonicMs() + WARM_UP_MS;
  for (const service of services) {
    for (let round = 0; ; round += 1) {
      const target = targets[round % targets.length]!;
      const { outcome, detail } = observed(await service.probe(target, WARM_UP_PROBE_MS, signal), target.truth);
      signal.throwIfAborted();
      if (outcome === "answered" || outcome === "absent") break;
      if (clock.monotonicMs() > untilMs) throw new ServiceSilentError(service.id, outcome, detail ?? "");
    }
  }
}

/** Every probed name with what the chain says of it, read before anything is broken. */
async function readTargets(network: LocalNetwork): Promise<Target[]> {
  const probed = network.plan.names.flatMap(({ name, probe }) => (probe === undefined ? [] : [{ name, probe }]));
  const truths = await readDnsRecords(
    network.chain.ready.url,
    network.deployment,
    probed.map(({ probe }) => probe),
  );
  return probed.map(({ name, probe }, index) => {
    const truth = truths[index] ?? null;
    const former = truth === null ? {} : { former: substitutedValue("former", truth) };
    return { name, record: { kind: "dns", owner: probe.owner, rrtype: probe.type }, truth, ...former };
  });
}

type NumberedName = ShardedName & DeedName;

/** Every name with its shard, by the index the chain has for it. */
async function shardNames(network: LocalNetwork, directory: DirectorySnapshot): Promise<NumberedName[]> {
  const indices = await readShardIndices(
    network.chain.ready.url,
    network.deployment,
    network.plan.names.map(({ name }) => name),
  );
  return network.plan.names.map(({ name, domain, probe }, number) => {
    const shardIndex = indices[number] ?? 0;
    const node = namehash(name);
    const slots = shardOf(directory, node, shardIndex);
    const gatewayIds = gatewaysOfShard(directory, slots).map((gateway) => gateway?.id ?? 0);
    return { name, node, domain, probe, shardIndex, slots, gatewayIds };
  });
}

function stoppedIn(scenario: Scenario, phaseId: string, network: FaultTargets): ReadonlySet<number> {
  const phase = scenario.phases.find(({ id }) => id === phaseId);
  return new Set((phase?.faults ?? []).flatMap((fault) => gatewaysHit(fault, network)));
}

/**
 * The names that a phase's faults are expected to hurt: where gateways are hit, those that keep too few; otherwise those for
 * which the faults show.
 */
function hitNames(scenario: Scenario, network: FaultTargets, names: readonly NumberedName[]) {
  return (phaseId: string): ReadonlySet<string> => {
    const faults = scenario.phases.find(({ id }) => id === phaseId)?.faults ?? [];
    if (faults.some(({ on }) => on.path === "gateways")) {
      return predictedHits(names, stoppedIn(scenario, phaseId, network), SIGNATURES_NEEDED);
    }
    return new Set(faults.flatMap((fault) => (namesHit(fault, network) ?? names).map(({ name }) => name)));
  };
}

/** One blast for each phase that attacks the shard of a name, seen by the service that has the gateways alone. */
function blastsOf(
  scenario: Scenario,
  network: FaultTargets,
  names: readonly NumberedName[],
  result: DrillResult,
): Blast[] {
  const service = scenario.services.find(({ gateways, chain, dns }) => gateways && !chain && dns.length === 0);
  return scenario.phases.flatMap((planned) => {
    const attack = planned.faults
      .map((fault) => fault.on)
      .find((on) => on.path === "gateways" && on.shardOfName !== undefined);
    const phase = result.phases.find(({ id }) => id === planned.id);
    if (attack?.path !== "gateways" || attack.shardOfName === undefined || !phase || !service) return [];
    return [
      blastOf({
        phase: planned.id,
        attacked: names[attack.shardOfName % names.length]!,
        names,
        table: network.directory.table,
        stopped: stoppedIn(scenario, planned.id, network),
        needed: SIGNATURES_NEEDED,
        observations: observationsIn(result.observations, phase).filter(({ path }) => path === service.id),
      }),
    ];
  });
}

function blastClaims(blasts: readonly Blast[]): ClaimResult[] {
  return blasts.map(({ phase, measuredHurt, predictedHurt, unpredicted }) => ({
    text: `Only names that share too many of the attacked name's machines are hurt (gateways, ${phase})`,
    holds: unpredicted.length === 0,
    measured: `${percent(measuredHurt)} hurt, ${percent(predictedHurt)} predicted, ${unpredicted.length} unpredicted`,
    facts: { kind: "blast", phase, measuredHurt, predictedHurt, unpredicted: unpredicted.length },
  }));
}
