import { expect } from "chai";
import { bench } from "../../scripts/bench/resolve.bench.ts";

describe("bench resolve", () => {
  it("returns rows in which bad gateways neither lose names nor forge them", async function () {
    this.timeout(120_000);
    const rows = await bench({ small: true, say: () => {}, args: [] });
    for (const who of ["viem", "ethers", "client"]) {
      // How long it takes depends on the machine; how it ends does not.
      for (const fault of ["none", "first.hangs", "first.lies", "all.500"]) {
        expect(rows.find(({ id }) => id === `${fault}.${who}`)?.unit, `${fault}.${who}`).to.equal("ms");
      }
    }
    expect(rows.find(({ id }) => id === "cache.million.kept")?.ok).to.equal(true);
  });
});
