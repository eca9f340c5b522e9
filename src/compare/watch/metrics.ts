/** The watch in the Prometheus text format, under the names that blackbox probers use. */
import { isRight } from "../../availability/observation.ts";
import { PROBE_OUTCOMES } from "../../availability/outcome.ts";
import { createHistogram, family, type Histogram, labelsOf, series } from "./exposition.ts";
import { DISAGREEMENTS, type Sample } from "./sample.ts";
import type { Saying } from "./sources.ts";

export interface WatchMetrics {
  note(sample: Sample, saying: Saying | undefined): void;
  noteAlert(kind: string, state: "raised" | "cleared"): void;
  noteWebhook(isDelivered: boolean): void;
  /** The page; `stallMsMax` is the instrument's longest lateness so far. */
  text(stallMsMax: number): string;
}

interface Latest {
  readonly labels: string;
  readonly sample: Sample;
  readonly saying: Saying | undefined;
}

/** As many names have series of their own; of all others together there are counters only, under the name `OTHERS`. */
const NAMES_MAX = 1_000;
const OTHERS = "others";
/** In seconds, about three steps to a factor of ten. */
const LATENCY_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8] as const;

/** Gauges of the last probe of each name and path, and how each is read off it. */
const GAUGES: readonly (readonly [string, string, (latest: Latest) => number | undefined])[] = [
  ["probe_success", "Whether the last probe brought the truth in time.", ({ sample }) => (isRight(sample) ? 1 : 0)],
  ["probe_duration_seconds", "How long the last probe took.", ({ sample }) => sample.latencyMs / 1000],
  [
    "probe_dns_query_succeeded",
    "Whether a DNS server answered the last probe, whatever it said.",
    ({ sample, saying }) => (sample.path.startsWith("dns") ? (isReply(sample, saying) ? 1 : 0) : undefined),
  ],
  [
    "probe_dns_answer_rrs",
    "Resource records in the answer.",
    ({ sample, saying }) => saying?.sections?.answers ?? sample.records,
  ],
  [
    "probe_dns_authority_rrs",
    "Resource records in the authority section.",
    ({ saying }) => saying?.sections?.authorities,
  ],
  [
    "probe_dns_additional_rrs",
    "Resource records in the additional section.",
    ({ saying }) => saying?.sections?.additionals,
  ],
  [
    "probe_dns_lookup_time_seconds",
    "How long finding the DNS server's own address took.",
    ({ saying }) => secondsOf(saying, "resolve"),
  ],
  ["probe_dns_serial", "Serial of the zone's SOA.", ({ sample }) => sample.serial],
  [
    "holdfast_probe_block",
    "Block the last answer was read at.",
    ({ sample }) => (sample.block === undefined ? undefined : Number(sample.block)),
  ],
];

/** Kinds that a watch by itself can find. */
const LIVE_KINDS = DISAGREEMENTS.filter((kind) => kind !== "vantage");

/** Steps of an exchange with one DNS server. */
const EXCHANGE_PHASES = ["resolve", "connect", "request"] as const;

function secondsOf(saying: Saying | undefined, phase: (typeof EXCHANGE_PHASES)[number]): number | undefined {
  const ms = saying?.phases?.[phase];
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1e6;
}

/** Whether a DNS message came back. An endpoint over HTTPS may refuse without one. */
function isReply({ path, outcome }: Sample, saying: Saying | undefined): boolean {
  if (outcome === "refused" && path.startsWith("dns@http")) return saying?.sections !== undefined;
  return outcome !== "timedOut" && outcome !== "unreachable";
}

interface Counts {
  readonly latest: ReadonlyMap<string, Latest>;
  readonly probes: ReadonlyMap<string, number>;
  readonly seconds: ReadonlyMap<string, number>;
  readonly latencies: ReadonlyMap<string, Histogram>;
  readonly alerts: ReadonlyMap<string, { readonly raised: number; readonly open: number }>;
  readonly webhooks: Readonly<Record<string, number>>;
  readonly voided: number;
  readonly names: { readonly own: number; readonly other: number };
}

/** The first names that come up, each record for itself; those after them are known by a number alone. */
function createNameLabels() {
  const own = new Set<string>();
  const other = new Set<string>();
  return {
    counts: () => ({ own: own.size, other: other.size }),
    hasOwn({ name, type }: Sample): boolean {
      const key = `${name} ${type}`;
      if (own.has(key)) return true;
      if (own.size < NAMES_MAX) own.add(key);
      else other.add(key);
      return own.has(key);
    },
  };
}

/** Counters over the whole watch, gauges of each series' last probe. Void probes count as void and change no gauge. */
export function createWatchMetrics(vantage: string): WatchMetrics {
  const latest = new Map<string, Latest>();
  const probes = new Map<string, number>();
  const seconds = new Map<string, number>();
  const latencies = new Map<string, Histogram>();
  const alerts = new Map<string, { raised: number; open: number }>();
  const webhooks = { delivered: 0, failed: 0 };
  const names = createNameLabels();
  let voided = 0;
  const add = (map: Map<string, number>, key: string, by: number) => map.set(key, (map.get(key) ?? 0) + by);
  return {
    note(sample, saying) {
      if (sample.void !== undefined) {
        voided += 1;
        return;
      }
      const { path, outcome, type = "" } = sample;
      const isOwn = names.hasOwn(sample);
      const subject = isOwn ? { name: sample.name, type } : { name: OTHERS, type: "" };
      if (isOwn) {
        const labels = labelsOf({ ...subject, path, vantage });
        latest.set(labels, { labels, sample, saying });
      }
      add(probes, labelsOf({ ...subject, path, outcome, vantage }), 1);
      const where = labelsOf({ path, vantage });
      add(seconds, where, sample.latencyMs / 1000);
      const histogram = latencies.get(where) ?? createHistogram(LATENCY_BOUNDS);
      latencies.set(where, histogram);
      histogram.add(isRight(sample) ? sample.latencyMs / 1000 : Number.POSITIVE_INFINITY, sample.latencyMs / 1000);
    },
    noteAlert(kind, state) {
      const count = alerts.get(kind) ?? { raised: 0, open: 0 };
      alerts.set(
        kind,
        state === "raised" ? { raised: count.raised + 1, open: count.open + 1 } : { ...count, open: count.open - 1 },
      );
    },
    noteWebhook(isDelivered) {
      webhooks[isDelivered ? "delivered" : "failed"] += 1;
    },
    text: (stallMsMax) =>
      textOf(
        { latest, probes, seconds, latencies, alerts, webhooks, voided, names: names.counts() },
        vantage,
        stallMsMax,
      ),
  };
}

/** What was last heard of each name and path. */
function gaugeLines(latest: readonly Latest[]): string[] {
  const gauges = GAUGES.flatMap(([name, help, read]) =>
    series(
      name,
      help,
      "gauge",
      latest.flatMap((one) => {
        const value = read(one);
        return value === undefined ? [] : [[one.labels, value] as const];
      }),
    ),
  );
  const phases = latest.flatMap(({ labels, saying }) =>
    EXCHANGE_PHASES.flatMap((phase) => {
      const seconds = secondsOf(saying, phase);
      return seconds === undefined ? [] : [[`${labels},${labelsOf({ phase })}`, seconds] as const];
    }),
  );
  const help = "How long each step of the last exchange took.";
  return [...gauges, ...series("probe_dns_duration_seconds", help, "gauge", phases)];
}

/** The page, family by family. */
function textOf(counts: Counts, vantage: string, stallMsMax: number): string {
  const where = labelsOf({ vantage });
  const kinds = LIVE_KINDS.map(
    (kind) => [labelsOf({ kind, vantage }), counts.alerts.get(kind) ?? { raised: 0, open: 0 }] as const,
  );
  const lines = [
    ...gaugeLines([...counts.latest.values()]),
    ...series(
      "holdfast_probes_total",
      `Probes by name, path and outcome (${PROBE_OUTCOMES.join(", ")}).`,
      "counter",
      counts.probes,
    ),
    ...series("holdfast_probe_seconds_total", "Time spent probing, by path.", "counter", counts.seconds),
    ...family(
      "holdfast_probe_latency_seconds",
      "Time to the truth, by path; probes that did not bring it count as infinitely long. The sum is the time spent.",
      "histogram",
      [...counts.latencies].flatMap(([labels, one]) => one.lines("holdfast_probe_latency_seconds", labels)),
    ),
    ...series("holdfast_names", "Names with series of their own, and others, which are counted together.", "gauge", [
      [labelsOf({ series: "own", vantage }), counts.names.own],
      [labelsOf({ series: OTHERS, vantage }), counts.names.other],
    ]),
    ...series(
      "holdfast_probes_void_total",
      "Probes that do not count because the instrument was late or its clock wrong.",
      "counter",
      [[where, counts.voided]],
    ),
    ...series(
      "holdfast_disagreements",
      "Names about which sources contradict each other, or somebody tells what verification rejects, now.",
      "gauge",
      kinds.map(([labels, { open }]) => [labels, open] as const),
    ),
    ...series(
      "holdfast_disagreements_total",
      "Disagreements raised.",
      "counter",
      kinds.map(([labels, { raised }]) => [labels, raised] as const),
    ),
    ...series(
      "holdfast_webhooks_total",
      "Alerts sent to the webhook.",
      "counter",
      Object.entries(counts.webhooks).map(([result, value]) => [labelsOf({ result, vantage }), value] as const),
    ),
    ...series("holdfast_instrument_late_seconds_max", "The instrument's longest lateness.", "gauge", [
      [where, stallMsMax / 1000],
    ]),
  ];
  return `${lines.join("\n")}\n`;
}
