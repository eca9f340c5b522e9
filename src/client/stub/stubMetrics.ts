/** What the stub counts, in Prometheus' text format. */

export interface StubMetrics {
  /** `source`: where the answer came from, such as `upstream`, `stale` or `name-gateways`. */
  readonly count: (source: string, rcode: string, durationMs: number) => void;
  readonly text: () => string;
}

const BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

export function createStubMetrics(): StubMetrics {
  const counts = new Map<string, number>();
  const buckets = BUCKETS_SECONDS.map(() => 0);
  let queryCount = 0;
  let secondsSum = 0;
  return {
    count(source, rcode, durationMs) {
      const key = `source="${source}",rcode="${rcode}"`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      queryCount += 1;
      secondsSum += durationMs / 1000;
      for (const [index, limit] of BUCKETS_SECONDS.entries()) if (durationMs / 1000 <= limit) buckets[index]! += 1;
    },
    text() {
      const lines = [
        "# HELP holdfast_stub_queries_total Queries answered.",
        "# TYPE holdfast_stub_queries_total counter",
      ];
      for (const [labels, value] of [...counts].sort()) lines.push(`holdfast_stub_queries_total{${labels}} ${value}`);
      lines.push(
        "# HELP holdfast_stub_duration_seconds Time from a query to its answer.",
        "# TYPE holdfast_stub_duration_seconds histogram",
        ...BUCKETS_SECONDS.map(
          (limit, index) => `holdfast_stub_duration_seconds_bucket{le="${limit}"} ${buckets[index]}`,
        ),
        `holdfast_stub_duration_seconds_bucket{le="+Inf"} ${queryCount}`,
        `holdfast_stub_duration_seconds_sum ${secondsSum}`,
        `holdfast_stub_duration_seconds_count ${queryCount}`,
      );
      return `${lines.join("\n")}\n`;
    },
  };
}
