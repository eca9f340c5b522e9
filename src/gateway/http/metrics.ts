/** `/metrics` in the Prometheus text format (version 0.0.4): counters of the HTTP front, gauges of the copy and its providers. */
import type { Clock } from "../../base/clock.ts";
import type { Replica } from "../../replica/replica.ts";
import type { ProviderPool } from "../../replica/source/providerPool.ts";
import type { HttpHandler, Route } from "./handler.ts";
import type { HttpRequest, HttpResponse } from "./message.ts";

const STATUSES = ["empty", "following", "diverged"] as const;
const STATES = ["unknown", "agreeing", "lagging", "forked", "suspected", "unreachable"] as const;
/** Upper bounds of the latency histogram, in seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1];

export interface HttpMetrics {
  /** A handler that counts what another answers. */
  count(handler: HttpHandler, paths: readonly string[]): HttpHandler;
  /** The lines about the HTTP front. */
  lines(): string[];
}

/** Counters by path and status. Paths come from the routes, so that strangers cannot make up series. */
export function createHttpMetrics(clock: Clock): HttpMetrics {
  const counts = new Map<string, Map<number, number>>();
  const buckets = new Array<number>(BUCKETS.length + 1).fill(0);
  let secondsSum = 0;
  const note = (path: string, status: number, startMs: number) => {
    const byStatus = counts.get(path) ?? new Map<number, number>();
    if (byStatus.size === 0) counts.set(path, byStatus);
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    const seconds = (clock.monotonicMs() - startMs) / 1000;
    secondsSum += seconds;
    let index = 0;
    while (index < BUCKETS.length && seconds > BUCKETS[index]!) index += 1;
    buckets[index] = (buckets[index] ?? 0) + 1;
  };
  return {
    count(handler, paths) {
      const prefixes = paths.filter((path) => path.endsWith("/"));
      const exact = new Set(paths);
      const pathOf = ({ path }: HttpRequest) =>
        exact.has(path) ? path : (prefixes.find((prefix) => path.startsWith(prefix)) ?? "other");
      return (request) => {
        const startMs = clock.monotonicMs();
        const done = (response: HttpResponse) => {
          note(pathOf(request), response.status, startMs);
          return response;
        };
        const response = handler(request);
        return response instanceof Promise ? response.then(done) : done(response);
      };
    },
    lines() {
      let cumulative = 0;
      const histogram = [...BUCKETS.map(String), "+Inf"].map((bound, index) => {
        cumulative += buckets[index]!;
        return `holdfast_http_request_seconds_bucket{le="${bound}"} ${cumulative}`;
      });
      return [
        "# HELP holdfast_http_requests_total HTTP requests by route and status.",
        "# TYPE holdfast_http_requests_total counter",
        ...[...counts].flatMap(([path, byStatus]) =>
          [...byStatus].map(
            ([status, value]) => `holdfast_http_requests_total{path="${path}",status="${status}"} ${value}`,
          ),
        ),
        "# HELP holdfast_http_request_seconds Time to make a response.",
        "# TYPE holdfast_http_request_seconds histogram",
        ...histogram,
        `holdfast_http_request_seconds_sum ${secondsSum}`,
        `holdfast_http_request_seconds_count ${cumulative}`,
      ];
    },
  };
}

function gauge(name: string, help: string, ...values: readonly (readonly [string, number])[]): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...values.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
}

/** The lines about the copy and where it comes from. */
function replicaLines(replica: Replica, pool: ProviderPool): string[] {
  return [
    ...gauge("holdfast_replica_head_block", "Newest block applied.", ["", replica.head?.number ?? -1]),
    ...gauge("holdfast_replica_head_timestamp_seconds", "Its timestamp.", ["", replica.head?.timestamp ?? 0]),
    ...gauge("holdfast_replica_checkpoint_block", "Newest block proven right.", [
      "",
      replica.checkpoint?.header.number ?? -1,
    ]),
    ...gauge(
      "holdfast_replica_status",
      "1 for the present status.",
      ...STATUSES.map((status) => [`{status="${status}"}`, replica.status === status ? 1 : 0] as const),
    ),
    ...gauge("holdfast_replica_slots", "Storage slots held.", ["", replica.slotCount]),
    ...gauge("holdfast_replica_storage_bytes", "Memory that the slots take.", ["", replica.storageBytes]),
    "# HELP holdfast_replica_events_total Events applied since the start.",
    "# TYPE holdfast_replica_events_total counter",
    `holdfast_replica_events_total ${replica.eventCount}`,
    ...gauge("holdfast_directory_version", "Version of the directory.", ["", Number(replica.directory.version)]),
    ...gauge(
      "holdfast_provider_state",
      "1 for a provider's present state.",
      ...pool
        .reports()
        .flatMap(({ label, state }) =>
          STATES.map((each) => [`{provider="${label}",state="${each}"}`, each === state ? 1 : 0] as const),
        ),
    ),
    ...gauge("nodejs_heap_used_bytes", "Heap in use.", ["", process.memoryUsage().heapUsed]),
    ...gauge("process_resident_memory_bytes", "Resident memory.", ["", process.memoryUsage.rss()]),
  ];
}

export function metricsRoute(metrics: HttpMetrics, replica: Replica, pool: ProviderPool): Route {
  return {
    method: "GET",
    path: "/metrics",
    handle: () => ({
      status: 200,
      fields: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" },
      body: `${[...metrics.lines(), ...replicaLines(replica, pool)].join("\n")}\n`,
    }),
  };
}
