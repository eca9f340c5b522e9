/** What other packages import is plain JavaScript that runs without the project's own set-up. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

type Exports = Record<string, Record<"source" | "types" | "default", string>>;

describe("npm run build", function () {
  this.timeout(120_000);
  const { exports: names, bin } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Exports;
    bin: Record<string, string>;
  };

  before(() => {
    execFileSync(process.execPath, ["scripts/build.ts"], { stdio: "pipe" });
  });

  it("keeps every export at its source, its types and its build", () => {
    const missing = Object.values(names).flatMap((targets) =>
      Object.values(targets).filter((path) => !existsSync(path)),
    );
    expect(missing).to.deep.equal([]);
  });

  it("returns modules that plain Node loads, with what the sources export", async () => {
    const specifiers = Object.keys(names).map((name) => join("holdfast", name));
    const code = `
      const found = {};
      for (const name of ${JSON.stringify(specifiers)}) found[name] = Object.keys(await import(name)).sort();
      console.log(JSON.stringify(found));`;
    // Without the condition "source" the names lead to dist/, as they do for everybody else.
    const built = JSON.parse(
      execFileSync(process.execPath, ["--no-strip-types", "--input-type=module", "--eval", code], { encoding: "utf8" }),
    ) as Record<string, string[]>;
    for (const specifier of specifiers) {
      expect(built[specifier], specifier).to.deep.equal(Object.keys(await import(specifier)).sort());
      expect(built[specifier], specifier).to.not.deep.equal([]);
    }
  });

  it("returns a command that runs", () => {
    const output = execFileSync(process.execPath, ["--no-strip-types", bin.holdfast!, "shard", "512", "--json"], {
      encoding: "utf8",
    });
    expect((JSON.parse(output) as { slots: number[] }).slots).to.deep.equal([0, 1, 2, 4]);
  });
});
