/** The watch in the Prometheus text format, under the names that blackbox probers use. */
import { OUTCOMES } from "../../availability/outcome.ts";
import type { Sample } from "./sample.ts";
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

const escapeLabel = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const isRightSample = ({ outcome }: Sample) => outcome === "answered" || outcome === "absent";

/** Gauges of the last probe of each name and path, and how each is read off it. */
const GAUGES: readonly (readonly [string, string, (latest: Latest) => number | undefined])[] = [
  [
    "probe_success",
    "Whether the last probe brought the truth in time.",
    ({ sample }) => (isRightSample(sample) ? 1 : 0),
  ],
  ["probe_duration_seconds", "How long the last probe took.", ({ sample }) => sample.latencyMs / 1000],
  [
    "probe_dns_query_succeeded",
    "Whether a DNS server answered the last probe, whatever it said.",
    ({ sample }) => (sample.path.startsWith("dns") ? (answersAtAll(sample) ? 1 : 0) : undefined),
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

/** Steps of an exchange with one DNS server. */
const EXCHANGE_PHASES = ["resolve", "connect", "request"] as const;

function secondsOf(saying: Saying | undefined, phase: (typeof EXCHANGE_PHASES)[number]): number | undefined {
  const ms = saying?.phases?.[phase];
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1e6;
}

function answersAtAll({ outcome }: Sample): boolean {
  return outcome === "answered" || outcome === "absent" || outcome === "wrong" || outcome === "stale";
}

interface Counts {
  readonly latest: ReadonlyMap<string, Latest>;
  readonly probes: ReadonlyMap<string, number>;
  readonly seconds: ReadonlyMap<string, number>;
  readonly alerts: ReadonlyMap<string, { readonly raised: number; readonly open: number }>;
  readonly webhooks: Readonly<Record<string, number>>;
  readonly voided: number;
}

/** Counters over the whole watch, gauges of each series' last probe. Void probes count as void and change no gauge. */
export function createWatchMetrics(vantage: string): WatchMetrics {
  const latest = new Map<string, Latest>();
  const probes = new Map<string, number>();
  const seconds = new Map<string, number>();
  const alerts = new Map<string, { raised: number; open: number }>();
  const webhooks = { delivered: 0, failed: 0 };
  let voided = 0;
  const where = `vantage="${escapeLabel(vantage)}"`;
  const add = (map: Map<string, number>, key: string, by: number) => map.set(key, (map.get(key) ?? 0) + by);
  return {
    note(sample, saying) {
      const path = `path="${escapeLabel(sample.path)}"`;
      if (sample.void !== undefined) {
        voided += 1;
        return;
      }
      const labels = `name="${escapeLabel(sample.name)}",${path},${where}`;
      latest.set(`${sample.name} ${sample.path}`, { labels, sample, saying });
      add(probes, `${path},outcome="${sample.outcome}",${where}`, 1);
      add(seconds, `${path},${where}`, sample.latencyMs / 1000);
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
    text: (stallMsMax) => textOf({ latest, probes, seconds, alerts, webhooks, voided }, where, stallMsMax),
  };
}

function family(name: string, help: string, type: "gauge" | "counter", lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}

/** The page, family by family. */
function textOf(counts: Counts, where: string, stallMsMax: number): string {
  const gauges = GAUGES.flatMap(([name, help, read]) => {
    const lines = [...counts.latest.values()].flatMap((one) => {
      const value = read(one);
      return value === undefined ? [] : [`${name}{${one.labels}} ${value}`];
    });
    return family(name, help, "gauge", lines);
  });
  const phases = [...counts.latest.values()].flatMap(({ labels, saying }) =>
    EXCHANGE_PHASES.flatMap((phase) => {
      const seconds = secondsOf(saying, phase);
      return seconds === undefined ? [] : [`probe_dns_duration_seconds{${labels},phase="${phase}"} ${seconds}`];
    }),
  );
  const kinds = ["answer", "serial"].map((kind) => [kind, counts.alerts.get(kind) ?? { raised: 0, open: 0 }] as const);
  const lines = [
    ...gauges,
    ...family("probe_dns_duration_seconds", "How long each step of the last exchange took.", "gauge", phases),
    ...family(
      "holdfast_probes_total",
      `Probes by path and outcome (${OUTCOMES.join(", ")}).`,
      "counter",
      [...counts.probes].map(([labels, value]) => `holdfast_probes_total{${labels}} ${value}`),
    ),
    ...family(
      "holdfast_probe_seconds_total",
      "Time spent probing, by path.",
      "counter",
      [...counts.seconds].map(([labels, value]) => `holdfast_probe_seconds_total{${labels}} ${value}`),
    ),
    ...family("holdfast_probes_void_total", "Probes that do not count because the instrument was late.", "counter", [
      `holdfast_probes_void_total{${where}} ${counts.voided}`,
    ]),
    ...family(
      "holdfast_disagreements",
      "Names whose sources contradict each other now.",
      "gauge",
      kinds.map(([kind, { open }]) => `holdfast_disagreements{kind="${kind}",${where}} ${open}`),
    ),
    ...family(
      "holdfast_disagreements_total",
      "Disagreements raised.",
      "counter",
      kinds.map(([kind, { raised }]) => `holdfast_disagreements_total{kind="${kind}",${where}} ${raised}`),
    ),
    ...family(
      "holdfast_webhooks_total",
      "Alerts sent to the webhook.",
      "counter",
      Object.entries(counts.webhooks).map(
        ([result, value]) => `holdfast_webhooks_total{result="${result}",${where}} ${value}`,
      ),
    ),
    ...family("holdfast_instrument_late_seconds_max", "The instrument's longest lateness.", "gauge", [
      `holdfast_instrument_late_seconds_max{${where}} ${stallMsMax / 1000}`,
    ]),
  ];
  return `${lines.join("\n")}\n`;
}
