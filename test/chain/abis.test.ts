import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { generateAbis } from "../../scripts/codegen/abis.ts";

describe("abis", () => {
  const generated = generateAbis();

  for (const [path, text] of generated) {
    it(`are those of the compiled contracts: ${path}`, () => {
      const kept = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
      expect(kept === text, "run: node scripts/codegen/abis.ts").to.equal(true);
    });
  }

  it("are of no contract besides", () => {
    const kept = readdirSync(new URL("../../src/chain/abis", import.meta.url)).map((file) => `src/chain/abis/${file}`);
    expect(kept.sort()).to.deep.equal([...generated.keys()].sort());
  });
});
