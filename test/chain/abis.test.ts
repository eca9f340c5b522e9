import { readFileSync } from "node:fs";
import { expect } from "chai";
import { generateAbis } from "../../scripts/codegen/abis.ts";

describe("abis", () => {
  it("are those of the compiled contracts", () => {
    const kept = readFileSync(new URL("../../src/chain/abis.ts", import.meta.url), "utf8");
    expect(kept === generateAbis(), "run: node scripts/codegen/abis.ts").to.equal(true);
  });
});
