/**
 * Reads a page in the Prometheus text format, version 0.0.4, as strictly as the format is written down: whatever a scraper could
 * stumble over throws.
 */

export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly MetricSample[];
}

export interface MetricsPage {
  readonly families: ReadonlyMap<string, MetricFamily>;
  /** Names as queries use them, those of a histogram's parts included. */
  readonly sampleNames: () => ReadonlySet<string>;
  /** Values of the samples that have at least these labels, in the order of the page. */
  readonly valuesOf: (name: string, labels?: Readonly<Record<string, string>>) => readonly number[];
  /** The one value there is. */
  readonly value: (name: string, labels?: Readonly<Record<string, string>>) => number;
}

const METRIC = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN)$/;
const TYPES = ["counter", "gauge", "histogram", "summary", "untyped"];

/** Reads one line from left to right. */
class Line {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  fail(why: string): never {
    throw new Error(`${why} at ${this.#at}: ${this.#text}`);
  }

  match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) this.fail(`no ${pattern.source}`);
    this.#at += found.length;
    return found;
  }

  take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  rest(): string {
    return this.#text.slice(this.#at);
  }

  /** The inside of quotation marks, with the three escapes that there are. */
  quoted(): string {
    if (!this.take('"')) this.fail("no quotation mark");
    let out = "";
    while (!this.take('"')) {
      if (this.#at >= this.#text.length) this.fail("no end of a label");
      if (this.take("\\")) {
        const escaped = { "\\": "\\", '"': '"', n: "\n" }[this.match(/[\s\S]/y)];
        if (escaped === undefined) this.fail("an escape that is none");
        out += escaped;
      } else out += this.match(/[^\\"]/y);
    }
    return out;
  }
}

function parseSample(text: string): MetricSample {
  const line = new Line(text);
  const name = line.match(METRIC);
  const labels: Record<string, string> = {};
  if (line.take("{")) {
    while (!line.take("}")) {
      const label = line.match(LABEL);
      if (label in labels) line.fail(`the label ${label} twice`);
      if (!line.take("=")) line.fail("no =");
      labels[label] = line.quoted();
      if (!line.take(",") && !line.rest().startsWith("}")) line.fail("neither , nor }");
    }
  }
  if (!line.take(" ")) line.fail("no space before the value");
  const number = line.rest();
  if (!NUMBER.test(number)) line.fail("no value");
  return { name, labels, value: Number(number.replace("Inf", "Infinity")) };
}

/** The family a sample belongs to. */
function familyOf(name: string, type: string): string {
  return type === "histogram" ? name.replace(/_(bucket|sum|count)$/, "") : name;
}

const keyOf = ({ name, labels }: MetricSample) => JSON.stringify([name, Object.entries(labels).sort()]);

/** Buckets must rise to +Inf, which must be the count; there must be a sum. */
function checkHistogram({ name, samples }: MetricFamily): void {
  const groups = new Map<string, MetricSample[]>();
  for (const one of samples) {
    const { le, ...labels } = one.labels;
    const key = JSON.stringify(Object.entries(labels).sort());
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const [labels, mine] of groups) {
    const buckets = mine.filter((one) => one.name === `${name}_bucket`);
    const bounds = buckets.map((one) => Number((one.labels.le ?? "").replace("Inf", "Infinity")));
    const rises = (values: readonly number[], isOver: (left: number, right: number) => boolean) =>
      values.every((value, index) => index === 0 || isOver(value, values[index - 1]!));
    const [count, sum] = ["count", "sum"].map((part) => mine.find((one) => one.name === `${name}_${part}`)?.value);
    if (!rises(bounds, (left, right) => left > right)) throw new Error(`bounds of ${name}${labels} do not rise`);
    if (
      !rises(
        buckets.map(({ value }) => value),
        (left, right) => left >= right,
      )
    )
      throw new Error(`buckets of ${name}${labels} fall`);
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${name}${labels} has no bucket +Inf`);
    if (count === undefined || count !== buckets.at(-1)?.value) throw new Error(`${name}${labels}: +Inf is no count`);
    if (sum === undefined || !Number.isFinite(sum)) throw new Error(`${name}${labels} has no sum`);
  }
}

/** Throws an `Error` with the line where the page is none. */
export function parseMetrics(text: string): MetricsPage {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, MetricFamily & { readonly samples: MetricSample[] }>();
  const seen = new Set<string>();
  let help: { readonly name: string; readonly text: string } | undefined;
  let current: (MetricFamily & { readonly samples: MetricSample[] }) | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === "HELP") help = { name: comment[2]!, text: comment[3]! };
    else if (comment) {
      const [, , name = "", type = ""] = comment;
      if (help?.name !== name) throw new Error(`no help before ${line}`);
      if (!TYPES.includes(type)) throw new Error(`no such type: ${line}`);
      // All lines of a family stand together, after its one TYPE.
      if (families.has(name)) throw new Error(`a second time: ${line}`);
      current = { name, help: help.text, type, samples: [] };
      families.set(name, current);
    } else {
      const sample = parseSample(line);
      if (current === undefined || familyOf(sample.name, current.type) !== current.name)
        throw new Error(`outside of its family: ${line}`);
      if (current.type === "counter" && !(sample.value >= 0)) throw new Error(`a counter below nothing: ${line}`);
      if (seen.has(keyOf(sample))) throw new Error(`the same series twice: ${line}`);
      seen.add(keyOf(sample));
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) {
    if (family.samples.length === 0) throw new Error(`${family.name} has no sample`);
    if (family.type === "histogram") checkHistogram(family);
  }
  const all = [...families.values()].flatMap(({ samples }) => samples);
  const valuesOf: MetricsPage["valuesOf"] = (name, labels = {}) =>
    all
      .filter(
        (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
      )
      .map(({ value }) => value);
  return {
    families,
    sampleNames: () => new Set(all.map(({ name }) => name)),
    valuesOf,
    value(name, labels) {
      const found = valuesOf(name, labels);
      if (found.length !== 1) throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`);
      return found[0]!;
    },
  };
}
