/** The report over journals, of one vantage point or of several merged. */
import { counted } from "../../availability/observation.ts";
import { PATHS } from "../../availability/outcome.ts";
import { seededRandom } from "../../base/random.ts";
import { buildReport, type ReportData } from "../report/data.ts";
import { groupedCells } from "../report/measures.ts";
import { type JournalContent, UnreadableJournalError } from "./readJournal.ts";
import { observationOf } from "./sample.ts";

export interface WatchReportOptions {
  readonly command: string;
  /** The objective of the error budget, such as 0.999. */
  readonly objective: number;
}

export interface WatchReport {
  readonly data: ReportData;
  readonly observations: ReturnType<typeof observationOf>[];
}

const SINGLE: readonly string[] = PATHS;
const isCombined = (path: string) => path === "combined" || path === "policy";

function orderOf(path: string): number {
  // Servers stand after the single paths, what combines them last.
  if (path === "combined") return PATHS.length + 1;
  if (path === "policy") return PATHS.length + 2;
  const index = SINGLE.indexOf(path);
  return index === -1 ? PATHS.length : index;
}

/** Every path that was probed, as a service of the report: in the order of the report. */
function servicesOf(paths: readonly string[]) {
  return [...paths]
    .sort((left, right) => orderOf(left) - orderOf(right) || (left < right ? -1 : 1))
    .map((id) => ({
      id,
      title: id,
      // One server of several is no path: its failures are the dns path's own.
      dns: id === "dns" || isCombined(id) ? ["dns"] : [],
      chain: id === "chain" || isCombined(id),
      gateways: id === "gateways" || isCombined(id),
    }));
}

/** Expects at least one sample. */
export function buildWatchReport(content: JournalContent, options: WatchReportOptions): WatchReport {
  const { headers, samples, disagreements } = content;
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) throw new UnreadableJournalError("given", "there is no sample in it");
  const startMs = first.at;
  const observations = samples.map((sample) => observationOf(sample, startMs, sample.vantage));
  const services = servicesOf([...new Set(samples.map(({ path }) => path))]);
  const ids = services.map(({ id }) => id);
  const vantages = [...new Set(headers.map(({ vantage }) => vantage))];
  const names = new Set(samples.map(({ name }) => name));
  const everyMs = Math.max(1000, ...headers.map(({ settings }) => Number(settings.everyMs) || 0));
  const endMs = last.at - startMs + 1;
  const data = buildReport({
    scenario: {
      id: "compare",
      title: names.size === 1 ? [...names][0]! : `${names.size} names`,
      summary: "",
      services,
      mustFail: false,
    },
    startedAt: new Date(startMs).toISOString(),
    command: options.command,
    provenance: [
      ["Vantage points", vantages.join(", ")],
      ["Settings", [...new Set(headers.map(({ settingsDigest }) => settingsDigest.slice(0, 18)))].join(", ")],
      ...[...new Set(headers.map(({ settings }) => JSON.stringify(settings)))].map(
        (text) => ["Settings", text] as const,
      ),
      ["Unreadable lines", String(content.unreadable)],
    ],
    observations,
    phases: [{ id: "all", title: "All", startMs: 0, endMs, faults: [] }],
    claims: [],
    blasts: [],
    objective: options.objective,
    // A bin must hold at least one probe of a name, or a single failure would look like an outage of everything.
    episodeBinMs: Math.min(everyMs, 300_000),
    random: seededRandom(1, "bootstrap"),
  });
  const mine = counted(observations);
  return {
    data: {
      ...data,
      kind: "watch",
      byName: groupedCells(mine, ids, ({ name }) => name),
      byVantage: vantages.length < 2 ? [] : groupedCells(mine, ids, ({ vantage }) => vantage ?? ""),
      disagreements: disagreements.map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() })),
      holds: disagreements.every(({ state }) => state !== "raised"),
    },
    observations,
  };
}
