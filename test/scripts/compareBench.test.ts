import { expect } from "chai";
import { bench } from "../../scripts/bench/compare.bench.ts";

describe("bench compare", () => {
  it("returns the overhead of a watch whose probes are all answered", async () => {
    const said: string[] = [];
    const rows = await bench({ small: true, say: (text) => said.push(text), args: [] });
    expect(said[0]).to.match(/^80 samples .* 0 not answered$/);
    expect(rows[0]!.value).to.be.above(0);
  });
});
