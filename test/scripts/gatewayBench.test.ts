import { expect } from "chai";
import { bench } from "../../scripts/bench/gateway.bench.ts";

describe("gateway benchmark", function () {
  this.timeout(60_000);

  it("runs small, with every figure there", async () => {
    const rows = await bench({ small: true, say: () => {}, args: [] });
    expect(rows.length).to.be.greaterThan(7);
    for (const { id, value } of rows) if (!id.startsWith("memory")) expect(value, id).to.be.greaterThan(0);
  });
});
