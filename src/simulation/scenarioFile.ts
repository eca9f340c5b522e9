/** Reads scenarios: from text, from a file, or one of those that come with Holdfast. */
import { readdirSync, readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { BaseError, messageOf } from "../base/errors.ts";
import { type Scenario, scenarioSchema } from "./scenario.ts";

export class MalformedScenarioError extends BaseError {
  override readonly name = "Simulation.MalformedScenarioError";
  /** The first offending field, such as `phases[1].faults[0].effect.kind`; empty where the text is no YAML at all. */
  readonly field: string;
  constructor(source: string, field: string, complaints: readonly string[]) {
    super(
      "SIMULATION_MALFORMED_SCENARIO",
      `The scenario ${source} is malformed${field === "" ? "" : ` at ${field}`}.`,
      {
        metaMessages: complaints.slice(0, 10),
      },
    );
    this.field = field;
  }
}

export class UnknownScenarioError extends BaseError {
  override readonly name = "Simulation.UnknownScenarioError";
  constructor(name: string, known: readonly string[]) {
    super("SIMULATION_UNKNOWN_SCENARIO", `There is no scenario "${name}".`, {
      metaMessages: [`One of ${known.join(", ")}, or the path of a file that ends in .yaml or .json.`],
    });
  }
}

const SCENARIOS = new URL("./scenarios/", import.meta.url);

function fieldOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`))
    .join("");
}

/** The complaint that says most: of a union's branches, zod nests each branch's own issues. */
function complaintsOf(issues: readonly z.core.$ZodIssue[]): { field: string; message: string }[] {
  return issues.map((issue) => {
    const keys = issue.code === "unrecognized_keys" ? `: ${issue.keys.join(", ")}` : "";
    return { field: fieldOf(issue.path), message: keys === "" ? issue.message : `unknown field${keys}` };
  });
}

/**
 * The scenario that `text` (YAML or JSON) describes, defaults filled in. Throws `MalformedScenarioError`, which names the
 * field.
 */
export function parseScenario(text: string, source = "text"): Scenario {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0) {
    throw new MalformedScenarioError(
      source,
      "",
      document.errors.map((error) => error.message),
    );
  }
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    throw new MalformedScenarioError(source, "", [messageOf(error)]);
  }
  const result = scenarioSchema.safeParse(data);
  if (result.success) return result.data;
  const complaints = complaintsOf(result.error.issues);
  throw new MalformedScenarioError(
    source,
    complaints[0]?.field ?? "",
    complaints.map((complaint) => `${complaint.field === "" ? "(top)" : complaint.field}: ${complaint.message}`),
  );
}

/** Names of the scenarios that come with Holdfast, in alphabetical order. */
export function scenarioNames(): readonly string[] {
  return readdirSync(SCENARIOS)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/** The scenario of this name, or of the file at this path. Throws `UnknownScenarioError`, `MalformedScenarioError`. */
export function loadScenario(nameOrPath: string): Scenario {
  if (/\.(?:ya?ml|json)$/.test(nameOrPath)) return parseScenario(readFileSync(nameOrPath, "utf8"), nameOrPath);
  const known = scenarioNames();
  if (!known.includes(nameOrPath)) throw new UnknownScenarioError(nameOrPath, known);
  return parseScenario(readFileSync(new URL(`${nameOrPath}.yaml`, SCENARIOS), "utf8"), nameOrPath);
}
