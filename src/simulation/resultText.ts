/** A run's result in words, for a terminal. */
import type { CellAgreement } from "./agreement.ts";
import type { ClaimVerdict } from "./claims.ts";
import type { PhaseResult, SimulationResult } from "./simulate.ts";

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(2)} %`;
}

function milliseconds(value: number | null): string {
  return value === null ? "never" : `${Math.round(value)} ms`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function phaseRow(phase: PhaseResult): string[] {
  const { outcomes, queriesPerProbe } = phase;
  const others = Object.entries(outcomes).filter(([outcome, count]) => outcome !== "answered" && count > 0);
  const queries = queriesPerProbe.dns + queriesPerProbe.gateways + queriesPerProbe.chain;
  return [
    phase.service,
    phase.phase,
    String(phase.probes),
    percent(phase.availability),
    `${percent(phase.interval.low)} to ${percent(phase.interval.high)}`,
    phase.earned === null ? "-" : `${Number((100 * phase.earned).toPrecision(12))} %`,
    milliseconds(phase.latencyMsP50),
    milliseconds(phase.latencyMsP99),
    queries.toFixed(2),
    others.map(([outcome, count]) => `${count} ${outcome}`).join(", ") || "-",
  ];
}

function claimLine({ claim, holds, measured, text }: ClaimVerdict): string {
  const bounds = [
    claim.min === undefined ? "" : `at least ${claim.min}`,
    claim.max === undefined ? "" : `at most ${claim.max}`,
  ].filter((bound) => bound !== "");
  const where = [claim.service, claim.phase, claim.vantage, claim.names]
    .filter((part) => part !== undefined)
    .join(", ");
  const found = measured === null ? "never" : Number(measured.toPrecision(5));
  return `  ${holds ? "holds" : "FAILS"}  ${text} (${where}: ${claim.measure} ${bounds.join(", ")}; found ${found})\n`;
}

function dollars(value: number): string {
  return `$${value === 0 ? "0" : value < 0.01 ? value.toPrecision(2) : value.toFixed(2)}`;
}

/** Several paragraphs; the verdict comes last. */
export function formatResult(result: SimulationResult, mustFail: boolean): string {
  const head = `${result.scenario}: ${result.title}\nseed ${result.seed}, ${result.names} names, ${result.gateways} gateways, ${result.probes} probes (${result.courses} distinct courses of events)\n`;
  const columns = [
    "service",
    "phase",
    "probes",
    "available",
    "95 % interval",
    "earned",
    "p50",
    "p99",
    "queries",
    "otherwise",
  ];
  const costs = result.costs.map((cost) => [
    cost.service,
    dollars(cost.standingPerMonth),
    dollars(cost.perMillionLookups.calm),
    dollars(cost.perMillionLookups.worst),
    dollars(cost.registration),
    dollars(cost.renewalPerYear),
  ]);
  const blast = result.blast.map(({ phase, machinesHit, names }) => [phase, String(machinesHit), ...names.map(String)]);
  const parts = [
    head,
    table([columns, ...result.phases.map(phaseRow)]),
    ...(blast.length === 0
      ? []
      : [
          `names by how many of their four gateways are hit\n${table([["phase", "machines hit", "0", "1", "2", "3", "4"], ...blast])}`,
        ]),
    `cost of one name at the scenario's assumed prices\n${table([
      ["service", "a month", "million lookups, calm", "worst phase", "registration", "renewal a year"],
      ...costs,
    ])}`,
    `claims\n${result.claims.map(claimLine).join("")}`,
    checks("safety", result.safety) +
      checks(
        "liveness",
        result.liveness.map((finding) => `${finding.service}, ${finding.phase}, name ${finding.name}: ${finding.text}`),
      ),
    `${verdict(result, mustFail)}\nSimulated: no figure here was measured on a network.\n`,
  ];
  return parts.join("\n");
}

/** A live drill beside the simulated one, phase by phase; the verdict comes last. */
export function formatAgreement(cells: readonly CellAgreement[]): string {
  const interval = ({ low, high }: CellAgreement["live"]["interval"]) => `${percent(low)} to ${percent(high)}`;
  const rows = cells.map(({ service, phase, live, simulated, isWithin, agrees }) => [
    service,
    phase,
    `${percent(live.availability)} (${interval(live.interval)})`,
    `${percent(simulated.availability)} (${interval(simulated.interval)})`,
    agrees ? (isWithin ? "" : "by chance") : "DIFFERS",
  ]);
  const apart = cells.filter(({ agrees }) => !agrees).length;
  const outside = cells.filter(({ isWithin }) => !isWithin).length;
  return [
    `beside the live drill, with what it makes likely and what is likely live\n`,
    table([["service", "phase", "live", "simulated", ""], ...rows]),
    "\n",
    apart > 0
      ? `${apart} of ${cells.length} cells differ by more than chance.\n`
      : `Live and simulated agree: ${cells.length - outside} of ${cells.length} cells within both 95 % intervals, none beyond chance.\n`,
  ].join("");
}

function checks(name: string, findings: readonly string[]): string {
  if (findings.length === 0) return `${name}: nothing found\n`;
  return `${name}: ${findings.length} findings\n${findings.map((finding) => `  ${finding}\n`).join("")}`;
}

function verdict(result: SimulationResult, mustFail: boolean): string {
  const failed = result.claims.filter((claim) => !claim.holds).length;
  if (mustFail) return result.asExpected ? `${failed} claims fail, as they must.` : "The canary did not fail.";
  if (result.asExpected) return `All ${result.claims.length} claims hold.`;
  return failed > 0 ? `${failed} of ${result.claims.length} claims fail.` : "A checker complains.";
}
