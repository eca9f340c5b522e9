/** Judges a scenario's claims by what was seen, and the claims that hold for every drill. */
import { counted, type Observation } from "../../availability/observation.ts";
import {
  type ClaimFacts,
  type ClaimResult,
  cellOf,
  milliseconds,
  observationsIn,
  type Phase,
  percent,
} from "../../availability/report.ts";
import { isWithin } from "../../simulation/claims.ts";
import type { Claim, Scenario, Service } from "../../simulation/scenario.ts";

/** Which names a phase's faults were predicted to hurt. */
export type HitNames = (phaseId: string) => ReadonlySet<string>;

/**
 * Whether a claim is for the simulator alone: how many questions a probe takes is a figure of clients that are new to the
 * outage. A drill's clients live through it and learn whom not to ask.
 */
export function isSimulatedOnly({ measure }: Pick<Claim, "measure">): boolean {
  return measure === "queriesPerProbe";
}

/** `value` is `null` where a quantile was never reached. */
function measured(claim: Claim, seen: readonly Observation[]): { value: number | null; text: string } | undefined {
  const cell = cellOf(claim.phase, claim.service, seen);
  if (cell.probes === 0) return undefined;
  const share = (count: number, what: string) => ({
    value: count / cell.probes,
    text: `${percent(count / cell.probes)} ${what} (${count} of ${cell.probes})`,
  });
  switch (claim.measure) {
    case "availability":
      return share(cell.right, "right");
    case "wrongRatio":
      return share(cell.wrong, "wrong");
    case "staleRatio":
      return share(cell.outcomes.stale, "stale");
    case "latencyMsP50":
    case "latencyMsP99": {
      const value = claim.measure === "latencyMsP50" ? cell.p50Ms : cell.p99Ms;
      return { value, text: milliseconds(value) };
    }
    case "queriesPerProbe":
      return undefined;
  }
}

function judgeOne(
  claim: Claim,
  observations: readonly Observation[],
  phase: Phase | undefined,
  hit: HitNames,
  ko: string | undefined,
): ClaimResult {
  const text = `${claim.text} (${claim.service}, ${claim.phase}: ${boundsOf(claim)})`;
  const names = hit(claim.phase);
  const seen = (phase === undefined ? [] : observationsIn(observations, phase)).filter(
    ({ name, path, vantage }) =>
      path === claim.service &&
      (claim.vantage === undefined || vantage === claim.vantage) &&
      (claim.names === undefined || (claim.names === "hit") === names.has(name)),
  );
  const found = measured(claim, seen);
  const { text: _, ...bounds } = claim;
  const probes = counted(seen).length;
  const translated = ko === undefined ? {} : { ko };
  const facts: ClaimFacts = { kind: "stated", ...bounds, ...translated, value: found?.value ?? null, probes };
  if (found === undefined) return { text, holds: false, measured: "nothing was measured", facts };
  return { text, holds: isWithin(claim, found.value), measured: found.text, facts };
}

function boundsOf(claim: Claim): string {
  const show = (value: number) => (claim.measure.startsWith("latency") ? milliseconds(value) : percent(value));
  const bounds = [
    ...(claim.min === undefined ? [] : [`at least ${show(claim.min)}`]),
    ...(claim.max === undefined ? [] : [`at most ${show(claim.max)}`]),
  ];
  return `${claim.measure} ${bounds.join(", ")}`;
}

/** Services whose every answer is verified or outvoted; neither DNS nor an RPC provider is, where nobody else is asked. */
function isVerified({ gateways, chain, rpc }: Service, { topology }: Scenario): boolean {
  return gateways || (chain && (rpc ?? topology.chain.providers).length > 1);
}

/**
 * Every claim of the scenario that is not for the simulator alone, and after them the one that no scenario needs to state: no service with a verified path
 * accepted a wrong answer.
 */
export function judgeClaims(
  scenario: Scenario,
  observations: readonly Observation[],
  phases: readonly Phase[],
  hit: HitNames,
): ClaimResult[] {
  const stated = scenario.claims.flatMap((claim, index) => {
    if (isSimulatedOnly(claim)) return [];
    const phase = phases.find(({ id }) => id === claim.phase);
    return [judgeOne(claim, observations, phase, hit, scenario.ko?.claims?.[index])];
  });
  const verified = new Set(
    scenario.services.filter((service) => isVerified(service, scenario)).map((service) => service.id),
  );
  if (verified.size === 0) return stated;
  const probes = observations.filter(({ path }) => verified.has(path));
  const wrong = probes.filter(({ outcome, accepted }) => outcome === "wrong" && accepted !== false);
  return [
    ...stated,
    {
      text: "No wrong answer was accepted on a verified path",
      holds: wrong.length === 0 && probes.length > 0,
      measured: `${wrong.length} wrong of ${probes.length}${wrong[0] ? `, first ${wrong[0].name}` : ""}`,
      facts: { kind: "no wrong answer", wrong: wrong.length, probes: probes.length },
    },
  ];
}
