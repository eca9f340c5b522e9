/** What watches are tested with: sayings, sources, and a watch on false time whose journal is kept in memory. */
import type { Hex } from "../../../src/base/bytes.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { createWatchMetrics } from "../../../src/compare/watch/metrics.ts";
import { parseNameList } from "../../../src/compare/watch/names.ts";
import { createAlertTracker } from "../../../src/compare/watch/round.ts";
import type { DisagreementEntry, JournalHeader, Sample } from "../../../src/compare/watch/sample.ts";
import type { Saying, WatchSource } from "../../../src/compare/watch/sources.ts";
import { runWatch, type WatchParameters } from "../../../src/compare/watch/watch.ts";
import { parseAddress4 } from "../../../src/dns/addressText.ts";
import { encodeRRset } from "../../../src/protocol/rrset.ts";
import type { FalseClock } from "../../../src/simulation/falseClock.ts";

export const value = (address: string, ttlSeconds = 60): Hex =>
  encodeRRset({ name: "shop.hold", type: 1, ttlSeconds, rdatas: [parseAddress4(address)!] });
export const said = (address: string, more: Partial<Saying> = {}): Saying => ({
  outcome: "answered",
  value: value(address),
  evidence: "none",
  ...more,
});
export const block = (number: bigint, timestamp = 0n) => ({
  number,
  timestamp,
  hash: "0x00" as Hex,
  stateRoot: "0x00" as Hex,
});
export const proven = (address: string, number = 1n) => said(address, { evidence: "proof", block: block(number) });
export const NAMES = parseNameList("shop.hold=shop.example.org\nblog.hold A\ncafe.hold", "names", "hold", "A");
export const HEADER: JournalHeader = {
  format: "holdfast-compare",
  version: 1,
  vantage: "seoul",
  startedAt: "2026-01-01T00:00:00Z",
  settings: { everyMs: 1000 },
  settingsDigest: "0x1234",
};
export const sample = (more: Partial<Sample> = {}): Sample => ({
  at: 1_700_000_000_000,
  round: 0,
  name: "shop.hold",
  path: "dns",
  outcome: "answered",
  latencyMs: 5,
  ...more,
});

export const source = (id: string, ask: () => Saying | Promise<Saying>): WatchSource => ({
  id,
  supports: () => true,
  ask: async () => await ask(),
});

/** A watch on false time whose journal is kept in memory. */
export function watch(clock: FalseClock, sources: WatchSource[], more: Partial<WatchParameters> = {}) {
  const entries: (Sample | DisagreementEntry)[] = [];
  const alerts: DisagreementEntry[] = [];
  const metrics = createWatchMetrics("seoul");
  const parameters: WatchParameters = {
    names: NAMES,
    sources,
    everyMs: 30_000,
    timeoutMs: 4_000,
    comparesAnswers: true,
    zoneOf: () => "domain",
    journal: { append: (...added) => void entries.push(...(added as Sample[])), sync() {} },
    metrics,
    alerts: createAlertTracker(2),
    onAlert: (entry) => alerts.push(entry),
    clock,
    random: seededRandom(1, "watch"),
    firstRound: 0,
    rounds: 9,
    signal: new AbortController().signal,
    ...more,
  };
  const samples = () => entries.filter((entry): entry is Sample => "path" in entry);
  return { done: runWatch(parameters), samples, entries, alerts, metrics };
}
