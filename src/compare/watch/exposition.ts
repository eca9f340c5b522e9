/** The Prometheus text format, version 0.0.4: labels, families, histograms. */

const escapeLabel = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** Labels as they stand between braces, in the order given. */
export function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(",");
}

/** One metric with its help and type; nothing where it has no line. */
export function family(
  name: string,
  help: string,
  type: "gauge" | "counter" | "histogram",
  lines: readonly string[],
): string[] {
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}

/** A counter or a gauge with one line for each set of labels. */
export function series(
  name: string,
  help: string,
  type: "gauge" | "counter",
  values: Iterable<readonly [string, number]>,
): string[] {
  return family(
    name,
    help,
    type,
    [...values].map(([labels, value]) => `${name}{${labels}} ${value}`),
  );
}

/** Counts of values up to each of some bounds. */
export interface Histogram {
  /** @param value Infinity for what never came, which every bound but the last leaves out. */
  add(value: number, seconds: number): void;
  lines(name: string, labels: string): string[];
}

/** @param bounds In rising order, without infinity. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0);
  let count = 0;
  let sum = 0;
  return {
    add(value, seconds) {
      const index = bounds.findIndex((bound) => value <= bound);
      if (index !== -1) counts[index] = counts[index]! + 1;
      count += 1;
      sum += seconds;
    },
    lines(name, labels) {
      let below = 0;
      const buckets = bounds.map((bound, index) => {
        below += counts[index]!;
        return `${name}_bucket{${labels},le="${bound}"} ${below}`;
      });
      return [
        ...buckets,
        `${name}_bucket{${labels},le="+Inf"} ${count}`,
        `${name}_sum{${labels}} ${sum}`,
        `${name}_count{${labels}} ${count}`,
      ];
    },
  };
}
