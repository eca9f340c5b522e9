/** Runs a scenario on false time: probes of every service, counted by phase, judged by its claims and by the checkers. */

import { power } from "../base/elementary.ts";
import { seededRandom } from "../base/random.ts";
import { namehash } from "../naming/namehash.ts";
import { gatewaysOf } from "../sharding/placement.ts";
import { bootstrapSlotsOf } from "../sharding/shard.ts";
import { type BlastCount, countBlast } from "./blast.ts";
import { checkLiveness, type LivenessFinding } from "./checkers.ts";
import { type ClaimVerdict, judgeClaim } from "./claims.ts";
import { costOf, type ServiceCost } from "./costs.ts";
import { createFateSource, type Fate } from "./fate.ts";
import { type FaultPlan, planFaults } from "./faultPlan.ts";
import { type Laboratory, nameOf, overlapBits } from "./laboratory.ts";
import type { Asked, ProbeResult, ProbeTree } from "./probeTree.ts";
import type { Claim, Scenario, Service } from "./scenario.ts";
import { createStreams } from "./streams.ts";
import { Tally, type TallySummary } from "./tally.ts";
import { buildTopology, machinesOfName, type Topology } from "./topology.ts";

export interface SimulateOptions {
  readonly seed: number | string;
  /** Override the scenario's sizes. */
  readonly names?: number;
  readonly gateways?: number;
  /** See `TopologyOptions`. */
  readonly placedBy?: string;
  /** Probes of all services together, about; the scenario's own rate without it. */
  readonly probes?: number;
  /** Runs every probe for real instead of sharing what equal courses have in common. The result is the same. */
  readonly everyProbeReal?: boolean;
}

export interface PhaseResult extends TallySummary {
  readonly service: string;
  readonly phase: string;
  readonly byVantage: Readonly<Record<string, TallySummary>>;
}

export interface SimulationResult {
  readonly scenario: string;
  readonly title: string;
  readonly seed: string;
  readonly names: number;
  readonly gateways: number;
  readonly probes: number;
  /** Courses of events met, each of them run through client and gateways; every other probe repeated one of them. */
  readonly courses: number;
  readonly phases: readonly PhaseResult[];
  readonly claims: readonly ClaimVerdict[];
  /** What must never happen, and did; empty in a sound client. */
  readonly safety: readonly string[];
  readonly liveness: readonly LivenessFinding[];
  readonly costs: readonly ServiceCost[];
  readonly blast: readonly BlastCount[];
  /** Every claim held and no checker complained; for a scenario that must fail, the opposite. */
  readonly asExpected: boolean;
}

/** Orders in which cold clients ask a name's four gateways; each probe belongs to one at random. */
const VARIANTS = 6;
/** Zones as bits. */
const OVERLAPS = 16;
const VIOLATIONS_MAX = 20;
/** Even a short phase is looked at this often. */
const ROUNDS_MIN = 20;

interface Bucket {
  readonly phase: Tally;
  readonly byVantage: readonly Tally[];
  readonly hit: Tally;
  readonly spared: Tally;
  readonly hitByVantage: readonly Tally[];
  readonly sparedByVantage: readonly Tally[];
}

export async function simulate(
  scenario: Scenario,
  laboratory: Laboratory,
  options: SimulateOptions,
): Promise<SimulationResult> {
  const topology = buildTopology(scenario, options);
  const plan = planFaults(scenario, topology);
  const run = new Run(scenario, topology, plan, laboratory, options);
  await run.all();
  return run.result();
}

class Run {
  readonly #scenario: Scenario;
  readonly #topology: Topology;
  readonly #plan: FaultPlan;
  readonly #laboratory: Laboratory;
  readonly #options: SimulateOptions;
  readonly #fates;
  readonly #members: MemberTable;
  /** By service, variant and overlap. */
  readonly #trees: (ProbeTree | undefined)[] = [];
  /** By service and phase. */
  readonly #buckets: readonly (readonly Bucket[])[];
  readonly #safety = new Set<string>();
  readonly #liveness: LivenessFinding[] = [];
  #probes = 0;
  readonly #courses = new Set<ProbeResult>();

  constructor(
    scenario: Scenario,
    topology: Topology,
    plan: FaultPlan,
    laboratory: Laboratory,
    options: SimulateOptions,
  ) {
    this.#scenario = scenario;
    this.#topology = topology;
    this.#plan = plan;
    this.#laboratory = laboratory;
    this.#options = options;
    this.#fates = createFateSource(scenario, topology, plan);
    this.#members = new MemberTable(topology);
    const tallies = () => topology.vantages.map(() => new Tally());
    this.#buckets = scenario.services.map(() =>
      scenario.phases.map(() => ({
        phase: new Tally(),
        byVantage: tallies(),
        hit: new Tally(),
        spared: new Tally(),
        hitByVantage: tallies(),
        sparedByVantage: tallies(),
      })),
    );
  }

  async all(): Promise<void> {
    const pick = this.#picker();
    let round = 0;
    for (const { fromMs, toMs } of this.#plan.spans) {
      const count = this.#roundsIn(toMs - fromMs);
      for (let within = 0; within < count; within += 1) {
        // A stream for each round: what one probe draws never shifts another's luck.
        const random = seededRandom(this.#options.seed, `round/${round}`);
        const atMs = fromMs + ((within + random.ratio()) / count) * (toMs - fromMs);
        const name = pick.name(random.ratio());
        const vantage = pick.vantage(random.ratio());
        const variant = Math.floor(random.ratio() * VARIANTS);
        for (let service = 0; service < this.#scenario.services.length; service += 1) {
          const draws = seededRandom(this.#options.seed, `round/${round}/${service}`);
          await this.#probe({ service, name, vantage, variant, atMs }, draws);
        }
        round += 1;
      }
    }
  }

  /** Rounds in a phase of this length: every service is probed once a round. */
  #roundsIn(lengthMs: number): number {
    const { services, load } = this.#scenario;
    const wholeMs = this.#plan.spans.at(-1)!.toMs;
    const { probes } = this.#options;
    const rounds =
      probes === undefined
        ? (lengthMs / 1000) * load.probesPerSecond
        : (probes / services.length) * (lengthMs / wholeMs);
    return Math.max(ROUNDS_MIN, Math.round(rounds));
  }

  async #probe(
    probe: { service: number; name: number; vantage: number; variant: number; atMs: number },
    random: ReturnType<typeof seededRandom>,
  ): Promise<void> {
    const { service, name, vantage, variant, atMs } = probe;
    const phase = this.#plan.phaseAt(atMs);
    const draw = (asked: Asked, offsetMs: number): Fate => {
      const endpoint =
        asked.path === "gateways" ? this.#members.endpoint(name, asked.index, asked.bootstrap) : asked.index;
      return this.#fates.draw({ endpoint, vantage, name, atMs: atMs + offsetMs, phase }, random);
    };
    const overlap = this.#overlapOf(name);
    let ended: ProbeResult | Promise<ProbeResult>;
    if (this.#options.everyProbeReal === true) {
      ended = this.#laboratory.runner(this.#scenario.services[service]!, variant, overlap)(draw);
    } else {
      ended = this.#treeOf(service, variant, overlap).probe(draw);
    }
    const result = ended instanceof Promise ? await ended : ended;
    this.#count(probe, result);
  }

  /** Only a cold client asks a name's bootstrap shard, so only for it does it matter who is in both. */
  #overlapOf(name: number): number {
    if (this.#scenario.load.clients !== "cold") return 0;
    return overlapBits(this.#members.machines(name, false), this.#members.machines(name, true));
  }

  #treeOf(service: number, variant: number, overlap: number): ProbeTree {
    const index = (service * VARIANTS + variant) * OVERLAPS + overlap;
    const tree = this.#trees[index] ?? this.#laboratory.tree(this.#scenario.services[service]!, variant, overlap);
    this.#trees[index] = tree;
    return tree;
  }

  #count(probe: { service: number; name: number; vantage: number; atMs: number }, result: ProbeResult): void {
    this.#probes += 1;
    this.#courses.add(result);
    const phase = this.#plan.phaseAt(probe.atMs);
    const bucket = this.#buckets[probe.service]![phase]!;
    const isHit = this.#plan.isHit(phase, probe.name);
    bucket.phase.add(result);
    bucket.byVantage[probe.vantage]!.add(result);
    (isHit ? bucket.hit : bucket.spared).add(result);
    (isHit ? bucket.hitByVantage : bucket.sparedByVantage)[probe.vantage]!.add(result);
    const service = this.#scenario.services[probe.service]!;
    for (const violation of result.violations) {
      if (this.#safety.size < VIOLATIONS_MAX) this.#safety.add(`${service.id}: ${violation}`);
    }
    if (result.outcome === "answered" || this.#liveness.length >= VIOLATIONS_MAX) return;
    const finding = checkLiveness({
      scenario: this.#scenario,
      topology: this.#topology,
      plan: this.#plan,
      service,
      phase,
      vantage: this.#topology.vantages[probe.vantage]!.id,
      name: probe.name,
      shards: [false, true]
        .slice(0, this.#scenario.load.clients === "cold" ? 2 : 1)
        .map((bootstrap) => this.#members.machines(probe.name, bootstrap)),
      outcome: result.outcome,
      atMs: probe.atMs,
    });
    if (finding !== undefined) this.#liveness.push(finding);
  }

  #picker() {
    const { nameCount, vantages } = this.#topology;
    const weights = vantages.map((vantage) => vantage.weight);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const order = createStreams(this.#options.seed).of("popularity");
    // Which name is popular has nothing to do with its number, which decides whether a fault hits it.
    const [factor, shift] = [coprime(nameCount, order.ratio()), Math.floor(order.ratio() * nameCount)];
    return {
      name: (ratio: number) => {
        if (this.#scenario.load.popularity === "uniform") return Math.floor(ratio * nameCount);
        // Zipf with exponent 1: the rank's density falls as 1 / rank.
        const rank = Math.min(nameCount - 1, Math.floor(power(nameCount + 1, ratio)) - 1);
        return (rank * factor + shift) % nameCount;
      },
      vantage: (ratio: number) => {
        let left = ratio * total;
        const found = weights.findIndex((weight) => {
          left -= weight;
          return left < 0;
        });
        return found === -1 ? weights.length - 1 : found;
      },
    };
  }

  #summaryFor(claim: Claim): TallySummary {
    const service = this.#scenario.services.findIndex(({ id }) => id === claim.service);
    const phase = this.#scenario.phases.findIndex(({ id }) => id === claim.phase);
    const bucket = this.#buckets[service]![phase]!;
    const vantage = this.#topology.vantages.findIndex(({ id }) => id === claim.vantage);
    if (claim.names === undefined) return (vantage === -1 ? bucket.phase : bucket.byVantage[vantage]!).summary();
    if (vantage === -1) return bucket[claim.names].summary();
    return (claim.names === "hit" ? bucket.hitByVantage : bucket.sparedByVantage)[vantage]!.summary();
  }

  result(): SimulationResult {
    const { services, phases } = this.#scenario;
    const claims = this.#scenario.claims.map((claim) => judgeClaim(claim, this.#summaryFor(claim)));
    const results = services.flatMap((service, at) =>
      phases.map((phase, index): PhaseResult => {
        const bucket = this.#buckets[at]![index]!;
        const byVantage = Object.fromEntries(
          this.#topology.vantages.map(({ id }, vantage) => [id, bucket.byVantage[vantage]!.summary()]),
        );
        return { service: service.id, phase: phase.id, ...bucket.phase.summary(), byVantage };
      }),
    );
    const sound = this.#safety.size === 0 && this.#liveness.length === 0;
    const held = claims.every((claim) => claim.holds);
    return {
      scenario: this.#scenario.id,
      title: this.#scenario.title,
      seed: String(this.#options.seed),
      names: this.#topology.nameCount,
      gateways: this.#topology.machines.length,
      probes: this.#probes,
      courses: this.#courses.size,
      phases: results,
      claims,
      safety: [...this.#safety],
      liveness: this.#liveness,
      costs: services.map((service: Service) =>
        costOf(
          this.#scenario,
          service,
          results.filter((result) => result.service === service.id),
        ),
      ),
      blast: countBlast(this.#scenario, this.#topology, this.#plan),
      asExpected: sound && held !== this.#scenario.mustFail,
    };
  }
}

/** A multiplier that walks through all of 0..count-1. */
function coprime(count: number, ratio: number): number {
  const gcd = (left: number, right: number): number => (right === 0 ? left : gcd(right, left % right));
  let candidate = Math.max(1, Math.floor(ratio * count));
  while (gcd(candidate, count) !== 1) candidate += 1;
  return candidate;
}

/** Each name's machines, of its own shard and of its bootstrap shard, worked out once. */
class MemberTable {
  readonly #topology: Topology;
  readonly #known: Int16Array;

  constructor(topology: Topology) {
    this.#topology = topology;
    this.#known = new Int16Array(topology.nameCount * 8).fill(-1);
  }

  /** The endpoint of the machine in this zone. */
  endpoint(name: number, zone: number, bootstrap: boolean): number {
    return this.#topology.machines[this.#known[this.#filled(name, bootstrap) + zone]!]!;
  }

  machines(name: number, bootstrap: boolean): readonly number[] {
    const from = this.#filled(name, bootstrap);
    return [...this.#known.subarray(from, from + 4)];
  }

  /** Where the four machines stand. Only clients that have not met the name ask those of its bootstrap shard. */
  #filled(name: number, bootstrap: boolean): number {
    const from = name * 8 + (bootstrap ? 4 : 0);
    if (this.#known[from] !== -1) return from;
    const machines = bootstrap
      ? gatewaysOf(this.#topology.placement, bootstrapSlotsOf(namehash(nameOf(name)))).map((id) => id - 1)
      : machinesOfName(this.#topology, name);
    this.#known.set(machines, from);
    return from;
  }
}
