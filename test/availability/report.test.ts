import { expect } from "chai";
import type { Observation } from "../../src/availability/observation.ts";
import { availabilitySeries, milliseconds, percent, percentUp, tableOf } from "../../src/availability/report.ts";

const PHASES = [
  { id: "well", title: "All well", startMs: 0, endMs: 100, faults: [] },
  { id: "dnsDown", title: "DNS down", startMs: 100, endMs: 200, faults: ["DNS server stopped"] },
];

function observations(): Observation[] {
  return Array.from({ length: 20 }, (_, index) => ({
    atMs: index * 10,
    round: index,
    name: "shop.hold",
    path: "dns",
    outcome: index < 10 ? "answered" : index === 15 ? "wrong" : "timedOut",
    latencyMs: index,
  }));
}

describe("report", () => {
  it("returns a cell for each phase and probed path", () => {
    const [well, down] = tableOf(observations(), PHASES);
    expect(well).to.deep.include({ phase: "well", path: "dns", probes: 10, right: 10, wrong: 0, availability: 1 });
    expect(well?.p99Ms).to.equal(9);
    expect(down).to.deep.include({ phase: "dnsDown", right: 0, wrong: 1, availability: 0, p50Ms: null, p99Ms: null });
    expect(down?.outcomes).to.deep.include({ timedOut: 9, wrong: 1 });
  });

  it("never counts what the instrument spoiled itself", () => {
    const spoiled = observations().map((observation) => ({ ...observation, void: "stalled" }));
    expect(tableOf(spoiled, PHASES)[0]?.probes).to.equal(0);
  });

  it("returns availability in bins", () => {
    const series = availabilitySeries(observations(), "dns", 100);
    expect(series).to.deep.equal([
      { atMs: 50, probes: 10, availability: 1 },
      { atMs: 150, probes: 10, availability: 0 },
    ]);
  });

  it("never rounds up to a whole", () => {
    expect([percent(0.999999), percent(1), percent(0), percent(0.5)]).to.deep.equal([
      "99.9999 %",
      "100 %",
      "0 %",
      "50 %",
    ]);
    expect([milliseconds(null), milliseconds(3.14), milliseconds(42.4)]).to.deep.equal(["∞", "3.1 ms", "42 ms"]);
  });

  it("shows as many digits as a share has nines, and never narrows an interval", () => {
    expect([0.99, 0.999, 0.9999, 0.99999, 0.99994, 0.98169].map(percent)).to.deep.equal([
      "99 %",
      "99.9 %",
      "99.99 %",
      "99.999 %",
      "99.994 %",
      "98.16 %",
    ]);
    expect([0.99456, 0.98169, 0.99999, 0.999999999, 1, 0, 0.3].map(percentUp)).to.deep.equal([
      "99.46 %",
      "98.17 %",
      "99.999 %",
      "99.9999999 %",
      "100 %",
      "0 %",
      "30 %",
    ]);
    expect([4e-5, 0.00234, 1e-12].map(percent)).to.deep.equal(["0.004 %", "0.23 %", "< 0.0000001 %"]);
    for (let seed = 1; seed < 400; seed += 1) {
      const ratio = (seed * 7919) / 3_200_000;
      const shown = (text: string) => Number.parseFloat(text) / 100;
      expect(shown(percent(ratio))).to.be.at.most(ratio + 1e-9);
      expect(shown(percentUp(ratio))).to.be.at.least(ratio - 1e-9);
    }
  });
});
