/** Rules of the house that a compiler does not know. */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect } from "chai";

/** The rooms of `src/`; each imports only from those above it. */
const ROOMS = [
  "base",
  "naming",
  "sharding",
  "dns",
  "availability",
  "chain",
  "protocol",
  "proof",
  "directory",
  "replica",
  "gateway",
  "client",
  "simulation",
  "compare",
  "dashboard",
  "cli",
];
/** Rooms that never import each other, whatever the order. */
const STRANGERS = [["client", "gateway"]];
const TIME_OR_CHANCE =
  /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|(?<![.\w])set(Timeout|Interval)\(|\bMath\.random\(|\bgetRandomValues\(|\brandomBytes\(/;
/** What engines leave to the processor's own floating point; powers of two are exact everywhere. */
const MACHINE_MATH = /\bMath\.(?:a?(?:cos|sin|tan)h?|atan2|cbrt|expm?1?|hypot|log(?:1p|2|10)?|pow)\(|(?<!\b2 )\*\*=? /;
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
/** Longer ones that stand already, mostly factories whose inner functions share what they close over; they may only shrink. */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {
  "src/gateway/dns/notify.ts": 73,
  "src/gateway/gateway.ts": 90,
  "src/replica/source/rpcSource.ts": 75,
};
/** Offered to programs of others; nothing here but tests calls them. */
const OFFERED = ["src/client/dropins/verifySignedRecords.ts", "src/protocol/offchainMessages.ts"];
const README_SECTIONS = ["Name", "Description", "Usage", "Examples", "Limits"];

const sources = globSync("src/**/*.ts").sort();
const textOf = new Map(sources.map((file) => [file, readFileSync(file, "utf8")]));
const roomOf = (file: string) => file.split("/")[1] ?? "";

function importsOf(file: string): string[] {
  return [...textOf.get(file)!.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map((match) =>
    join(dirname(file), match[1]!),
  );
}

/** Where functions begin and end, told by the formatter's indentation. */
function longFunctionsOf(text: string, linesMax: number): string[] {
  const lines = text.split("\n");
  const found: string[] = [];
  lines.forEach((line, start) => {
    const head =
      /^( *)(?:export )?(?:default )?(?:async )?(?:function\b|(?:const \w+ = )?(?:async )?\(.*=> \{$|(?:async )?#?\w+\(.*\{$)/.exec(
        line,
      );
    if (!head || /^ *(?:if|for|while|switch|catch|describe|it)\b/.test(line)) return;
    const end = lines.findIndex((other, index) => index > start && new RegExp(`^${head[1]}\\}`).test(other));
    if (end - start + 1 > linesMax) found.push(`line ${start + 1}: ${end - start + 1} lines`);
  });
  return found;
}

describe("tidy", () => {
  it("keeps every room of src in the list", () => {
    const found = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(ROOMS).to.include.members(found.map((entry) => entry.name));
  });

  it("keeps rooms importing only from rooms above them", () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((target) => target.startsWith("src/") && ROOMS.indexOf(roomOf(target)) > ROOMS.indexOf(roomOf(file)))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it("keeps client and gateway strangers", () => {
    const wrong = STRANGERS.flatMap(([one, other]) =>
      sources.flatMap((file) =>
        importsOf(file)
          .filter((target) => [one, other].sort().join() === [roomOf(file), roomOf(target)].sort().join())
          .map((target) => `${file} imports ${target}`),
      ),
    );
    expect(wrong).to.deep.equal([]);
  });

  it("keeps real time and chance inside base", () => {
    const wrong = sources.flatMap((file) =>
      textOf
        .get(file)!
        .split("\n")
        .flatMap((line, index) =>
          !file.startsWith("src/base/") && !/^\s*(\*|\/\/|\/\*)/.test(line) && TIME_OR_CHANCE.test(line)
            ? [`${file}:${index + 1}: ${line.trim()}`]
            : [],
        ),
    );
    expect(wrong).to.deep.equal([]);
  });

  it("keeps the machine's own elementary functions out of what must be the same everywhere", () => {
    const wrong = sources.flatMap((file) =>
      textOf
        .get(file)!
        .split("\n")
        .flatMap((line, index) =>
          ["availability", "simulation"].includes(roomOf(file)) &&
          !/^\s*(\/?\*|\/\/)/.test(line) &&
          MACHINE_MATH.test(line)
            ? [`${file}:${index + 1}: ${line.trim()}`]
            : [],
        ),
    );
    expect(wrong).to.deep.equal([]);
  });

  it("keeps files and functions short", () => {
    const wrong = sources.flatMap((file) => {
      const text = textOf.get(file)!;
      const lineCount = text.split("\n").length - 1;
      const long = longFunctionsOf(text, LONG_FUNCTIONS[file] ?? FUNCTION_LINES_MAX).map(
        (where) => `${file}, ${where}`,
      );
      return lineCount > FILE_LINES_MAX ? [`${file}: ${lineCount} lines`, ...long] : long;
    });
    expect(wrong).to.deep.equal([]);
  });

  it("keeps no file that nothing mentions", () => {
    const others = [...sources, ...globSync("scripts/**/*.{ts,mjs}"), "package.json", "hardhat.config.ts"];
    const all = new Map(others.map((file) => [file, readFileSync(file, "utf8")]));
    const dead = sources.filter(
      (file) => ![...all].some(([other, text]) => other !== file && text.includes(`/${basename(file)}`)),
    );
    expect(dead.filter((file) => basename(file) !== "index.ts" && !OFFERED.includes(file))).to.deep.equal([]);
  });

  it("keeps a README of five sections in every room", () => {
    const rooms = ROOMS.map((room) => join("src", room)).filter((room) => existsSync(room));
    const wrong = [...rooms, ...globSync("contracts/*/").sort()].flatMap((room) => {
      const path = join(room, "README.md");
      if (!existsSync(path)) return [`${path} is missing`];
      const sections = [...readFileSync(path, "utf8").matchAll(/^## (.+)$/gm)].map((match) => match[1]);
      return sections.join() === README_SECTIONS.join() ? [] : [`${path} has ${sections.join(", ")}`];
    });
    expect(wrong).to.deep.equal([]);
  });

  it("keeps the changelog's shape", () => {
    const lines = readFileSync("CHANGELOG.md", "utf8").trimEnd().split("\n");
    expect(lines[0]).to.equal("# Changelog");
    const wrong = lines
      .slice(1)
      .filter(
        (line) => !/^(|## (Unreleased|\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2})|- [a-zA-Z]+: [^.].*\.| {2}\S.*)$/.test(line),
      );
    expect(wrong).to.deep.equal([]);
  });
});
