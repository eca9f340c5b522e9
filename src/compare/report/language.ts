/** The languages a report is written in, and what each must say. */
import type { BurnWindow } from "../../availability/budget.ts";
import type { JointFailure } from "../../availability/joint.ts";
import type { ProbeOutcome } from "../../availability/outcome.ts";
import type { Recovery } from "../../availability/recovery.ts";
import type { ClaimResult, Phase } from "../../availability/report.ts";
import type { Blast } from "../drill/blast.ts";
import type { Disagreement, ReportData, ServiceReport } from "./data.ts";

export const LANGUAGES = ["en", "ko"] as const;
export type Language = (typeof LANGUAGES)[number];

export type LabelId =
  | "phase"
  | "name"
  | "vantage"
  | "path"
  | "probes"
  | "right"
  | "wrong"
  | "availability"
  | "interval"
  | "median"
  | "p99"
  | "from"
  | "failed"
  | "verdict"
  | "claim"
  | "measured"
  | "gain"
  | "onlyBetter"
  | "onlyOther"
  | "difference"
  | "effective"
  | "pValue"
  | "objective"
  | "spent"
  | "allowed"
  | "remaining"
  | "window"
  | "rate"
  | "highest"
  | "rang"
  | "time"
  | "kind"
  | "state"
  | "sides"
  | "names"
  | "lasted"
  | "outages"
  | "lone"
  | "open"
  | "mttr"
  | "mtbf"
  | "longest"
  | "down"
  | "observed"
  | "paths"
  | "rounds"
  | "failedEach"
  | "together"
  | "independent"
  | "phi"
  | "beta"
  | "ofRarest"
  | "fact"
  | "value";

export type TitleId =
  | "cells"
  | "byName"
  | "byVantage"
  | "claims"
  | "recoveries"
  | "outcomes"
  | "episodes"
  | "repair"
  | "disagreements"
  | "joint"
  | "gains"
  | "robust"
  | "budgets"
  | "alarms"
  | "earned"
  | "method"
  | "provenance"
  | "again"
  | "over"
  | "latency";

export type NoteId = "cells" | "outcomes" | "repair" | "gains" | "robust" | "alarms" | "earned" | "over" | "latency";

/** One name's gateways under attack: who was hurt, and who was expected to be. */
export interface BlastWords {
  readonly heading: string;
  readonly intro: (blast: Blast) => string;
  readonly hurt: string;
  readonly share: string;
  readonly virtual: string;
  readonly physical: string;
  readonly probed: (nameCount: number) => string;
  readonly measured: string;
  /** Who was hurt unexpectedly, and who was not though expected. */
  readonly verdict: (blast: Blast) => string;
  readonly map: string;
  /** The map in a sentence. */
  readonly mapSays: (hurtCount: number, nameCount: number) => string;
  readonly gateway: (id: number) => string;
  readonly serves: (id: number, isStopped: boolean, nameCount: number) => string;
  readonly group: (stoppedCount: number, nameCount: number) => string;
  readonly fate: (name: Blast["names"][number]) => string;
}

export interface ChartWords {
  readonly over: string;
  readonly panel: (phase: string, note: string) => string;
  readonly neverAnswered: (paths: readonly string[]) => string;
  readonly line: (path: string, median: string, p99: string) => string;
}

export interface Words {
  /** BCP 47. */
  readonly code: Language;
  /** What kind of report it is. */
  readonly kicker: Readonly<Record<ReportData["kind"], string>>;
  readonly verdict: (data: ReportData) => string;
  readonly method: (data: ReportData) => readonly string[];
  readonly limits: (data: ReportData) => readonly string[];
  readonly recovery: (recovery: Recovery) => string;
  /** What a sample allows to be claimed, and how many stretches of time the next nine takes. */
  readonly earned: (service: ServiceReport) => string;
  readonly joint: (joint: JointFailure) => string;
  readonly holds: (holds: boolean) => string;
  readonly scenario: (data: ReportData) => { readonly title: string; readonly summary: string };
  readonly phase: (phase: Pick<Phase, "id" | "title">) => string;
  /** What is broken in a phase, a part each. */
  readonly faults: (phase: Phase) => readonly string[];
  readonly claim: (claim: ClaimResult) => string;
  readonly measured: (claim: ClaimResult) => string;
  readonly blast: BlastWords;
  readonly chart: ChartWords;
  readonly kind: (kind: Disagreement["kind"]) => string;
  /** What a source said, in a disagreement. */
  readonly said: (said: string) => string;
  readonly state: (state: Disagreement["state"]) => string;
  readonly burning: (window: Pick<BurnWindow, "severity" | "longMs" | "factor">) => string;
  readonly outcome: Readonly<Record<ProbeOutcome, string>>;
  /** A fact about the run, its label and its value. */
  readonly provenance: (fact: readonly [string, string]) => readonly [string, string];
  readonly interval: (low: number, high: number) => string;
  /** From one value to another. */
  readonly range: (low: string, high: string) => string;
  /** The names an outage took, of which only the first few are given; none where it took the path as a whole. */
  readonly nameList: (names: readonly string[], nameCount: number) => string;
  /** How often a pair of windows rang, and when first; `lasted` is `null` where it still did at the end. */
  readonly rang: (rings: number, from: string, lasted: string | null) => string;
  readonly neverRang: string;
  readonly notWhole: string;
  /** Said where not all outages are listed. */
  readonly listed: (shown: number, all: number) => string;
  readonly none: string;
  readonly nothingBroken: string;
  readonly label: Readonly<Record<LabelId, string>>;
  readonly title: Readonly<Record<TitleId, string>>;
  readonly note: Readonly<Record<NoteId, string>>;
  readonly milliseconds: (value: number | null) => string;
}
