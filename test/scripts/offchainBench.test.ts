import { expect } from "chai";
import { bench } from "../../scripts/bench/offchain.bench.ts";

describe("bench offchain", () => {
  it("returns rows in which bad gateways neither hide nor forge what an owner signed", async function () {
    this.timeout(120_000);
    const rows = await bench({ small: true, say: () => {}, args: [] });
    // How long it takes depends on the machine; how it ends does not.
    const wrong = rows.filter(({ ok, unit }) => ok === false && unit !== "ms" && unit !== "1/s");
    expect(wrong.map(({ id, unit }) => `${id}: ${unit}`)).to.deep.equal([]);
    // Stock viem asks all gateways at once and takes the newest; ethers cannot know of a newer set than the one it is shown.
    for (const conduct of ["down", "lies"]) {
      for (const client of ["viem", "ensjs", "ethers"]) {
        expect(rows.find(({ id }) => id === `3 ${conduct}: ${client}`)?.unit, `${conduct} ${client}`).to.equal("ms");
      }
    }
    expect(rows.find(({ id }) => id === "3 replays: viem")?.unit).to.equal("ms");
  });
});
