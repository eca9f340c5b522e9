import { expect } from "chai";
import { bench } from "../../scripts/bench/compare.bench.ts";

describe("bench compare", () => {
  it("returns the overhead of a watch whose probes are all answered", async () => {
    const said: string[] = [];
    const rows = await bench({ small: true, say: (text) => said.push(text), args: [] });
    expect(said[0]).to.match(/^80 samples .* 0 not answered$/);
    const [, busy] = rows;
    expect(rows.map(({ id }) => id)).to.deep.equal(["overhead", "overhead-40", "overhead-awake", "overhead-verified"]);
    expect(rows.every(({ value }) => value > 0)).to.equal(true);
    expect(busy!.ratio).to.be.closeTo(busy!.value / busy!.peerValue!, 1e-9);
  });
});
