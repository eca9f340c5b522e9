/** Examples in READMEs are run: TypeScript ones must print what they say, and commands must exist. */
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import { createProgram } from "../src/cli/program.ts";
import { SILENT } from "./support/program.ts";

const READMES = ["README.md", ...globSync("{src,contracts}/*/README.md").sort()];
const BLOCK = /^```(\w+)\n([\s\S]*?)^```$/gm;

function blocksOf(file: string, language: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(BLOCK)]
    .filter((match) => match[1] === language)
    .map((match) => match[2]!);
}

/** Examples that print: each `console.log(…); // text` line must print that text. */
function printed(code: string): string[] {
  return [...code.matchAll(/^console\.log\(.*\);? \/\/ (.*)$/gm)].map((match) => match[1]!);
}

/** The code with relative imports made absolute, so that it runs from anywhere. */
function rooted(code: string, folder: string): string {
  return code.replaceAll(/from "(\.{1,2}\/[^"]+)"/g, (_, path: string) => `from "${resolve(folder, path)}"`);
}

describe("README examples", () => {
  const folder = resolve(".holdfast/readme");
  before(() => mkdirSync(folder, { recursive: true }));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const file of READMES) {
    blocksOf(file, "ts").forEach((code, index) => {
      const expected = printed(code);
      // Sketches that need a network of their own print nothing; they are read by the type checker of their own tests.
      if (expected.length === 0 || !code.includes("import ")) return;
      it(`keeps its word in ${file}, example ${index + 1}`, () => {
        const path = join(folder, `${file.replaceAll("/", "-")}-${index}.ts`);
        writeFileSync(path, rooted(code, dirname(file)));
        const output = execFileSync(
          process.execPath,
          ["--disable-warning=ExperimentalWarning", "--conditions=source", path],
          {
            encoding: "utf8",
          },
        );
        expect(output.trimEnd().split("\n")).to.deep.equal(expected);
      });
    });
  }

  it("keeps to commands and options that exist", () => {
    const program = createProgram(SILENT);
    const wrong = READMES.flatMap((file) => blocksOf(file, "sh"))
      .flatMap((block) => block.split("\n"))
      .flatMap((line) => {
        const words = /npm run holdfast -- ([^#]*)/.exec(line)?.[1]?.trim().split(/\s+/) ?? ["--help"];
        const command = program.commands.find((one) => one.name() === words[0]);
        if (words[0] === "--help") return [];
        if (!command) return [line];
        const known = new Set(command.options.flatMap((option) => [option.long, option.short]));
        return words.filter((word) => word.startsWith("--") && word !== "--help" && !known.has(word));
      });
    expect(wrong).to.deep.equal([]);
  });

  it("keeps npm scripts it names", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
    const named = [...readFileSync("README.md", "utf8").matchAll(/npm (?:run )?(start|test|[a-z]+)(?= |`|$)/gm)];
    const wrong = named.map((match) => match[1]!).filter((script) => script !== "run" && !(script in scripts));
    expect(wrong).to.deep.equal([]);
  });

  it("keeps links to files that exist", () => {
    const links = [...readFileSync("README.md", "utf8").matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]!);
    expect(links.filter((link) => globSync(link).length === 0)).to.deep.equal([]);
  });
});
