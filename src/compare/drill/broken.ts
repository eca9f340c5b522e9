/** What is broken, in English: the drill's own words, which every log and summary has. */
import type { BrokenPart } from "../../availability/report.ts";

const HOW: Readonly<Record<string, string>> = {
  stopped: "stopped (SIGSTOP)",
  "cut off": "cut off from all other hosts",
};

/** `gateways 1, 4 stopped (SIGSTOP)`. */
export function brokenInWords({ kind, ids, how, perSecond, nameCount, transport, from }: BrokenPart): string {
  const whom = `${kind}${ids.length > 1 ? "s" : ""} ${ids.join(", ")}`.trim();
  const rate = perSecond === undefined ? "" : ` (${Math.round(perSecond)} queries/s each)`;
  const names = nameCount === undefined ? "" : ` for ${nameCount} name${nameCount === 1 ? "" : "s"}`;
  const by = transport === undefined ? "" : ` over ${transport.toUpperCase()}`;
  const seen = from === undefined ? "" : ` seen from ${from.join(", ")}`;
  return `${whom} ${HOW[how] ?? how}${by}${rate}${names}${seen}`;
}
