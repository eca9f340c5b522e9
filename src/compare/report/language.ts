/** The languages a report is written in, and what each must say. */
import type { BurnWindow } from "../../availability/budget.ts";
import type { JointFailure } from "../../availability/joint.ts";
import type { Recovery } from "../../availability/recovery.ts";
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
  | "to"
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
  | "burning"
  | "time"
  | "kind"
  | "state"
  | "sides"
  | "fact"
  | "value";

export type TitleId =
  | "cells"
  | "byName"
  | "byVantage"
  | "claims"
  | "recoveries"
  | "episodes"
  | "disagreements"
  | "gains"
  | "robust"
  | "budgets"
  | "earned"
  | "method"
  | "provenance"
  | "again"
  | "over"
  | "latency";

export interface Words {
  /** BCP 47. */
  readonly code: Language;
  readonly verdict: (data: ReportData) => string;
  readonly method: (data: ReportData) => readonly string[];
  readonly limits: (data: ReportData) => readonly string[];
  readonly recovery: (recovery: Recovery) => string;
  /** What a sample allows to be claimed, and how many probes the next nine takes. */
  readonly earned: (service: ServiceReport) => string;
  readonly joint: (joint: JointFailure) => string;
  readonly holds: (holds: boolean) => string;
  /** The page's heading for one name's gateways under attack. */
  readonly blast: string;
  readonly kind: (kind: Disagreement["kind"]) => string;
  readonly state: (state: Disagreement["state"]) => string;
  readonly burning: (window: Pick<BurnWindow, "severity" | "longMs" | "factor">) => string;
  readonly interval: (low: number, high: number) => string;
  readonly neverEnded: string;
  readonly none: string;
  readonly nothingBroken: string;
  readonly label: Readonly<Record<LabelId, string>>;
  readonly title: Readonly<Record<TitleId, string>>;
  readonly note: Readonly<Record<"cells" | "robust" | "earned" | "over" | "latency", string>>;
  readonly milliseconds: (value: number | null) => string;
}
