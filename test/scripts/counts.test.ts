import { expect } from "chai";
import { addCounts, closingLine, solidityCounts } from "../../scripts/counts.ts";

describe("counts", () => {
  it("returns the numbers of Hardhat's summary, colours and all", () => {
    const output =
      "  12 passing tests are not a summary\n\n\n  \u001b[32m37 passing\u001b[39m\n  \u001b[31m2 failing\u001b[39m\n";
    expect(solidityCounts(output)).to.deep.equal({ passed: 37, failed: 2, skipped: 0 });
  });

  it("returns the closing line of a sum", () => {
    const sum = addCounts({ passed: 2, failed: 1, skipped: 0 }, { passed: 3, failed: 0, skipped: 4 });
    expect(closingLine(sum)).to.equal("5 passed, 1 failed");
  });
});
