/** `holdfast compare` without its terminal: journal, metrics, alarms and the watch, put together. */
import { toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { keccak256Text } from "../../base/keccak.ts";
import { type Random, secureRandom } from "../../base/random.ts";
import { stallMsOf, watchStalls } from "../drill/stall.ts";
import { type Journal, openJournal } from "./journal.ts";
import { createWatchMetrics } from "./metrics.ts";
import { type MetricsServer, startMetricsServer } from "./metricsServer.ts";
import { createAlertTracker } from "./round.ts";
import type { DisagreementEntry, JournalHeader, Sample } from "./sample.ts";
import { createClockWitnesses } from "./skew.ts";
import { createSources, type SourcesOptions } from "./sources.ts";
import { runWatch, type WatchParameters, type WatchResult } from "./watch.ts";
import { postAlert } from "./webhook.ts";

export interface CompareOptions
  extends Omit<SourcesOptions, "domains" | "witnesses" | "clock" | "random">,
    Pick<WatchParameters, "names" | "everyMs" | "timeoutMs" | "comparesAnswers" | "rounds" | "signal"> {
  readonly vantage: string;
  readonly journal: { readonly path: string; readonly bytesMax: number };
  readonly confirmRounds: number;
  readonly metrics?: { readonly host: string; readonly port: number };
  readonly webhook?: { readonly url: string; readonly deadlineMs: number };
  /** Ends the watch at the first disagreement. */
  readonly endsAtAlert: boolean;
  readonly onStart: (facts: CompareFacts) => void;
  readonly onAlert: (entry: DisagreementEntry) => void;
  readonly onSample?: (sample: Sample) => void;
  readonly onWebhookFailure: (reason: string) => void;
}

export interface CompareFacts {
  readonly header: JournalHeader;
  readonly sources: readonly string[];
  readonly journal: Pick<Journal, "lastRound" | "tornBytes">;
  readonly metricsUrl: string | undefined;
}

export interface CompareResult extends WatchResult {
  readonly raised: number;
  /** The instrument's longest lateness, in milliseconds. */
  readonly stallMsMax: number;
}

function headerOf(options: CompareOptions, clock: Clock, run: string, sources: readonly string[]): JournalHeader {
  const settings = {
    everyMs: options.everyMs,
    timeoutMs: options.timeoutMs,
    policy: options.policy,
    cache: options.cache,
    comparesAnswers: options.comparesAnswers,
    confirmRounds: options.confirmRounds,
    ...(options.tryCount === undefined ? {} : { tryCount: options.tryCount }),
    names: options.names.length,
    sources: sources.join(" "),
  };
  const names = options.names.map(({ name, domain, record, isAbsent }) => [
    name,
    domain,
    JSON.stringify(record, bigints),
    ...(isAbsent ? [isAbsent] : []),
  ]);
  return {
    format: "holdfast-compare",
    version: 2,
    vantage: options.vantage,
    run,
    startedAt: new Date(clock.nowMs()).toISOString(),
    settings,
    settingsDigest: keccak256Text(JSON.stringify([settings, names])),
  };
}

const RUN_BYTES = 8;
const bigints = (_: string, item: unknown) => (typeof item === "bigint" ? item.toString() : item);

/** Watches until told to end. */
export async function startCompare(options: CompareOptions, clock: Clock, random: Random): Promise<CompareResult> {
  const domains = new Map(options.names.flatMap(({ name, domain }) => (domain === undefined ? [] : [[name, domain]])));
  const witnesses = createClockWitnesses(clock);
  const sources = createSources({ ...options, domains, witnesses, clock, random });
  const mirrorIds = new Set(
    options.mirrors.map(({ host, port }) => `dns@${host.includes(":") ? `[${host}]` : host}:${port}`),
  );
  const header = headerOf(
    options,
    clock,
    // Not of the seed: two watches with the same seed are two all the same.
    toHex(secureRandom.bytes(RUN_BYTES)).slice(2),
    sources.map(({ id }) => id),
  );
  const journal = openJournal({ ...options.journal, header });
  const metrics = createWatchMetrics(options.vantage);
  const stalls = watchStalls(clock, stallMsOf(options.timeoutMs));
  const alerts = createAlertTracker(options.confirmRounds);
  const end = new AbortController();
  const posts = new Set<Promise<void>>();
  const onAlert = (entry: DisagreementEntry) => {
    options.onAlert(entry);
    if (entry.state === "raised" && options.endsAtAlert) end.abort();
    if (options.webhook === undefined) return;
    const post = postAlert({ ...options.webhook, vantage: options.vantage, clock }, entry).then((failure) => {
      metrics.noteWebhook(failure === undefined);
      if (failure !== undefined) options.onWebhookFailure(failure);
      posts.delete(post);
    });
    posts.add(post);
  };
  let server: MetricsServer | undefined;
  try {
    if (options.metrics !== undefined) {
      const { host, port } = options.metrics;
      server = await startMetricsServer(host, port, () => metrics.text(stalls.worstMs));
    }
    options.onStart({ header, sources: sources.map(({ id }) => id), journal, metricsUrl: server?.url });
    const result = await runWatch({
      ...options,
      sources,
      zoneOf: (source) => (mirrorIds.has(source) ? "mirror" : "domain"),
      journal,
      metrics,
      alerts,
      onAlert,
      clock,
      random,
      firstRound: journal.lastRound + 1,
      stalls,
      witnesses,
      signal: AbortSignal.any([options.signal, end.signal]),
    });
    return { ...result, raised: alerts.raisedCount, stallMsMax: stalls.worstMs };
  } finally {
    // Whoever was told of a disagreement is told, however the watch ends; each post has its deadline.
    await Promise.all(posts);
    stalls.stop();
    journal.close();
    await server?.close();
  }
}
