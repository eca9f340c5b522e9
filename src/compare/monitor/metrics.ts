/** What a monitor has seen, for Prometheus: the names that the blackbox exporter made common, and a few of our own. */
import { createServer, type Server } from "node:http";
import { isRight, type Observation } from "../../availability/observation.ts";
import { BaseError } from "../../base/errors.ts";

interface Series {
  last: Observation;
  probes: number;
  right: number;
  seconds: number;
  readonly outcomes: Map<string, number>;
}

export interface Metrics {
  observe(observation: Observation): void;
  disagreed(name: string): void;
  /** The text exposition format, version 0.0.4. */
  text(): string;
}

const HELP: readonly (readonly [string, string, string])[] = [
  ["probe_success", "gauge", "Whether the last probe brought the truth."],
  ["probe_duration_seconds", "gauge", "How long the last probe took."],
  ["holdfast_probes_total", "counter", "Probes by outcome."],
  ["holdfast_probe_seconds_total", "counter", "Time spent in probes."],
  ["holdfast_disagreements_total", "counter", "Rounds in which paths told different things."],
];

function label(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

export function createMetrics(): Metrics {
  const series = new Map<string, Series>();
  const disagreements = new Map<string, number>();
  return {
    observe(observation) {
      if (observation.void !== undefined) return;
      const key = `name="${label(observation.name)}",path="${label(observation.path)}",vantage="${label(observation.vantage ?? "")}"`;
      const one = series.get(key) ?? { last: observation, probes: 0, right: 0, seconds: 0, outcomes: new Map() };
      one.last = observation;
      one.probes += 1;
      one.right += isRight(observation) ? 1 : 0;
      one.seconds += observation.latencyMs / 1000;
      one.outcomes.set(observation.outcome, (one.outcomes.get(observation.outcome) ?? 0) + 1);
      series.set(key, one);
    },
    disagreed(name) {
      disagreements.set(name, (disagreements.get(name) ?? 0) + 1);
    },
    text() {
      const samples: Record<string, string[]> = Object.fromEntries(HELP.map(([name]) => [name, []]));
      for (const [key, one] of series) {
        samples.probe_success!.push(`probe_success{${key}} ${isRight(one.last) ? 1 : 0}`);
        samples.probe_duration_seconds!.push(`probe_duration_seconds{${key}} ${one.last.latencyMs / 1000}`);
        samples.holdfast_probe_seconds_total!.push(`holdfast_probe_seconds_total{${key}} ${one.seconds}`);
        for (const [outcome, count] of one.outcomes) {
          samples.holdfast_probes_total!.push(`holdfast_probes_total{${key},outcome="${outcome}"} ${count}`);
        }
      }
      for (const [name, count] of disagreements) {
        samples.holdfast_disagreements_total!.push(`holdfast_disagreements_total{name="${label(name)}"} ${count}`);
      }
      return HELP.flatMap(([name, type, help]) => [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...samples[name]!,
      ])
        .concat("")
        .join("\n");
    },
  };
}

export class MetricsPortError extends BaseError {
  override readonly name = "Compare.MetricsPortError";
  constructor(port: number, cause: unknown) {
    super("COMPARE_METRICS_PORT", `Port ${port} for the metrics cannot be had.`, {
      cause,
      metaMessages: ["Name another with --metrics-port, or 0 for any that is free."],
    });
  }
}

/** Serves `/metrics` on the loopback address; returns the port and how to stop. */
export async function serveMetrics(
  metrics: Metrics,
  port: number,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(metrics.text());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new MetricsPortError(port, error)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
