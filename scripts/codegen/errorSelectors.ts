/**
 * Keeps the line `@dev Error selector: 0x…` above every custom error of the contracts, so that the four bytes of a failed call are
 * found by a search of the sources: `node scripts/codegen/errorSelectors.ts [--check]`.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toFunctionSelector } from "viem";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ERROR = /^( *)error (\w+)\(([^)]*)\);$/;
const SELECTOR = /^ *\/\/\/ @dev Error selector: /;
const VALUE_TYPE = /^type (\w+) is (\w+);$/gm;

/** An error as its source declares it. */
export interface DeclaredError {
  readonly path: string;
  /** `Name(type,…)`, user-defined value types as what they stand for. */
  readonly signature: string;
  /** What the line above it says, if there is such a line. */
  readonly documented: string | null;
}

/** Paths of the contracts' sources, below the repository's top. */
function sourcePaths(): string[] {
  return globSync("contracts/**/*.sol", { cwd: root }).sort();
}

function read(path: string): string {
  return readFileSync(`${root}/${path}`, "utf8");
}

/** User-defined value types and what they stand for. */
function valueTypes(): ReadonlyMap<string, string> {
  const pairs = sourcePaths().flatMap((path) =>
    [...read(path).matchAll(VALUE_TYPE)].map(([, name = "", type = ""]) => [name, type] as const),
  );
  return new Map(pairs);
}

function signatureOf(name: string, parameters: string, types: ReadonlyMap<string, string>): string {
  const list = parameters.split(",").map((parameter) => parameter.trim().split(" ")[0] ?? "");
  return `${name}(${list.map((type) => types.get(type) ?? type).join(",")})`;
}

/** Every custom error declared in `contracts/`. */
export function declaredErrors(): readonly DeclaredError[] {
  const types = valueTypes();
  return sourcePaths().flatMap((path) => {
    const lines = read(path).split("\n");
    return lines.flatMap((line, index) => {
      const match = ERROR.exec(line);
      if (!match) return [];
      const above = lines[index - 1] ?? "";
      const documented = SELECTOR.test(above) ? above.replace(SELECTOR, "") : null;
      return [{ path, signature: signatureOf(match[2] ?? "", match[3] ?? "", types), documented }];
    });
  });
}

/** A source with the selector of each of its errors in the line above it. */
export function withSelectors(source: string, types: ReadonlyMap<string, string>): string {
  const lines: string[] = [];
  for (const line of source.split("\n")) {
    const match = ERROR.exec(line);
    if (match) {
      if (SELECTOR.test(lines.at(-1) ?? "")) lines.pop();
      const signature = signatureOf(match[2] ?? "", match[3] ?? "", types);
      lines.push(`${match[1]}/// @dev Error selector: ${toFunctionSelector(`function ${signature}`)}`);
    }
    lines.push(line);
  }
  return lines.join("\n");
}

/** Paths of the sources that are not as `withSelectors` would have them. */
export function outdatedSources(): readonly string[] {
  const types = valueTypes();
  return sourcePaths().filter((path) => withSelectors(read(path), types) !== read(path));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outdated = outdatedSources();
  if (process.argv.includes("--check")) {
    for (const path of outdated) process.stderr.write(`${path}: node scripts/codegen/errorSelectors.ts\n`);
    if (outdated.length > 0) process.exitCode = 1;
  } else {
    const types = valueTypes();
    for (const path of outdated) writeFileSync(`${root}/${path}`, withSelectors(read(path), types));
  }
}
