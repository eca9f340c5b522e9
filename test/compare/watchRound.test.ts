/** What a round of a watch concludes: of several records of a name, of absence, of what verification rejected. */
import { expect } from "chai";
import { isRight } from "../../src/availability/observation.ts";
import { cellOf } from "../../src/availability/report.ts";
import { parseNameList } from "../../src/compare/watch/names.ts";
import { contradictionsOf, outcomeOf } from "../../src/compare/watch/round.ts";
import { answerHash, observationOf } from "../../src/compare/watch/sample.ts";
import type { Saying, WatchSource } from "../../src/compare/watch/sources.ts";
import { formatRdata } from "../../src/dns/rdataText.ts";
import { decodeRRset } from "../../src/protocol/rrset.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
import { proven, said, source, value, watch } from "../support/compare/watch.ts";
import { parseMetrics } from "../support/prometheus.ts";

const absent = (more: Partial<Saying> = {}): Saying => ({ outcome: "absent", value: null, evidence: "none", ...more });
const failed = (outcome: Saying["outcome"], more: Partial<Saying> = {}): Saying => ({
  outcome,
  value: null,
  evidence: "none",
  ...more,
});
const rejected = (outcome: "wrong" | "stale", endpoint: string) => ({
  rejected: [{ endpoint, outcome, reason: "the proof does not hold" }],
});
const ONE = parseNameList("shop.hold=shop.example.org", "names", "hold", "A");

describe("a watch of two records of one name", () => {
  const names = parseNameList("shop.hold A\nshop.hold AAAA", "names", "hold", "A");
  const isAddress = (rrtype: number) => rrtype === 1;
  /** Says one thing of the A record and agrees with everybody about the other. */
  const telling = (id: string, address: string, evidence: Saying["evidence"]): WatchSource => ({
    id,
    supports: () => true,
    ask: async ({ record }) =>
      record.kind === "dns" && isAddress(record.rrtype) ? said(address, { evidence }) : absent({ evidence: "proof" }),
  });

  it("raises what is told of one of them, though the other is well", async () => {
    const clock = new FalseClock(0);
    const sources = [telling("dns", "203.0.113.66", "none"), telling("chain", "192.0.2.1", "proof")];
    const { done, alerts, samples, metrics } = watch(clock, sources, { names, rounds: 20 });
    await clock.runUntilSettled("the watch", done);
    expect(alerts.map(({ name, type, state }) => [name, type, state])).to.deep.equal([["shop.hold", "A", "raised"]]);
    expect(new Set(samples().map(({ type }) => type))).to.deep.equal(new Set(["A", "AAAA"]));
    const page = parseMetrics(metrics.text(0));
    expect(page.value("probe_success", { name: "shop.hold", type: "A", path: "dns" })).to.equal(0);
    expect(page.value("probe_success", { name: "shop.hold", type: "AAAA", path: "dns" })).to.equal(1);
    // One record's outages are none of the other's.
    expect(new Set(samples().map((one) => observationOf(one, 0, "seoul").name))).to.deep.equal(
      new Set(["shop.hold", "shop.hold AAAA"]),
    );
  });
});

describe("absence", () => {
  it("returns as right only what is proven, what agrees with the truth, and what is expected", () => {
    expect(outcomeOf(absent(), undefined)).to.equal("unproven");
    expect(isRight({ outcome: "unproven" })).to.equal(false);
    expect(outcomeOf(absent({ evidence: "proof" }), undefined)).to.equal("absent");
    expect(outcomeOf(absent(), { value: null })).to.equal("absent");
    expect(outcomeOf(absent(), { value: value("192.0.2.1") })).to.equal("wrong");
    // Where every asker may be told something else, absence is still held against a proof of it, and a value is not.
    expect(outcomeOf(absent(), { value: null }, false)).to.equal("absent");
    expect(outcomeOf(absent(), { value: value("192.0.2.1") }, false)).to.equal("unproven");
    expect(outcomeOf(said("192.0.2.9"), { value: value("192.0.2.1") }, false)).to.equal("answered");
  });

  it("never counts as available where DNS alone tells it, also once the truth is long ago", async () => {
    const clock = new FalseClock(0);
    const isDown = () => clock.monotonicMs() > 30_000;
    const dns = source("dns", () => (isDown() ? absent() : said("192.0.2.1")));
    const chain = source("chain", () => (isDown() ? failed("timedOut") : proven("192.0.2.1")));
    const { done, samples } = watch(clock, [dns, chain], { names: ONE, rounds: 8 });
    await clock.runUntilSettled("the watch", done);
    const outcomes = samples()
      .filter(({ path }) => path === "dns")
      .map(({ outcome }) => outcome);
    expect(outcomes[0]).to.equal("answered");
    expect(outcomes.slice(1).filter((outcome) => outcome !== "wrong" && outcome !== "unproven")).to.deep.equal([]);
    expect(outcomes.at(-1)).to.equal("unproven");
  });

  it("returns right where the list expects it, and raises whoever tells a value", async () => {
    const names = parseNameList("gone.hold=gone.example.org absent", "names", "hold", "A");
    expect(names).to.deep.include({
      name: "gone.hold",
      domain: "gone.example.org",
      record: { kind: "dns", owner: "gone.hold", rrtype: 1 },
      isAbsent: true,
    });
    const clock = new FalseClock(0);
    const sources = [source("dns@a", () => absent()), source("dns@b", () => said("203.0.113.66"))];
    const { done, samples, alerts } = watch(clock, sources, { names, rounds: 2 });
    await clock.runUntilSettled("the watch", done);
    expect(samples().map(({ path, outcome }) => [path, outcome])).to.deep.equal([
      ["dns@a", "absent"],
      ["dns@b", "wrong"],
      ["dns@a", "absent"],
      ["dns@b", "wrong"],
    ]);
    expect(alerts.length).to.equal(1);
  });
});

describe("what verification rejects", () => {
  it("raises a lie and a stale answer, from whole paths and from single servers beside others that answer", () => {
    const wrong = new Map([
      ["gateways", failed("wrong", rejected("wrong", "http://a.example"))],
      ["chain", proven("192.0.2.1")],
    ]);
    expect(contradictionsOf(wrong, true, () => "")).to.deep.equal([
      { kind: "rejected", sides: [{ source: "http://a.example", said: "wrong: the proof does not hold" }] },
    ]);
    const unnamed = new Map([
      ["dns@a", failed("wrong", { detail: "no answer to the question asked" })],
      ["chain", failed("stale", { detail: "read at block 7, 1000 s old" })],
    ]);
    expect(contradictionsOf(unnamed, true, () => "")[0]!.sides).to.deep.equal([
      { source: "dns@a", said: "wrong: no answer to the question asked" },
      { source: "chain", said: "stale: read at block 7, 1000 s old" },
    ]);
    const beside = new Map([
      ["gateways", { ...proven("192.0.2.1"), ...rejected("stale", "http://b.example") }],
      ["combined", { ...proven("192.0.2.1"), ...rejected("stale", "http://b.example") }],
    ]);
    expect(contradictionsOf(beside, false, () => "")).to.deep.equal([
      { kind: "rejected", sides: [{ source: "http://b.example", said: "stale: the proof does not hold" }] },
    ]);
  });

  it("raises after two rounds, with a metric, and counts nothing as accepted that was not", async () => {
    const clock = new FalseClock(0);
    const gateways = source("gateways", () => failed("wrong", rejected("wrong", "http://a.example")));
    const deceived = source("dns", () => said("203.0.113.66"));
    const chain = source("chain", () => proven("192.0.2.1"));
    const { done, samples, alerts, metrics } = watch(clock, [gateways, deceived, chain], { names: ONE, rounds: 3 });
    await clock.runUntilSettled("the watch", done);
    expect(alerts.map(({ kind, state, round }) => [kind, state, round])).to.deep.equal([
      ["answer", "raised", 1],
      ["rejected", "raised", 1],
    ]);
    const page = parseMetrics(metrics.text(0));
    expect(page.value("holdfast_disagreements", { kind: "rejected" })).to.equal(1);
    const observations = samples().map((one) => observationOf(one, 0, "seoul"));
    expect(cellOf("all", "gateways", observations)).to.include({ probes: 3, right: 0, wrong: 0 });
    expect(cellOf("all", "dns", observations)).to.include({ probes: 3, right: 0, wrong: 3 });
  });

  it("raises a hijack that begins while the verified paths are down", async () => {
    const clock = new FalseClock(0);
    const isDown = () => clock.monotonicMs() > 30_000;
    const dns = source("dns", () => said(isDown() ? "203.0.113.66" : "192.0.2.1"));
    const chain = source("chain", () => (isDown() ? failed("timedOut") : proven("192.0.2.1")));
    const { done, alerts } = watch(clock, [dns, chain], { names: ONE, everyMs: 30_000, timeoutMs: 30_000, rounds: 3 });
    await clock.runUntilSettled("the watch", done);
    expect(alerts.map(({ kind, sides }) => [kind, sides.map((side) => side.source)])).to.deep.equal([
      ["answer", ["dns", "verified before"]],
    ]);
  });
});

describe("a sample's hash", () => {
  it("returns the same for the same data whatever its TTL and order, so that anybody can compare and recompute", async () => {
    const clock = new FalseClock(0);
    const dns = source("dns", () => said("192.0.2.1", { value: value("192.0.2.1", 5) }));
    const chain = source("chain", () => proven("192.0.2.1"));
    const other = source("dns@a", () => said("192.0.2.2"));
    const none = source("dns@b", () => absent());
    const dead = source("dns@c", () => failed("timedOut"));
    const { done, samples } = watch(clock, [dns, chain, other, none, dead], { names: ONE, rounds: 1 });
    await clock.runUntilSettled("the watch", done);
    const { type, rdatas } = decodeRRset(value("192.0.2.1"));
    const expected = answerHash(`A ${rdatas.map((rdata) => formatRdata(type, rdata)).join(", ")}`);
    expect(samples().map(({ path, answer }) => [path, answer])).to.deep.equal([
      ["dns", expected],
      ["chain", expected],
      ["dns@a", answerHash("A 192.0.2.2")],
      ["dns@b", answerHash("nothing")],
      ["dns@c", undefined],
    ]);
    // SHA-256 by any other tool: printf 'A 192.0.2.1, 192.0.2.2' | sha256sum | cut -c1-32
    expect(answerHash("A 192.0.2.1, 192.0.2.2")).to.equal("091bbf02d3793647faf0be4110621698");
  });
});
