import { globSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { BaseError } from "../../src/base/errors.ts";
import * as sharding from "../../src/sharding/index.ts";

/** Every error class of the room as it is written: class, name and code. */
const written = globSync("src/sharding/*.ts").flatMap((file) =>
  [...readFileSync(file, "utf8").matchAll(/class (\w+Error) [\s\S]*?name = "([^"]+)"[\s\S]*?super\(\s*"([^"]+)"/g)].map(
    ([, className, name, code]) => ({ className: className!, name: name!, code: code! }),
  ),
);

describe("sharding errors", () => {
  it("keeps name and code after the class, and every code once", () => {
    expect(written.length).to.be.above(35);
    for (const { className, name, code } of written) {
      expect(name).to.equal(`Sharding.${className}`);
      const words = className.replace(/Error$/, "").replaceAll(/(?<!^)([A-Z])/g, "_$1");
      expect(code).to.equal(`SHARDING_${words.toUpperCase()}`);
    }
    expect(new Set(written.map(({ code }) => code)).size).to.equal(written.length);
  });

  it("exports every one of them", () => {
    const exported = Object.entries(sharding).filter(
      ([, value]) => typeof value === "function" && value.prototype instanceof BaseError,
    );
    expect(exported.map(([name]) => name).sort()).to.deep.equal(written.map(({ className }) => className).sort());
  });
});
