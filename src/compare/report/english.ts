/** The report's labels and sentences in English. */
import { milliseconds, percent, percentUp } from "../../availability/report.ts";
import type { ReportData } from "./data.ts";
import type { Words } from "./language.ts";
import { limitsOf, methodOf, recoverySentence, verdictOf } from "./words.ts";

function watchVerdict(data: ReportData): string {
  const raised = data.disagreements.filter(({ state }) => state === "raised").length;
  const disagreed = raised === 0 ? "No source contradicted another" : `${raised} disagreements were raised`;
  const best = data.cells.find(({ path }) => path === "combined") ?? data.cells.at(-1);
  if (best === undefined) return `${disagreed}.`;
  const interval = `${percent(best.low)} to ${percentUp(best.high)}`;
  return `${disagreed} in ${data.probes - data.voided} probes; ${best.path} answered right ${percent(best.availability)} of the time (${interval} with 95 % confidence).`;
}

const range = (low: string, high: string) => `${low} to ${high}`;

const WATCH_METHOD = [
  "In every interval each name comes up once, at a random instant of a slot of its own; every path and server is then asked at once, without a retry and without a cache. The series combined asks through the user's policy, with its cache unless that was turned off.",
  "An answer that contradicts the newest verified one is wrong; a time-out weighs as infinity in every quantile, and quantiles of many probes are within 1 %. Absence that nobody proves is right only where the list of names expects it.",
  "An outage is a row of failed probes of one name at one vantage point, from the first of them to the first right one: either end is known to within an interval, and what is shorter may pass unseen. Those that begin about together are told as one. Time without a probe for more than two and a half intervals is neither up nor down, and cuts an outage off (≥: it lasted longer, ≤: it may have begun earlier).",
  "A burn-rate window counts once the run is as long and nine tenths of its minutes were watched; where a name is probed rarely, a single failure may ring.",
];

const watchIntervals = ({ voided }: ReportData) =>
  `No interval takes probes as independent. Each is the exact one of as many independent probes as its series is worth, with Student's factor where outages were few; those of paths and of differences also span what whole blocks of probes, resampled, give. A series without a failure counts as its stretches of 5 minutes, or as n^(2/3) of its n probes where that is more. ${voided} probes do not count because the instrument itself was late.`;

const WATCH_LIMITS = [
  "What is measured is what these vantage points saw; others may see something else.",
  "No interval knows of a kind of failure that the run has not met; nines are said of stretches of time for that reason. An interval of five outages or fewer covers less than 95 %.",
];

export const ENGLISH: Words = {
  code: "en",
  kicker: { drill: "Holdfast drill", watch: "Holdfast compare" },
  verdict: (data) => (data.kind === "watch" ? watchVerdict(data) : verdictOf(data)),
  method: (data) => (data.kind === "watch" ? [...WATCH_METHOD, watchIntervals(data)] : methodOf(data)),
  limits: (data) => (data.kind === "watch" ? WATCH_LIMITS : limitsOf(data)),
  recovery: recoverySentence,
  earned: ({ id, earned }) => {
    const said = earned.earned === null ? "no nine yet" : `at least ${percent(earned.earned)}`;
    return `${id}: ${said}; ${percent(earned.next)} takes ${earned.missing} more stretches of 5 minutes without a failure.`;
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
  nameList: (names, count) =>
    names.length < count ? `${names.join(", ")} and ${count - names.length} more` : names.join(", "),
  rang: (rings, from, lasted) =>
    `${rings === 1 ? "once" : `${rings} times, first`} at ${from}, ${lasted === null ? "and still does" : `for ${lasted}`}`,
  neverRang: "never",
  notWhole: "the run is shorter",
  listed: (shown, all) => `The ${shown} of ${all} in which most probes failed.`,
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
  interval: (low, high) => range(percent(low), percentUp(high)),
  range,
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
    failed: "Failed probes",
    verdict: "Verdict",
    claim: "Claim",
    measured: "Measured",
    gain: "What the combination buys",
    onlyBetter: "Only it was right",
    onlyOther: "Only the other was",
    difference: "Difference",
    effective: "Independent probes it is worth",
    pValue: "McNemar p of as many",
    objective: "Objective",
    spent: "Failures",
    allowed: "Allowed",
    remaining: "Budget left",
    window: "Windows",
    rate: "Rate at the end, long and short",
    highest: "Highest",
    rang: "Rang",
    time: "Time",
    kind: "About",
    state: "State",
    sides: "Who said what",
    names: "Names",
    lasted: "Lasted",
    outages: "Outages",
    lone: "Of one probe",
    open: "Not seen to end",
    mttr: "Mean time to repair (95 % interval)",
    mtbf: "Mean time between (95 % interval)",
    longest: "Longest",
    down: "In all",
    observed: "Of time observed",
    paths: "Paths",
    rounds: "Rounds",
    failedEach: "Failed, each",
    together: "Failed together (95 % interval)",
    independent: "Were they independent",
    phi: "Phi",
    beta: "Common-cause share (beta)",
    ofRarest: "Of the rarer's failures",
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
    joint: "Joint failures",
    gains: "What the combination buys",
    robust: "Intervals by blocks of time",
    budgets: "Error budgets",
    alarms: "Burn rates",
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
    repair:
      "Repair is all time down over the outages that ended, so that open ones make it longer; between is all time observed over the outages seen to begin. In brackets: the interval of as many exponential times as there were separate outages, those that began together counted once.",
    gains: "Difference and p count as many rounds as the series is worth, not every round.",
    robust: "Outages come in bursts; whole blocks of time were resampled.",
    alarms:
      "How many times faster than sustainable the budget burned. A pair rings while both of its windows burn too fast.",
    earned:
      "With 95 % confidence, of the time in which nothing was broken on purpose; 5 minutes count once, however often they were probed:",
    over: "Shaded: something is broken on purpose.",
    latency: "Share of all probes answered within a time. A line that ends below 100 lost the rest for good.",
  },
  milliseconds,
};
