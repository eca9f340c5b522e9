/** The watch's page of metrics, read as Prometheus reads it. */
import { expect } from "chai";
import { createWatchMetrics } from "../../src/compare/watch/metrics.ts";
import type { Saying } from "../../src/compare/watch/sources.ts";
import { said, sample } from "../support/compare/watch.ts";
import { parseMetrics } from "../support/prometheus.ts";

describe("parseMetrics", () => {
  it("rejects pages that a scraper would stumble over", () => {
    const head = "# HELP a_total What.\n# TYPE a_total counter\n";
    const histogram = "# HELP h What.\n# TYPE h histogram\n";
    expect(parseMetrics(`${head}a_total{x="\\\\ \\" \\n"} 1e3\n`).value("a_total", { x: '\\ " \n' })).to.equal(1000);
    for (const bad of [
      `${head}a_total 1`,
      `${head}a_total{x="1} 1\n`,
      `${head}a_total{x="\\t"} 1\n`,
      `${head}a_total{x="1",x="2"} 1\n`,
      `${head}a_total{x=1} 1\n`,
      `${head}a_total one\n`,
      `${head}a_total -1\n`,
      `${head}a_total 1\na_total 2\n`,
      `${head}b_total 1\n`,
      `${head}a_total 1\n${head}a_total{x="1"} 1\n`,
      "# TYPE a_total counter\na_total 1\n",
      head,
      `${histogram}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`,
      `${histogram}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
      `${histogram}h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`,
      `${histogram}h_bucket{le="+Inf"} 1\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`,
    ]) {
      expect(() => parseMetrics(bad), bad).to.throw(Error);
    }
  });
});

describe("createWatchMetrics", () => {
  it("returns a page that holds whatever is noted, in whichever words", () => {
    const metrics = createWatchMetrics('a "b" \\ c\nd');
    metrics.note(sample({ type: "text:a{b}", outcome: "wrong", void: "stalled" }), undefined);
    metrics.note(sample({ type: "text:a{b}", serial: 7, block: "12", records: 1 }), said("192.0.2.1"));
    metrics.noteAlert("rejected", "raised");
    metrics.noteWebhook(true);
    const page = parseMetrics(metrics.text(1_234.5));
    const labels = { name: "shop.hold", type: "text:a{b}", path: "dns", vantage: 'a "b" \\ c\nd' };
    expect(page.value("probe_success", labels)).to.equal(1);
    expect(page.value("probe_dns_serial", labels)).to.equal(7);
    expect(page.value("holdfast_probe_block", labels)).to.equal(12);
    expect(page.value("holdfast_probes_total", { ...labels, outcome: "answered" })).to.equal(1);
    expect(page.value("holdfast_probes_void_total")).to.equal(1);
    expect(page.value("holdfast_disagreements", { kind: "rejected" })).to.equal(1);
    expect(page.value("holdfast_webhooks_total", { result: "delivered" })).to.equal(1);
    expect(page.value("holdfast_instrument_late_seconds_max")).to.equal(1.2345);
    // Before anything is noted, too.
    expect(parseMetrics(createWatchMetrics("x").text(0)).value("holdfast_probes_void_total")).to.equal(0);
  });

  it("tells of a DNS server that it answered, whatever it said", () => {
    const sections = { answers: 0, authorities: 0, additionals: 0 };
    const refused: Saying = { outcome: "refused", value: null, evidence: "none" };
    const cases = [
      ["dns", "refused", refused, 1],
      ["dns@a:53", "refused", { ...refused, sections }, 1],
      ["dns@e:53", "refused", undefined, 1],
      ["dns@https://b.example/", "refused", { ...refused, sections }, 1],
      // HTTP 500 of a DNS over HTTPS endpoint is no DNS.
      ["dns@https://a.example/", "refused", refused, 0],
      ["dns@b:53", "unproven", { outcome: "absent", value: null, evidence: "none", sections }, 1],
      ["dns@c:53", "timedOut", { outcome: "timedOut", value: null, evidence: "none" }, 0],
      ["dns@d:53", "unreachable", undefined, 0],
    ] as const;
    const metrics = createWatchMetrics("seoul");
    for (const [path, outcome, saying] of cases) metrics.note(sample({ path, outcome }), saying);
    metrics.note(sample({ path: "chain" }), undefined);
    const page = parseMetrics(metrics.text(0));
    const told = cases.map(([path]) => [path, page.value("probe_dns_query_succeeded", { path })]);
    expect(told).to.deep.equal(cases.map(([path, , , expected]) => [path, expected]));
    expect(page.valuesOf("probe_dns_query_succeeded", { path: "chain" })).to.deep.equal([]);
  });

  it("counts latencies in a histogram, failures as infinitely long", () => {
    const metrics = createWatchMetrics("seoul");
    for (const latencyMs of [1, 3, 30, 30, 900, 9_000]) metrics.note(sample({ latencyMs }), undefined);
    metrics.note(sample({ latencyMs: 4_000, outcome: "timedOut" }), undefined);
    metrics.note(sample({ latencyMs: 2, outcome: "wrong" }), undefined);
    const page = parseMetrics(metrics.text(0));
    const upTo = (le: string) => page.value("holdfast_probe_latency_seconds_bucket", { path: "dns", le });
    expect([upTo("0.001"), upTo("0.005"), upTo("0.05"), upTo("1"), upTo("8"), upTo("+Inf")]).to.deep.equal([
      1, 2, 4, 5, 5, 8,
    ]);
    expect(page.value("holdfast_probe_latency_seconds_count", { path: "dns" })).to.equal(8);
    expect(page.value("holdfast_probe_latency_seconds_sum", { path: "dns" })).to.be.closeTo(13.966, 1e-9);
  });

  it("keeps the number of series bounded, however many names there are", () => {
    const metrics = createWatchMetrics("seoul");
    for (const round of [0, 1]) {
      for (let index = 0; index < 1_500; index += 1)
        metrics.note(sample({ round, name: `n${index}.hold`, type: "A" }), undefined);
    }
    const page = parseMetrics(metrics.text(0));
    expect(page.valuesOf("probe_success").length).to.equal(1_000);
    const totals = page.valuesOf("holdfast_probes_total");
    expect([totals.length, totals.reduce((sum, count) => sum + count, 0)]).to.deep.equal([1_001, 3_000]);
    expect(page.value("holdfast_probes_total", { name: "others" })).to.equal(1_000);
    expect(page.value("holdfast_names", { series: "own" })).to.equal(1_000);
    expect(page.value("holdfast_names", { series: "others" })).to.equal(500);
  });
});
