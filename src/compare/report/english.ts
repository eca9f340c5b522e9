/** The report's labels and sentences in English. */
import { milliseconds, percent } from "../../availability/report.ts";
import type { ReportData } from "./data.ts";
import type { Words } from "./language.ts";
import { limitsOf, methodOf, recoverySentence, verdictOf } from "./words.ts";

function watchVerdict(data: ReportData): string {
  const raised = data.disagreements.filter(({ state }) => state === "raised").length;
  const disagreed = raised === 0 ? "No source contradicted another" : `${raised} disagreements were raised`;
  const best = data.cells.find(({ path }) => path === "combined") ?? data.cells.at(-1);
  if (best === undefined) return `${disagreed}.`;
  const interval = `${percent(best.low)} to ${percent(best.high)}`;
  return `${disagreed} in ${data.probes - data.voided} probes; ${best.path} answered right ${percent(best.availability)} of the time (${interval} with 95 % confidence).`;
}

const WATCH_METHOD = [
  "In every interval each name comes up once, at a random instant of a slot of its own; every path and server is then asked at once, without a retry and without a cache. The series combined asks through the user's policy, with its cache unless that was turned off.",
  "An answer that contradicts the newest verified one is wrong; a time-out weighs as infinity in every quantile. Absence that nobody proves is right only where the list of names expects it.",
];

const WATCH_LIMITS = [
  "What is measured is what these vantage points saw; others may see something else.",
  "Intervals of a row of probes take them as independent; where outages come in bursts, the intervals by blocks of time are the honest ones.",
];

export const ENGLISH: Words = {
  code: "en",
  kicker: { drill: "Holdfast drill", watch: "Holdfast compare" },
  verdict: (data) => (data.kind === "watch" ? watchVerdict(data) : verdictOf(data)),
  method: (data) => (data.kind === "watch" ? [...WATCH_METHOD, methodOf(data).at(-1)!] : methodOf(data)),
  limits: (data) => (data.kind === "watch" ? WATCH_LIMITS : limitsOf(data)),
  recovery: recoverySentence,
  earned: ({ id, earned }) => {
    const said = earned.earned === null ? "no nine yet" : `at least ${percent(earned.earned)}`;
    return `${id}: ${said}; ${percent(earned.next)} takes ${earned.missing} more right answers in a row.`;
  },
  joint: (joint) =>
    `In ${joint.rounds} rounds every path was asked for the same name at once. All of ${joint.paths.join(", ")} failed together in ${percent(joint.allFailed)} of them; were they independent, that would be ${percent(joint.allFailedIndependent)}.${joint.commonCauseRatio === null ? "" : ` Common-cause share of failures: ${percent(joint.commonCauseRatio)}.`}`,
  scenario: ({ scenario: { title, summary } }) => ({ title, summary }),
  phase: ({ title }) => title,
  faults: ({ faults }) => faults,
  claim: ({ text }) => text,
  measured: ({ measured }) => measured,
  blast: {
    heading: "Who was hurt by the attack",
    intro: ({ attacked, stoppedGatewayIds, needed }) =>
      `All ${stoppedGatewayIds.length} gateways of ${attacked} were attacked (${stoppedGatewayIds.join(", ")}). ${needed === 1 ? "One gateway left is enough for a name" : `A name needs ${needed} gateways that agree`}.`,
    hurt: "Names hurt on the gateways path, the attacked one aside",
    share: "Share",
    virtual: "Predicted of the 2,048 virtual gateways, for random names",
    physical: "Predicted of this fleet's machines, for random names",
    probed: (count) => `Predicted of this fleet's machines, for the ${count} names probed`,
    measured: "Measured",
    verdict: ({ unpredicted, escaped }) =>
      [
        unpredicted.length === 0 ? "Nobody else was hurt." : `Hurt without being predicted: ${unpredicted.join(", ")}.`,
        ...(escaped.length === 0 ? [] : [`Predicted but not hurt: ${escaped.join(", ")}.`]),
      ].join(" "),
    map: "Gateways by names",
    mapSays: (hurt, names) => `Gateways by names. ${hurt} of ${names} names were hurt.`,
    gateway: (id) => `gateway ${id}`,
    serves: (id, isStopped, names) =>
      `Gateway ${id}, ${isStopped ? "attacked" : "serving"}, serves ${names} of the names`,
    group: (stopped, names) => `${stopped} of 4 attacked: ${names}`,
    fate: ({ name, failed, probes, isPredicted }) =>
      `${name}: ${failed} of ${probes} failed, predicted ${isPredicted ? "hurt" : "spared"}`,
  },
  chart: {
    over: "Availability over time by path; the table of phases holds the figures.",
    panel: (phase, note) => `Latency in the phase ${phase}. ${note}`,
    neverAnswered: (paths) => `never answered: ${paths.join(", ")}`,
    line: (path, median, p99) => `${path}: median ${median}, 99th percentile ${p99}`,
  },
  holds: (holds) => (holds ? "✓ holds" : "✗ fails"),
  kind: (kind) =>
    ({ answer: "answers", serial: "SOA serials", rejected: "what was rejected", vantage: "vantage points" })[kind],
  said: (said) => said,
  state: (state) => (state === "raised" ? "raised" : "over"),
  burning: (window) => `${window.severity} (${window.factor}x over ${window.longMs / 3_600_000} h)`,
  outcome: {
    answered: "Answered",
    absent: "Absent",
    unproven: "Absent, unproven",
    stale: "Stale",
    wrong: "Wrong",
    refused: "Refused",
    timedOut: "Timed out",
    unreachable: "Unreachable",
  },
  provenance: (fact) => fact,
  interval: (low, high) => `${percent(low)} to ${percent(high)}`,
  neverEnded: "not within the run",
  none: "None.",
  nothingBroken: "nothing broken",
  label: {
    phase: "Phase",
    name: "Name",
    vantage: "Vantage point",
    path: "Path",
    probes: "Probes",
    right: "Right",
    wrong: "Wrong",
    availability: "Availability",
    interval: "95 % interval",
    median: "Median",
    p99: "p99",
    from: "From",
    to: "To",
    failed: "Failed probes",
    verdict: "Verdict",
    claim: "Claim",
    measured: "Measured",
    gain: "What the combination buys",
    onlyBetter: "Only it was right",
    onlyOther: "Only the other was",
    difference: "Difference",
    effective: "Independent probes it is worth",
    pValue: "McNemar p",
    objective: "Objective",
    spent: "Failures",
    allowed: "Allowed",
    remaining: "Budget left",
    burning: "Burning",
    time: "Time",
    kind: "About",
    state: "State",
    sides: "Who said what",
    outages: "Outages",
    mttr: "Mean time to repair",
    mtbf: "Mean time between",
    longest: "Longest",
    down: "In all",
    fact: "Fact",
    value: "Value",
  },
  title: {
    cells: "Paths",
    byName: "Names",
    byVantage: "Vantage points",
    claims: "Claims",
    recoveries: "Fail-over and recovery",
    outcomes: "How probes ended",
    episodes: "Outages",
    repair: "Time to repair",
    disagreements: "Disagreements",
    gains: "Joint failures",
    robust: "Intervals by blocks of time",
    budgets: "Error budgets",
    earned: "What may be claimed",
    method: "Method and limits",
    provenance: "Provenance",
    again: "Again",
    over: "Availability over time",
    latency: "Latency",
  },
  note: {
    cells: "∞ where the quantile's probe was never answered.",
    outcomes: "Answered and absent may still be wrong by the chain; those count as wrong.",
    robust: "Outages come in bursts; whole blocks of time were resampled.",
    earned: "With 95 % confidence, of the time in which nothing was broken on purpose:",
    over: "Shaded: something is broken on purpose.",
    latency: "Share of all probes answered within a time. A line that ends below 100 lost the rest for good.",
  },
  milliseconds,
};
